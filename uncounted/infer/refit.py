"""Refit: a model compiled once and sampled each time that its numbers change."""

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
    """A compiled model.

    studies: what its parts were built from, by prefix (`studies_of`). built: its
    pm.Data as they were built. points: where chains begin (points, dimensions); without
    them, the sampler chooses.
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
        """Sample with other numbers in some pm.Data and the others as built; return
        draws and the sampler's statistics.

        The model's pm.Data keep the numbers of this refit, for the quantities that are
        derived from the draws.
        """
        sampler = self.sampler.with_data(**numbers)
        if self.points is not None:
            sampler = sampler.starting(self.points)
        draws, stats = sampler.run(
            seed,
            replace(how, seed=None),
            stage,
            cores,
        )
        with self.model:
            pm.set_data({**self.built, **numbers})
        return draws, stats

    @cached_property
    def covered(self) -> Callable[[xr.Dataset], xr.Dataset]:
        """The function from the last refit's draws to `covered`: logits of rows before
        their surveys' own errors.

        Where there are series, it also gives the error that surveys of a series share.
        """
        names = []
        for prefix, study in self.studies.items():
            names += derived_names(study, prefix)
        return deriver(self.model, names)

    @cached_property
    def cells(self) -> Callable[[xr.Dataset], xr.Dataset]:
        """The function from the last refit's draws to `p`, prevalence of every cell, in
        single precision.
        """
        names = [f"{prefix}p" for prefix in self.studies]
        return deriver(self.model, names, np.float32)


def refit(
    recipe: Recipe,
    start: Start | None = None,
    progress: Progress | None = None,
) -> Refit:
    """Build and compile a recipe's model, or take the model compiled before if it is
    the same; chains begin at draws of `start`.
    """
    progress = progress or Progress(show=False)
    with progress.stage("compiling the model"):
        model, sampler, built = _compiled(recipe)
        points = None if start is None else start.points(model)
        return Refit(model, studies_of(model), sampler, built, points)


@lru_cache(maxsize=1)
def _compiled(recipe: Recipe) -> tuple[pm.Model, Sampler, dict[str, np.ndarray]]:
    model = recipe.build()
    built = {}
    for data in model.data_vars:
        built[str(data.name)] = np.array(data.get_value())
    return model, prepare(model), built


def without(
    studies: Mapping[str, Study],
    out: Mapping[str, np.ndarray],
) -> Numbers:
    """Return the numbers of pm.Data that hold rows out of a model; out: prefix → rows
    (rows,), true where held out.

    They are weights of 0, the counts that remain (`Evidence.remade`), and new centring
    for every level that loses its data.
    """
    numbers: Numbers = {}
    for prefix, held in out.items():
        study = studies[prefix]
        remade = study.evidence.remade(np.asarray(held, bool))
        y = remade["y"].to_numpy(float)
        n = remade["n"].to_numpy(float)
        weight = remade["left"].to_numpy(float)
        seen = replace(study.seen, y=y, n=n)
        of_study = counted(study, y, n, weight)
        of_study["row_weight"] = weight
        centred = centring(study.card, study.world, seen, weight)
        of_study["centring"] = flat(centred)
        for name, value in of_study.items():
            numbers[f"{prefix}{name}"] = value
    return numbers


def counted(
    study: Study,
    y: np.ndarray,
    n: np.ndarray,
    weight: np.ndarray | float = 1.0,
) -> Numbers:
    """Return the pm.Data of a model's likelihood for counts y of n (rows,)."""
    kind = kind_of(study.card, study.seen)
    return {"y_observed": y, **kind.known(y, n, weight)}
