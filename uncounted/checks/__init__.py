"""Convergence, prediction, hold-outs, calibration, sensitivity → Finding."""
