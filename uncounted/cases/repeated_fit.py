"""Compiled: a model of ratios or durations, compiled once and fitted to several data
sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pymc as pm
import xarray as xr

from uncounted.infer.derived import derived
from uncounted.infer.sampler import Sampler, prepare
from uncounted.model.card import Sampling


@dataclass(frozen=True)
class Compiled:
    """A model and its sampler; what: name of the Deterministic that a fit returns,
    `log_odds` of ratios or `mu` of durations.
    """

    model: pm.Model
    sampler: Sampler
    what: str

    def on(
        self,
        data: Mapping[str, np.ndarray],
        seed: int,
        how: Sampling,
    ) -> tuple[xr.DataArray, xr.Dataset]:
        """Return draws (chain, draw, …) given other data of the same shapes, and the
        sampler's statistics.

        data: `hierarchy.refit_data(tally, priors)` or `durations.refit_data(spells,
        priors)`. The model's own pm.Data are left as these, for what is derived from
        the draws.
        """
        posterior, stats = self.sampler.with_data(**data).run(seed, how)
        with self.model:
            pm.set_data(dict(data))
        draws = derived(self.model, posterior, [self.what])
        return draws[self.what], stats


def compiled(model: pm.Model, what: str) -> Compiled:
    """Compile a model of `hierarchy` (what = "log_odds") or of `durations_model` (what
    = "mu").
    """
    return Compiled(model, prepare(model), what)
