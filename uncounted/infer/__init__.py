"""What follows: sample, totals, store → Fit."""
