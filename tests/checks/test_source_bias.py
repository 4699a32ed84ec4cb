"""Sources: a kind of source whose surveys lie to one side of the others is named, and
chance is not.
"""

from dataclasses import replace

import numpy as np

from uncounted.checks.source_bias import NAME, bias


def with_errors(fit, lean: dict[str, float], seed: int):
    """Return a fit whose surveys' errors are draws of N(lean of the kind, σ of the
    kind).
    """
    rng = np.random.default_rng(seed)
    kinds = fit.evidence.rows.groupby("survey")["source"].first()
    effect = fit.posterior["survey_effect"]
    kinds = kinds.loc[effect["survey"].to_numpy()]
    sigma = (
        fit.posterior["sigma_survey"]
        .mean(["chain", "draw"])
        .sel(source=kinds.to_numpy())
        .to_numpy()
    )
    error = rng.normal(kinds.map(lean).fillna(0.0).to_numpy(), sigma)
    return replace(
        fit, posterior=fit.posterior.assign(survey_effect=effect * 0 + error)
    )


def without_bias(fit):
    priors = {key: prior for key, prior in fit.card.priors.items() if key != "bias"}
    return replace(fit, card=replace(fit.card, priors=priors))


def test_a_kind_that_lies_to_one_side_is_named(fit):
    (found,) = bias(without_bias(with_errors(fit, {"SMART": -0.1}, 1)))
    assert (found.name, found.verdict) == (NAME, "warn")
    assert "SMART, -0.1" in found.sentence
    assert "Write a prior of bias and a reference_source" in found.sentence


def test_errors_about_zero_seldom_lean_by_chance(fit):
    """Each of four kinds at 5 %: of 200 draws fewer than 18.5 % ± 3 × 2.7 % warn."""
    warned = [
        bias(with_errors(fit, {}, seed))[0].verdict == "warn" for seed in range(200)
    ]
    assert np.mean(warned) < 1 - 0.95**4 + 3 * 0.027


def test_with_bias_on_the_card_the_kinds_of_stunting_do_not_lean(fit):
    (found,) = bias(fit)
    assert found.verdict == "pass", found.sentence


def test_where_kinds_do_not_overlap_nothing_is_said(small):
    assert bias(small) == []


def test_the_years_of_one_register_count_as_one(fit):
    """All surveys of a kind in each country one series: a mean that lone surveys would
    not have is no surprise.
    """
    rows = fit.evidence.rows
    kind = rows["source"] == "SMART"
    series = rows["series"].where(~kind, "register")
    as_series = replace(
        fit, evidence=replace(fit.evidence, rows=rows.assign(series=series))
    )
    (alone,), (together,) = (
        bias(with_errors(one, {"SMART": -0.1}, 1)) for one in (fit, as_series)
    )
    assert together.number < alone.number
