"""What is checked beside convergence: predictions, priors against data, whom the
evidence holds; and who decides.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import uncounted as un
from uncounted.checks.conflict import conflict
from uncounted.checks.convergence import convergence, diagnostics
from uncounted.checks.held_out import HeldOut
from uncounted.checks.support import respondents, shares_surveyed, support
from uncounted.errors import UncountedError
from uncounted.figures.sizes import NO_DESIGN_EFFECT
from uncounted.infer.recipe import recipe_of


@pytest.fixture(autouse=True)
def few_numbers(monkeypatch):
    """World, regions and subregions are enough to see a verdict."""
    monkeypatch.setattr(
        "uncounted.checks.convergence.PUBLISHED", ("world", "region", "subregion")
    )


def verdicts(findings) -> dict[str, str]:
    return {finding.name: finding.verdict for finding in findings}


def held(small, pits) -> HeldOut:
    """A hold-out of a country for each PIT."""
    codes = small.p["country"].to_numpy()[: len(pits)]
    columns = {
        "outcome": "simulated",
        "country": codes,
        "region": "Africa",
        "evidence": "imputed",
        "source": "visit",
    }
    return HeldOut(
        pd.DataFrame({**columns, "survey": codes, "pit": pits, "by": "country"})
    )


def test_the_small_fit_may_be_published(small):
    found = un.check(small)
    assert not found.stopped
    assert found.not_run == ("held-out coverage",)
    assert "not run" in found._repr_html_()


def test_good_predictions_pass_and_are_no_longer_not_run(small):
    found = un.check(small, held(small, (np.arange(100) + 0.5) / 100))
    assert verdicts(found)["held-out coverage at 80%"] == "pass"
    assert verdicts(found)["held-out coverage at 95%"] == "pass"
    assert found.not_run == ()


@pytest.mark.parametrize(("squeeze", "word"), [(2.5, "narrow"), (0.05, "wide")])
def test_intervals_too_narrow_or_too_wide_stop(small, squeeze, word):
    even = (np.arange(100) + 0.5) / 100 - 0.5
    found = un.check(small, held(small, np.clip(0.5 + squeeze * even, 0, 1)))
    stopped = [finding for finding in found if finding.verdict == "stop"]
    assert found.stopped
    assert {finding.name for finding in stopped} <= {
        "held-out coverage at 80%",
        "held-out coverage at 95%",
    }
    assert all(f"too {word}" in finding.sentence for finding in stopped)


@pytest.mark.parametrize(
    ("by", "number", "told"),
    [
        ("country", 15, "Fewer than 20 countries"),
        ("region", 100, "share what was not known of them"),
        ("survey", 100, "Other rounds of these countries stayed"),
    ],
)
def test_hold_outs_that_cannot_decide_are_warnings(small, by, number, told):
    for squeeze in (1.0, 2.5):
        even = squeeze * ((np.arange(number) + 0.5) / number - 0.5)
        table = held(small, np.clip(0.5 + even, 0, 1)).table.assign(by=by)
        found = [
            one for one in un.check(small, HeldOut(table)) if "held-out" in one.name
        ]
        assert {one.verdict for one in found} == {"warn"}
        assert all(told in one.sentence for one in found)


@pytest.mark.parametrize(
    "wrong", [{"rhat": 1.2}, {"ess": 40.0}, {"divergences": 9}, {"rhat": np.nan}]
)
def test_folds_that_did_not_mix_are_a_warning(small, wrong):
    good = {
        "fold": "1",
        "rhat": 1.01,
        "ess": 300.0,
        "divergences": 0,
        "chains": 2,
        "draws": 200,
    }
    table = held(small, (np.arange(100) + 0.5) / 100).table
    assert (
        verdicts(un.check(small, HeldOut(table.assign(**good))))["folds held out"]
        == "pass"
    )
    assert (
        verdicts(un.check(small, HeldOut(table.assign(**good | wrong))))[
            "folds held out"
        ]
        == "warn"
    )


def test_a_hold_out_of_another_fit_is_refused(small):
    table = held(small, (np.arange(100) + 0.5) / 100).table
    assert un.check(small, HeldOut(table.assign(recipe=recipe_of(small).digest)))
    with pytest.raises(UncountedError, match="another model or other evidence"):
        un.check(small, HeldOut(table.assign(recipe="another")))


def test_priors_of_forms_are_checked_one_by_one(small):
    far = {
        f"{form}::level": small.posterior["level"] + 9 for form in ("labour", "sexual")
    }
    (found, _) = conflict(replace(small, posterior=small.posterior[[]].assign(far)))
    assert (found.verdict, found.number) == ("warn", 2)
    assert "labour: level = " in found.sentence


def test_a_prior_far_from_the_data_is_a_warning(small):
    card = replace(
        small.card, priors=small.card.priors | {"level": un.Prior("normal", (3.0, 0.5))}
    )
    assert verdicts(conflict(small))["priors beside the data"] == "pass"
    (found, _) = conflict(replace(small, card=card))
    assert found.verdict == "warn"
    assert "level = " in found.sentence
    (_, of_world) = conflict(replace(small, prior=small.prior * 0.01))
    assert of_world.verdict == "warn"
    assert "World" in of_world.sentence


def test_a_standard_deviation_near_zero_is_no_conflict(small):
    posterior = small.posterior.assign(
        sigma_region=small.posterior["sigma_region"] * 1e-4
    )
    assert conflict(replace(small, posterior=posterior))[0].verdict == "pass"


def test_people_in_surveyed_countries(small):
    regions = shares_surveyed(small)
    surveyed = small.evidence.rows["country"].unique()
    people = small.people.sum(["sex", "age"]).to_series()
    assert float(shares_surveyed(small, "world").iloc[0]) == pytest.approx(
        people[people.index.isin(surveyed)].sum() / people.sum()
    )
    found = support(small)[0]
    assert found.verdict == ("warn" if (regions < 0.5).any() else "pass")
    for name in regions.index[regions < 0.5]:
        assert name in found.sentence


def test_respondents_behind_a_cell_are_those_asked(small):
    behind = respondents(small)
    rows = small.evidence.rows
    assert float(behind.sum()) == pytest.approx(rows["respondents"].sum())
    code = rows["country"].iloc[0]
    mine = rows[(rows["country"] == code) & (rows["sex"] == "female")]
    assert float(behind.sel(country=code, sex="female").sum()) == pytest.approx(
        mine["respondents"].sum()
    )


def test_numbers_of_few_respondents_are_named(small):
    assert verdicts(support(small))["numbers of few respondents"] == "pass"
    rows = small.evidence.rows.assign(respondents=10.0)
    found = support(replace(small, evidence=replace(small.evidence, rows=rows)))[1]
    assert found.verdict == "warn"
    assert "fewer than 25 respondents" in found.sentence


def test_surveys_that_count_as_simple_random_samples_are_a_warning(small):
    assert verdicts(support(small))["surveys without a design effect"] == "pass"
    of_survey = small.evidence.rows.drop_duplicates(["survey", "country"]).head(3)
    ledger = small.evidence.ledger.add(of_survey, "repaired", NO_DESIGN_EFFECT)
    found = support(replace(small, evidence=replace(small.evidence, ledger=ledger)))[2]
    surveys = small.evidence.rows[["survey", "country"]].drop_duplicates()
    assert (found.verdict, found.number) == ("warn", 3 / len(surveys))
    assert "Write deff" in found.sentence


def test_trees_that_could_not_grow_are_a_warning(small):
    full = xr.ones_like(small.stats["diverging"])
    stats = small.stats.assign(reached_max_treedepth=full)
    assert verdicts(convergence(replace(small, stats=stats)))["tree depth"] == "warn"
    by_depth = small.stats.drop_vars("reached_max_treedepth").assign(
        tree_depth=full * 10
    )
    assert verdicts(convergence(replace(small, stats=by_depth)))["tree depth"] == "warn"
    by_steps = by_depth.drop_vars("tree_depth").assign(n_steps=full * 1023)
    assert verdicts(convergence(replace(small, stats=by_steps)))["tree depth"] == "warn"


def test_what_a_sampler_does_not_record_is_said(small):
    found = un.check(replace(small, stats=small.stats[["step_size"]]))
    unknown = {
        finding.name for finding in found if "doesn't record" in finding.sentence
    }
    assert unknown == {"divergences", "E-BFMI", "tree depth"}
    assert not found.stopped


def test_fits_sampled_together_are_checked_one_by_one(small):
    stats = small.stats.copy(deep=True)
    stats["diverging"][0, 0] = True
    found = un.check({"labour": small, "marriage": replace(small, stats=stats)})
    assert found.stopped
    assert verdicts(found)["labour: divergences"] == "pass"
    assert verdicts(found)["marriage: divergences"] == "stop"


def test_numbers_that_are_not_printed_are_not_checked(small):
    """The card has one age and names none under people: its numbers are everybody's and
    each sex's.
    """
    measured = diagnostics(small)
    printed = un.estimates(small, ["world", "region", "subregion"])
    assert set(measured["age"]) == {"all"}
    assert len(measured) == len(printed)
    (thin,) = [
        one for one in support(small) if one.name == "numbers of few respondents"
    ]
    surveyed = [
        one for one in un.check(small) if one.name == "R-hat of the total and regions"
    ]
    assert "18+" not in thin.sentence + surveyed[0].sentence
