"""Several outcomes in one model: their correlation found again, one informing the
other, and nothing else changed.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pymc as pm
import pytest
from pytensor.compile.mode import Mode
from scipy.special import expit
from scipy.stats import beta, kstest

import uncounted as un
from uncounted.checks.rows import NAME as ROWS
from uncounted.checks.rows import rows
from uncounted.checks.survey_agreement import BESIDE
from uncounted.errors import UncountedError
from uncounted.model.card import Together
from uncounted.model.correlation import cholesky
from uncounted.run import estimation as estimate

CORRELATION, SIGMA = 0.8, 0.7
PLAIN = {"mode": Mode(linker="py", optimizer="fast_compile")}
PRIORS = {
    "level": un.Prior("normal", (-2.0, 1.0)),
    "female": un.Prior("normal", (0.0, 0.5)),
    "sigma_country": un.Prior("half_normal", (0.7,)),
}
LABOUR = un.Card(
    title="Labour", outcome="labour", ages=("18+",), year=2020, people=("sex",), place=("country",), priors=PRIORS,
    sampling=un.Sampling(chains=2, tune=500, draws=400, target_accept=0.9),
)  # fmt: skip
MARRIAGE = replace(LABOUR, title="Marriage", outcome="marriage", ages=("15-49", "50+"))


@pytest.fixture(scope="module")
def world():
    return un.read_world()


@pytest.fixture(scope="module")
def truth(world) -> pd.DataFrame:
    """Logits of both outcomes in every country, correlated."""
    rng = np.random.default_rng(3)
    z = rng.multivariate_normal(
        [0, 0], [[1, CORRELATION], [CORRELATION, 1]], len(world.places)
    )
    return pd.DataFrame(
        -2 + SIGMA * z, index=world.places.index, columns=["labour", "marriage"]
    )


@pytest.fixture(scope="module")
def evidences(world, truth) -> list[un.Evidence]:
    order = np.random.default_rng(4).permutation(len(world.places))
    some = {"labour": order[:120], "marriage": order[60:150]}
    return [
        surveyed(card, truth[card.outcome].iloc[np.sort(some[card.outcome])])
        for card in (LABOUR, MARRIAGE)
    ]


def surveyed(card: un.Card, logit_p: pd.Series) -> un.Evidence:
    """A survey of 1,500 persons of the card's first band in each country."""
    rows = pd.DataFrame(
        {
            "country": logit_p.index,
            "survey": logit_p.index,
            "n": 1500,
            "year": 2020,
            "sex": "both",
        }
    )
    y = np.random.default_rng(len(rows)).binomial(1500, expit(logit_p))
    return un.counts(rows.assign(age=card.ages[0], y=y), card.outcome)


@pytest.fixture(scope="module")
def model(world, evidences) -> pm.Model:
    return un.build_jointly([LABOUR, MARRIAGE], world, evidences, lkj=2.0)


@pytest.fixture(scope="module")
def fits(model) -> dict[str, un.Fit]:
    return un.sample_jointly(model, seed=5, progress=un.Progress(show=False))


@pytest.mark.long
def test_the_correlation_is_found_again(fits):
    assert int(fits["labour"].stats["diverging"].sum()) == 0
    found = (
        fits["labour"]
        .posterior["correlation"]
        .sel(outcome="labour", other_outcome="marriage")
    )
    assert abs(float(found.mean()) - CORRELATION) < 3 * float(found.std())
    assert float(found.std()) < 0.1


@pytest.mark.long
def test_one_outcome_tells_of_the_other_where_it_was_not_surveyed(
    fits, truth, evidences
):
    labour, marriage = ([*evidence.rows["country"]] for evidence in evidences)
    median = (
        fits["marriage"].p.isel(age=0).mean("sex").median(("chain", "draw")).to_series()
    )
    spread = (
        np.log(fits["marriage"].p.isel(age=0).mean("sex"))
        .std(("chain", "draw"))
        .to_series()
    )
    only_other = truth.index.isin(labour) & ~truth.index.isin(marriage)
    neither = ~truth.index.isin([*labour, *marriage])
    assert (
        np.corrcoef(np.log(median[only_other]), truth["marriage"][only_other])[0, 1]
        > 0.6
    )
    assert spread[only_other].mean() < 0.8 * spread[neither].mean()


@pytest.mark.long
def test_draws_are_paired_so_sums_know_their_dependence(fits, truth, evidences):
    surveyed = {code for evidence in evidences for code in evidence.rows["country"]}
    unseen = next(code for code in truth.index if code not in surveyed)
    persons = [
        (fit.p * fit.people).sel(country=unseen).sum(["sex", "age"]).to_numpy()
        for fit in fits.values()
    ]
    assert np.corrcoef(*(np.log(each).ravel() for each in persons))[0, 1] > 0.5


@pytest.mark.long
def test_each_fit_works_as_one_alone(fits, tmp_path):
    fit = fits["marriage"]
    assert {"level", "country_effect", "outcomes_effect"} <= set(fit.posterior)
    assert not [
        name
        for name in (*fit.posterior.variables, *fit.posterior.dims)
        if "::" in str(name)
    ]
    assert fit.card.sampling.seed == 5
    assert "together with 'labour'" in fit.notes[0]
    again = un.read_fit(un.write_fit(fit, tmp_path / "fit.nc"))
    pd.testing.assert_frame_equal(
        un.estimates(again, ["region"]), un.estimates(fit, ["region"])
    )
    assert {finding.verdict for finding in un.check(fit).items} <= {
        "pass",
        "warn",
        "stop",
    }
    with pytest.raises(UncountedError, match="all that sample_jointly returned"):
        un.hold_out(fit, seed=1)
    with pytest.raises(UncountedError, match="which were labour, marriage"):
        un.hold_out({"marriage": fit}, seed=1)


@pytest.fixture
def folder(tmp_path):
    """A folder of two cards, the first naming the second."""
    together = replace(LABOUR, name="labour", joint=Together(("marriage",), 2.0))
    for card in (together, replace(MARRIAGE, name="marriage")):
        (tmp_path / f"{card.name}.toml").write_text(card.text, encoding="utf-8")
    return tmp_path


@pytest.mark.long
def test_a_card_names_the_cards_that_it_is_sampled_with(
    folder, model, fits, evidences, monkeypatch
):
    """The model and its fits are those of this module: here it is what is read, asked
    for and written.
    """
    asked = {}
    by_outcome = {evidence.outcome: evidence for evidence in evidences}

    def build(cards, _, given, *, lkj):
        asked.update(
            cards=[card.outcome for card in cards],
            lkj=lkj,
            evidence=[one.outcome for one in given],
        )
        return model

    monkeypatch.setattr(
        estimate, "evidence_of", lambda card, _: by_outcome[card.outcome]
    )
    monkeypatch.setattr(estimate, "build_jointly", build)
    monkeypatch.setattr(
        estimate, "sample_jointly", lambda *_, **how: fits if how["seed"] == 5 else {}
    )
    done = un.estimate(
        folder / "labour.toml", folder, seed=5, progress=un.Progress(show=False)
    )
    assert asked == {
        "cards": ["labour", "marriage"],
        "lkj": 2.0,
        "evidence": ["labour", "marriage"],
    }
    assert done.folder == folder / "labour"
    for name, other in (("labour", "marriage"), ("marriage", "labour")):
        assert (
            f"together with '{other}'" in un.read_fit(folder / name / "fit.nc").notes[0]
        )
        assert f"together with &#39;{other}&#39;" in (
            folder / name / "report.html"
        ).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('cards = ["labour"]\nlkj = 2.0', "should name the other cards"),
        ("cards = []\nlkj = 2.0", "should name the other cards"),
        ('cards = ["marriage"]\nlkj = 0', "should be above 0"),
        ('cards = "marriage"\nlkj = 1', r"cards = \["),
        ('card = ["marriage"]', r"no word of \[joint\]. Did you mean 'cards'"),
        (
            'cards = ["marriages"]\nlkj = 1',
            "Nothing named 'models/marriages.toml' ships",
        ),
    ],
)
def test_what_a_card_cannot_say_of_its_partners(folder, words, told):
    path = folder / "labour.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('cards = ["marriage"]\nlkj = 2.0', words), encoding="utf-8"
    )
    with pytest.raises(UncountedError, match=told):
        un.estimate(path, folder, seed=5, progress=un.Progress(show=False))


@pytest.mark.long
def test_a_country_held_out_of_one_outcome(model, fits, evidences):
    held = [
        code
        for code in evidences[1].rows["country"]
        if code in set(evidences[0].rows["country"])
    ][:8]
    quiet = {"progress": un.Progress(show=False), "seed": 6}
    table = un.hold_out(fits, countries={"marriage": held}, **quiet).table
    assert list(table["country"]) == sorted(held)
    assert set(table["outcome"]) == {"marriage"}
    assert table["covered"].sum() >= 6
    assert (
        np.corrcoef(table["median"], table["observed"])[0, 1] > 0.5
    )  # nothing else tells these countries apart
    assert (table["evidence"] == "imputed").all()
    both = un.hold_out(fits, countries=held, **quiet).table
    assert sorted(both["outcome"].unique()) == ["labour", "marriage"]
    of = both.pivot_table(index="country", columns="outcome", values="log_score")
    joint = both.groupby("country")["joint_log_score"].first()
    assert (
        joint - of.sum(axis=1)
    ).abs().max() < 5  # the outcomes' scores add up but for what one tells of the other
    with pytest.raises(UncountedError, match="Did you mean 'marriage'"):
        un.hold_out(model, countries={"mariage": held}, seed=6)


def test_uncorrelated_it_is_the_separate_models(model, world, evidences):
    rng = np.random.default_rng(7)
    point = {
        name: rng.normal(0, 0.5, np.shape(value))
        for name, value in model.initial_point().items()
    }
    (own,) = [name for name in point if name.startswith("correlation_part")]
    point[own] = np.zeros(1)  # B = ½
    apart = model.compile_logp(vars=[model["correlation_part"]], **PLAIN)(point)
    for card, evidence in zip([LABOUR, MARRIAGE], evidences, strict=True):
        lone = un.build(card, world, evidence)
        apart += lone.compile_logp(**PLAIN)(
            {name: point[f"{card.outcome}::{name}"] for name in lone.initial_point()}
        )
    together = model.compile_logp(**PLAIN)
    np.testing.assert_allclose(together(point), apart, rtol=1e-12)
    point[own] = np.ones(1)
    assert abs(together(point) - apart) > 1


@pytest.mark.parametrize("lkj", [1.0, 2.5])
def test_three_outcomes_have_lkj_s_marginal_law(lkj):
    names = ["a", "b", "c"]
    with pm.Model(coords={"outcome": names, "other_outcome": names}) as model:
        cholesky(3, lkj)
    omega = pm.draw(model["correlation"], 10_000, random_seed=8)
    np.testing.assert_allclose(omega[:, range(3), range(3)], 1)
    for i, j in ((1, 0), (2, 0), (2, 1)):
        law = beta(lkj + 0.5, lkj + 0.5)  # η + K/2 − 1
        assert kstest((omega[:, i, j] + 1) / 2, law.cdf).pvalue > 0.001
    wrong = beta(lkj, lkj)
    assert kstest((omega[:, 2, 1] + 1) / 2, wrong.cdf).pvalue < 0.001


def test_the_density_of_three_correlations_is_a_power_of_their_determinant():
    """|Ω|^(η−1) up to a constant: the density of the parts over the volume that they
    map to correlations.
    """
    with pm.Model(coords={"outcome": [*"abc"], "other_outcome": [*"abc"]}) as model:
        cholesky(3, 2.5)
    parts = np.random.default_rng(9).uniform(0.1, 0.9, (5, 3))
    logp = [beta(b, b).logpdf(parts[:, i]) for i, b in enumerate((3.0, 3.0, 2.5))]
    omega = np.array(
        [
            pm.draw(pm.do(model, {"correlation_part": part})["correlation"])
            for part in parts
        ]
    )
    partial = 2 * parts - 1
    jacobian = 0.5 * np.log(
        (1 - partial[:, 0] ** 2) * (1 - partial[:, 1] ** 2)
    )  # of r_21 by its partial correlation
    rest = np.sum(logp, axis=0) - jacobian - 1.5 * np.linalg.slogdet(omega)[1]
    np.testing.assert_allclose(rest, rest[0])


def test_what_no_joint_model_allows(world, evidences):
    labour, marriage = evidences
    with pytest.raises(UncountedError, match="two cards or more"):
        un.build_jointly([LABOUR], world, [labour], lkj=2.0)
    with pytest.raises(UncountedError, match="two cards or more"):
        un.build_jointly([LABOUR, MARRIAGE], world, [labour], lkj=2.0)
    with pytest.raises(UncountedError, match="a name of its own"):
        un.build_jointly([LABOUR, LABOUR], world, [labour, labour], lkj=2.0)
    with pytest.raises(UncountedError, match="in the order of the cards"):
        un.build_jointly([LABOUR, MARRIAGE], world, [marriage, labour], lkj=2.0)
    with pytest.raises(UncountedError, match="reference years differ: 2020"):
        un.build_jointly(
            [LABOUR, replace(MARRIAGE, year=2021)], world, evidences, lkj=2.0
        )
    with pytest.raises(UncountedError, match="above 0"):
        un.build_jointly([LABOUR, MARRIAGE], world, evidences, lkj=0.0)
    with pytest.raises(UncountedError, match="build_jointly"):
        un.sample_jointly(un.build(LABOUR, world, labour), seed=1)


def test_rows_of_outcomes_sampled_together_are_checked_together(fits):
    found = rows(fits)
    assert set(found) == set(fits)
    assert all({ROWS, BESIDE} <= {one.name for one in each} for each in found.values())
    assert {
        one.verdict for each in found.values() for one in each if one.name == ROWS
    } == {"pass"}
