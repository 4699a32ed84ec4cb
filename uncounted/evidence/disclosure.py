"""Disclosure: which observed counts may leave the house, and which are masked in
everything that is released.

Counts of persons below a survey's `mask_below` (respondents, cases, respondents without
a case) are masked, and so is what would give them back: the survey's own estimate, its
effective sizes and its design effect, and the sum of any group that holds such a
survey. Observed counts are published by survey and in no other breakdown: a group's sum
is printed only where each of its surveys' counts is, so that it says nothing new.
Estimates of the model are not masked, nor are true zeros: a country without a survey
has no respondents. A survey of published figures masks nothing (`mask_below = 0`).
"""

import pandas as pd

from uncounted.evidence.evidence import Evidence
from uncounted.figures.ledger import LOST
from uncounted.world.age import Band

OF_CASES = (
    "cases",
    "prevalence",
    "deff",
    "effective_n",
)  # what is masked with a survey's cases
PREDICTED = (
    "year",
    "median",
    "lower",
    "upper",
    "interval",
)  # numbers beside a survey's result that the model makes
HIDDEN = "masked"
EVERYBODY, CASES = "respondents, cases", "cases"


def released(evidence: Evidence) -> pd.DataFrame:
    """Return the table of surveys that may be published, its observed counts masked
    where they are small.

    Index survey; country, year, source, breakdown, rows, respondents, cases,
    effective_n, deff (respondents / effective_n), prevalence (what the survey itself
    found: its published total or weighted estimate, a proportion) and masked: "",
    "cases" or "respondents, cases".
    """
    table = evidence.surveys.rename(columns={"survey_estimate": "prevalence"})
    sums = evidence.rows.groupby("survey", sort=True)["y"].sum()
    pooled = (
        sums / table["effective_n"]
    )  # of counts, which are of no survey that published anything
    table = table.assign(prevalence=table["prevalence"].fillna(pooled))
    table = table.assign(deff=table["respondents"] / table["effective_n"])
    asked = table["respondents"].fillna(table["effective_n"])
    cases, least = table["cases"].fillna(sums), table["mask_below"]
    few = asked < least
    rare = few | (cases < least) | (asked - cases < least)
    masked = pd.Series("", table.index).mask(rare, CASES).mask(few, EVERYBODY)
    shown = table.drop(columns="mask_below").assign(masked=masked)
    shown[list(OF_CASES)] = shown[list(OF_CASES)].where(~rare)
    return shown.assign(respondents=shown["respondents"].where(~few))


def released_sums(evidence: Evidence, elsewhere: str, group: pd.Series) -> pd.DataFrame:
    """Return respondents, cases and cases_elsewhere of each group of countries, and
    `masked`: which of them are.

    group: country → label; elsewhere: the kind of source of what families abroad
    reported, whose cases are summed apart. A sum is empty where any survey's count
    behind it is masked or none is known, 0 where there is no survey.
    """
    table = released(evidence)
    table = table.assign(group=table["country"].map(group))
    abroad = table["source"] == elsewhere
    labels = pd.Index(sorted(group.unique()), name="group")
    sums = {
        "respondents": _sum(table[~abroad], "respondents", [EVERYBODY], labels),
        "cases": _sum(table[~abroad], "cases", [EVERYBODY, CASES], labels),
        "cases_elsewhere": _sum(table[abroad], "cases", [EVERYBODY, CASES], labels),
    }
    shown = {name: total for name, (total, _) in sums.items()}
    hidden = pd.DataFrame({name: out for name, (_, out) in sums.items()})
    masks = [", ".join(hidden.columns[row]) for row in hidden.to_numpy()]
    return pd.DataFrame(shown).assign(masked=masks).reset_index()


def _sum(
    surveys: pd.DataFrame, count: str, hiding: list[str], labels: pd.Index
) -> tuple[pd.Series, pd.Series]:
    """Return the sum of a count over the surveys of each group, and where it is masked.

    It is 0 where there is no survey, and unknown where no survey's count is known.
    """
    by = surveys.assign(hidden=surveys["masked"].isin(hiding)).groupby("group")
    total = by[count].sum(min_count=1).reindex(labels)
    total = total.where(labels.isin(surveys["group"]), 0.0)
    out = by["hidden"].any().reindex(labels, fill_value=False)
    return total.mask(out), out


def released_ledger(evidence: Evidence) -> pd.DataFrame:
    """Return the lines of the ledger that may be published.

    Of a survey that masks anything, or of which no row entered, sex, age and the
    persons left out are masked unless all of the evidence is public: that a cell was
    found to be 0 or 100 % is a count.
    """
    lines = evidence.ledger.lines
    least = evidence.surveys["mask_below"]
    if (least == 0).all():
        return lines
    private = ~lines["survey"].isin(least.index[least == 0])
    hidden = {
        axis: lines[axis].mask(private, HIDDEN)
        for axis in ("sex", "age")
        if axis in lines
    }
    counts = {
        count: (
            lines[count].astype("object").mask(private & lines[count].notna(), HIDDEN)
        )
        for count in LOST
    }
    return lines.assign(**hidden, **counts)


def released_inputs(evidence: Evidence) -> pd.DataFrame:
    """Return what entered the likelihood as a table to extract: rows of surveys that
    mask nothing, others by survey.

    Columns: survey, country, year, until, source, definition, window, sex, ages,
    estimate, n and y (effective), respondents, cases, deff, breakdown, masked.
    """
    rows, surveys = evidence.rows, released(evidence)
    public = rows["survey"].map(evidence.surveys["mask_below"]) == 0
    ages = [
        _ages(covers, less)
        for covers, less in zip(rows["covers"], rows["less"], strict=True)
    ]
    table = rows.drop(columns=["covers", "less", "mask_below"]).assign(
        ages=ages, masked=""
    )
    whole = surveys[~surveys.index.isin(rows.loc[public, "survey"])].reset_index()
    whole = whole.rename(columns={"prevalence": "estimate", "effective_n": "n"}).drop(
        columns="rows"
    )
    whole = whole.assign(
        y=whole["n"] * whole["estimate"],
        sex="both",
        ages="all that were asked",
        breakdown="survey",
    )
    both = pd.concat(
        [table[public], whole.reindex(columns=table.columns)]
        if len(whole)
        else [table[public]]
    )
    return both.sort_values(
        ["country", "year", "survey"], kind="stable", ignore_index=True
    )


def _ages(covers: tuple[Band, ...], less: tuple) -> str:
    """Return the ages of a row, and what of its persons it doesn't speak of: "15-59
    less female 50-59".
    """
    ages = "; ".join(band.label for band in covers)
    exceptions = []
    for sex, levels, bands in less:
        words = [
            sex,
            *(f"{trait} {level}" for trait, level in levels),
            "; ".join(band.label for band in bands),
        ]
        exceptions.append(" ".join(words))
    return f"{ages} less {', '.join(exceptions)}" if exceptions else ages


def masked(predictions: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Return predictions beside surveys' own results (column `survey`) without the
    results of surveys with few cases.

    Every number that isn't the model's alone (PREDICTED) is emptied there: the result,
    and scores that tell it.
    """
    if "survey" not in predictions:
        return predictions
    surveys = released(evidence)
    hidden = predictions["survey"].isin(surveys.index[surveys["masked"] != ""])
    told = [
        name
        for name in predictions.select_dtypes(["number", "bool"])
        if name not in PREDICTED
    ]
    return predictions.assign(
        **{str(name): predictions[name].astype("object").mask(hidden) for name in told}
    )
