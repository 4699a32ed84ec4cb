"""The model as built: what it says before and after data, without and with sampling."""

import numpy as np
import pandas as pd
import pymc as pm
import pytest

import uncounted as un
from uncounted.infer.sampler import prepare
from uncounted.world.shelf import shelf

BANDS = ("0-4", "5-9")
PRIORS = {
    "level": un.Prior("normal", (-2.0, 1.0)),
    "female": un.Prior("normal", (0.0, 0.5)),
    "sigma_country": un.Prior("half_normal", (0.5,)),
    "sigma_age": un.Prior("half_normal", (0.5,)),
}
CARD = un.Card(
    title="Small", outcome="y", ages=BANDS, year=2020, place=("country",), priors=PRIORS,
    sampling=un.Sampling(chains=2, tune=200, draws=200),
)  # fmt: skip


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(3)
    cells = [
        (c, s, a)
        for c in ("FRA", "DEU", "IND", "GHA")
        for s in ("female", "male")
        for a in BANDS
    ]
    rows = pd.DataFrame(cells, columns=["country", "sex", "age"]).assign(
        year=2020, n=200.5
    )
    rows["survey"] = rows["country"] + "-1"
    return rows.assign(y=rng.binomial(200, 0.1, len(rows)) + 0.25)


@pytest.mark.long
def test_rows_and_countries_in_any_order_give_identical_draws(table):
    world = un.read_world()
    people = pd.read_csv(
        shelf("data", "population.csv"), dtype="str", keep_default_na=False
    )
    places = pd.read_csv(
        shelf("data", "geography.csv"), dtype="str", keep_default_na=False
    )
    other = un.read_world(
        places.sample(frac=1, random_state=1), people.sample(frac=1, random_state=2)
    )
    draws = []
    for w, rows in ((world, table), (other, table.sample(frac=1, random_state=3))):
        fit = un.sample(
            un.build(CARD, w, un.counts(rows, "y")),
            seed=4,
            progress=un.Progress(show=False),
        )
        draws.append(fit.p)
    assert (draws[0] == draws[1]).all()


def test_counts_and_published_rows_of_one_breakdown_give_one_likelihood(
    table, tmp_path
):
    published = table.assign(percent=100 * table["y"] / table["n"], deff=1.0)
    published.to_csv(tmp_path / "figures.csv", index=False)
    (tmp_path / "survey.toml").write_text(
        'title = "t"\nkind = "figures"\nfile = "figures.csv"\nunit = "percent"\n'
        'outcomes = { y = "percent" }\n[columns]\n'
        + "\n".join(
            f'{name} = "{name}"'
            for name in ("survey", "country", "year", "sex", "age", "n", "deff")
        )
    )
    as_rows = un.build(
        CARD, un.read_world(), un.evidence(un.read_survey(tmp_path), "y")
    )
    as_counts = un.build(CARD, un.read_world(), un.counts(table, "y"))
    for name in ("n", "y_observed", "log_choose"):
        np.testing.assert_allclose(
            as_rows[name].get_value(), as_counts[name].get_value(), rtol=1e-9
        )
    point = as_counts.initial_point()
    one, other = (
        m.compile_logp(mode="FAST_COMPILE")(point) for m in (as_rows, as_counts)
    )
    assert one == pytest.approx(other, rel=1e-12)


def test_unsurveyed_countries_deviate_independently(fit):
    effect = fit.posterior["country_effect"].stack(sample=("chain", "draw"))
    unseen = sorted(set(fit.p["country"].values) - set(fit.evidence.rows["country"]))
    pairs = []
    for _, group in fit.world.places.loc[unseen].groupby("subregion"):
        corr = (
            np.corrcoef(effect.sel(country=list(group.index)).to_numpy())
            if len(group) > 1
            else np.eye(1)
        )
        pairs.extend(corr[np.triu_indices(len(corr), 1)])
    assert len(pairs) > 100
    assert np.abs(pairs).mean() < 0.05
    assert abs(np.mean(pairs)) < 0.02  # one shared draw would make it 1


def test_imputed_intervals_are_wider_than_surveyed_ones(fit):
    rows = un.prevalence(fit, by="country")
    width = np.log(rows["upper"] / rows["lower"]).groupby(rows["evidence"]).median()
    assert width["imputed"] > 1.5 * width["surveyed"]


def test_hand_written_model_without_p_is_a_sentence():
    with pm.Model() as model:
        pm.Normal("x")
    with pytest.raises(un.UncountedError, match="no Deterministic 'p'"):
        un.sample(model, seed=1)


def test_row_weight_of_zero_takes_a_row_out_of_the_likelihood(table):
    model = un.build(CARD, un.read_world(), un.counts(table, "y"))
    logp = model.compile_logp(vars=[model["y"]], mode="FAST_COMPILE")
    point, weight = model.initial_point(), np.ones(len(table))
    whole = logp(point)
    weight[0] = 0.0
    with model:
        pm.set_data({"row_weight": weight})
    assert logp(point) > whole  # a log probability fewer


def test_prepare_refuses_an_unknown_sampler(table):
    with pytest.raises(un.UncountedError, match="Did you mean 'nutpie'"):
        prepare(un.build(CARD, un.read_world(), un.counts(table, "y")), "nutpi")
