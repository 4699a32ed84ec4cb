"""A card's model as formulas: LaTeX, MathML, Typst and a sentence for each."""
