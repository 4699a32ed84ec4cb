"""Start: where chains of a refit begin, at draws of the fit that it differs little from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from uncounted.infer.fit import Fit

POINTS = 16  # draws of the fit that chains choose among


@dataclass(frozen=True)
class Start:
    """Some draws of every free variable of a model, by its name: (points, *its shape)."""

    draws: Mapping[str, np.ndarray]

    def points(self, model: pm.Model) -> np.ndarray:
        """Return the draws as a sampler sees them (points, dimensions): unconstrained, variable after variable."""
        parts = []
        for rv in model.free_RVs:
            value = np.asarray(self.draws[rv.name], float)
            transform = model.rvs_to_transforms.get(rv)
            if transform is not None:
                value = transform.forward(pt.as_tensor(value), *rv.owner.inputs).eval()
            parts.append(value.reshape(len(value), -1))
        return np.concatenate(parts, axis=1)


def start_of(source: Fit | pm.Model | Mapping[str, Fit], seed: int) -> Start | None:
    """Take draws of a fit, or of the fits of `sample_jointly`; None of a model, which has not been sampled.

    Members of levels that a refit leaves without data begin at another quantity's value, for they are centred no
    longer: a standard normal in the refit, which a few steps bring home.
    """
    if isinstance(source, pm.Model):
        return None
    fits = {"": source} if isinstance(source, Fit) else {f"{name}::": fit for name, fit in source.items()}
    first = next(iter(fits.values())).posterior
    total = first.sizes["chain"] * first.sizes["draw"]
    at = np.random.default_rng(seed).choice(total, min(POINTS, total), replace=False)
    draws = {}
    for prefix, fit in fits.items():
        for name, values in fit.posterior.data_vars.items():
            some = _flat(values)[at]
            draws |= {str(name): some, f"{prefix}{name}": some}  # what no outcome owns has no prefix
    return Start(draws)


def _flat(values: xr.DataArray) -> np.ndarray:
    return values.stack(sample=("chain", "draw")).transpose("sample", ...).to_numpy()
