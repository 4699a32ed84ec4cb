"""Patterns of countries: a printed pattern that is not the surveys' is told, by trait
and name.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from uncounted.checks.country_patterns import pattern


def told(fit) -> dict[str, tuple[str, float]]:
    return {finding.name: (finding.verdict, finding.number) for finding in pattern(fit)}


def with_pattern(fit, codes: list[str], shift: float):
    """Return a fit whose surveys of countries find other log odds by sex than they did,
    their counts raised.
    """
    rows = fit.evidence.rows
    mine = rows["country"].isin(codes)
    by_sex = rows["sex"].map({"female": shift, "male": -shift}).fillna(0.0)
    share = np.clip(rows["y"] / rows["n"], 0.001, 0.999)
    n = rows["n"].where(~mine, 5000.0)
    rows = rows.assign(
        n=n, y=(n * share).where(~mine, n * expit(logit(share) + by_sex))
    )
    return replace(fit, evidence=replace(fit.evidence, rows=rows))


def test_patterns_that_the_model_does_not_print_are_named(small):
    codes = list(small.evidence.rows["country"].unique())
    (one,) = [
        found
        for found in pattern(with_pattern(small, codes[:1], 2.0))
        if found.name.endswith("by sex")
    ]
    assert small.world.places.loc[codes[0], "name"] in one.sentence
    (every,) = [
        found
        for found in pattern(with_pattern(small, codes, 2.0))
        if found.name.endswith("by sex")
    ]
    assert (every.verdict, every.number) == ("warn", 1.0)
    assert "Add country:sex to the card's interactions" in every.sentence


def test_what_is_printed_as_the_surveys_show_it_passes(small):
    """Evidence that is the posterior median itself lies inside every interval."""
    median = small.p.median(["chain", "draw"]).isel(age=0)
    rows = small.evidence.rows
    share = [
        float(median.sel(country=code, sex=sex)) if sex != "both" else y / n
        for code, sex, y, n in zip(
            rows["country"], rows["sex"], rows["y"], rows["n"], strict=True
        )
    ]
    rows = rows.assign(n=2000.0, y=2000.0 * np.array(share))
    found = told(replace(small, evidence=replace(small.evidence, rows=rows)))
    assert found == {"patterns of countries by sex": ("pass", 0.0)}


def test_surveys_of_few_respondents_tell_no_pattern(small):
    rows = small.evidence.rows
    few = rows.assign(n=rows["n"] / rows["n"].max(), y=rows["y"] / rows["n"].max())
    assert pattern(replace(small, evidence=replace(small.evidence, rows=few))) == []


@pytest.mark.parametrize("seed", range(30))
def test_surveys_divided_in_any_way_are_told_or_passed_over(small, seed):
    """Rows at random: a sex a survey, levels missing, totals alone, nobody in a row,
    more cases than respondents.
    """
    rng = np.random.default_rng(seed)
    rows = small.evidence.rows
    rows = rows[rng.random(len(rows)) < rng.choice([0.1, 0.5, 1.0])]
    if rng.random() < 0.5:
        rows = rows.assign(survey=rows["survey"] + rows["sex"])
    if rng.random() < 0.3:
        rows = rows.assign(sex=rng.choice(["both", "female"], len(rows)))
    n = np.where(rng.random(len(rows)) < 0.2, 0.0, rows["n"] * rng.choice([1.0, 50.0]))
    rows = rows.assign(n=n, y=rows["y"] * rng.choice([0.0, 1.0, 60.0]))
    people = small.people.where(rng.random(small.people.shape) < 0.9, 0.0)
    found = pattern(
        replace(small, people=people, evidence=replace(small.evidence, rows=rows))
    )
    assert all(0 <= one.number <= 1 for one in found)
    if (rows.groupby("survey")["sex"].nunique() < 2).all():
        assert found == []
