"""Sampling, totals, benchmarks, the share of own data, files → Fit."""
