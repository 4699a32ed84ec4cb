"""Disclosure: observed counts that may be published, and those masked in everything
that is released.

Counts of persons below a survey's `mask_below` (respondents, cases, respondents without
a case) are masked, and so is what would give them back: the survey's own estimate, its
effective sizes and its design effect, and the sum of any group that holds such a
survey. Observed counts are published by survey and in no other breakdown: a group's sum
is printed only where each of its surveys' counts is, so that it says nothing new.
Estimates of the model are not masked, nor are true zeros: a country without a survey
has no respondents. A survey of published figures masks nothing (`mask_below = 0`).
"""

import pandas as pd

from uncounted.figures.ledger import LOST
from uncounted.observations.evidence import Evidence
from uncounted.world.age import Band

# masked with a survey's cases
OF_CASES = ["cases", "prevalence", "deff", "effective_n"]
# numbers beside a survey's result that the model makes
PREDICTED = ("year", "median", "lower", "upper", "interval")
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
    y = evidence.rows.groupby("survey", sort=True)["y"].sum()
    # counts are of no survey that published anything
    prevalence = table["prevalence"].fillna(y / table["effective_n"])
    deff = table["respondents"] / table["effective_n"]
    threshold = table["mask_below"]
    respondents = table["respondents"].fillna(table["effective_n"])
    cases = table["cases"].fillna(y)
    small = respondents < threshold
    rare = small | (cases < threshold) | (respondents - cases < threshold)
    masked = pd.Series("", table.index).mask(rare, CASES).mask(small, EVERYBODY)
    shown = table.drop(columns="mask_below")
    shown = shown.assign(
        prevalence=prevalence,
        deff=deff,
        masked=masked,
    )
    shown[OF_CASES] = shown[OF_CASES].where(~rare)
    shown["respondents"] = shown["respondents"].where(~small)
    return shown


def released_sums(
    evidence: Evidence,
    elsewhere: str,
    group: pd.Series,
) -> pd.DataFrame:
    """Return respondents, cases and cases_elsewhere of each group of countries, and in
    `masked` the names of those that are masked.

    group: country → label; elsewhere: the kind of source of what families abroad
    reported, whose cases are summed apart. A sum is empty where any survey's count
    behind it is masked or none is known, 0 where there is no survey.
    """
    table = released(evidence)
    table = table.assign(group=table["country"].map(group))
    abroad = table["source"] == elsewhere
    labels = pd.Index(sorted(group.unique()), name="group")
    sums = {
        "respondents": _sum(
            table[~abroad],
            "respondents",
            [EVERYBODY],
            labels,
        ),
        "cases": _sum(
            table[~abroad],
            "cases",
            [EVERYBODY, CASES],
            labels,
        ),
        "cases_elsewhere": _sum(
            table[abroad],
            "cases",
            [EVERYBODY, CASES],
            labels,
        ),
    }
    totals = pd.DataFrame(index=labels)
    masked = pd.Series("", labels)
    for name, (total, hidden) in sums.items():
        totals[name] = total
        separated = masked.where(masked == "", masked + ", ") + name
        masked = masked.where(~hidden, separated)
    return totals.assign(masked=masked).reset_index()


def _sum(
    surveys: pd.DataFrame,
    count: str,
    hiding: list[str],
    labels: pd.Index,
) -> tuple[pd.Series, pd.Series]:
    """Return the sum of a count over the surveys of each group, and where it is masked.

    It is 0 where there is no survey, and unknown where no survey's count is known.
    """
    hidden = surveys["masked"].isin(hiding)
    groups = surveys.assign(hidden=hidden).groupby("group")
    total = groups[count].sum(min_count=1).reindex(labels)
    total = total.where(labels.isin(surveys["group"]), 0.0)
    out = groups["hidden"].any().reindex(labels, fill_value=False)
    return total.mask(out), out


def released_ledger(evidence: Evidence) -> pd.DataFrame:
    """Return the lines of the ledger that may be published.

    Of a survey that masks anything, or of which no row entered, sex, age and the
    persons left out are masked unless all of the evidence is public: that a cell was
    found to be 0 or 100 % is a count.
    """
    lines = evidence.ledger.lines
    mask_below = evidence.surveys["mask_below"]
    public = mask_below.index[mask_below == 0]
    if len(public) == len(mask_below):
        return lines
    private = ~lines["survey"].isin(public)
    shown = lines.copy()
    for axis in ("sex", "age"):
        if axis in lines:
            shown[axis] = lines[axis].mask(private, HIDDEN)
    for count in LOST:
        hidden = private & lines[count].notna()
        shown[count] = lines[count].astype("object").mask(hidden, HIDDEN)
    return shown


def released_inputs(evidence: Evidence) -> pd.DataFrame:
    """Return what entered the likelihood as a table to extract: rows of surveys that
    mask nothing, others by survey.

    Columns: survey, country, year, until, source, definition, window, sex, ages,
    estimate, n and y (effective), respondents, cases, deff, breakdown, masked.
    """
    rows = evidence.rows
    public = rows["survey"].map(evidence.surveys["mask_below"]) == 0
    exceptions = zip(rows["covers"], rows["less"], strict=True)
    ages = [_ages(covers, less) for covers, less in exceptions]
    table = rows.drop(columns=["covers", "less", "mask_below"])
    table = table.assign(ages=ages, masked="")
    surveys = released(evidence).drop(columns="rows")
    surveys = surveys.rename(columns={"prevalence": "estimate", "effective_n": "n"})
    private = surveys[~surveys.index.isin(rows.loc[public, "survey"])].reset_index()
    private = private.assign(
        y=private["n"] * private["estimate"],
        sex="both",
        ages="all that were asked",
        breakdown="survey",
    )
    inputs = table[public]
    if len(private):
        inputs = pd.concat([inputs, private.reindex(columns=table.columns)])
    order = ["country", "year", "survey"]
    return inputs.sort_values(order, kind="stable", ignore_index=True)


def _ages(
    covers: tuple[Band, ...],
    less: tuple,
) -> str:
    """Return the ages of a row, and the persons that it excepts: "15-59 less female
    50-59".
    """
    ages = _labels(covers)
    if not less:
        return ages
    exceptions = []
    for sex, levels, bands in less:
        words = [f"{trait} {level}" for trait, level in levels]
        exceptions.append(" ".join([sex, *words, _labels(bands)]))
    return f"{ages} less {', '.join(exceptions)}"


def _labels(bands: tuple[Band, ...]) -> str:
    return "; ".join(band.label for band in bands)


def masked(
    predictions: pd.DataFrame,
    evidence: Evidence,
) -> pd.DataFrame:
    """Return predictions beside surveys' own results (column `survey`) without the
    results of surveys with few cases.

    Every number that isn't the model's alone (PREDICTED) is emptied there: the result,
    and scores that tell it.
    """
    if "survey" not in predictions:
        return predictions
    surveys = released(evidence)
    hidden = predictions["survey"].isin(surveys.index[surveys["masked"] != ""])
    shown = predictions.copy()
    for name in predictions.select_dtypes(["number", "bool"]):
        if name not in PREDICTED:
            shown[name] = predictions[name].astype("object").mask(hidden)
    return shown
