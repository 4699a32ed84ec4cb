"""Tidy tables of estimates by place, sex, age and component."""
