"""Held out: what the model predicts of evidence it wasn't shown, beside what that
showed and what naive guesses say.
"""

import json
import warnings
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm

from uncounted.checks.fold_score import score_fold
from uncounted.checks.folds import Fold, folds_of
from uncounted.checks.summary import coverage, errors
from uncounted.errors import UncountedError
from uncounted.evidence.evidence import ELSEWHERE, Evidence
from uncounted.infer.batch import Batch, run
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.recipe import Recipe, recipe_of
from uncounted.infer.refit import Numbers, refit, without
from uncounted.infer.start import start_of
from uncounted.model.build import Study
from uncounted.model.card import Card, Sampling
from uncounted.model.seen import look
from uncounted.model.survey_list import evidence_of
from uncounted.world.world import World

SHORT = {
    "chains": 2,
    "tune": 150,
    "draws": 200,
}  # of a fold that begins where the whole fit ended
COLD = {
    "chains": 2,
    "tune": 500,
    "draws": 300,
}  # of a fold of a model that wasn't sampled before


@dataclass(frozen=True)
class HeldOut:
    """Surveys that were held out, one row each in `table`, and what was predicted of
    them.

    table: fold, outcome, country, name, region, survey, year, source; evidence (what
    class the country's estimate has once it is held out), rows, n (effective
    respondents), observed, median, lower, upper (proportions, of the survey's own
    result Σy/Σn), interval, covered, pit (randomised; `scores.pit`), error (median −
    observed), crps; the point, CRPS and PIT of each naive prediction (`baselines`);
    log_score (log density of the country's rows together, or of the survey's where
    surveys are held out one by one; ν summed out) with its Monte Carlo error
    log_score_mcse, alike in all rows of a country, and joint_log_score of all outcomes
    where there are several; rhat, ess and divergences of the fold; by, chains, tune,
    draws, seed, deffs: whether design effects were smoothed without it, and recipe: the
    content hash of model, evidence and world.
    """

    table: pd.DataFrame

    @property
    def by(self) -> str:
        """What was held out together."""
        return str(self.table["by"].iloc[0])

    def made_of(self, *sources: Fit | Mapping[str, Fit]) -> bool:
        """Say whether it is of the same models, evidence and world as these fits, each
        alone or all of one call.
        """
        return set(self.table["recipe"]) == {
            recipe_of(source).digest for source in sources
        }

    @property
    def coverage(self) -> pd.DataFrame:
        """How often intervals of 50, 80 and 95 % held what was observed, all together
        and by region, class, source.
        """
        return coverage(self.table)

    @property
    def errors(self) -> pd.DataFrame:
        """How far predictions were off, the model's beside the naive ones'."""
        return errors(self.table)

    def _repr_html_(self) -> str:
        shown = [self.coverage.query("of == 'all'"), self.errors.query("of == 'all'")]
        first = self.table.iloc[0]
        head = (
            f"<b>{len(self.table):,} surveys of {self.table['country'].nunique()}"
            f" countries held out by {self.by}</b>: {self.table['fold'].nunique():,}"
            f" folds of {first['chains']} chains × ({first['tune']} + {first['draws']})"
            f" draws or more; design effects {first['deffs']}"
        )
        return head + "".join(each.round(4).to_html(index=False) for each in shown)


def hold_out(
    source: Fit | pm.Model | Mapping[str, Fit],
    by: str = "country",
    *,
    seed: int,
    countries: Collection[str] | Mapping[str, Collection[str]] | None = None,
    folds: int | None = None,
    interval: float = 0.95,
    evidence: Evidence | Mapping[str, Evidence] | None = None,
    keep: str | Path | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> HeldOut:
    """Refit without some of the evidence, fold by fold, and predict what the surveys
    left out found themselves.

    source: a fit, all fits of one call of `sample_jointly`, or a model of `build` or
    `build_jointly`. by: "country", "region", "survey", "latest" or "random"
    (`folds.folds_of`); countries: these out together, instead. The compiled model stays
    the same: rows have weight 0, levels that lose their data are centred anew, and
    design effects are smoothed anew over the surveys left, all of it pm.Data. A
    survey's result is predicted with a ν of its own from its prior (no data inform it)
    and with sampling.

    evidence: what the fit was made from, from which design effects are smoothed anew; a
    fit read from a file needs it unless its card names its surveys, which are then read
    again. keep, scheduler, workers: as in `batch.run`; a script that starts workers
    needs its work below `if __name__ == "__main__":`. settings: chains, tune, draws,
    target_accept of each fold; if not said, 2 × (150 + 200) that begin at the fit's
    draws, with twice or four times as many where a prediction's R-hat exceeds 1.05 or
    its ESS is below 100. Raises UncountedError for what cannot be held out.
    """
    if not 0 < interval < 1:
        raise UncountedError(f"interval={interval} should be between 0 and 1, as 0.95.")
    recipe = _with_origins(recipe_of(source), evidence)
    studies = _studies(recipe)
    parts = folds_of(studies, by, seed, folds, countries)
    start = start_of(source, seed)
    how = _how(recipe, start is not None, settings)
    batch = Batch(
        ready=partial(refit, recipe.light, start),
        work=partial(
            score_fold,
            how=how,
            interval=interval,
            apart=by == "survey" and countries is None,
        ),
        seed=seed,
        told={
            "recipe": recipe.digest,
            "by": by,
            "folds": {one.key: _digest(one) for one in parts},
            "how": asdict(how),
            "interval": interval,
            "deffs": _deffs(recipe),
        },
    )
    jobs = {one.key: partial(_given, studies, one) for one in parts}
    where = {
        "keep": keep,
        "scheduler": scheduler,
        "workers": workers,
        "progress": progress,
    }
    tables = run(batch, jobs, what="folds", **where)
    about = {
        "by": "countries" if countries is not None else by,
        "seed": seed,
        "deffs": _deffs(recipe),
    }
    about |= {"recipe": recipe.digest}
    named = [table.assign(fold=key) for key, table in tables.items()]
    table = pd.concat(named, ignore_index=True).assign(**about)
    order = ["outcome", "country", "year", "survey"]
    return HeldOut(
        table[["fold", *table.columns.drop("fold")]].sort_values(
            order, ignore_index=True, kind="stable"
        )
    )


def _digest(fold: Fold) -> str:
    """Return what tells which rows a fold leaves out."""
    out = {prefix: np.flatnonzero(rows).tolist() for prefix, rows in fold.out.items()}
    return sha256(json.dumps(out, sort_keys=True).encode()).hexdigest()[:16]


def _how(recipe: Recipe, warm: bool, settings: dict[str, Any]) -> Sampling:
    accept = max(card.sampling.target_accept for card in recipe.cards)
    return Sampling(
        **{**(SHORT if warm else COLD), "target_accept": accept, **settings}
    )


def _with_origins(
    recipe: Recipe, given: Evidence | Mapping[str, Evidence] | None
) -> Recipe:
    """Return the recipe with the origins of its evidence: its own, those of the
    evidence given, or read again.
    """
    of = {given.outcome: given} if isinstance(given, Evidence) else given or {}
    kept = [
        (
            evidence
            if evidence.origin and not of
            else _with_origin(card, evidence, of.get(evidence.outcome), recipe.world)
        )
        for card, evidence in zip(recipe.cards, recipe.evidences, strict=True)
    ]
    return replace(recipe, evidences=tuple(kept))


def _with_origin(
    card: Card, evidence: Evidence, given: Evidence | None, world: World
) -> Evidence:
    if given is not None:
        if not given.holds(evidence):
            raise UncountedError(
                f"The evidence given on '{evidence.outcome}' isn't what the fit was"
                " made from. Give what evidence_of makes of its card, or fit again."
            )
        return replace(evidence, origin=given.origin)
    if not card.evidence:
        rows = evidence.rows
        if (rows["deff"] != 1).any() or (rows["source"] == ELSEWHERE).any():
            warnings.warn(
                f"The card '{card.name}' names no surveys, and this fit doesn't know"
                " what its evidence was made from: design effects, and what families"
                " in a country that is out told of others, stay as they are. Give the"
                " evidence that was used: hold_out(..., evidence=...).",
                UserWarning,
                stacklevel=4,
            )
        return evidence
    again = evidence_of(card, world)
    if again.holds(evidence):
        return replace(evidence, origin=again.origin)
    warnings.warn(
        f"The surveys that the card '{card.name}' names are no longer what the fit was"
        " made from, so design effects stay those of all surveys. Fit again, or give"
        " the evidence that was used.",
        UserWarning,
        stacklevel=4,
    )
    return evidence


def _deffs(recipe: Recipe) -> str:
    return (
        "smoothed without it"
        if all(evidence.origin for evidence in recipe.evidences)
        else "as they are"
    )


def _studies(recipe: Recipe) -> dict[str, Study]:
    """Return the parts of the model as they will be built, by prefix: what a fold's
    numbers are made from.
    """
    found = {}
    for card, evidence in zip(recipe.cards, recipe.evidences, strict=True):
        seen = look(card, recipe.world, evidence)
        prefix = "" if recipe.lkj is None else f"{card.outcome}::"
        found[prefix] = Study(card, recipe.world, seen.evidence, seen)
    return found


def _given(
    studies: Mapping[str, Study], fold: Fold
) -> tuple[Numbers, dict[str, np.ndarray]]:
    return without(studies, fold.out), dict(fold.out)


def read_held_out(path: str | Path) -> HeldOut:
    """Read a hold-out that was written as CSV, such as out/NAME/held-out.csv."""
    path = Path(path)
    if not path.is_file():
        raise UncountedError(
            f"There is no hold-out at {path}. `uncounted check NAME --hold-out country`"
            " writes one."
        )
    return HeldOut(
        pd.read_csv(
            path,
            keep_default_na=False,
            na_values=[""],
            dtype={"survey": str, "fold": str},
        )
    )
