"""The model's log density and gradient as a program of vector instructions."""
