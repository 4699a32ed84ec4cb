"""Formulas in plain text, and their LaTeX, MathML and Typst."""
