"""Sample: a model becomes a Fit."""

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
LARGE = (
    "p",
    "covered",
    "reported",
    "row_size",
)  # over cells or rows: not kept among the parameters
CELLS = "prevalence of every cell, with and without data"


@dataclass(frozen=True)
class Drawn:
    """What a sampler gave of a model's free variables, and how: settings with the seed,
    and the sampler's name.
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

    `study` is what it was built from: `build` leaves it on the model, a model written
    by hand brings its own. settings: chains, tune, draws, target_accept; what isn't
    given is the card's. Raises UncountedError for a model without `p`.
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
    model: pm.Model, how: Sampling, seed: int, sampler: str, progress: Progress
) -> Drawn:
    """Compile a model and draw its free variables from the posterior."""
    with progress.stage("compiling the model"):
        ready = prepare(model, sampler)
    with progress.stage(
        f"sampling {how.chains} chains × {how.tune + how.draws:,}"
    ) as stage:
        posterior, stats = ready.run(seed, how, stage)
    return Drawn(posterior, stats, replace(how, seed=seed), seed, sampler)


def fitted(
    model: pm.Model, study: Study, drawn: Drawn, prior: xr.Dataset, prefix: str = ""
) -> Fit:
    """Return the Fit of a model's draws, or of the part of a joint one whose names
    begin with prefix.
    """
    posterior = drawn.posterior.merge(
        derived(model, drawn.posterior, _effects(model, prefix))
    )
    p, before = (
        part(derived(model, of, [f"{prefix}p"], np.float32), prefix)["p"]
        for of in (drawn.posterior, prior)
    )
    return Fit(
        p=p,
        prior=before,
        posterior=part(posterior, prefix),
        stats=drawn.stats,
        people=people_of(
            study.card, study.world, study.card.year, drawn.posterior.sizes
        ),
        card=replace(study.card, sampling=drawn.how),
        world=study.world,
        evidence=study.evidence,
        seed=drawn.seed,
        versions={
            "sampler": drawn.sampler,
            **{name: version(name) for name in PACKAGES},
        },
        notes=_outside(p),
    )


def _outside(p: xr.DataArray) -> tuple[str, ...]:
    """Return a sentence if prevalence lies outside 0 to 1 in some draw of a cell, as an
    identity link allows.
    """
    share = float(((p < 0) | (p > 1)).mean())
    told = (
        f"In {share:.2%} of the draws of cells prevalence lies below 0 or above 1,"
        " which link = 'identity' allows."
    )
    return (told,) if share else ()


def part(draws: xr.Dataset, prefix: str) -> xr.Dataset:
    """Return the variables of a part of a joint model and those that no part owns;
    names and dims lose the prefix.
    """
    kept = draws[[name for name in draws.data_vars if _of(str(name), prefix)]]
    names = [str(name) for name in dict.fromkeys([*kept.variables, *kept.dims])]
    return kept.rename(
        {
            name: name.removeprefix(prefix)
            for name in names
            if prefix and name.startswith(prefix)
        }
    )


def _of(name: str, prefix: str) -> bool:
    return name.startswith(prefix) or "::" not in name


def _effects(model: pm.Model, prefix: str) -> list[str]:
    names = [str(variable.name) for variable in model.deterministics]
    return [
        name
        for name in names
        if _of(name, prefix) and name.removeprefix(prefix) not in LARGE
    ]
