"""Series: surveys of one source in one country share an error, in the model, its
centring and its predictions.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm

import uncounted as un
from uncounted.checks.variance_shares import unknown
from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.prior import draw_prior
from uncounted.infer.recipe import Recipe
from uncounted.infer.refit import Refit, counted, refit
from uncounted.model.belief import flat
from uncounted.model.card import Sampling
from uncounted.model.centring import centring
from uncounted.model.components import components
from uncounted.model.distribution import KINDS
from uncounted.model.prediction import Prediction, derived_names, predict
from uncounted.model.priors import Prior
from uncounted.model.seen import look
from uncounted.world.world import read_world

COMMON, OWN, SURVEY, COUNTRY, LEVEL = 0.4, 0.05, 0.15, 0.6, -2.0
YEARS = range(2010, 2020)
PRIORS = {
    "level": Prior("normal", (LEVEL, 1.0)),
    "sigma_country": Prior("half_normal", (0.7,)),
    "sigma_survey": Prior("half_normal", (0.3,)),
    "series_share": Prior("beta", (4.0, 1.0)),
}
CARD = un.Card(
    title="Registered", outcome="registered", ages=("18+",), year=2020, people=(), place=("country",), priors=PRIORS,
    sampling=Sampling(chains=2, tune=500, draws=500, target_accept=0.9),
)  # fmt: skip
ALONE = replace(
    CARD, priors={key: prior for key, prior in PRIORS.items() if key != "series_share"}
)


@pytest.fixture(scope="module")
def world():
    return read_world()


@pytest.fixture(scope="module")
def codes(world):
    return np.sort(
        np.random.default_rng(1).choice(world.places.index, 30, replace=False)
    )


def made(
    codes: np.ndarray, seed: int, label: str = "register"
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return logits of countries, and their evidence.

    A survey in each, two in every third, and ten yearly rows of a register in two of
    three.
    """
    rng = np.random.default_rng(seed)
    truth = LEVEL + COUNTRY * rng.normal(size=len(codes))
    rows = []
    for i, (theta, code) in enumerate(zip(truth, codes, strict=True)):
        for year in (2016, 2020)[: 2 if i % 3 == 0 else 1]:
            y = rng.binomial(800, expit(theta + SURVEY * rng.normal()))
            rows.append((f"{code}-survey-{year}", code, year, "survey", "", 800, y))
        common = COMMON * rng.normal()
        for year in YEARS if i % 3 != 2 else ():
            y = rng.binomial(5000, expit(theta + common + OWN * rng.normal()))
            rows.append(
                (f"{code}-register-{year}", code, year, "register", label, 5000, y)
            )
    table = pd.DataFrame(
        rows, columns=["survey", "country", "year", "source", "series", "n", "y"]
    )
    return truth, table.assign(sex="both", age="18+")


@pytest.fixture(scope="module")
def evidence(codes):
    return un.counts(made(codes, 0)[1], "registered")


@pytest.fixture(scope="module")
def seen(world, evidence):
    return look(CARD, world, evidence)


def test_surveys_of_one_label_country_and_kind_are_a_series(seen, codes):
    registers = [code for i, code in enumerate(codes) if i % 3 != 2]
    assert list(seen.series.labels) == [f"{code}: register" for code in registers]
    register = seen.source == list(seen.sources).index("register")
    np.testing.assert_array_equal(seen.series.member, register)
    assert (np.bincount(seen.series.survey[register]) == len(YEARS)).all()
    np.testing.assert_array_equal(
        seen.series.country, np.unique(seen.survey_country[register])
    )
    assert set(seen.series.since + CARD.year) == {2014}
    assert list(seen.series.kinds) == ["register"]


def test_a_series_of_one_survey_is_none(world, evidence):
    first = evidence.rows.drop_duplicates(["country", "source"])
    table = first.assign(age="18+")
    some = look(ALONE, world, un.counts(table, "registered"))
    assert not some.series.member.any()
    assert len(some.series.labels) == 0


def test_two_kinds_of_source_have_no_series_in_common(world, codes):
    _, table = made(codes[:3], 1)
    table["source"] = np.where(table["year"] < 2015, "old register", table["source"])
    some = look(CARD, world, un.counts(table, "registered"))
    assert len(some.series.labels) == 4
    assert some.series.labels.is_unique
    assert list(some.series.kinds) == ["old register", "register"]


@pytest.mark.parametrize("lacking", ["series_share", "sigma_survey"])
def test_a_card_must_say_what_a_series_shares(world, evidence, lacking):
    less = (
        {"series_share"}
        if lacking == "series_share"
        else {"series_share", "sigma_survey"}
    )
    card = replace(
        CARD, priors={key: prior for key, prior in PRIORS.items() if key not in less}
    )
    with pytest.raises(
        UncountedError,
        match=rf"200 surveys .* 20 series .*lacks.*'{lacking}'.*Write .*{lacking} = ",
    ):
        look(card, world, evidence)


def test_a_share_needs_an_error_to_be_of():
    with pytest.raises(UncountedError, match="Write sigma_survey"):
        replace(
            CARD,
            priors={
                key: prior for key, prior in PRIORS.items() if key != "sigma_survey"
            },
        )


def test_a_survey_has_one_series(world, evidence):
    rows = evidence.rows.copy()
    rows.loc[rows["survey"] == rows["survey"].iloc[0], "survey"] = rows["survey"].iloc[
        -1
    ]
    rows["series"] = np.where(rows.index == 0, "other", rows["series"])
    with pytest.raises(UncountedError, match="rows of several series"):
        look(CARD, world, replace(evidence, rows=rows))


def test_evidence_without_series_has_the_model_that_it_had(world, codes):
    without_labels = un.counts(made(codes, 0, label="")[1], "registered")
    plain, other = (un.build(card, world, without_labels) for card in (ALONE, CARD))
    assert [rv.name for rv in plain.free_RVs] == [rv.name for rv in other.free_RVs]
    assert "series_raw" not in plain.named_vars
    assert set(centring(CARD, world, other.study.seen)) == {"survey", "country"}


def test_centring_knows_series(world, evidence, seen):
    lam = centring(CARD, world, seen)
    assert set(lam) == {"country", "survey", "series"}
    assert lam["series"].shape == (20,)
    assert lam["series"].min() > 0.5
    bare = replace(evidence, rows=evidence.rows.assign(series=""))
    independent = centring(ALONE, world, look(ALONE, world, bare))
    has = np.isin(np.arange(len(world.places)), seen.series.country)
    assert lam["country"][has].max() < independent["country"][has].min()


def test_what_is_held_out_of_a_series_is_not_centred(world, seen):
    full = centring(CARD, world, seen)
    country = seen.series.country[3]
    gone = centring(CARD, world, seen, (seen.country != country).astype(float))
    assert gone["series"][3] == gone["country"][country] == 0
    assert (gone["survey"][seen.series.survey == 3] == 0).all()
    np.testing.assert_allclose(
        np.delete(gone["series"], 3), np.delete(full["series"], 3), atol=0.05
    )
    last = int(np.flatnonzero(seen.series.survey == 3)[-1])
    one = centring(CARD, world, seen, (seen.survey != last).astype(float))
    assert one["survey"][last] == 0
    assert 0 < one["series"][3] <= full["series"][3] + 0.05


def test_components_tell_what_is_shared_from_what_is_not(world, seen):
    found = components(CARD, world, seen)
    register = seen.series.member
    assert found["series"].mode == pytest.approx(COMMON, rel=0.5)
    assert found["survey"].mode[register] == pytest.approx(OWN, abs=0.03)
    assert len(set(found["survey"].mode[~register])) == 1


def test_surveys_before_any_data_err_as_their_priors_say(world, codes):
    """Of one variance in a series or alone, and correlated by ρ within a series
    alone.
    """
    table = made(codes[:3], 2)[1]
    narrow = PRIORS | {
        "sigma_survey": Prior("log_normal", (0.3, 0.001)),
        "series_share": Prior("beta", (7e5, 3e5)),
    }
    model = un.build(
        replace(CARD, priors=narrow), world, un.counts(table, "registered")
    )
    draws = draw_prior(model, 4, 4000)
    nu = derived(model, draws, ["survey_effect"])["survey_effect"].to_numpy()[0]
    np.testing.assert_allclose(nu.std(axis=0), 0.3, rtol=0.07)
    together = np.corrcoef(nu.T)
    series = model.study.seen.series.survey
    same = (
        (series[:, None] == series) & (series >= 0) & ~np.eye(len(series), dtype=bool)
    )
    np.testing.assert_allclose(together[same], 0.7, atol=0.06)
    apart = ~same & ~np.eye(len(series), dtype=bool)
    np.testing.assert_allclose(together[apart], 0.0, atol=0.09)


DRAWS = 3


def prediction(
    sigma: float = 0.1,
    shared: float = 0.3,
    y=(5.2, 41.0, 0.0),
    n=(400.5, 3000.0, 250.0),
) -> Prediction:
    eta = np.random.default_rng(1).normal(-4.0, 0.2, size=(DRAWS, 3))
    y, n = np.array(y), np.array(n)
    return Prediction(
        kind=KINDS["binomial"], link="logit", covered=eta, sigma=np.full(eta.shape, sigma), se=np.ones(eta.shape),
        sp=np.ones(eta.shape), extra=np.zeros((DRAWS, 0)), y=y, known=KINDS["binomial"].known(y, n),
        survey=np.array([0, 1, 2]), sigma_series=np.full(eta.shape, shared), series=np.array([0, 0, 0]),
        row_size=np.zeros(eta.shape),
    )  # fmt: skip


FINE = np.linspace(-7, 7, 201)


@pytest.mark.parametrize(
    ("sigma", "shared"), [(0.02, 0.05), (0.1, 0.3), (0.6, 1.0), (0.05, 1.0)]
)
@pytest.mark.parametrize("y", [(5.2, 41.0, 0.0), (0.0, 0.0, 0.0)])
def test_the_joint_density_of_a_series_is_summed_out(sigma, shared, y):
    one = prediction(sigma, shared, y)
    weight = norm.pdf(FINE) * (FINE[1] - FINE[0])
    series = shared * FINE
    parts = []
    for j in range(3):
        shift = (series[:, None] + sigma * FINE).reshape(-1, 1, 1)
        density = (
            one.rows(np.array([j]))
            .log_density(shift)[..., 0]
            .reshape(len(FINE), len(FINE), DRAWS)
        )
        parts.append(np.einsum("sed,e->sd", np.exp(density), weight))
    brute = np.log(np.einsum("sd,s->d", np.prod(parts, axis=0), weight))
    found = one.joint_log_scores()
    assert list(found) == [(0, 1, 2)]
    np.testing.assert_allclose(found[0, 1, 2], brute, atol=2e-3)


def test_a_survey_of_a_series_by_itself_errs_by_both_parts():
    one = prediction()
    total = np.hypot(one.sigma, one.sigma_series)
    alone = replace(
        one, sigma=total, sigma_series=np.zeros_like(total), series=np.full(3, -1)
    )
    for survey, density in one.log_scores().items():
        np.testing.assert_allclose(density, alone.log_scores()[survey])


def test_predictions_of_a_series_are_correlated():
    many = 20_000
    wide = {
        name: np.repeat(getattr(prediction(), name)[:1], many, axis=0)
        for name in ("sigma", "sigma_series", "se", "sp")
    }
    nu = replace(prediction(), covered=np.zeros((many, 3)), **wide).errors(
        np.random.default_rng(2)
    )
    np.testing.assert_allclose(nu.std(axis=0), np.hypot(0.1, 0.3), rtol=0.03)
    np.testing.assert_allclose(np.corrcoef(nu.T)[np.triu_indices(3, 1)], 0.9, atol=0.01)


def test_what_is_left_of_a_series_is_known(world, evidence, seen):
    """A survey out: predicted with what its series shares; a country out: that is drawn
    anew, for all its surveys.
    """
    model = un.build(CARD, world, evidence)
    draws = draw_prior(model, 3, 50)
    whole = draws.merge(derived(model, draws, derived_names(model.study)))
    mine = np.flatnonzero(seen.series.survey[seen.survey] == 2)
    effect = whole["series_effect"].to_numpy()[0][:, 2]
    covered = whole["covered"].to_numpy()[0]
    sigma = whole["sigma_survey"].to_numpy()[0][:, list(seen.sources).index("register")]
    share = whole["series_share"].to_numpy()[0][:, 0]
    weight = np.ones(len(seen.y))
    weight[mine[-1]] = 0
    one = predict(model.study, whole, mine[-1:], weight)
    np.testing.assert_allclose(one.covered[:, 0], covered[:, mine[-1]] + effect)
    np.testing.assert_allclose(one.sigma[:, 0], sigma * np.sqrt(1 - share))
    assert (one.series == -1).all()
    assert (one.sigma_series == 0).all()
    weight[mine] = 0
    every = predict(model.study, whole, mine, weight)
    np.testing.assert_allclose(every.covered, covered[:, mine])
    np.testing.assert_allclose(every.sigma_series[:, 0], sigma * np.sqrt(share))
    assert (every.series == 2).all()
    lone = np.flatnonzero(seen.series.survey[seen.survey] < 0)[:2]
    other = predict(model.study, whole, lone)
    np.testing.assert_allclose(
        other.sigma[:, 0], whole["sigma_survey"].to_numpy()[0][:, 1]
    )


QUIET: dict[str, Any] = {"workers": 1, "progress": un.Progress(show=False)}
WORLDS = 5


@pytest.fixture(scope="module")
def again(world, evidence) -> Refit:
    return refit(Recipe((CARD,), (evidence,), world))


def fitted(
    again: Refit,
    card: un.Card,
    world: un.World,
    codes: np.ndarray,
    seed: int,
    label: str,
):
    """Return countries' logits, the draws of a world's evidence, and intervals of
    prevalence (2, countries).
    """
    truth, table = made(codes, seed, label)
    study = again.studies[""]
    rows = un.counts(table, "registered").rows
    y, n = rows["y"].to_numpy(float), rows["n"].to_numpy(float)
    lam = centring(card, world, replace(study.seen, y=y, n=n))
    draws, _ = again.sample(
        counted(study, y, n) | {"centring": flat(lam)}, seed, card.sampling
    )
    cells = again.cells(draws)["p"].sel(country=codes).isel(sex=0, age=0)
    p = cells.to_numpy().reshape(-1, len(codes))
    return truth, draws, np.quantile(p, [0.025, 0.975], axis=0)


@pytest.mark.long
def test_countries_with_a_register_are_covered_as_often_as_is_said(again, world, codes):
    """Five worlds of twenty countries with ten yearly rows that share an error of 0.4:
    95 % intervals of the truth.

    Within the 99.9 % binomial band of 100; σ of registers and ρ are found.
    """
    register = np.arange(len(codes)) % 3 != 2
    inside, sigma, share = 0, [], []
    for seed in range(100, 100 + WORLDS):
        truth, draws, (low, high) = fitted(again, CARD, world, codes, seed, "register")
        inside += int(((expit(truth) >= low) & (expit(truth) <= high))[register].sum())
        sigma.append(float(draws["sigma_survey"].sel(source="register").mean()))
        share.append(float(draws["series_share"].mean()))
    assert 87 <= inside <= 100
    assert np.mean(sigma) == pytest.approx(np.hypot(COMMON, OWN), abs=0.08)
    assert np.mean(share) == pytest.approx(COMMON**2 / (COMMON**2 + OWN**2), abs=0.02)


@pytest.mark.long
def test_yearly_rows_taken_as_independent_are_believed_too_much(world, codes):
    """The same worlds without the series: that is what it is for."""
    bare = un.counts(made(codes, 0, label="")[1], "registered")
    independent = refit(Recipe((ALONE,), (bare,), world))
    register = np.arange(len(codes)) % 3 != 2
    inside, sigma = 0, []
    for seed in range(100, 102):
        truth, draws, (low, high) = fitted(independent, ALONE, world, codes, seed, "")
        inside += int(((expit(truth) >= low) & (expit(truth) <= high))[register].sum())
        sigma.append(float(draws["sigma_survey"].sel(source="register").mean()))
    assert inside <= 12
    assert np.mean(sigma) < 0.1


@pytest.mark.long
def test_checks_of_a_fit_with_series(world, codes, evidence):
    """Held out, predicted, budgeted and otherwise: every check knows what a series
    shares.
    """
    fit = un.sample(
        un.build(CARD, world, evidence), seed=1, progress=un.Progress(show=False)
    )
    total = fit.posterior["survey_effect"].to_numpy()
    shown = unknown(fit)["non-sampling"].to_numpy()
    np.testing.assert_allclose(shown, total.reshape(shown.shape))
    countries = list(codes[:4])
    held = un.hold_out(fit, countries=countries, seed=2, evidence=evidence, **QUIET)
    assert held.table["log_score"].notna().all()
    assert (held.table["rhat"] < 1.05).all()
    assert held.table["covered"].mean() > 0.6
    made_again = un.predictive(fit, seed=3)
    assert (
        made_again.table.query("statistic == 'prevalence' and source == 'all'")["below"]
        .between(0.01, 0.99)
        .all()
    )
    otherwise = un.scenarios(fit, seed=4, chains=2, tune=200, draws=200, **QUIET)
    assert {"sd of surveys' own errors 0", "sd of surveys' own errors 0.6"} <= set(
        otherwise["scenario"]
    )
    assert np.isfinite(otherwise["median"]).all()
