"""Refit: a model compiled once and sampled as often as its numbers change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import pymc as pm
import xarray as xr

from uncounted.infer.derived import deriver
from uncounted.infer.progress import Progress, Stage
from uncounted.infer.recipe import Recipe, studies_of
from uncounted.infer.sampler import Sampler, prepare
from uncounted.infer.start import Start
from uncounted.model.belief import flat
from uncounted.model.build import Study
from uncounted.model.card import Sampling
from uncounted.model.centring import centring
from uncounted.model.distribution import kind_of
from uncounted.model.prediction import derived_names

Numbers = dict[str, np.ndarray]


@dataclass(frozen=True)
class Refit:
    """A compiled model, what its parts were built from by prefix (`studies_of`), and
    its pm.Data as they were built.

    points (points, dimensions): where chains begin, else where the sampler begins them.
    """

    model: pm.Model
    studies: Mapping[str, Study]
    sampler: Sampler
    built: Mapping[str, np.ndarray]
    points: np.ndarray | None = None

    def sample(
        self,
        numbers: Numbers,
        seed: int,
        how: Sampling,
        *,
        stage: Stage | None = None,
        cores: int | None = None,
    ) -> tuple[xr.Dataset, xr.Dataset]:
        """Sample with other numbers in some pm.Data, the rest as built; return draws
        and the sampler's statistics.

        The model's own pm.Data are left as those of this refit, for what is derived
        from the draws.
        """
        ready = self.sampler.with_data(**numbers)
        ready = ready if self.points is None else ready.starting(self.points)
        draws, stats = ready.run(seed, replace(how, seed=None), stage, cores)
        with self.model:
            pm.set_data({**self.built, **numbers})
        return draws, stats

    @cached_property
    def covered(self) -> Callable[[xr.Dataset], xr.Dataset]:
        """The function from the last refit's draws to `covered`: logits of rows before
        their surveys' own errors.

        With what surveys of a series share, where there are series.
        """
        names = [
            name
            for prefix, study in self.studies.items()
            for name in derived_names(study, prefix)
        ]
        return deriver(self.model, names)

    @cached_property
    def cells(self) -> Callable[[xr.Dataset], xr.Dataset]:
        """The function from the last refit's draws to `p`, prevalence of every cell, in
        single precision.
        """
        return deriver(
            self.model, [f"{prefix}p" for prefix in self.studies], np.float32
        )


def refit(
    recipe: Recipe, start: Start | None = None, progress: Progress | None = None
) -> Refit:
    """Build and compile a recipe's model, or take the last one if it is the same;
    chains begin at draws of `start`.
    """
    with (progress or Progress(show=False)).stage("compiling the model"):
        model, sampler, built = _compiled(recipe)
        points = None if start is None else start.points(model)
        return Refit(model, studies_of(model), sampler, built, points)


@lru_cache(maxsize=1)
def _compiled(recipe: Recipe) -> tuple[pm.Model, Sampler, dict[str, np.ndarray]]:
    model = recipe.build()
    built = {str(data.name): np.array(data.get_value()) for data in model.data_vars}
    return model, prepare(model), built


def without(studies: Mapping[str, Study], out: Mapping[str, np.ndarray]) -> Numbers:
    """Return the numbers of pm.Data that hold rows out of a model; out: prefix → rows
    (rows,), true where held out.

    Weights of 0, what remains of the counts (`Evidence.remade`), and every level that
    loses its data centred anew.
    """
    numbers: Numbers = {}
    for prefix, held in out.items():
        study = studies[prefix]
        remade = study.evidence.remade(np.asarray(held, bool))
        y, n, weight = (remade[column].to_numpy(float) for column in ("y", "n", "left"))
        seen = replace(study.seen, y=y, n=n)
        own = counted(study, y, n, weight) | {
            "row_weight": weight,
            "centring": flat(centring(study.card, study.world, seen, weight)),
        }
        numbers |= {f"{prefix}{name}": value for name, value in own.items()}
    return numbers


def counted(
    study: Study, y: np.ndarray, n: np.ndarray, weight: np.ndarray | float = 1.0
) -> Numbers:
    """Return the pm.Data of a model's likelihood for counts y of n (rows,)."""
    return {"y_observed": y, **kind_of(study.card, study.seen).known(y, n, weight)}
