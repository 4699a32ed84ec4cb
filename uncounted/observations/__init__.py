"""Figures and interviews as rows of effective counts → Evidence."""
