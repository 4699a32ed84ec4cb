"""Sample: a model becomes a Fit."""

import logging
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.sampler import prepare
from uncounted.model.build import Study
from uncounted.world.world import persons

PACKAGES = ("uncounted", "pymc", "pytensor", "nutpie", "arviz", "numpy", "pandas", "xarray")
PRIOR_DRAWS = 1000
LARGE = ("p", "reported")  # over cells or rows: not kept among the parameters


def sample(
    model: pm.Model,
    *,
    seed: int,
    study: Study | None = None,
    sampler: str = "nutpie",
    progress: Progress | None = None,
    **settings: Any,
) -> Fit:
    """Sample a model that has a `p` with dims (country, sex, age) over the world's cells.

    `study` is what it was built from: `build` leaves it on the model, a model written by hand brings its own. settings:
    chains, tune, draws, target_accept; what isn't given is the card's. Raises UncountedError for a model without `p`.
    """
    study = study or getattr(model, "study", None)
    if study is None or "p" not in model.named_vars:
        raise UncountedError(
            "The model has no Deterministic 'p' over (country, sex, age), or nothing says of which card, world and "
            "evidence it speaks. Use build(card, world, evidence), or sample(model, study=Study(…), seed=…) with a "
            "model that has 'p'."
        )
    progress = progress or Progress()
    how = replace(study.card.sampling, **settings)
    with progress.stage("compiling the model"):
        ready = prepare(model, sampler)
    with progress.stage(f"sampling {how.chains} chains × {how.tune + how.draws:,}") as stage:
        posterior, stats = ready.run(seed, how, stage)
    with progress.stage("prevalence of every cell, with and without data"):
        p, prior = (derived(model, each, ["p"], np.float32)["p"] for each in (posterior, _prior(model, seed)))
        posterior = posterior.merge(derived(model, posterior, _effects(model)))
    return Fit(
        p=p,
        prior=prior,
        posterior=posterior,
        stats=stats,
        people=persons(study.world, study.card.bands, study.card.year, nearest=True),
        card=replace(study.card, sampling=replace(how, seed=seed)),
        world=study.world,
        evidence=study.evidence,
        seed=seed,
        versions={"sampler": sampler, **{name: version(name) for name in PACKAGES}},
        seconds=dict(progress.seconds),
    )


def _effects(model: pm.Model) -> list[str]:
    return [name for variable in model.deterministics if (name := variable.name) not in LARGE]


def _prior(model: pm.Model, seed: int) -> xr.Dataset:
    """Draw the model's free variables from their priors."""
    names = [rv.name for rv in model.free_RVs]
    quiet = logging.getLogger("pymc.sampling.forward")
    level, mode = quiet.level, {"mode": "FAST_COMPILE"}
    quiet.setLevel(logging.WARNING)  # else it lists every variable
    try:
        tree = pm.sample_prior_predictive(
            PRIOR_DRAWS, model=model, var_names=names, random_seed=seed, compile_kwargs=mode
        )
    finally:
        quiet.setLevel(level)
    return tree["prior"].dataset
