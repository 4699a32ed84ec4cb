"""Prevalence for every country, surveyed or not: the public names, and nothing else."""
