"""Evidence: what surveys saw, as rows of effective counts that a binomial likelihood can read."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.survey import effects
from uncounted.survey.breakdown import finest
from uncounted.survey.families import Families, reported
from uncounted.survey.figures import MASK_BELOW, Figures, ambiguous
from uncounted.survey.ledger import Ledger
from uncounted.survey.respondents import Respondents
from uncounted.survey.tabulation import tabulated
from uncounted.world.age import Band, parse_band
from uncounted.world.population import EVERYBODY
from uncounted.world.world import World, check_codes

AXES = ("sex", "age")
FORM = "y:"  # begins the column of an exclusive form's counts
COLUMNS = (
    "survey", "country", "year", "until", "source", "definition", "window", "sex", "covers", "estimate", "n", "y",
    "respondents", "cases", "deff", "breakdown", "mask_below", "unknown",
)  # fmt: skip
ELSEWHERE = "reported from elsewhere"  # the kind of source of what families abroad told
SAID = (  # columns that say something of a row; all others, with its survey, tell which row it is
    "country", "year", "until", "source", "definition", "window", "estimate", "n", "y", "respondents", "cases", "deff",
    "breakdown", "mask_below", "unknown",
)  # fmt: skip


class Origin(Protocol):
    """What rows of effective counts were made from."""

    def without(self, surveys: Collection[str], countries: Collection[str]) -> pd.DataFrame:
        """Return the rows, those of `Evidence.rows`, as if some surveys, all that some countries had, were not made."""
        ...


@dataclass(frozen=True)
class Sized:
    """The origin of `evidence`: every figure with what is known of its size, and the rows that were chosen of them."""

    figures: pd.DataFrame
    chosen: pd.DataFrame
    traits: tuple[str, ...] = ()

    def without(self, surveys: Collection[str], countries: Collection[str] = ()) -> pd.DataFrame:
        """Smooth design effects and common factors anew over the surveys that are left, of whatever year."""
        figures, rows = (
            table.loc[~(table["survey"].isin(surveys) | table["country"].isin(countries))]
            for table in (self.figures, self.chosen)
        )
        if rows.empty:
            return rows.assign(y=0.0)
        figures, _ = _largest_se(figures.assign(se=figures["own_se"]), self.traits, Ledger())
        figures = figures.assign(smooth_deff=np.where(figures["unknown"], 1.0, effects.smoothed(figures)))
        again = rows.assign(se=figures["se"], smooth_deff=figures["smooth_deff"])
        return _deflated(again, _totals(figures, self.traits))


@dataclass(frozen=True)
class AsTheyAre:
    """The origin of rows that do not depend on each other."""

    rows: pd.DataFrame

    def without(self, surveys: Collection[str], countries: Collection[str] = ()) -> pd.DataFrame:
        """Return the rows of the other surveys."""
        del countries
        return self.rows.loc[~self.rows["survey"].isin(surveys)]


@dataclass(frozen=True)
class Evidence:
    """Rows of effective counts, one for each figure or cell that enters the likelihood, and the ledger of the rest.

    `rows` has survey, country, year and until (first and last of fieldwork), source (kind of source), sex (female,
    male, both), covers (tuple of age Bands), definition, window (years that "ever in" asks about, NaN if none),
    estimate, n and y (effective, not whole numbers), respondents and cases (unweighted, NaN where unknown), deff
    (respondents / n), breakdown, mask_below (`disclosure`) and unknown (1: n stands for one that nobody published);
    then a column for each further trait of persons: its level, or "all". Sorted canonically: the same evidence in any
    order is the same object. `origin` is what they were made from, where that is known.
    """

    outcome: str
    rows: pd.DataFrame
    ledger: Ledger
    source: str
    digest: str
    origin: tuple[Origin, ...] = ()

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits beyond sex and age that rows may be divided by."""
        further = (str(column) for column in self.rows if column not in COLUMNS)
        return tuple(column for column in further if not column.startswith(FORM))

    @property
    def forms(self) -> tuple[str, ...]:
        """The exclusive forms of the outcome whose counts rows have (`exclusive`)."""
        return tuple(str(column).removeprefix(FORM) for column in self.rows if str(column).startswith(FORM))

    @property
    def surveys(self) -> pd.DataFrame:
        """One line per survey: country, year, source, breakdown, mask_below, rows, respondents, cases, effective n.

        Not masked: `disclosure.released` is the table to publish.
        """
        by = self.rows.groupby("survey", sort=True)
        first = by[["country", "year", "source", "breakdown", "mask_below"]].first()
        sums = by[["respondents", "cases", "n"]].sum(min_count=1).rename(columns={"n": "effective_n"})
        return first.join(by.size().rename("rows")).join(sums)

    def without(self, out: pd.Series, why: str) -> "Evidence":
        """Return the evidence less some rows, which go to the ledger with the reason."""
        named = self.rows.assign(age=[", ".join(band.label for band in bands) for bands in self.rows["covers"]])
        ledger = self.ledger.add(named[out.astype(bool)], "excluded", why)
        return replace(self, rows=self.rows[~out.astype(bool)].reset_index(drop=True), ledger=ledger)

    def remade(self, out: np.ndarray) -> pd.DataFrame:
        """Return n, y and left of every row as they would be had the rows that are out (rows,) not been made.

        Design effects are smoothed without the surveys that are out as a whole; what families interviewed in a country
        reported of others is out with all of its surveys. left is false for the rows that are out and for those of
        which nothing remains. Where the origin isn't known, as of `counts`, the counts stay as they are.
        """
        same = self.rows[["n", "y"]].assign(left=~out)
        left = self.rows.loc[~out]
        surveys = set(self.rows["survey"]) - set(left["survey"])
        if not surveys or not self.origin:
            return same
        countries = set(_own(self.rows)["country"]) - set(_own(left)["country"])
        again = pd.concat([_counted(origin.without(surveys, countries), self.rows) for origin in self.origin])
        found = again.reindex(_counted(self.rows, self.rows).index).set_axis(self.rows.index)
        return found.fillna(same[["n", "y"]]).assign(left=found["n"].notna() & ~out)

    def holds(self, other: "Evidence") -> bool:
        """Say whether this evidence has every row of another, with the same counts but for rounding."""
        if self.outcome != other.outcome or not set(other.rows) - {*SAID} <= set(self.rows):
            return False
        theirs = _counted(other.rows, other.rows)
        return bool(np.isclose(_counted(self.rows, other.rows).reindex(theirs.index), theirs, rtol=1e-6).all())

    def placed(self, world: World) -> "Evidence":
        """Return the evidence of countries that have a population; the others go to the ledger.

        Raises UncountedError listing codes that no table of the world knows, with suggestions.
        """
        elsewhere = check_codes(world, self.rows["country"].unique(), where=f"The evidence '{self.source}'")
        return self.without(self.rows["country"].isin(elsewhere), "the population table lacks the country")

    def _repr_html_(self) -> str:
        s = self.surveys
        return (
            f"<b>{self.outcome}</b>: {len(self.rows):,} rows of {len(s):,} surveys in "
            f"{s['country'].nunique()} countries, {s['year'].min()}–{s['year'].max()}; "
            f"{s['respondents'].sum():,.0f} respondents, effective n {s['effective_n'].sum():,.0f}"
            f"{self.ledger._repr_html_()}"
        )


def evidence(
    survey: Figures | Respondents | Families,
    outcome: str,
    by: Sequence[str] = AXES,
    years: Sequence[int] | None = None,
    single_psu: str | None = None,
    unknown_n: float | None = None,
) -> Evidence:
    """Turn published figures, or respondents, into effective counts: n_eff = n / (d̃·f), y_eff = n_eff · p̂.

    d̃ is the row's smoothed design effect (`effects.smoothed`), f the common factor of the survey's rows: with shares
    W_h of the survey's people, f = V_total / Σ W_h² p̃_h(1−p̃_h) d̃_h/n_h, so that the weighted sum has the variance that
    the survey published for its total; where that is unknown, f is smoothed over surveys likewise. p̃ is p̂ shrunk to
    the survey's mean (`_shrunk`).
    Design effects are smoothed over all years; only surveys within `years` (first, last) become evidence.
    Respondents are first tabulated as the figures their surveys would publish (`tabulated`); single_psu is `direct`'s.
    by: sex, age and traits that the survey is divided by, in the finest complete way that there is (`finest`).
    Families are respondents of weight w/m (`families.reported`); their n is Kish's, so that d̃ is of clustering alone.
    Figures with neither n nor SE are left out, unless unknown_n says of how many effective respondents they are taken
    to be until a model with that prior says better; their deff is NaN.
    Raises UncountedError for an outcome that the survey lacks, or if nothing is left.
    """
    by = [by] if isinstance(by, str) else by
    if isinstance(survey, Families):
        figures = tabulated(reported(survey, outcome), outcome, by, single_psu, kish=True)
        span = Band(survey.ages[0].lower, survey.ages[-1].upper)
        survey = replace(figures, card=replace(figures.card, age=span.label))
    elif isinstance(survey, Respondents):
        survey = tabulated(survey, outcome, by, single_psu)
    _check_asked(survey, outcome, by)
    card = survey.card
    sized, ledger = _sizes(survey.tables[outcome], card.plausible_n, card.traits, survey.ledgers[outcome])
    sized["smooth_deff"] = effects.smoothed(sized)
    sized, ledger = _of_unknown_size(sized, unknown_n, ledger)
    rows, ledger = finest(sized, by, card.age, card.whole, ledger, card.traits, exhaustive=card.kind == "respondents")
    rows, ledger = ledger.split(rows, rows["nobody"], "nobody there was asked")
    if rows.empty:
        raise UncountedError(f"No figure of '{survey.name}' on '{outcome}' can be used: see its ledger.")
    origin = Sized(sized, rows, tuple(card.traits))
    rows = _deflated(rows, _totals(sized, card.traits))
    if years is not None:
        table, first, last = survey.tables[outcome], *years
        outside = table.loc[~table["year"].between(first, last)]
        ledger = ledger.less(outside).add(outside, "excluded", f"fieldwork outside {first}–{last}")
        rows = rows.loc[rows["year"].between(first, last)]
    if rows.empty:
        raise UncountedError(f"No figure of '{survey.name}' on '{outcome}' can be used: see its ledger.")
    rows = canonical(rows.assign(mask_below=float(card.mask_below)), further(by))
    return Evidence(outcome, rows, ledger, card.title, digest_of(rows), (origin,))


def further(by: Sequence[str]) -> list[str]:
    """Return the traits beyond sex and age among those that a breakdown names."""
    return [axis for axis in by if axis not in AXES]


def _check_asked(survey: Figures, outcome: str, by: Sequence[str]) -> None:
    if outcome not in survey.tables:
        raise UncountedError(
            f"The survey '{survey.name}' has no outcome '{outcome}'.{did_you_mean(outcome, survey.tables)}"
        )
    known = (*AXES, *survey.card.traits)
    for axis in by:
        if axis not in known:
            raise UncountedError(
                f"Published figures are read by {' and '.join(known)}; '{axis}' is none of them."
                f'{did_you_mean(axis, known)} Further traits are named on the survey\'s card, as traits = ["migrant"].'
            )


def _counted(rows: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Return n and y by what tells which row it is: its survey, and the columns of `like` that aren't among SAID."""
    keys = rows[[column for column in like if column not in SAID]].astype(str)
    return rows[["n", "y"]].set_index(pd.MultiIndex.from_frame(keys))


def _own(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of surveys held in the country that they speak of."""
    return rows.loc[rows["source"] != ELSEWHERE]


def counts(table: pd.DataFrame, outcome: str, source: str = "counts", by: Sequence[str] = AXES) -> Evidence:
    """Take y cases of n respondents as they are: one row per survey, country, year, sex (or both) and age band.

    y and n are already effective (divide both by the design effect); they need not be whole. Columns: survey, country,
    year, sex, age, n, y, if there are kinds of source, source, and the further traits of persons that `by` names, each
    with a level or "all". Raises UncountedError for a missing column, n that isn't above 0, y outside 0…n, or rows that
    `figures.ambiguous` finds.
    """
    traits = further([by] if isinstance(by, str) else by)
    for column in ("survey", "country", "year", "sex", "age", *traits, "n", "y"):
        if column not in table:
            raise UncountedError(f"The table of counts has no column '{column}'.{did_you_mean(column, table.columns)}")
    wrong = ~((table["n"] > 0) & (table["y"] >= 0) & (table["y"] <= table["n"]))
    if wrong.any():
        raise UncountedError(
            f"The table of counts has {int(wrong.sum())} row(s) in which not 0 ≤ y ≤ n, n > 0. Mend them."
        )
    bands = [parse_band(age) for age in table["age"]]
    for what, bad in ambiguous(table.assign(age=[band.label for band in bands]), traits).items():
        if bad.any():
            raise UncountedError(f"The table of counts has {what} in {bad.sum()} row(s). Mend them.")
    rows = table.assign(
        survey=table["survey"].astype("str"),
        source=table.get("source", "survey"),
        covers=pd.Series([(band,) for band in bands], index=table.index, dtype=object),
        estimate=table["y"] / table["n"],
        respondents=table["n"],
        cases=table["y"],
        deff=1.0,
        breakdown="counts",
    )
    rows = canonical(rows, traits)
    return Evidence(outcome, rows, Ledger(), source, digest_of(rows))


def pooled(parts: Sequence[Evidence]) -> Evidence:
    """Return the evidence of several sources as one; two that share a survey id are an error: it would count twice."""
    ids = pd.concat([part.rows["survey"].drop_duplicates() for part in parts])
    if ids.duplicated().any():
        shared = ", ".join(sorted(ids[ids.duplicated()])[:8])
        raise UncountedError(
            f"Two sources of evidence share the survey(s) {shared}. Give each survey to one source, or its own id."
        )
    if len(parts) == 1:
        return parts[0]
    traits = list(dict.fromkeys(trait for part in parts for trait in part.traits))
    rows = pd.concat([part.rows for part in parts])
    rows = _sorted(rows.fillna(dict.fromkeys(traits, EVERYBODY)), traits)
    lines = pd.concat([part.ledger.lines for part in parts], ignore_index=True)
    source = "; ".join(sorted(part.source for part in parts))
    origin = tuple(one for part in parts for one in part.origin or (AsTheyAre(part.rows),))
    return Evidence(parts[0].outcome, rows, Ledger(lines), source, digest_of(rows), origin)


def _sizes(
    table: pd.DataFrame, plausible_n: float, traits: Sequence[str], ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Settle what is known of each row's size: n, else a plausible weighted n, else an SE, else the country's largest.

    `own_se` is the SE before any was borrowed.
    """
    n = table["n"].where(table["n"] > 0)
    weighted = n.isna() & (table["n_weighted"] >= 1) & (table["n_weighted"] <= plausible_n)
    ledger = ledger.add(table[weighted], "repaired", "n missing: the weighted n stands in")
    absurd = n.isna() & (table["n_weighted"] > plausible_n)
    ledger = ledger.add(
        table[absurd],
        "repaired",
        f"weighted n above {plausible_n:,.0f} is no count of respondents: set aside",
    )
    rows = table.assign(n=n.fillna(table["n_weighted"].where(weighted)))
    p, implied = rows["estimate"], rows["estimate"] * (1 - rows["estimate"]) / rows["se"] ** 2
    tight = rows["n"].isna() & (implied > plausible_n)
    ledger = ledger.add(
        rows[tight], "repaired", f"SE without n that implies over {plausible_n:,.0f} respondents: set aside"
    )
    rows["se"] = rows["se"].where((rows["se"] > 0) & ~tight)
    rows, ledger = _largest_se(rows.assign(own_se=rows["se"]), traits, ledger)
    rows["nobody"] = rows["estimate"].isna()  # of respondents: without them the survey's division is complete
    rows["usable"] = rows["n"].notna() | rows["se"].notna() | rows["nobody"]
    sure = ~rows["usable"] & ((p == 0) | (p == 1))
    return ledger.split(rows, sure, "exactly 0 or 100 % with neither n nor SE")


def _of_unknown_size(rows: pd.DataFrame, unknown_n: float | None, ledger: Ledger) -> tuple[pd.DataFrame, Ledger]:
    """Give figures with neither n nor SE the effective n that they are taken to be of."""
    unknown = ~rows["usable"] & (unknown_n is not None)
    told = ledger.add(
        rows[unknown], "repaired", f"neither n nor SE: an unknown effective n, {unknown_n or 0:g} at first"
    )
    n, one = rows["n"].mask(unknown, unknown_n or np.nan), rows["smooth_deff"].mask(unknown, 1.0)
    return rows.assign(n=n, smooth_deff=one, usable=rows["usable"] | unknown, unknown=unknown), told


def _largest_se(rows: pd.DataFrame, traits: Sequence[str], ledger: Ledger) -> tuple[pd.DataFrame, Ledger]:
    """Give a survey's total with neither n nor SE the largest SE, on the logit scale, of its country's totals.

    Else the median of the countries' largest, as UN family planning estimates do [Alkema et al. 2013, appendix].
    """
    total = _of_everybody(rows, traits)
    p = rows["estimate"]
    inner = (p > 0) & (p < 1)
    known = total & inner & rows["se"].notna()
    worst = (rows["se"] / (p * (1 - p)))[known].groupby(rows["country"]).max()
    fill = total & inner & rows["se"].isna() & rows["n"].isna() & bool(known.any())
    ledger = ledger.add(
        rows[fill], "repaired", "neither n nor SE: the country's largest SE, else the median of the largest"
    )
    borrowed = rows["country"].map(worst).fillna(worst.median()) * p * (1 - p)
    return rows.assign(se=rows["se"].mask(fill, borrowed)), ledger


def _deflated(rows: pd.DataFrame, totals: pd.Series) -> pd.DataFrame:
    """Turn the chosen rows into effective counts; totals: variance of each survey's own total, NaN where unknown."""
    counted = rows["respondents"].fillna(rows["n"]).mask(rows["unknown"])
    rows = rows.assign(respondents=counted, cases=rows["cases"].fillna(counted * rows["estimate"]))
    share = _shares(rows)
    implied = rows["estimate"] * (1 - rows["estimate"]) / rows["se"] ** 2
    p = _shrunk(rows["estimate"], rows["n"].fillna(implied), share, rows["survey"])
    alone = (rows["n"] / rows["smooth_deff"]).fillna(p * (1 - p) / rows["se"] ** 2)
    independent = (share**2 * p * (1 - p) / alone).groupby(rows["survey"]).sum()
    n = alone / rows["survey"].map(_factors(rows, totals / independent))
    return rows.assign(y=n * rows["estimate"], deff=counted / n, n=n)


def _shrunk(p: pd.Series, n: pd.Series, share: pd.Series, survey: pd.Series) -> pd.Series:
    """Return p̃ = (n p̂ + 4m) / (n + 4), m = (N p̄ + 2) / (N + 4): four more respondents, at the survey's mean.

    p̄ = Σ W_h p̂_h and N = Σ n_h are the whole survey's, so that small rows of a rare outcome aren't drawn to one half.
    """
    mean, size = (share * p).groupby(survey).transform("sum"), n.groupby(survey).transform("sum")
    return (n * p + 4 * (size * mean + 2) / (size + 4)) / (n + 4)


def _shares(rows: pd.DataFrame) -> pd.Series:
    """Return each row's share W_h of its survey's people: by weighted n where all rows have one, else n, else equal."""
    by = rows["survey"]
    size = pd.Series(1.0, index=rows.index)
    for column in ("n", "n_weighted"):
        complete = (rows[column] > 0).groupby(by).transform("all")
        size = rows[column].where(complete, size)
    return size / size.groupby(by).transform("sum")


def _totals(rows: pd.DataFrame, traits: Sequence[str]) -> pd.Series:
    """Return the variance of each survey's own total, where it rests on enough cases to be believed."""
    p, se = rows["estimate"], rows["own_se"]
    n = rows["n"].fillna(p * (1 - p) / se**2)
    own = _of_everybody(rows, traits) & se.notna()
    own &= (n * p >= effects.CASES) & (n * (1 - p) >= effects.CASES)
    return (se[own] ** 2).set_axis(rows.loc[own, "survey"])


def _of_everybody(rows: pd.DataFrame, traits: Sequence[str]) -> pd.Series:
    everybody = (rows["sex"] == "both") & (rows["age"] == "all")
    return everybody & (rows[list(traits)] == EVERYBODY).all(axis=1)


def _factors(rows: pd.DataFrame, factor: pd.Series) -> pd.Series:
    """Fill the common factors that are unknown: smoothed over surveys by country and log(rows); 1 for a single row."""
    by = rows.groupby("survey")
    several, country = by.size() > 1, by["country"].first()
    x = np.column_stack([np.ones(len(several)), np.log(by.size())])
    factor = factor.reindex(several.index)
    seen = (several & factor.notna()).to_numpy()
    if seen.sum() >= effects.FEW:
        fit = effects.smooth(np.log(factor[seen].to_numpy()), x[seen], country[seen])
        expected = pd.Series(fit.predict(x, country), index=several.index)
    else:
        expected = pd.Series(np.exp(np.log(factor[seen]).mean()) if seen.any() else 1.0, index=several.index)
    return factor.fillna(expected.where(several, 1.0))


def canonical(rows: pd.DataFrame, traits: Sequence[str] = ()) -> pd.DataFrame:
    """Return rows with the columns of `Evidence.rows` alone, what nobody declared being empty, sorted canonically."""
    rows = rows.reindex(columns=[*COLUMNS, *traits])
    rows = rows.assign(
        until=rows["until"].fillna(rows["year"]).astype(int),
        definition=rows["definition"].astype("object").fillna(""),
        mask_below=rows["mask_below"].astype(float).fillna(MASK_BELOW),
        unknown=rows["unknown"].astype(float).fillna(0.0),
    )
    return _sorted(rows.astype({"window": float, "definition": "str"} | dict.fromkeys(traits, "str")), traits)


def _sorted(rows: pd.DataFrame, traits: Sequence[str]) -> pd.DataFrame:
    order = rows["covers"].map(lambda bands: tuple(band.lower for band in bands))
    by = ["country", "year", "survey", "sex", "order", *traits]
    return rows.assign(order=order).sort_values(by, ignore_index=True).drop(columns="order")


def digest_of(rows: pd.DataFrame) -> str:
    """Return the content hash of what enters the likelihood: the same rows give the same digest."""
    rows = rows.drop(columns="mask_below").assign(covers=rows["covers"].map(str))
    text = rows.to_csv(index=False, float_format="%.12g")
    return hashlib.sha256(text.encode()).hexdigest()
