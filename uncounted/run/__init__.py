"""A card run into a folder: estimate, checks, report."""
