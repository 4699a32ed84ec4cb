"""A card's model, and an estimate's sums, as formulas with a sentence for each."""
