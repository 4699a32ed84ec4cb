"""Comparison: what of the change between two editions is due to data, model, covariates
and population.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.sample import sample
from uncounted.leaves.draws import add_up
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.estimate_card import TOTAL
from uncounted.leaves.inputs import Edition
from uncounted.leaves.rates import affected, rates
from uncounted.model.build import build
from uncounted.world.world import World

STEPS = ("data", "model", "covariates", "population")
QUANTITIES = {"prevalence": rates, "persons": affected}


def compare(
    before: Edition | Fit,
    after: Edition | Fit,
    *,
    seed: int,
    by: str = "world",
    name: str = TOTAL,
    interval: float = 0.95,
    progress: Progress | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Fit the first edition, then with the second's data, model, covariates and
    population, one changed at a time.

    The steps are taken in this order, each from where the last one stood, so that they
    add up to the whole change; in another order they would share it otherwise. A step
    that changes nothing is left out. Columns: step ("before", then STEPS, then "whole
    change"), group, prevalence and persons (medians), prevalence_change, persons_change
    (medians with _lower and _upper). Editions of one step share no draws, so a change's
    interval holds both posteriors: of data that both share, more than it should.
    settings: chains, tune, draws, target_accept. Raises UncountedError for two editions
    of unlike kind, or of other countries.
    """
    if type(before) is not type(after):
        raise UncountedError(
            "An edition of leaves and a fit of one card cannot be compared. Give two of"
            " a kind."
        )
    if list(before.world.places.index) != list(after.world.places.index):
        raise UncountedError(
            "The editions are of different countries. Read both worlds from the same"
            " population table."
        )
    progress = progress or Progress()
    rng = np.random.default_rng(seed)
    drawn: dict[str, dict[str, pd.DataFrame]] = {}
    with progress.shown():
        for i, (step, edition) in enumerate(_steps(before, after)):
            fitted = _fitted(edition, seed + i, progress, settings)
            drawn[step] = {key: of(fitted, by, name) for key, of in QUANTITIES.items()}
    names = list(drawn)
    pairs = [(step, names[i - 1] if i else None) for i, step in enumerate(names)]
    pairs += [("whole change", names[0])]
    last = drawn[names[-1]]
    rows = [
        _row(step, drawn.get(step, last), drawn.get(of or ""), rng, interval)
        for step, of in pairs
    ]
    return pd.concat(rows, ignore_index=True)


def _row(
    step: str,
    now: Mapping[str, pd.DataFrame],
    then: Mapping[str, pd.DataFrame] | None,
    rng: np.random.Generator,
    interval: float,
) -> pd.DataFrame:
    told = pd.DataFrame({"step": step, "group": next(iter(now.values())).columns})
    for key, draws in now.items():
        told[key] = draws.median().to_numpy()
        if then is not None:
            size = min(len(draws), len(then[key]))
            one, other = (
                rng.permutation(each.to_numpy())[:size] for each in (draws, then[key])
            )
            low, middle, high = np.quantile(
                one - other, [(1 - interval) / 2, 0.5, (1 + interval) / 2], axis=0
            )
            told = told.assign(
                **{
                    f"{key}_change": middle,
                    f"{key}_change_lower": low,
                    f"{key}_change_upper": high,
                }
            )
    return told


def _steps(
    before: Edition | Fit, after: Edition | Fit
) -> list[tuple[str, Edition | Fit]]:
    """Return the editions between two, each with the step that made it; steps that
    change nothing are left out.
    """
    found, now = [("before", before)], before
    for step in STEPS:
        changed = CHANGES[step](now, after)
        if digests(changed) != digests(now):
            found.append((step, changed))
        now = changed
    return found


def digests(edition: Edition | Fit) -> tuple[str, ...]:
    """Return the content hashes of all that an edition is made from."""
    if isinstance(edition, Fit):
        return edition.card.digest, edition.world.digest, edition.evidence.digest
    return tuple(edition.digests.values())


def _data[E: (Edition, Fit)](now: E, after: E) -> E:
    if isinstance(now, Fit):
        return replace(now, evidence=after.evidence)  # pyright: ignore[reportAttributeAccessIssue] a Fit like now
    keys = ("evidence", "records", "spells", "figures")
    return replace(now, **{key: getattr(after, key) for key in keys})


def _model[E: (Edition, Fit)](now: E, after: E) -> E:
    if isinstance(now, Fit):
        return replace(now, card=after.card)
    return replace(now, card=after.card, cards=after.cards)  # pyright: ignore[reportAttributeAccessIssue] an Edition


def _covariates[E: (Edition, Fit)](now: E, after: E) -> E:
    return replace(now, world=replace(now.world, covariates=after.world.covariates))


def _population[E: (Edition, Fit)](now: E, after: E) -> E:
    world: World = replace(after.world, covariates=now.world.covariates)
    return replace(now, world=world)


CHANGES: dict[str, Callable[..., Any]] = {
    "data": _data,
    "model": _model,
    "covariates": _covariates,
    "population": _population,
}


def _fitted(
    edition: Edition | Fit, seed: int, progress: Progress, settings: dict[str, Any]
) -> Fit | Estimate:
    if isinstance(edition, Fit):
        return sample(
            build(edition.card, edition.world, edition.evidence),
            seed=seed,
            progress=progress,
            **settings,
        )
    return add_up(edition, seed=seed, progress=progress, **settings)
