"""Held out: predictions of surveys that the model wasn't shown, beside their results
and naive predictions.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm

from uncounted.checks.evidence_origin import deff_note, with_origins
from uncounted.checks.fold_score import score_fold
from uncounted.checks.folds import Fold, folds_of
from uncounted.checks.summary import coverage, errors
from uncounted.errors import UncountedError
from uncounted.glance import glance
from uncounted.infer.batch import Batch, run
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.recipe import Recipe, recipe_of
from uncounted.infer.refit import Numbers, refit, without
from uncounted.infer.start import start_of
from uncounted.model.build import Study
from uncounted.model.card import Sampling
from uncounted.model.seen import look
from uncounted.observations.evidence import Evidence

# settings of a fold that begins where the fit of all rows ended
SHORT = {"chains": 2, "tune": 150, "draws": 200}
# settings of a fold of a model that wasn't sampled before
COLD = {"chains": 2, "tune": 500, "draws": 300}


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

    def made_of(
        self,
        *sources: Fit | Mapping[str, Fit],
    ) -> bool:
        """Say whether it is of the same models, evidence and world as these fits, each
        alone or all of one call.
        """
        digests = {recipe_of(source).digest for source in sources}
        return set(self.table["recipe"]) == digests

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

    def __repr__(self) -> str:
        table = self.table
        row = table.iloc[0]
        heading = (
            f"{len(table):,} surveys of {table['country'].nunique()}"
            f" countries held out by {self.by}: {table['fold'].nunique():,}"
            f" folds of {row['chains']} chains × ({row['tune']} + {row['draws']})"
            f" draws or more; design effects {row['deffs']}"
        )
        return glance(heading, table=self.coverage.query("of == 'all'"))

    def _repr_html_(self) -> str:
        coverage = self.coverage.round(4).to_html(index=False)
        return coverage + self.errors.round(4).to_html(index=False)


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
    recipe = with_origins(recipe_of(source), evidence)
    studies = _studies(recipe)
    parts = folds_of(studies, by, seed, folds, countries)
    start = start_of(source, seed)
    sampling = _sampling(recipe, start is not None, settings)
    work = partial(
        score_fold,
        how=sampling,
        interval=interval,
        apart=by == "survey" and countries is None,
    )
    identity = {
        "recipe": recipe.digest,
        "by": by,
        "folds": {fold.key: _digest(fold) for fold in parts},
        "how": asdict(sampling),
        "interval": interval,
        "deffs": deff_note(recipe),
    }
    batch = Batch(partial(refit, recipe.light, start), work, seed, identity)
    tables = run(
        batch,
        {fold.key: partial(_numbers, studies, fold) for fold in parts},
        what="folds",
        keep=keep,
        scheduler=scheduler,
        workers=workers,
        progress=progress,
    )
    labelled = [table.assign(fold=key) for key, table in tables.items()]
    table = pd.concat(labelled, ignore_index=True).assign(
        by="countries" if countries is not None else by,
        seed=seed,
        deffs=deff_note(recipe),
        recipe=recipe.digest,
    )
    table = table[["fold", *table.columns.drop("fold")]]
    order = ["outcome", "country", "year", "survey"]
    return HeldOut(table.sort_values(order, ignore_index=True, kind="stable"))


def _digest(fold: Fold) -> str:
    """Return a hash of the rows that a fold leaves out."""
    out = {prefix: np.flatnonzero(rows).tolist() for prefix, rows in fold.out.items()}
    text = json.dumps(out, sort_keys=True)
    return sha256(text.encode()).hexdigest()[:16]


def _sampling(
    recipe: Recipe,
    warm: bool,
    settings: dict[str, Any],
) -> Sampling:
    """Return the settings of a fold; warm: it begins at the draws of a fit."""
    accept = max(card.sampling.target_accept for card in recipe.cards)
    default = SHORT if warm else COLD
    return Sampling(**{**default, "target_accept": accept, **settings})


def _studies(recipe: Recipe) -> dict[str, Study]:
    """Return the parts of the model as they will be built, by prefix; the numbers of a
    fold are made from them.
    """
    studies = {}
    for card, evidence in zip(recipe.cards, recipe.evidences, strict=True):
        observations = look(card, recipe.world, evidence)
        prefix = "" if recipe.lkj is None else f"{card.outcome}::"
        studies[prefix] = Study(card, recipe.world, observations.evidence, observations)
    return studies


def _numbers(
    studies: Mapping[str, Study],
    fold: Fold,
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
    table = pd.read_csv(
        path,
        keep_default_na=False,
        na_values=[""],
        dtype={"survey": str, "fold": str},
    )
    return HeldOut(table)
