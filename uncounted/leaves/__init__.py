"""What an estimate adds up: leaves of unlike origin (survey, ratio, outside figure),
draw by draw → Estimate.
"""
