"""Sample: a model sampled into a Fit."""

from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.populations import people_of
from uncounted.infer.prior import draw_prior
from uncounted.infer.progress import Progress
from uncounted.infer.sampler import prepare
from uncounted.model.build import Study
from uncounted.model.card import Sampling

PACKAGES = (
    "uncounted",
    "pymc",
    "pytensor",
    "nutpie",
    "arviz",
    "numpy",
    "pandas",
    "xarray",
)
# Quantities of cells or rows, which are not kept among the parameters.
LARGE = (
    "p",
    "covered",
    "reported",
    "row_size",
)
CELLS = "prevalence of every cell, with and without data"


@dataclass(frozen=True)
class Drawn:
    """The draws of a model's free variables and the sampler's statistics.

    how: the settings, with the seed. sampler: its name.
    """

    posterior: xr.Dataset
    stats: xr.Dataset
    how: Sampling
    seed: int
    sampler: str


def sample(
    model: pm.Model,
    *,
    seed: int,
    study: Study | None = None,
    sampler: str = "nutpie",
    progress: Progress | None = None,
    **settings: Any,
) -> Fit:
    """Sample a model that has a `p` with dims (country, sex, age, …) over the world's
    cells.

    `study` is what the model was built from: `build` leaves it on the model, and a
    model written by hand needs its own. settings: chains, tune, draws, target_accept; a
    setting that isn't given is the card's. Raises UncountedError for a model without
    `p`.
    """
    study = study or getattr(model, "study", None)
    if study is None or "p" not in model.named_vars:
        raise UncountedError(
            "The model has no Deterministic 'p' over (country, sex, age), or nothing"
            " says of which card, world and evidence it speaks. Use build(card, world,"
            " evidence), or sample(model, study=Study(…), seed=…) with a model that has"
            " 'p'."
        )
    progress = progress or Progress()
    how = replace(study.card.sampling, **settings)
    drawn = draw(model, how, seed, sampler, progress)
    with progress.stage(CELLS):
        fit = fitted(model, study, drawn, draw_prior(model, seed))
    return replace(fit, seconds=dict(progress.seconds))


def draw(
    model: pm.Model,
    how: Sampling,
    seed: int,
    sampler: str,
    progress: Progress,
) -> Drawn:
    """Compile a model and draw its free variables from the posterior."""
    with progress.stage("compiling the model"):
        ready = prepare(model, sampler)
    title = f"sampling {how.chains} chains × {how.tune + how.draws:,}"
    with progress.stage(title) as stage:
        posterior, stats = ready.run(seed, how, stage)
    return Drawn(
        posterior,
        stats,
        replace(how, seed=seed),
        seed,
        sampler,
    )


def fitted(
    model: pm.Model,
    study: Study,
    drawn: Drawn,
    prior: xr.Dataset,
    prefix: str = "",
) -> Fit:
    """Return the Fit of a model's draws, or of the part of a joint model whose names
    begin with prefix.
    """
    card, world = study.card, study.world
    effects = derived(model, drawn.posterior, _effects(model, prefix))
    posterior = drawn.posterior.merge(effects)
    p = _prevalence(model, drawn.posterior, prefix)
    versions = {"sampler": drawn.sampler}
    versions |= {name: version(name) for name in PACKAGES}
    return Fit(
        p=p,
        prior=_prevalence(model, prior, prefix),
        posterior=part(posterior, prefix),
        stats=drawn.stats,
        people=people_of(card, world, card.year, drawn.posterior.sizes),
        card=replace(card, sampling=drawn.how),
        world=world,
        evidence=study.evidence,
        seed=drawn.seed,
        versions=versions,
        notes=_outside(p),
    )


def _prevalence(
    model: pm.Model,
    draws: xr.Dataset,
    prefix: str,
) -> xr.DataArray:
    cells = derived(
        model,
        draws,
        [f"{prefix}p"],
        np.float32,
    )
    return part(cells, prefix)["p"]


def _outside(p: xr.DataArray) -> tuple[str, ...]:
    """Return a sentence if prevalence lies outside 0 to 1 in some draw of a cell, as an
    identity link allows.
    """
    share = float(((p < 0) | (p > 1)).mean())
    if not share:
        return ()
    sentence = (
        f"In {share:.2%} of the draws of cells prevalence lies below 0 or above 1,"
        " which link = 'identity' allows."
    )
    return (sentence,)


def part(
    draws: xr.Dataset,
    prefix: str,
) -> xr.Dataset:
    """Return the variables of a part of a joint model and those that all parts share;
    names and dims lose the prefix.
    """
    kept = draws[[name for name in draws.data_vars if _is_in(str(name), prefix)]]
    renamed = {}
    for name in map(str, [*kept.variables, *kept.dims]):
        if prefix and name.startswith(prefix):
            renamed[name] = name.removeprefix(prefix)
    return kept.rename(renamed)


def _is_in(name: str, prefix: str) -> bool:
    """Return whether a variable is of the part with a prefix, or of all parts."""
    return name.startswith(prefix) or "::" not in name


def _effects(
    model: pm.Model,
    prefix: str,
) -> list[str]:
    """Return the names of a part's Deterministics that are kept with the parameters."""
    effects = []
    for variable in model.deterministics:
        name = str(variable.name)
        if _is_in(name, prefix) and name.removeprefix(prefix) not in LARGE:
            effects.append(name)
    return effects
