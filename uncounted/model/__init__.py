"""Card, priors, effects of places and persons, measurement, likelihood → pm.Model."""
