"""Published: the figures of a survey, checked and sized, as evidence needs them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures import sizes
from uncounted.figures.figure_table import Figures
from uncounted.figures.identity import parts
from uncounted.figures.ledger import Ledger
from uncounted.figures.usage import NO_ESTIMATE
from uncounted.interviews.families import Families, reported
from uncounted.interviews.respondents import Respondents
from uncounted.observations.evidence_rows import AXES
from uncounted.observations.tabulation import tabulated
from uncounted.world.age import Band


def figures_of(
    survey: Figures | Respondents | Families,
    outcome: str,
    by: Sequence[str],
    single_psu: str | None,
) -> Figures:
    """Return published figures as they are, and others as the figures that their
    surveys would publish.
    """
    if isinstance(survey, Figures):
        return survey
    if isinstance(survey, Respondents):
        return tabulated(survey, outcome, by, single_psu)
    respondents = reported(survey, outcome)
    figures = tabulated(
        respondents,
        outcome,
        by,
        single_psu,
        kish=True,
    )
    span = Band(survey.ages[0].lower, survey.ages[-1].upper)
    return replace(figures, card=replace(figures.card, age=span.label))


def with_sizes(
    figures: Figures, outcome: str, unknown_n: float | None
) -> tuple[pd.DataFrame, Ledger]:
    """Return the figures of an outcome with what is known of their sizes."""
    card = figures.card
    ledger = figures.ledgers[outcome]
    table = figures.tables[outcome]
    table = table.assign(
        part=parts(table),
        counted=table["cases"],
        rest=False,
    )
    sized, ledger = sizes.settled(
        table,
        card.plausible_n,
        card.traits,
        ledger,
    )
    sized, ledger = sizes.of_unknown_size(sized, unknown_n, ledger)
    return sizes.with_design_effects(sized, card.deff, ledger)


def check_rows(
    rows: pd.DataFrame,
    name: str,
    outcome: str,
    ledger: Ledger,
) -> None:
    """Refuse a survey of which no row is left."""
    if rows.empty:
        raise UncountedError(
            f"No figure of '{name}' on '{outcome}' can be used. Its ledger says of each"
            f" why:\n{ledger}",
            ledger=ledger,
        )


def of_years(
    rows: pd.DataFrame,
    figures: pd.DataFrame,
    years: Sequence[int],
    ledger: Ledger,
) -> tuple[pd.DataFrame, Ledger]:
    """Leave out surveys whose fieldwork began outside the years; all of their figures
    go to the ledger.
    """
    begin, end = years
    why = f"fieldwork outside {begin}–{end}"
    outside = figures.loc[~figures["year"].between(begin, end)]
    ledger = ledger.less(outside, unless=NO_ESTIMATE)
    unchosen = outside.loc[~outside.index.isin(rows["figure"])]
    unchosen = unchosen.loc[~ledger.has(unchosen)]
    uncounted = dict.fromkeys(["respondents", "cases", "n"], np.nan)
    ledger = ledger.add(unchosen.assign(**uncounted), "excluded", why)
    inside = rows["year"].between(begin, end)
    lines = rows.loc[~inside].assign(n=np.nan)
    return rows.loc[inside], ledger.add(lines, "excluded", why)


def with_survey_estimate(
    rows: pd.DataFrame,
    totals: pd.DataFrame,
) -> pd.DataFrame:
    """Add each survey's own result: its published total, else the weighted mean of its
    figures.
    """
    terms = rows["share"] * rows["estimate"]
    mean = terms.groupby(rows["choice"]).transform("sum")
    total = rows["part"].map(totals["estimate"])
    return rows.assign(survey_estimate=total.fillna(mean))


def check_request(
    survey: Figures,
    outcome: str,
    by: Sequence[str],
) -> None:
    """Refuse an outcome or an axis that a survey lacks."""
    if outcome not in survey.tables:
        hint = did_you_mean(outcome, survey.tables)
        raise UncountedError(
            f"The survey '{survey.name}' has no outcome '{outcome}'.{hint}"
        )
    axes = (*AXES, *survey.card.traits)
    for axis in by:
        if axis not in axes:
            raise UncountedError(
                f"Published figures are read by {' and '.join(axes)}; '{axis}' is none"
                f" of them.{did_you_mean(axis, axes)} Further traits are named on the"
                ' survey\'s card, as traits = ["migrant"].'
            )
