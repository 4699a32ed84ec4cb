"""Refit: the model of a fit compiled once, and sampled again with some rows of its evidence left out."""

from dataclasses import dataclass, replace

import numpy as np
import pymc as pm
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.infer.joint import check_alone
from uncounted.infer.progress import Progress, Stage
from uncounted.infer.sampler import Sampler, prepare
from uncounted.model.belief import flat
from uncounted.model.build import build
from uncounted.model.card import Sampling
from uncounted.model.centring import centring
from uncounted.model.seen import Seen


@dataclass(frozen=True)
class Refit:
    """A compiled model: its rows, in the order of `seen`, can be left out without compiling again."""

    fit: Fit
    model: pm.Model
    seen: Seen
    sampler: Sampler

    def without(self, out: np.ndarray, seed: int, how: Sampling, stage: Stage | None = None) -> xr.Dataset:
        """Sample without the rows that are out (rows,), every level that loses its data centred anew.

        The model's own pm.Data are left as those of this refit, for what is derived from the draws.
        """
        weight = 1.0 - np.asarray(out, float)
        data = {
            "row_weight": weight,
            "centring": flat(centring(self.fit.card, self.fit.world, self.seen, weight)),
        }
        draws, _ = self.sampler.with_data(**data).run(seed, replace(how, seed=None), stage)
        with self.model:
            pm.set_data(data)
        return draws


def refit(fit: Fit, progress: Progress) -> Refit:
    """Compile the model of a fit again, from its card, world and evidence; not of one of several outcomes."""
    check_alone(fit)
    if fit.card.forms:
        raise UncountedError(
            f"The card '{fit.card.name}' has exclusive forms, whose rows cannot be left out yet. Refit one form as an "
            "outcome of its own."
        )
    with progress.stage("compiling the model"):
        model = build(fit.card, fit.world, fit.evidence)
        ready = prepare(model)
    seen = model.study.seen  # pyright: ignore[reportAttributeAccessIssue] PyMC's Model doesn't know what `build` adds
    return Refit(fit, model, seen, ready)
