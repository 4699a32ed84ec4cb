"""Start: where chains of a refit begin, at draws of the fit that it differs little
from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from uncounted.infer.fit import Fit
from uncounted.infer.recipe import draws_of

POINTS = 16  # draws of the fit that chains choose among


@dataclass(frozen=True)
class Start:
    """Some draws of every free variable of a model, by its name: (points, *its
    shape).
    """

    draws: Mapping[str, np.ndarray]

    def points(self, model: pm.Model) -> np.ndarray:
        """Return the draws as a sampler sees them (points, dimensions): unconstrained,
        variable after variable.
        """
        parts = []
        for rv in model.free_RVs:
            value = np.asarray(self.draws[rv.name], float)
            transform = model.rvs_to_transforms.get(rv)
            if transform is not None:
                value = transform.forward(pt.as_tensor(value), *rv.owner.inputs).eval()
            parts.append(value.reshape(len(value), -1))
        return np.concatenate(parts, axis=1)


def start_of(source: Fit | pm.Model | Mapping[str, Fit], seed: int) -> Start | None:
    """Take draws of a fit, or of the fits of `sample_jointly`; None of a model, which
    has not been sampled.

    Members of levels that a refit leaves without data begin at another quantity's
    value, for they are centred no longer: a standard normal in the refit, which a few
    steps bring home.
    """
    if isinstance(source, pm.Model):
        return None
    draws = draws_of(source)
    total = draws.sizes["chain"] * draws.sizes["draw"]
    at = np.random.default_rng(seed).choice(total, min(POINTS, total), replace=False)
    return Start(
        {str(name): _flat(values)[at] for name, values in draws.data_vars.items()}
    )


def _flat(values: xr.DataArray) -> np.ndarray:
    return values.stack(sample=("chain", "draw")).transpose("sample", ...).to_numpy()
