"""Evidence: surveys' results as rows of effective counts that a binomial likelihood can
read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures import sizes
from uncounted.figures.deflation import deflated
from uncounted.figures.figure_table import CELL, Figures, ambiguous
from uncounted.figures.identity import distinct
from uncounted.figures.ledger import Ledger
from uncounted.figures.survey_total import totals_of
from uncounted.figures.usage import Asked, used
from uncounted.glance import glance
from uncounted.interviews.families import Families
from uncounted.interviews.respondents import Respondents
from uncounted.observations.evidence_rows import (
    AXES,
    COLUMNS,
    ELSEWHERE,
    FORM,
    SAID,
    canonical,
    counted,
    digest_of,
    further,
)
from uncounted.observations.origin import Origin
from uncounted.observations.sized_figures import (
    check_request,
    check_rows,
    figures_of,
    of_years,
    with_sizes,
    with_survey_estimate,
)
from uncounted.world.age import parse_band
from uncounted.world.table import one_code
from uncounted.world.world import World, check_codes


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
        traits = [str(column) for column in self.rows if column not in COLUMNS]
        return tuple(trait for trait in traits if not trait.startswith(FORM))

    @property
    def forms(self) -> tuple[str, ...]:
        """The exclusive forms of the outcome whose counts rows have (`exclusive`)."""
        columns = self.rows.columns.astype(str)
        return tuple(columns[columns.str.startswith(FORM)].str.removeprefix(FORM))

    @property
    def surveys(self) -> pd.DataFrame:
        """One line per survey: country, year, source, breakdown, mask_below, rows,
        respondents, cases, effective n.

        Not masked: `disclosure.released` is the table to publish.
        """
        surveys = self.rows.groupby("survey", sort=True)
        about = ["country", "year", "source", "breakdown", "mask_below"]
        table = surveys[[*about, "survey_estimate"]].first()
        table = table.join(surveys.size().rename("rows"))
        sums = surveys[["respondents", "cases", "n"]].sum(min_count=1)
        return table.join(sums.rename(columns={"n": "effective_n"}))

    def without(
        self,
        out: pd.Series,
        why: str,
    ) -> "Evidence":
        """Return the evidence less some rows, which go to the ledger with the
        reason.
        """
        out = out.astype(bool)
        lines = self.rows[out]
        ages = [", ".join(band.label for band in bands) for bands in lines["covers"]]
        ledger = self.ledger.add(
            lines.assign(age=ages),
            "excluded",
            why,
        )
        rows = self.rows[~out].reset_index(drop=True)
        return replace(self, rows=rows, ledger=ledger)

    def remade(self, out: np.ndarray) -> pd.DataFrame:
        """Return n, y and left of every row as they would be had the rows that are out
        (rows,) not been made.

        Design effects are smoothed without the surveys that are out as a whole; what
        families interviewed in a country reported of others is out with all of its
        surveys. left is false for the rows that are out and for those of which nothing
        remains. Where the origin isn't known, as of `counts`, the counts stay as they
        are.
        """
        rows = self.rows
        unchanged = rows[["n", "y"]].assign(left=~out)
        kept = rows.loc[~out]
        surveys = set(rows["survey"]) - set(kept["survey"])
        if not surveys or not self.origin:
            return unchanged
        countries = set(_own(rows)["country"]) - set(_own(kept)["country"])
        parts = [origin.without(surveys, countries) for origin in self.origin]
        again = pd.concat([counted(part, rows) for part in parts])
        again = again.reindex(counted(rows, rows).index).set_axis(rows.index)
        remade = again.fillna(unchanged[["n", "y"]])
        return remade.assign(left=again["n"].notna() & ~out)

    def holds(self, subset: "Evidence") -> bool:
        """Say whether this evidence has every row of another, with the same counts but
        for rounding.
        """
        columns = set(subset.rows) - set(SAID)
        if self.outcome != subset.outcome or not columns <= set(self.rows):
            return False
        theirs = counted(subset.rows, subset.rows)
        ours = counted(self.rows, subset.rows).reindex(theirs.index)
        return bool(
            np.isclose(
                ours,
                theirs,
                rtol=1e-6,
            ).all()
        )

    def placed(self, world: World) -> "Evidence":
        """Return the evidence of countries that have a population; the others go to the
        ledger.

        Raises UncountedError listing codes that no table of the world knows, with
        suggestions.
        """
        where = f"The evidence '{self.source}'"
        lacking = check_codes(
            world,
            self.rows["country"].unique(),
            where=where,
        )
        why = "the population table lacks the country"
        return self.without(self.rows["country"].isin(lacking), why)

    def __repr__(self) -> str:
        surveys = self.surveys
        size = surveys["effective_n"].sum()
        years = surveys["year"]
        sentence = (
            f"{self.outcome}: {len(self.rows):,} rows of {len(surveys):,}"
            f" surveys in {surveys['country'].nunique()} countries,"
            f" {years.min()}–{years.max()}; {_respondents(surveys)}, effective n"
            f" {size:,.0f}"
        )
        return glance(sentence, str(self.ledger))


def _respondents(surveys: pd.DataFrame) -> str:
    """Return the sentence of how many respondents surveys have."""
    respondents = surveys["respondents"].dropna()
    if respondents.empty:
        return "respondents unknown"
    sentence = f"{respondents.sum():,.0f} respondents"
    if len(respondents) < len(surveys):
        sentence += f" (of {len(respondents):,} surveys with known n)"
    return sentence


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
    figures = figures_of(survey, outcome, by, single_psu)
    check_request(figures, outcome, by)
    card = figures.card
    sized, ledger = with_sizes(figures, outcome, unknown_n)
    request = Asked(
        by=tuple(by),
        age=card.age,
        card_age_kinds=card.whole,
        table_traits=card.traits,
        respondents=card.kind == "respondents",
    )
    chosen, ledger = used(sized, request, ledger)
    check_rows(chosen, figures.name, outcome, ledger)
    # the rest of a total has an n of its own, and so a design effect
    smooth_deff = sizes.design_effects_of(sized, chosen, card.deff)
    chosen = chosen.assign(smooth_deff=smooth_deff)
    origin = sizes.Sized(sized, chosen, card.traits, card.deff)
    totals = totals_of(sized, card.traits)
    rows = with_survey_estimate(deflated(chosen, totals), totals)
    if years is not None:
        rows, ledger = of_years(rows, sized, years, ledger)
        check_rows(rows, figures.name, outcome, ledger)
    rows = canonical(rows.assign(mask_below=float(card.mask_below)), further(by))
    return Evidence(
        outcome,
        rows,
        ledger,
        card.title,
        digest_of(rows),
        (origin,),
    )


def _own(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of surveys held in the country that they are about."""
    return rows.loc[rows["source"] != ELSEWHERE]


def counts(
    table: pd.DataFrame,
    outcome: str,
    source: str = "counts",
    by: Sequence[str] = AXES,
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
    _check_counts(table, traits)
    table = table.reset_index(drop=True)  # of tables put together, labels occur twice
    absent = {
        "source": "survey",
        "definition": "",
        "window": np.nan,
        "until": np.nan,
    }
    for column, value in absent.items():
        if column not in table:
            table[column] = value
    bands = [parse_band(age) for age in table["age"]]
    table["age"] = [band.label for band in bands]
    table["country"] = one_code(table["country"])
    for fault, bad in ambiguous(table, traits).items():
        if bad.any():
            raise UncountedError(
                f"The table of counts has {fault} in {bad.sum()} row(s). Mend them."
            )
    table["definition"] = table["definition"].fillna("")
    table = distinct(table, [*CELL, *traits])
    rows = table.assign(
        covers=pd.Series(
            [(band,) for band in bands],
            index=table.index,
            dtype=object,
        ),
        estimate=table["y"] / table["n"],
        respondents=table["n"],
        cases=table["y"],
        deff=1.0,
        breakdown="counts",
    )
    rows = canonical(rows, traits)
    return Evidence(outcome, rows, Ledger(), source, digest_of(rows))


def _check_counts(
    table: pd.DataFrame,
    traits: Sequence[str],
) -> None:
    for column in ("survey", "country", "year", *CELL, *traits, "n", "y"):
        if column not in table:
            hint = did_you_mean(column, table.columns)
            raise UncountedError(f"The table of counts has no column '{column}'.{hint}")
    right = (table["n"] > 0) & (table["y"] >= 0) & (table["y"] <= table["n"])
    if not right.all():
        raise UncountedError(
            f"The table of counts has {(~right).sum()} row(s) in which not 0 ≤ y ≤ n,"
            " n > 0. Mend them."
        )
