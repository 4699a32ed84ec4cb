"""Whether to believe it: convergence, predictive, held out, calibration, sensitivity →
[Finding].
"""
