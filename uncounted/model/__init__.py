"""What we believe: card, priors, place, people, traits, measurement, likelihood →
pm.Model.
"""
