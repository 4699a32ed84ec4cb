"""Rounding: numbers of persons rounded so that the printed parts add up to the printed
total.
"""

import math
from collections.abc import Sequence

import numpy as np

FIGURES = 4  # significant figures of the total; 3 are said of every number on its own


def step_of(total: float) -> float:
    """Return what totals are rounded to: a unit in the FIGURES-th significant figure,
    at least one person.
    """
    if total <= 0:
        return 1.0
    exponent = math.floor(math.log10(total)) - FIGURES + 1
    return max(10.0**exponent, 1.0)


def adding_up(parts: Sequence[float], total: float, step: float) -> np.ndarray:
    """Round parts to multiples of step that sum to the rounded total, by largest
    remainders [Balinski & Young 1982].

    parts are means of draws, whose sum is the total's mean but for rounding; none moves
    by more than one step.
    """
    scaled = np.asarray(parts, float) / step
    down = np.floor(scaled)
    missing = round(total / step) - int(down.sum())
    order = np.argsort(down - scaled, kind="stable")
    down[order[:missing]] += 1
    return down * step
