"""Rows: evidence that the model makes lies in its intervals; what it does not make is
named.
"""

from dataclasses import replace

import pandas as pd
import pytest

import uncounted as un
from uncounted.checks.contrasts import CONTRASTS
from uncounted.checks.rows import NAME, rows
from uncounted.checks.survey_agreement import BESIDE


def with_rows(fit: un.Fit, table: pd.DataFrame) -> un.Fit:
    return replace(fit, evidence=replace(fit.evidence, rows=table))


def verdicts(findings) -> dict[str, str]:
    return {one.name: one.verdict for one in findings}


def test_rows_of_a_model_that_is_right_pass(small):
    assert verdicts(rows(small)[""]) == {
        NAME: "pass",
        f"{CONTRASTS} by sex": "pass",
        BESIDE: "pass",
    }


def test_the_shipped_card_passes_on_its_own_evidence(fit):
    found = rows(fit)[""]
    assert {one.verdict for one in found} == {"pass"}, [one.sentence for one in found]
    assert {one.name for one in found} > {f"{CONTRASTS} by age", f"{CONTRASTS} by sex"}


def test_sexes_that_differ_between_countries_are_seen_in_contrasts(small):
    """Half of the surveys' sexes are turned: their log odds differ by 0.4 to the other
    side.
    """
    table = small.evidence.rows.copy()
    turned = table["survey"].isin(sorted(set(table["survey"]))[::2])
    mirrored = table["sex"].map({"female": "male", "male": "female"})
    found = rows(
        with_rows(small, table.assign(sex=table["sex"].mask(turned, mirrored)))
    )[""]
    (contrast,) = [one for one in found if one.name == f"{CONTRASTS} by sex"]
    assert (contrast.verdict, contrast.number > 1.5) == ("warn", True)
    assert "Surveys differ more than the model says." in contrast.sentence


@pytest.mark.parametrize(
    ("name", "times"), [("small", 8.0), ("fit", 8.0), ("fit", 1 / 8)]
)
def test_other_sizes_of_samples_are_seen_in_shares(request, name, times):
    """As if samples were eight times as large, or as small: shares stay, their spread
    does not fit.
    """
    of = request.getfixturevalue(name)
    table = of.evidence.rows
    changed = table.assign(
        n=table["n"] * times, y=table["y"] * times, deff=table["deff"] / times
    )
    found = {one.name: one for one in rows(with_rows(of, changed))[""]}[NAME]
    assert found.verdict == "warn"
    assert "all rows" in found.sentence


def test_a_country_whose_surveys_all_say_something_else_is_named(small):
    table = small.evidence.rows
    some = sorted(set(table["country"]))[:45]
    far = table["country"].isin(some)
    found = rows(
        with_rows(small, table.assign(y=table["y"].mask(far, 0.5 * table["n"])))
    )[""]
    (beside,) = [one for one in found if one.name == BESIDE]
    assert (beside.verdict, beside.number > beside.threshold) == ("warn", True)
    assert small.world.places["name"][some[0]] in beside.sentence


def test_models_written_by_hand_have_none(small):
    assert rows(replace(small, posterior=small.posterior.drop_vars("level"))) == {}
