"""What is known before a survey is opened: geography, population, covariates →
World.
"""
