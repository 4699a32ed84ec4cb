"""Edition comparison: the change between two editions, divided between data, model,
covariates and population.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from uncounted.checks.scores import interval_ends
from uncounted.errors import UncountedError
from uncounted.infer.fit import TOTAL, Fit
from uncounted.infer.progress import Progress
from uncounted.infer.sample import sample
from uncounted.leaves.draws import add_up
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.inputs import Edition
from uncounted.leaves.rates import affected, rates
from uncounted.model.build import build
from uncounted.world.world import World

STEPS = ("data", "model", "covariates", "population")
QUANTITIES = {"prevalence": rates, "persons": affected}
Quantities = Mapping[str, pd.DataFrame]  # each quantity of a step (draws, groups)


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
    draws: dict[str, Quantities] = {}
    with progress.shown():
        for i, (step, edition) in enumerate(_steps(before, after)):
            fitted = _fitted(edition, seed + i, progress, settings)
            quantities = {}
            for key, quantity in QUANTITIES.items():
                quantities[key] = quantity(fitted, by, name)
            draws[step] = quantities
    rows = []
    start = previous = next(iter(draws.values()))
    for step, quantities in draws.items():
        reference = None if step == "before" else previous
        rows.append(_row(step, quantities, reference, rng, interval))
        previous = quantities
    rows.append(_row("whole change", previous, start, rng, interval))
    return pd.concat(rows, ignore_index=True)


def _row(
    step: str,
    quantities: Quantities,
    reference: Quantities | None,
    rng: np.random.Generator,
    interval: float,
) -> pd.DataFrame:
    """Return the rows of a step, with the change from the reference."""
    groups = next(iter(quantities.values())).columns
    rows = pd.DataFrame({"step": step, "group": groups})
    ends = interval_ends(interval)
    for key, draws in quantities.items():
        rows[key] = draws.median().to_numpy()
        if reference is not None:
            size = min(len(draws), len(reference[key]))
            shuffled = rng.permutation(draws.to_numpy())[:size]
            shuffled_reference = rng.permutation(reference[key].to_numpy())[:size]
            change = shuffled - shuffled_reference
            low, middle, high = np.quantile(change, ends, axis=0)
            rows[f"{key}_change"] = middle
            rows[f"{key}_change_lower"] = low
            rows[f"{key}_change_upper"] = high
    return rows


def _steps(
    before: Edition | Fit,
    after: Edition | Fit,
) -> list[tuple[str, Edition | Fit]]:
    """Return the editions between two, each with the step that made it; steps that
    change nothing are left out.
    """
    steps = [("before", before)]
    edition = before
    for step in STEPS:
        changed = CHANGES[step](edition, after)
        if digests(changed) != digests(edition):
            steps.append((step, changed))
        edition = changed
    return steps


def digests(edition: Edition | Fit) -> tuple[str, ...]:
    """Return the content hashes of all that an edition is made from."""
    if isinstance(edition, Fit):
        return edition.card.digest, edition.world.digest, edition.evidence.digest
    return tuple(edition.digests.values())


def _data[E: (Edition, Fit)](edition: E, after: E) -> E:
    if isinstance(edition, Fit):
        return replace(edition, evidence=after.evidence)  # pyright: ignore[reportAttributeAccessIssue] a Fit too
    keys = ("evidence", "records", "spells", "figures")
    return replace(edition, **{key: getattr(after, key) for key in keys})


def _model[E: (Edition, Fit)](edition: E, after: E) -> E:
    if isinstance(edition, Fit):
        return replace(edition, card=after.card)
    return replace(edition, card=after.card, cards=after.cards)  # pyright: ignore[reportAttributeAccessIssue] an Edition


def _covariates[E: (Edition, Fit)](edition: E, after: E) -> E:
    world = replace(edition.world, covariates=after.world.covariates)
    return replace(edition, world=world)


def _population[E: (Edition, Fit)](edition: E, after: E) -> E:
    world: World = replace(after.world, covariates=edition.world.covariates)
    return replace(edition, world=world)


CHANGES: dict[str, Callable[..., Any]] = {
    "data": _data,
    "model": _model,
    "covariates": _covariates,
    "population": _population,
}


def _fitted(
    edition: Edition | Fit,
    seed: int,
    progress: Progress,
    settings: dict[str, Any],
) -> Fit | Estimate:
    if isinstance(edition, Fit):
        model = build(edition.card, edition.world, edition.evidence)
        return sample(model, seed=seed, progress=progress, **settings)
    return add_up(edition, seed=seed, progress=progress, **settings)
