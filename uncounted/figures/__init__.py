"""Published survey figures: their card, checks, intervals and effective sizes."""
