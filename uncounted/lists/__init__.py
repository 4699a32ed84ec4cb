"""Capture–recapture: incomplete lists of one hidden population → ListTotal."""
