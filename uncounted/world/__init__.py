"""Countries, groupings, population tables and covariates → World."""
