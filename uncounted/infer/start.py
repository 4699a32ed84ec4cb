"""Start: the draws of a fit at which the chains of a refit begin."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from uncounted.infer.derived import stacked
from uncounted.infer.fit import Fit
from uncounted.infer.recipe import draws_of

POINTS = 16  # draws of the fit that chains choose among


@dataclass(frozen=True)
class Start:
    """Some draws of every free variable of a model.

    draws: the variable's name → draws (points, *its shape).
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
                tensor = pt.as_tensor(value)
                value = transform.forward(tensor, *rv.owner.inputs).eval()
            parts.append(value.reshape(len(value), -1))
        return np.concatenate(parts, axis=1)


def start_of(
    source: Fit | pm.Model | Mapping[str, Fit],
    seed: int,
) -> Start | None:
    """Return draws of a fit or of the fits of `sample_jointly`; None for a model, which
    has not been sampled.

    Members of levels that a refit leaves without data are no longer centred: in the
    refit they are standard normal. They begin at the value of another quantity, from
    which a few steps lead back.
    """
    if isinstance(source, pm.Model):
        return None
    draws = draws_of(source)
    total = draws.sizes["chain"] * draws.sizes["draw"]
    rng = np.random.default_rng(seed)
    chosen = rng.choice(
        total,
        min(POINTS, total),
        replace=False,
    )
    points = {}
    for name, values in draws.data_vars.items():
        points[str(name)] = stacked(values)[chosen]
    return Start(points)
