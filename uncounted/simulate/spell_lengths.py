"""Spell lengths: how long spells last, and which of them a window of years holds."""

from dataclasses import dataclass

import numpy as np

from uncounted.glance import outline


@dataclass(frozen=True)
class Spells:
    """Lognormal lengths D with means `mean_years` (groups,) and one sd of log D; they
    begin at a steady rate.
    """

    mean_years: np.ndarray
    log_sd: float

    __repr__ = outline

    def ongoing(self, window: float) -> np.ndarray:
        """Return, of spells that touch the last T years, the share that is going on:
        μ/(T + μ), (groups,).
        """
        return self.mean_years / (window + self.mean_years)

    def ended(
        self,
        group: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return whole lengths (spells,) of spells that ended in the window: of density
        f.
        """
        return self._lengths(group, rng, 0.0)

    def so_far(
        self,
        group: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return years since the start of spells that are going on (spells,): of
        density (1 − F)/μ.

        A uniform part of a length drawn by its length: of a lognormal that is a
        lognormal again, exp(σ²) times longer [Cox 1962, §5].
        """
        return rng.random(len(group)) * self._lengths(group, rng, self.log_sd**2)

    def _lengths(
        self,
        group: np.ndarray,
        rng: np.random.Generator,
        longer: float,
    ) -> np.ndarray:
        """Draw lengths (spells,) whose median is exp(longer) times that of a spell."""
        log_mean = np.log(self.mean_years[group])
        log_median = log_mean - self.log_sd**2 / 2 + longer
        return np.exp(log_median + self.log_sd * rng.normal(size=len(group)))
