"""Disclosure: which observed counts may leave the house, and which are masked in everything that is released.

Counts of persons below a survey's `mask_below` (respondents, cases, respondents without a case) are masked, and so is
what would give them back: the survey's own estimate, its effective sizes and its design effect, and the sum of any
group that holds such a survey. Observed counts are published by survey and in no other breakdown: a group's sum is
printed only where each of its surveys' counts is, so that it says nothing new. Estimates of the model are not masked,
nor are true zeros: a country without a survey has no respondents. A survey of published figures masks nothing
(`mask_below = 0`).
"""

import pandas as pd

from uncounted.survey.evidence import Evidence

OF_CASES = ("cases", "prevalence", "deff", "effective_n")  # what is masked with a survey's cases
PREDICTED = ("year", "median", "lower", "upper", "interval")  # numbers beside a survey's result that the model makes
HIDDEN = "masked"
EVERYBODY, CASES = "respondents, cases", "cases"


def released(evidence: Evidence) -> pd.DataFrame:
    """Return the table of surveys that may be published, its observed counts masked where they are small.

    Index survey; country, year, source, breakdown, rows, respondents, cases, effective_n, deff (respondents /
    effective_n), prevalence Σy/Σn (a proportion) and masked: "", "cases" or "respondents, cases".
    """
    table = evidence.surveys
    sums = evidence.rows.groupby("survey", sort=True)["y"].sum()
    table = table.assign(prevalence=sums / table["effective_n"], deff=table["respondents"] / table["effective_n"])
    asked = table["respondents"].fillna(table["effective_n"])
    cases, least = table["cases"].fillna(sums), table["mask_below"]
    few = asked < least
    rare = few | (cases < least) | (asked - cases < least)
    masked = pd.Series("", table.index).mask(rare, CASES).mask(few, EVERYBODY)
    shown = table.drop(columns="mask_below").assign(masked=masked)
    shown[list(OF_CASES)] = shown[list(OF_CASES)].where(~rare)
    return shown.assign(respondents=shown["respondents"].where(~few))


def released_sums(evidence: Evidence, elsewhere: str, group: pd.Series) -> pd.DataFrame:
    """Return respondents, cases and cases_elsewhere of each group of countries, and `masked`: which of them are.

    group: country → label; elsewhere: the kind of source of what families abroad reported, whose cases are summed
    apart. A sum is empty where any survey's count behind it is masked, and 0 where there is no survey.
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
    found = pd.DataFrame(sums)
    hidden = [", ".join(found.columns[row]) for row in found.isna().to_numpy()]
    return found.assign(masked=hidden).reset_index()


def _sum(surveys: pd.DataFrame, count: str, hiding: list[str], labels: pd.Index) -> pd.Series:
    by = surveys.assign(hidden=surveys["masked"].isin(hiding)).groupby("group")
    total = by[count].sum().reindex(labels, fill_value=0.0)
    return total.mask(by["hidden"].any().reindex(labels, fill_value=False))


def released_ledger(evidence: Evidence) -> pd.DataFrame:
    """Return the lines of the ledger that may be published.

    Of a survey that masks anything, or of which no row entered, sex and age are masked unless all of the evidence is
    public: that a cell was found to be 0 or 100 % is a count.
    """
    lines = evidence.ledger.lines
    least = evidence.surveys["mask_below"]
    if (least == 0).all():
        return lines
    private = ~lines["survey"].isin(least.index[least == 0])
    return lines.assign(**{axis: lines[axis].mask(private, HIDDEN) for axis in ("sex", "age") if axis in lines})


def released_inputs(evidence: Evidence) -> pd.DataFrame:
    """Return what entered the likelihood as a table to extract: rows of surveys that mask nothing, others by survey.

    Columns: survey, country, year, until, source, definition, window, sex, ages, estimate, n and y (effective),
    respondents, cases, deff, breakdown, masked.
    """
    rows, surveys = evidence.rows, released(evidence)
    public = rows["survey"].map(evidence.surveys["mask_below"]) == 0
    ages = ["; ".join(band.label for band in bands) for bands in rows["covers"]]
    table = rows.drop(columns=["covers", "mask_below"]).assign(ages=ages, masked="")
    whole = surveys[~surveys.index.isin(rows.loc[public, "survey"])].reset_index()
    whole = whole.rename(columns={"prevalence": "estimate", "effective_n": "n"}).drop(columns="rows")
    whole = whole.assign(y=whole["n"] * whole["estimate"], sex="both", ages="all that were asked", breakdown="survey")
    both = pd.concat([table[public], whole.reindex(columns=table.columns)] if len(whole) else [table[public]])
    return both.sort_values(["country", "year", "survey"], kind="stable", ignore_index=True)


def masked(predictions: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Return predictions beside surveys' own results (column `survey`) without the results of surveys with few cases.

    Every number that isn't the model's alone (PREDICTED) is emptied there: the result, and scores that tell it.
    """
    if "survey" not in predictions:
        return predictions
    surveys = released(evidence)
    hidden = predictions["survey"].isin(surveys.index[surveys["masked"] != ""])
    told = [name for name in predictions.select_dtypes(["number", "bool"]) if name not in PREDICTED]
    return predictions.assign(**{str(name): predictions[name].astype("object").mask(hidden) for name in told})
