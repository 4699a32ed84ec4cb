"""Rows: whether the evidence that a model was fitted to lies in the model's intervals,
and how surveys' ages differ.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit, logit
from scipy.stats import beta, binom, chi2

from uncounted.checks.finding import Finding, listed
from uncounted.checks.fold_score import DISCRETE
from uncounted.checks.predictive import thinned
from uncounted.checks.scores import inside
from uncounted.errors import UncountedError
from uncounted.evidence.evidence import ELSEWHERE
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.recipe import draws_of, recipe_of, studies_of
from uncounted.infer.sample import part
from uncounted.model.build import Study
from uncounted.model.prediction import Prediction, derived_names, predict
from uncounted.world.world import groups

DRAWS = 200
BANDS = {
    0.8: (0.78, 0.93),
    0.95: (0.93, 0.99),
}  # what a model that is right holds of rows that it has seen
CHANCE = 0.999  # of a band's width beyond that, by the number of rows
# rows a survey, below which its own level takes them nearly all, and all lie in their
# intervals
SEVERAL = 4
FEW = 50  # rows of a group, below which its share tells nothing
SIZES = (
    (100.0, "n below 100"),
    (1000.0, "n of 100 to 999"),
    (np.inf, "n of 1,000 or more"),
)
CHI2 = (0.85, 1.15)  # of what replicates have, and more by chance where surveys are few
NAME, CONTRASTS, BESIDE = (
    "rows in their intervals",
    "contrasts within surveys",
    "estimates beside their surveys",
)
ENDS = (0.025, 0.975)


def rows(source: Fit | Mapping[str, Fit]) -> dict[str, list[Finding]]:
    """Compare rows of evidence with what the model makes of them, by the outcome; "" of
    one fit.

    The levels of countries and surveys are the fit's; what rows err by, and sampling,
    are drawn anew [mixed predictive checks, Marshall & Spiegelhalter 2003]. A warning
    for shares of rows in their 80 and 95 % intervals outside 78–93 % and 93–99 %, and
    more than chance allows, of any sex, age, further trait, kind of source, region or
    size (no share is too high where surveys have fewer than four rows, which their own
    levels take); for differences within surveys whose χ² over that of replicates lies
    outside 0.85–1.15; and for more countries whose estimate no survey's own 95 %
    interval holds than the model makes. Nothing is returned of models written by hand
    and of exclusive forms.
    """
    fits = source if isinstance(source, Mapping) else {"": source}
    try:
        model = recipe_of(source).build()
    except UncountedError:
        return {}
    draws = draws_of(source)
    if not {str(rv.name) for rv in model.free_RVs} <= set(draws):
        return {}
    studies = studies_of(model)
    free = thinned(draws, DRAWS, next(iter(fits.values())).seed)[
        [str(rv.name) for rv in model.free_RVs]
    ]
    names = [
        name
        for prefix, study in studies.items()
        for name in (f"{prefix}reported", *derived_names(study, prefix))
    ]
    whole = free.merge(derived(model, free, names))
    found = {}
    for name, (prefix, study) in zip(fits, studies.items(), strict=True):
        own = part(whole, prefix)
        seen = predict(
            study, own, np.arange(len(study.seen.y)), np.ones(len(study.seen.y))
        )
        shown = (
            own["reported"]
            .stack(sample=("chain", "draw"))
            .transpose("sample", ...)
            .to_numpy()
        )
        exact = replace(
            seen, covered=shown, se=np.ones(shown.shape), sp=np.ones(shown.shape)
        )
        found[name] = list(
            _findings(study, seen, exact, np.random.default_rng(fits[name].seed))
        )
    return found


def _findings(
    study: Study, seen: Prediction, exact: Prediction, rng: np.random.Generator
) -> Iterator[Finding]:
    """Yield findings; seen: rows before their surveys' own errors, exact: with them, as
    the draws have them.
    """
    counts = exact.counts(rng, np.zeros(exact.covered.shape))
    table = study.evidence.rows.reset_index(drop=True)
    kept = ((table["source"] != ELSEWHERE) & ~study.seen.unknown).to_numpy()
    if not kept.any():
        return
    discrete = study.card.likelihood in DISCRETE
    at = (
        _pit(exact, counts, table, rng) if discrete else (counts < exact.y).mean(axis=0)
    )
    yield _held(study, table[kept].reset_index(drop=True), at[kept])
    if exact.link == "logit":
        yield from _contrasts(study, exact, counts, table, kept)
        yield _beside(study, seen, table, kept, rng)


def _pit(
    exact: Prediction, counts: np.ndarray, table: pd.DataFrame, rng: np.random.Generator
) -> np.ndarray:
    """Return the randomised probability integral transform of every row, as
    `scores.pit`.
    """
    printed = 2 * table["rounding"].to_numpy() * exact.n
    step, own = (
        np.maximum(1.0, printed),
        np.maximum(1 / table["deff"].fillna(1.0).to_numpy(), printed),
    )
    drawn = counts + step * (rng.random(counts.shape) - 0.5)
    return (drawn < exact.y + own * (rng.random(exact.y.shape) - 0.5)).mean(axis=0)


def _groups(study: Study, table: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """Yield groups of rows: their name, and which rows they are (rows,)."""
    yield "all rows", np.ones(len(table), bool)
    region = groups(study.world, "region").reindex(table["country"]).to_numpy()
    label = np.array(
        [bands[0].label if len(bands) == 1 else "" for bands in table["covers"]], object
    )
    divided = {
        "sex": table["sex"].to_numpy(object),
        "age": label,
        "source": table["source"].to_numpy(object),
    }
    divided |= {
        trait: table[trait].to_numpy(object)
        for trait in study.card.traits
        if trait in table
    }
    for values in (*divided.values(), region):
        for value in sorted({str(one) for one in values} - {"", "both", "all"}):
            yield value, values == value
    low = 0.0
    for high, told in SIZES:
        yield told, ((table["n"] >= low) & (table["n"] < high)).to_numpy()
        low = high


def _held(study: Study, table: pd.DataFrame, at: np.ndarray) -> Finding:
    out, shares, whole = [], [], dict.fromkeys(BANDS, np.nan)
    for name, member in _groups(study, table):
        n = int(member.sum())
        if n < FEW and name != "all rows":
            continue
        saturated = n < SEVERAL * table.loc[member, "survey"].nunique()
        for level, (low, high) in BANDS.items():
            share = float(inside(at[member], level).mean())
            least = binom.ppf((1 - CHANCE) / 2, n, low) / n
            most = 1.0 if saturated else binom.ppf((1 + CHANCE) / 2, n, high) / n
            shares.append(share - level)
            if name == "all rows":
                whole[level] = share
            if not least <= share <= most:
                out.append(f"{name}, {share:.0%} at {level:.0%}")
    return of_shares(len(table), whole, out, len(shares))


def of_shares(
    n: int, whole: Mapping[float, float], out: Sequence[str], shares: int
) -> Finding:
    """Say how many rows lie in their intervals, and which of the shares of groups lie
    outside their bands.
    """
    told = (
        f"Of {n:,} rows {whole[0.8]:.1%} lie in their 80% and {whole[0.95]:.1%} in"
        f" their 95% intervals; {len(out)} of {shares} shares by sex, age, kind, region"
        f" and size lie outside their bands{listed(out)}."
    )
    advice = " The model gives these rows other spreads than they have." if out else ""
    return Finding(NAME, "warn" if out else "pass", whole[0.95], 0.95, told + advice)


def _contrasts(
    study: Study,
    exact: Prediction,
    counts: np.ndarray,
    table: pd.DataFrame,
    kept: np.ndarray,
) -> Iterator[Finding]:
    """Compare χ² of log odds of levels less their mean, within surveys, with that of
    replicates.

    Σ (d − δ)²/v over surveys and levels, d what is observed, δ and v of the draw; over
    the same of replicated counts, both averaged over draws: 1 where a model that is
    right was fitted [posterior predictive χ², Gelman et al. 1996].
    """
    label = np.array(
        [bands[0].label if len(bands) == 1 else "" for bands in table["covers"]], object
    )
    levels = {"age": label, "sex": table["sex"].replace("both", "").to_numpy(object)}
    for trait in study.card.people:
        of = levels.get(
            trait,
            (
                table[trait].to_numpy(object)
                if trait in table
                else np.full(len(table), "", object)
            ),
        )
        cells = _cells(table["survey"].to_numpy(str), of, kept)
        if cells is None:
            continue
        member, survey = cells
        n = member @ exact.n
        share = _over(member, expit(exact.covered) * exact.n) / n
        error = _over(member, exact.row_size**2 * exact.n) / n
        variance = 1 / (n * share * (1 - share)).clip(1e-3) + error
        middle = _centred(logit(share), survey)
        observed, replicated = (
            float(
                (
                    np.square(_departures(_over(member, y), n, survey) - middle)
                    / variance
                ).mean()
            )
            for y in (exact.y[None], counts)
        )
        surveys = len(np.unique(survey))
        yield of_contrasts(
            trait.replace("_", " "),
            surveys,
            len(survey) - surveys,
            observed / replicated,
        )


def of_contrasts(what: str, surveys: int, freedom: int, ratio: float) -> Finding:
    """Say whether surveys' log odds of levels differ as the model says; freedom: the
    degrees of χ².
    """
    ends = ((1 - CHANCE) / 2, (1 + CHANCE) / 2)
    by_chance = [float(chi2.ppf(end, freedom)) / freedom for end in ends]
    low, high = min(CHI2[0], by_chance[0]), max(CHI2[1], by_chance[1])
    told = (
        f"Differences by {what} within {surveys:,} surveys have a χ² of {ratio:.2f}"
        f" times that of replicates; {low:.2f} to {high:.2f} is asked."
    )
    good = low <= ratio <= high
    advice = (
        ""
        if good
        else f" Surveys differ {'more' if ratio > 1 else 'less'} than the model says."
    )
    return Finding(
        f"{CONTRASTS} by {what}", "pass" if good else "warn", ratio, 1.0, told + advice
    )


def _cells(
    survey: np.ndarray, level: np.ndarray, kept: np.ndarray
) -> tuple[sparse.csr_array, np.ndarray] | None:
    """Return which rows each level of a survey has (cells, rows), and each cell's
    survey; None where none has two.
    """
    own = pd.DataFrame({"survey": survey, "level": level})[kept & (level != "")]
    own = own[own.groupby("survey")["level"].transform("nunique") > 1]
    if own.empty:
        return None
    cell, _ = pd.factorize(pd.MultiIndex.from_frame(own))
    first = (
        own.assign(cell=cell)
        .drop_duplicates("cell")
        .sort_values("cell", kind="stable")["survey"]
    )
    return _members(cell, own.index.to_numpy(), len(survey)), pd.factorize(first)[0]


def _members(of: np.ndarray, row: np.ndarray, rows: int) -> sparse.csr_array:
    """Return which rows belong to which of some groups (groups, rows)."""
    return sparse.csr_array((np.ones(len(row)), (of, row)), shape=(of.max() + 1, rows))


def _over(member: sparse.csr_array, values: np.ndarray) -> np.ndarray:
    """Add values (draws, rows) up over the rows of each group (draws, groups)."""
    return (member @ values.T).T


def _departures(y: np.ndarray, n: np.ndarray, survey: np.ndarray) -> np.ndarray:
    return _centred(
        np.log((np.minimum(y, n) + 0.5) / (np.maximum(n - y, 0.0) + 0.5)), survey
    )


def _centred(values: np.ndarray, survey: np.ndarray) -> np.ndarray:
    """Take off the mean over each survey's levels (draws, cells)."""
    member = _members(survey, np.arange(len(survey)), len(survey))
    return values - (_over(member, values) / member.sum(axis=1))[:, survey]


def _beside(
    study: Study,
    seen: Prediction,
    table: pd.DataFrame,
    kept: np.ndarray,
    rng: np.random.Generator,
) -> Finding:
    """Count countries whose estimate no survey's own 95 % interval holds, and in how
    many the model makes it so.

    The estimate is of whom the survey asked, in its year and as its kind of source
    shows it, without its own error; replicated surveys have errors drawn anew, and as
    many lie beside the draw's own number.
    """
    survey, labels = pd.factorize(table["survey"].to_numpy(str)[kept])
    member = _members(survey, np.flatnonzero(kept), len(table))
    n = member @ seen.n
    levels = _over(member, expit(seen.covered) * seen.n) / n
    country, names = pd.factorize(
        table["country"].groupby(table["survey"]).first()[labels].to_numpy(str)
    )
    of_country = _members(country, np.arange(len(labels)), len(labels))
    out = ~_held_by_some(
        np.median(levels, axis=0)[None], (member @ seen.y)[None], n, of_country
    )[0]
    replicated = ~_held_by_some(levels, _over(member, seen.counts(rng)), n, of_country)
    most = int(np.quantile(replicated.sum(axis=1), CHANCE))
    return of_estimates(
        [str(study.world.places["name"][code]) for code in names[out]], len(names), most
    )


def _held_by_some(
    level: np.ndarray, y: np.ndarray, n: np.ndarray, of_country: sparse.csr_array
) -> np.ndarray:
    """Say whether some survey's interval by sampling alone holds its country's level
    (draws, countries).
    """
    low, high = (beta.ppf(end, y + 0.5, np.maximum(n - y, 0.0) + 0.5) for end in ENDS)
    return _over(of_country, ((low <= level) & (level <= high)).astype(float)) > 0


def of_estimates(out: Sequence[str], countries: int, most: int) -> Finding:
    """Say of how many countries no survey's own interval holds the estimate, and of how
    many it may be by the model.
    """
    told = (
        f"For {len(out):,} of {countries:,} countries the estimate lies outside the 95%"
        f" intervals that their surveys have by sampling alone, for {most:,} at most by"
        f" the model{listed(out)}."
    )
    good = len(out) <= most
    advice = "" if good else " Look at these surveys, and at the prior of sigma_survey."
    return Finding(
        BESIDE, "pass" if good else "warn", float(len(out)), float(most), told + advice
    )
