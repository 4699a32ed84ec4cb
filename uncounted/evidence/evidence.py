"""Evidence: what surveys saw, as rows of effective counts that a binomial likelihood
can read.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.evidence.tabulation import tabulated
from uncounted.figures import sizes
from uncounted.figures.figure_card import MASK_BELOW
from uncounted.figures.figure_table import CELL, Figures, ambiguous
from uncounted.figures.identity import distinct, parts, shared_ids
from uncounted.figures.ledger import Ledger
from uncounted.figures.usage import NO_ESTIMATE, Asked, used
from uncounted.interviews.families import Families, reported
from uncounted.interviews.respondents import Respondents
from uncounted.world.age import Band, parse_band
from uncounted.world.population import EVERYBODY
from uncounted.world.table import one_code
from uncounted.world.world import World, check_codes

AXES = ("sex", "age")
FORM = "y:"  # begins the column of an exclusive form's counts
COLUMNS = (
    "survey",
    "country",
    "year",
    "until",
    "source",
    "series",
    "definition",
    "window",
    "sex",
    "covers",
    "less",
    "estimate",
    "rounding",
    "n",
    "y",
    "respondents",
    "cases",
    "deff",
    "breakdown",
    "survey_estimate",
    "mask_below",
    "unknown",
)
ELSEWHERE = "reported from elsewhere"  # the kind of source of what families abroad told
# columns that say something of a row; all others, with its survey, tell which row it is
SAID = (
    "country",
    "year",
    "until",
    "source",
    "series",
    "estimate",
    "rounding",
    "n",
    "y",
    "respondents",
    "cases",
    "deff",
    "breakdown",
    "survey_estimate",
    "mask_below",
    "unknown",
)


class Origin(Protocol):
    """What rows of effective counts were made from."""

    def without(
        self, surveys: Collection[str], countries: Collection[str]
    ) -> pd.DataFrame:
        """Return the rows, those of `Evidence.rows`, as if some surveys, all that some
        countries had, were not made.
        """
        ...


@dataclass(frozen=True)
class AsTheyAre:
    """The origin of rows that do not depend on each other."""

    rows: pd.DataFrame

    def without(
        self, surveys: Collection[str], countries: Collection[str] = ()
    ) -> pd.DataFrame:
        """Return the rows of the other surveys."""
        del countries
        return self.rows.loc[~self.rows["survey"].isin(surveys)]


@dataclass(frozen=True)
class Renamed:
    """An origin whose surveys have other ids in the evidence: names, id in the origin →
    id in the evidence.
    """

    origin: Origin
    names: Mapping[str, str]

    def without(
        self, surveys: Collection[str], countries: Collection[str] = ()
    ) -> pd.DataFrame:
        """Return the rows of the other surveys, under the evidence's ids."""
        original = {name: survey for survey, name in self.names.items()}
        rows = self.origin.without(
            [original.get(survey, survey) for survey in surveys], countries
        )
        return rows.assign(survey=rows["survey"].replace(self.names))


@dataclass(frozen=True)
class Evidence:
    """Rows of effective counts, one for each figure or cell that enters the likelihood,
    and the ledger of the rest.

    `rows` has survey, country, year and until (first and last of fieldwork), source
    (kind of source), sex (female, male, both), covers (tuple of age Bands), less (what
    of these the row doesn't speak of: sex, ((trait, level), …), bands), definition,
    window (years that "ever in" asks about, NaN if none), estimate, n and y (effective,
    not whole numbers), respondents and cases (unweighted, NaN where unknown), deff
    (respondents / n), breakdown, mask_below (`disclosure`), unknown (1: n stands for
    one that nobody published), series (the label that surveys of one source in one
    country share, which share an error; "" if none) and rounding (half of the last
    printed digit of the estimate, a proportion; 0 where it is taken as exact),
    survey_estimate (what the survey itself found: its published total, else the
    weighted mean of its figures); then a column for each further trait of persons: its
    level, or "all". Sorted canonically: the same evidence in any order is the same
    object. `origin` is what they were made from, where that is known.
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
        return tuple(
            str(column).removeprefix(FORM)
            for column in self.rows
            if str(column).startswith(FORM)
        )

    @property
    def surveys(self) -> pd.DataFrame:
        """One line per survey: country, year, source, breakdown, mask_below, rows,
        respondents, cases, effective n.

        Not masked: `disclosure.released` is the table to publish.
        """
        by = self.rows.groupby("survey", sort=True)
        first = by[
            ["country", "year", "source", "breakdown", "mask_below", "survey_estimate"]
        ].first()
        sums = (
            by[["respondents", "cases", "n"]]
            .sum(min_count=1)
            .rename(columns={"n": "effective_n"})
        )
        return first.join(by.size().rename("rows")).join(sums)

    def without(self, out: pd.Series, why: str) -> "Evidence":
        """Return the evidence less some rows, which go to the ledger with the
        reason.
        """
        named = self.rows.assign(
            age=[
                ", ".join(band.label for band in bands) for bands in self.rows["covers"]
            ]
        )
        ledger = self.ledger.add(named[out.astype(bool)], "excluded", why)
        return replace(
            self,
            rows=self.rows[~out.astype(bool)].reset_index(drop=True),
            ledger=ledger,
        )

    def remade(self, out: np.ndarray) -> pd.DataFrame:
        """Return n, y and left of every row as they would be had the rows that are out
        (rows,) not been made.

        Design effects are smoothed without the surveys that are out as a whole; what
        families interviewed in a country reported of others is out with all of its
        surveys. left is false for the rows that are out and for those of which nothing
        remains. Where the origin isn't known, as of `counts`, the counts stay as they
        are.
        """
        same = self.rows[["n", "y"]].assign(left=~out)
        left = self.rows.loc[~out]
        surveys = set(self.rows["survey"]) - set(left["survey"])
        if not surveys or not self.origin:
            return same
        countries = set(_own(self.rows)["country"]) - set(_own(left)["country"])
        again = pd.concat(
            [
                _counted(origin.without(surveys, countries), self.rows)
                for origin in self.origin
            ]
        )
        found = again.reindex(_counted(self.rows, self.rows).index).set_axis(
            self.rows.index
        )
        return found.fillna(same[["n", "y"]]).assign(left=found["n"].notna() & ~out)

    def holds(self, other: "Evidence") -> bool:
        """Say whether this evidence has every row of another, with the same counts but
        for rounding.
        """
        if self.outcome != other.outcome or not set(other.rows) - {*SAID} <= set(
            self.rows
        ):
            return False
        theirs = _counted(other.rows, other.rows)
        return bool(
            np.isclose(
                _counted(self.rows, other.rows).reindex(theirs.index), theirs, rtol=1e-6
            ).all()
        )

    def placed(self, world: World) -> "Evidence":
        """Return the evidence of countries that have a population; the others go to the
        ledger.

        Raises UncountedError listing codes that no table of the world knows, with
        suggestions.
        """
        elsewhere = check_codes(
            world, self.rows["country"].unique(), where=f"The evidence '{self.source}'"
        )
        return self.without(
            self.rows["country"].isin(elsewhere),
            "the population table lacks the country",
        )

    def _repr_html_(self) -> str:
        surveys = self.surveys
        known = surveys["respondents"].dropna()
        asked = (
            f"{known.sum():,.0f} respondents" if len(known) else "respondents unknown"
        )
        partly = (
            f" (of {len(known):,} surveys with known n)"
            if 0 < len(known) < len(surveys)
            else ""
        )
        return (
            f"<b>{self.outcome}</b>: {len(self.rows):,} rows of {len(surveys):,}"
            f" surveys in {surveys['country'].nunique()} countries,"
            f" {surveys['year'].min()}–{surveys['year'].max()}; {asked}{partly},"
            " effective n"
            f" {surveys['effective_n'].sum():,.0f}{self.ledger._repr_html_()}"
        )


def evidence(
    survey: Figures | Respondents | Families,
    outcome: str,
    by: Sequence[str] = AXES,
    years: Sequence[int] | None = None,
    single_psu: str | None = None,
    unknown_n: float | None = None,
) -> Evidence:
    """Turn published figures, or respondents, into effective counts: n_eff = n /
    (d̃·f), y_eff = n_eff · p̂.

    d̃ is the row's smoothed design effect (`effects.smoothed`), f the common factor of
    the survey's rows: with shares W_h of the survey's people, f = V_total / Σ W_h²
    p̃_h(1−p̃_h) d̃_h/n_h, so that the weighted sum has the variance that the survey
    published for its total; where that is unknown, f is smoothed over surveys likewise.
    p̃ is p̂ shrunk to the survey's mean (`sizes.deflated`). Design effects are smoothed
    over all years; only surveys within `years` (first, last) become evidence.
    Respondents are first tabulated as the figures their surveys would publish
    (`tabulated`); single_psu is `direct`'s. by: sex, age and traits that the survey is
    divided by, in the finest complete way that there is (`finest`). Families are
    respondents of weight w/m (`families.reported`); their n is Kish's, so that d̃ is of
    clustering alone. Figures with neither n nor SE are left out, unless unknown_n says
    of how many effective respondents they are taken to be until a model with that prior
    says better; their deff is NaN. Raises UncountedError for an outcome that the survey
    lacks, or if nothing is left.
    """
    by = [by] if isinstance(by, str) else list(by)
    figures = _figures(survey, outcome, by, single_psu)
    _check_asked(figures, outcome, by)
    card = figures.card
    ledger = figures.ledgers[outcome]
    table = figures.tables[outcome]
    table = table.assign(part=parts(table), counted=table["cases"], rest=False)
    sized, ledger = sizes.settled(table, card.plausible_n, card.traits, ledger)
    sized, ledger = sizes.of_unknown_size(sized, unknown_n, ledger)
    sized, ledger = sizes.with_design_effects(sized, card.deff, ledger)
    asked = Asked(
        tuple(by), card.age, card.whole, card.traits, card.kind == "respondents"
    )
    chosen, ledger = used(sized, asked, ledger)
    _check_left(chosen, figures.name, outcome, ledger)
    # the rest of a total has an n of its own, and so a design effect
    chosen = chosen.assign(
        smooth_deff=sizes.design_effects_of(sized, chosen, card.deff)
    )
    origin = sizes.Sized(sized, chosen, card.traits, card.deff)
    totals = sizes.totals_of(sized, card.traits)
    rows = _with_survey_estimate(sizes.deflated(chosen, totals), totals)
    if years is not None:
        rows, ledger = _of_years(rows, sized, years, ledger)
        _check_left(rows, figures.name, outcome, ledger)
    rows = canonical(rows.assign(mask_below=float(card.mask_below)), further(by))
    return Evidence(outcome, rows, ledger, card.title, digest_of(rows), (origin,))


def _figures(
    survey: Figures | Respondents | Families,
    outcome: str,
    by: Sequence[str],
    single_psu: str | None,
) -> Figures:
    """Return published figures as they are, and others as the figures that their
    surveys would publish.
    """
    if isinstance(survey, Families):
        figures = tabulated(
            reported(survey, outcome), outcome, by, single_psu, kish=True
        )
        span = Band(survey.ages[0].lower, survey.ages[-1].upper)
        return replace(figures, card=replace(figures.card, age=span.label))
    if isinstance(survey, Respondents):
        return tabulated(survey, outcome, by, single_psu)
    return survey


def _check_left(rows: pd.DataFrame, name: str, outcome: str, ledger: Ledger) -> None:
    if rows.empty:
        raise UncountedError(
            f"No figure of '{name}' on '{outcome}' can be used. Its ledger says of each"
            f" why:\n{ledger}",
            ledger=ledger,
        )


def _of_years(
    rows: pd.DataFrame, figures: pd.DataFrame, years: Sequence[int], ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Leave out surveys whose fieldwork began outside the years; all of their figures
    go to the ledger.
    """
    first, last = years
    inside = rows["year"].between(first, last)
    why = f"fieldwork outside {first}–{last}"
    outside = figures.loc[~figures["year"].between(first, last)]
    ledger = ledger.less(outside, unless=NO_ESTIMATE)
    others = outside.loc[~outside.index.isin(rows["figure"])]
    others = others.loc[~ledger.has(others)].assign(
        respondents=np.nan, cases=np.nan, n=np.nan
    )
    ledger = ledger.add(others, "excluded", why)
    return rows.loc[inside], ledger.add(
        rows.loc[~inside].assign(n=np.nan), "excluded", why
    )


def _with_survey_estimate(rows: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Add what each survey itself found: its published total, else the weighted mean of
    its figures.
    """
    mean = (rows["share"] * rows["estimate"]).groupby(rows["choice"]).transform("sum")
    return rows.assign(
        survey_estimate=rows["part"].map(totals["estimate"]).fillna(mean)
    )


def further(by: Sequence[str]) -> list[str]:
    """Return the traits beyond sex and age among those that a breakdown names."""
    return [axis for axis in by if axis not in AXES]


def _check_asked(survey: Figures, outcome: str, by: Sequence[str]) -> None:
    if outcome not in survey.tables:
        raise UncountedError(
            f"The survey '{survey.name}' has no outcome"
            f" '{outcome}'.{did_you_mean(outcome, survey.tables)}"
        )
    known = (*AXES, *survey.card.traits)
    for axis in by:
        if axis not in known:
            raise UncountedError(
                f"Published figures are read by {' and '.join(known)}; '{axis}' is none"
                " of them."
                f"{did_you_mean(axis, known)} Further traits are named on the survey's"
                ' card, as traits = ["migrant"].'
            )


def _counted(rows: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Return n and y by what tells which row it is: its survey, and the columns of
    `like` that aren't among SAID.
    """
    keys = rows[[column for column in like if column not in SAID]].astype(str)
    return rows[["n", "y"]].set_index(pd.MultiIndex.from_frame(keys))


def _own(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of surveys held in the country that they speak of."""
    return rows.loc[rows["source"] != ELSEWHERE]


def counts(
    table: pd.DataFrame, outcome: str, source: str = "counts", by: Sequence[str] = AXES
) -> Evidence:
    """Take y cases of n respondents as they are: one row per survey, country, year, sex
    (or both) and age band.

    y and n are already effective (divide both by the design effect); they need not be
    whole. Columns: survey, country, year, sex, age, n, y; source, if there are several
    kinds; series, the label of surveys that share an error; rounding, half of the last
    digit that y/n was printed with, as a proportion; and the further traits of persons
    that `by` names, each with a level or "all". Raises UncountedError for a missing
    column, n that isn't above 0, y outside 0…n, or rows that `figures.ambiguous` finds.
    """
    traits = further([by] if isinstance(by, str) else by)
    for column in ("survey", "country", "year", "sex", "age", *traits, "n", "y"):
        if column not in table:
            raise UncountedError(
                "The table of counts has no column"
                f" '{column}'.{did_you_mean(column, table.columns)}"
            )
    wrong = ~((table["n"] > 0) & (table["y"] >= 0) & (table["y"] <= table["n"]))
    if wrong.any():
        raise UncountedError(
            f"The table of counts has {int(wrong.sum())} row(s) in which not 0 ≤ y ≤ n,"
            " n > 0. Mend them."
        )
    table = table.reset_index(drop=True)  # of tables put together, labels occur twice
    bands = [parse_band(age) for age in table["age"]]
    absent = {"source": "survey", "definition": "", "window": np.nan, "until": np.nan}
    table = table.assign(
        **{name: value for name, value in absent.items() if name not in table}
    )
    table = table.assign(
        age=[band.label for band in bands], country=one_code(table["country"])
    )
    for what, bad in ambiguous(table, traits).items():
        if bad.any():
            raise UncountedError(
                f"The table of counts has {what} in {bad.sum()} row(s). Mend them."
            )
    table = distinct(
        table.assign(definition=table["definition"].fillna("")), [*CELL, *traits]
    )
    rows = table.assign(
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
    """Return the evidence of several sources as one; two that share a survey id are an
    error: it would count twice.
    """
    shared = shared_ids([part.rows for part in parts])
    if shared:
        raise UncountedError(
            f"Two sources of evidence share the survey(s) {', '.join(shared[:8])}. Give"
            " each survey to one source, or its own id."
        )
    if len(parts) == 1:
        return parts[0]
    parts = _told_apart(parts)
    traits = list(dict.fromkeys(trait for part in parts for trait in part.traits))
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    rows = _sorted(rows.fillna(dict.fromkeys(traits, EVERYBODY)), traits)
    lines = pd.concat([part.ledger.lines for part in parts], ignore_index=True)
    source = "; ".join(sorted(part.source for part in parts))
    origin = tuple(
        one for part in parts for one in part.origin or (AsTheyAre(part.rows),)
    )
    return Evidence(
        parts[0].outcome, rows, Ledger(lines), source, digest_of(rows), origin
    )


def _told_apart(evidences: Sequence[Evidence]) -> list[Evidence]:
    """Return evidence whose surveys have the country in their ids where sources share
    an id between countries.
    """
    every = pd.concat(
        [each.rows[["survey", "country"]] for each in evidences]
    ).drop_duplicates()
    shared = set(every.loc[every.duplicated("survey", keep=False), "survey"])
    if not shared:
        return list(evidences)
    renamed = []
    for each in evidences:
        pairs = (
            each.rows[["survey", "country"]]
            .drop_duplicates()
            .itertuples(index=False, name=None)
        )
        names = {
            survey: f"{survey} ({country})"
            for survey, country in pairs
            if survey in shared
        }
        rows = each.rows.assign(survey=each.rows["survey"].replace(names))
        origin = tuple(Renamed(part, names) for part in each.origin)
        renamed.append(replace(each, rows=rows, origin=origin))
    return renamed


def canonical(rows: pd.DataFrame, traits: Sequence[str] = ()) -> pd.DataFrame:
    """Return rows with the columns of `Evidence.rows` alone, what nobody declared being
    empty, sorted canonically.
    """
    rows = rows.reindex(columns=[*COLUMNS, *traits])
    rows = rows.assign(
        until=rows["until"].fillna(rows["year"]).astype(int),
        definition=rows["definition"].astype("object").fillna(""),
        mask_below=rows["mask_below"].astype(float).fillna(MASK_BELOW),
        unknown=rows["unknown"].astype(float).fillna(0.0),
        series=rows["series"].astype("object").fillna(""),
        rounding=rows["rounding"].astype(float).fillna(0.0),
        less=rows["less"].map(lambda less: less if isinstance(less, tuple) else ()),
    )
    texts = dict.fromkeys(["definition", "series", *traits], "str")
    return _sorted(
        rows.astype({"window": float, "survey_estimate": float} | texts), traits
    )


def _sorted(rows: pd.DataFrame, traits: Sequence[str]) -> pd.DataFrame:
    rows = rows.reset_index(drop=True)
    order = rows["covers"].map(
        lambda bands: tuple((band.lower, band.end) for band in bands)
    )
    less = rows["less"].map(str)
    by = [
        "country",
        "year",
        "survey",
        "definition",
        "window",
        "sex",
        "order",
        "less",
        *traits,
    ]
    ordered = (
        rows.assign(order=order, less=less)
        .sort_values(by, kind="stable")
        .drop(columns="order")
    )
    return ordered.assign(less=rows["less"]).reset_index(drop=True)


def digest_of(rows: pd.DataFrame) -> str:
    """Return the content hash of what enters the likelihood: the same rows give the
    same digest.
    """
    rows = rows.drop(columns="mask_below").assign(
        covers=rows["covers"].map(str), less=rows["less"].map(str)
    )
    text = rows.to_csv(index=False, float_format="%.12g")
    return hashlib.sha256(text.encode()).hexdigest()
