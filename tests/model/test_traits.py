"""Traits of persons beyond sex and age: further dims of the population, of p, and of
all that is added up from it.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import uncounted as un
from uncounted.infer.populations import people_of
from uncounted.infer.totals import affected
from uncounted.model.seen import look
from uncounted.world.world import persons

CODES = [
    "BRA",
    "CHL",
    "COL",
    "PER",
    "FRA",
    "DEU",
    "ITA",
    "ESP",
    "GHA",
    "KEN",
    "NGA",
    "SEN",
    "IND",
    "NPL",
    "THA",
    "VNM",
]
AGES = ("15-29", "30-64")
LEVELS = ("migrant", "native")
SURVEYED = CODES[::2] + CODES[1::4]
NAMES = (
    "sigma_region",
    "sigma_country",
    "sigma_age",
    "sigma_migrant",
    "sigma_sex_migrant",
    "sigma_region_migrant",
)
CARD = un.Card(
    title="Small", outcome="y", ages=AGES, year=2020, place=("region", "country"), people=("sex", "age", "migrant"),
    interactions=("sex:migrant", "region:migrant"),
    priors={"level": un.Prior("normal", (-2.0, 1.0)), "female": un.Prior("normal", (0.0, 0.5))}
    | {name: un.Prior("half_normal", (0.5,)) for name in NAMES},
    sampling=un.Sampling(chains=4, tune=500, draws=500, target_accept=0.95),
)  # fmt: skip


def population() -> pd.DataFrame:
    cells = pd.MultiIndex.from_product(
        [CODES, ["female", "male"], AGES, LEVELS],
        names=["iso3", "sex", "age", "migrant"],
    )
    table = cells.to_frame(index=False)
    share = table["iso3"].map(
        dict(zip(CODES, np.linspace(0.02, 0.3, len(CODES)), strict=True))
    )
    people = np.where(table["migrant"] == "migrant", share, 1 - share) * 1e6
    return table.assign(
        **{"2020": people * (1 + (table["age"] == "30-64")), "name": "a country"}
    )


@pytest.fixture(scope="module")
def world() -> un.World:
    return un.read_world(population=population())


@pytest.fixture(scope="module")
def truth(world) -> xr.DataArray:
    """Prevalence of every cell, drawn from the card's own model with an effect of
    migrants of some size.
    """
    rng = np.random.default_rng(8)
    people = persons(world, AGES, 2020, traits=["migrant"])
    region = un.groups(world, "region")
    by_region = dict(
        zip(sorted(set(region)), rng.normal(0, 0.4, region.nunique()), strict=True)
    )
    place = np.array([by_region[one] for one in region]) + rng.normal(
        0, 0.4, len(region)
    )
    more = rng.normal(0, 0.3, region.nunique())
    more = dict(zip(sorted(set(region)), more - more.mean(), strict=True))
    migrant = np.array([1, -1]) * (
        0.4 + np.array([more[one] for one in region])[:, None]
    )
    eta = (
        -2
        + place[:, None, None, None]
        + np.array([0.1, -0.1])[:, None, None]
        + np.array([0.2, -0.2])[:, None]
    )
    return xr.DataArray(
        1 / (1 + np.exp(-(eta + migrant[:, None, None, :]))), people.coords, people.dims
    )


@pytest.fixture(scope="module")
def table(truth) -> pd.DataFrame:
    """Rows of two kinds: surveys that tell migrants apart, and surveys (every fourth)
    that don't.
    """
    rng = np.random.default_rng(9)
    rows = (
        truth.sel(country=SURVEYED)
        .to_series()
        .rename("p")
        .reset_index()
        .assign(n=400.0, year=2020)
    )
    rows = rows.assign(
        y=rng.binomial(400, rows["p"]).astype(float), survey=rows["country"] + "-1"
    )
    return rows.drop(columns="p")


@pytest.fixture(scope="module")
def fit(world, table) -> un.Fit:
    seen = un.counts(table, "y", by=CARD.people)
    return un.sample(
        un.build(CARD, world, seen), seed=3, progress=un.Progress(show=False)
    )


def test_a_column_that_divides_people_is_a_dim_and_one_that_does_not_is_none(world):
    assert world.traits == ("migrant",)
    assert world.population.dims == ("year", "country", "sex", "age", "migrant")
    assert list(world.population["migrant"].values) == list(LEVELS)
    plain = population().groupby(["iso3", "sex", "age"], as_index=False)["2020"].sum()
    alone = un.read_world(population=plain)
    assert alone.traits == ()
    xr.testing.assert_allclose(
        persons(world, AGES, 2020), persons(alone, AGES, 2020), rtol=1e-12
    )
    assert persons(
        world, ["15-64"], 2020, traits=["migrant"]
    ).sum().item() == pytest.approx(plain["2020"].sum())
    assert "by migrant" in repr(world)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda t: pd.concat([t, t.iloc[:1].assign(migrant="all")]),
            "has the migrant 'all': they would count twice",
        ),
        (lambda t: t.iloc[1:], "lacks BRA female 15-29 migrant 2020"),
        (
            lambda t: pd.concat([t, t.iloc[:1]]),
            "more than one row for BRA female 15-29 migrant 2020",
        ),
        (
            lambda t: t.rename(columns={"migrant": "kind"}),
            "a trait of persons called 'kind', which is taken",
        ),
        (
            lambda t: t.rename(columns={"migrant": "Born abroad"}),
            "called 'Born abroad', which is no word",
        ),
    ],
)
def test_what_no_population_can_be_divided_by_is_a_sentence(change, told):
    with pytest.raises(un.UncountedError, match=told):
        un.read_world(population=change(population()))


def test_rows_that_say_the_trait_pick_its_cells_and_others_average(world):
    rows = pd.DataFrame(
        {
            "sex": "female",
            "age": "15-29",
            "migrant": ["migrant", "all"],
            "n": 50.0,
            "y": 5.0,
        }
    )
    rows = rows.assign(survey=["a", "b"], country="FRA", year=2020)
    seen = look(CARD, world, un.counts(rows, "y", by=CARD.people))
    w = seen.w.toarray().reshape(2, len(CODES), 2, len(AGES), 2)[
        :, list(world.places.index).index("FRA")
    ]
    share = (
        persons(world, AGES, 2020, traits=["migrant"])
        .sel(country="FRA", sex="female", age="15-29")
        .to_numpy()
    )
    np.testing.assert_allclose(w[0, 0, 0], [1, 0])
    np.testing.assert_allclose(w[1, 0, 0], share / share.sum(), rtol=1e-12)
    np.testing.assert_allclose(w.sum(axis=(1, 2, 3)), 1)
    untold = look(CARD, world, un.counts(rows.iloc[1:].drop(columns="migrant"), "y"))
    np.testing.assert_allclose(untold.w.toarray()[0], seen.w.toarray()[1])


def test_evidence_and_card_that_do_not_fit_are_sentences(world, table):
    seen = un.counts(table, "y", by=CARD.people)
    bare = replace(CARD, people=("sex", "age"), interactions=(), priors={
        key: prior for key, prior in CARD.priors.items() if "migrant" not in key})  # fmt: skip
    with pytest.raises(
        un.UncountedError, match="divided by 'migrant', which the card 'card' lacks"
    ):
        un.build(bare, world, seen)
    with pytest.raises(un.UncountedError, match="not divided by 'migrant'"):
        un.build(
            CARD, un.read_world(), un.counts(table.drop(columns="migrant").head(1), "y")
        )
    strange = un.counts(
        table.assign(migrant=table["migrant"].replace("native", "nativ")),
        "y",
        by=CARD.people,
    )
    with pytest.raises(
        un.UncountedError,
        match=r"the migrant 'nativ', which the population table lacks. Did you mean",
    ):
        un.build(CARD, world, strange)
    with pytest.raises(
        un.UncountedError, match="same survey, sex, migrant and age twice"
    ):
        un.counts(pd.concat([table, table]), "y", by=CARD.people)
    for name, told in (
        ("sexx", "Did you mean 'sex'"),
        ("migrants", "needs its prior, sigma_migrants"),
    ):
        with pytest.raises(un.UncountedError, match=told):
            replace(CARD, people=("sex", "age", "migrant", name))
    with pytest.raises(un.UncountedError, match=r"'migrant:sex'.*Did you mean"):
        replace(CARD, interactions=("migrant:sex",))


def test_published_figures_are_read_by_a_trait_that_their_card_names(figures_of):
    columns = ["survey", "country", "year", "sex", "age", "n", "migrant"]
    same = {
        "survey": "1",
        "country": "GHA",
        "year": 2020,
        "age": "15-29",
        "estimate": 0.1,
        "n": 90,
    }
    rows = [
        {**same, "sex": sex, "migrant": one}
        for sex in ("female", "male", "both")
        for one in (*LEVELS, "")
    ]  # fmt: skip
    words = {
        "traits": ["migrant"],
        "columns": {name: name for name in columns},
        "age": "15-29",
    }
    read = figures_of(rows, **words)
    seen = un.evidence(read, "wasting", ["sex", "age", "migrant"])
    assert set(seen.rows["breakdown"]) == {"sex × age × migrant"}
    assert list(seen.rows["migrant"]) == ["migrant", "native"] * 2
    plain = un.evidence(read, "wasting", ["sex", "age"])
    assert plain.traits == ()
    assert set(plain.rows["breakdown"]) == {"sex × age"}
    assert (seen.ledger.lines["action"] == "not used again").sum() == 5
    lacking = figures_of([row for row in rows if row["migrant"] != "native"], **words)
    assert set(
        un.evidence(lacking, "wasting", ["sex", "age", "migrant"]).rows["migrant"]
    ) == {"migrant"}
    with pytest.raises(
        un.UncountedError,
        match=r"read by sex and age and migrant; 'migrants' is none of them",
    ):
        un.evidence(read, "wasting", ["migrants"])


def test_respondents_are_broken_down_by_a_trait_though_some_cells_are_empty():
    rng = np.random.default_rng(2)
    people = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 400), "age": rng.choice(AGES, 400), "w": 1.0}
    )
    people = people.assign(migrant=rng.choice(LEVELS, 400), y=rng.integers(0, 2, 400))
    empty = (
        (people["sex"] == "f")
        & (people["age"] == "15-29")
        & (people["migrant"] == "migrant")
    )
    read = un.read_respondents(
        people[~empty], {"weight": "w", "sex": "sex", "age": "age", "migrant": "migrant"}, "y",
        recodes={"sex": {"f": "female", "m": "male"}}, constants={"country": "GHA", "year": "2020"},
    )  # fmt: skip
    seen = un.evidence(read, "y", by=["sex", "age", "migrant"])
    assert len(seen.rows) == 7
    assert set(seen.rows["breakdown"]) == {"sex × age × migrant"}
    assert seen.rows["respondents"].sum() == (~empty).sum()


def test_truth_is_inside_intervals_of_cells_as_often_as_they_say(fit, truth):
    low, high = fit.p.quantile([0.025, 0.975], ["chain", "draw"])
    inside = (truth >= low) & (truth <= high)
    unseen = sorted(set(CODES) - set(SURVEYED))
    # Of 96 cells 83 are inside. An end of an interval has an error of 0.1 sds, so two
    # cells may be in or out, and as cells of a country move together the share has an
    # error of 0.016: 0.78 is five of these below 0.86.
    assert inside.sel(country=SURVEYED).mean() > 0.78
    assert (
        inside.sel(country=unseen).mean() > 0.6
    )  # four countries: sixteen cells each that move together
    effect = fit.posterior["migrant_effect"].sel(migrant="migrant")
    assert abs(float(effect.mean()) - 0.4) < 3 * float(
        effect.std()
    )  # 1.7 sds away, with an error of 0.1
    assert int(fit.stats["diverging"].sum()) <= 2


def test_everything_that_is_added_up_carries_the_trait_by_name(fit, tmp_path):
    assert fit.p.dims == ("chain", "draw", "country", "sex", "age", "migrant")
    rows = un.prevalence(fit, by=["region", "migrant"])
    assert len(rows) == 2 * un.groups(fit.world, "region").nunique()
    assert set(rows["migrant"]) == set(LEVELS)
    people = un.affected(fit, by=["world", "migrant"]).set_index("migrant")["mean"]
    assert people.sum() == pytest.approx(
        un.affected(fit, by="world")["mean"].item(), rel=1e-10
    )
    by_hand = (
        (fit.p.astype(float) * fit.people)
        .sel(migrant="migrant")
        .sum(["country", "sex", "age"])
    )
    assert people["migrant"] == pytest.approx(by_hand.mean().item(), rel=1e-10)
    every = affected(fit.p, fit.people, un.groups(fit.world, "region"))
    np.testing.assert_allclose(
        every.drop_sel(sex="all", age="all", migrant="all").sum(
            ["sex", "age", "migrant"]
        ),
        every.sel(sex="all", age="all", migrant="all"),
    )
    again = un.read_fit(un.write_fit(fit, tmp_path / "fit.nc"))
    assert again.p.dims == fit.p.dims
    assert again.world.digest == fit.world.digest
    pd.testing.assert_frame_equal(again.evidence.rows, fit.evidence.rows)
    pd.testing.assert_frame_equal(
        un.estimates(again, ["world"]), un.estimates(fit, ["world"])
    )
    assert set(un.diagnostics(fit)["migrant"]) == {"all", *LEVELS}
    assert {"bulk ESS of published numbers", "numbers of few respondents"} <= {
        one.name for one in un.check(fit)
    }
    assert "By sex and age" in un.write_report(fit, tmp_path / "page.html")[
        0
    ].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def uncertain(fit, world) -> un.Fit:
    """The same fit, with shares of migrants known from surveys of half of the countries
    alone.
    """
    known = persons(world, AGES, 2020, traits=["migrant"]).sum(["sex", "age"])
    share = (
        (known / known.sum("migrant"))
        .to_series()
        .rename("share")
        .rename_axis(["iso3", "migrant"])
        .reset_index()
    )
    share = share[share["iso3"].isin(CODES[::2])].assign(se=0.01)
    plain = population().groupby(["iso3", "sex", "age"], as_index=False)["2020"].sum()
    divided = un.with_shares(
        un.read_world(population=plain), share, "migrant", seed=4, draws=500
    )
    return replace(
        fit, world=divided, people=people_of(CARD, divided, 2020, fit.p.sizes)
    )


def test_uncertain_shares_widen_persons_of_a_level_and_leave_prevalence_within_it(
    fit, uncertain
):
    assert uncertain.people.dims == (
        "chain",
        "draw",
        "country",
        "sex",
        "age",
        "migrant",
    )
    certain, rows = (
        un.estimates(one, ["country"]).set_index(["group", "sex", "age", "migrant"])
        for one in (fit, uncertain)
    )
    at = [(code, "all", "all", "migrant") for code in CODES[1::2]]
    width = (
        np.log(each.loc[at, "persons_upper"] / each.loc[at, "persons_lower"])
        for each in (certain, rows)
    )
    assert (next(width) < next(width)).all()
    cell = [
        (code, "male", "15-29", "migrant") for code in CODES
    ]  # one cell: its prevalence doesn't depend on shares
    columns = [
        "prevalence_lower",
        "prevalence_median",
        "prevalence_upper",
        "own_data_share",
    ]
    np.testing.assert_allclose(
        rows.loc[cell, columns], certain.loc[cell, columns], rtol=1e-4
    )
    everybody = [(code, "all", "all", "all") for code in CODES]
    np.testing.assert_allclose(
        rows.loc[everybody, "population"],
        certain.loc[everybody, "population"],
        rtol=1e-5,
    )


def test_uncertain_shares_are_stored_checked_and_benchmarked(uncertain, tmp_path):
    again = un.read_fit(un.write_fit(uncertain, tmp_path / "fit.nc"))
    assert again.world.digest == uncertain.world.digest
    assert again.world.shares[0].name == "migrant"
    pd.testing.assert_frame_equal(
        un.estimates(again, ["world"]), un.estimates(uncertain, ["world"])
    )
    assert "numbers of few respondents" in {one.name for one in un.check(uncertain)}
    pinned = un.benchmark(
        uncertain,
        pd.DataFrame({"group": ["World"], "persons": [9e6]}),
        source="elsewhere",
    )
    counts = affected(pinned.p, pinned.people, un.groups(pinned.world, "world"))
    np.testing.assert_allclose(
        counts.sel(sex="all", age="all", migrant="all"), 9e6, rtol=1e-6
    )


def test_a_benchmark_shifts_the_cells_of_a_trait_together(fit):
    total = pd.DataFrame({"group": ["World"], "persons": [9e6]})
    pinned = un.benchmark(fit, total, source="elsewhere")
    assert un.affected(pinned)["mean"].item() == pytest.approx(9e6)


def test_prior_predictive_and_description_speak_of_the_trait(world):
    told = str(un.prior_predictive(CARD, world, draws=100, seed=1))
    assert "the highest level of migrant / the lowest, in total" in told
    words = str(un.describe(CARD))
    assert "by migrant, in 2020" in words
    assert "W_{j,c,s,a,g}" in words.replace(" ", "")
