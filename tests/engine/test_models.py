"""Programs of whole models: densities and gradients are PyTensor's, in every thread,
with any data.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pymc as pm
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import uncounted as un
from uncounted.cases.hierarchy import hierarchy
from uncounted.cases.tally import tally
from uncounted.engine.compiled import compiled
from uncounted.infer import sampler
from uncounted.infer.refit import without
from uncounted.model.card import Card
from uncounted.model.priors import Prior
from uncounted.simulate.generating import read_generating

POINTS, CLOSE = 200, 1e-10
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
AGES = ("15-29", "30-49", "50-64")
COVARIATES = ("human_development_index", "gini_index", "gdp_per_capita_ppp")
SHIPPED = (
    "stunting",
    "stunting-trend",
    "child-labour",
    "forced-labour",
    "forced-marriage",
    "married-before-18",
)


def priors(**families: tuple) -> dict[str, Prior]:
    return {
        key: Prior(family, tuple(numbers))
        for key, (family, *numbers) in families.items()
    }


PLAIN = Card(
    title="x", outcome="x", ages=AGES, year=2020, place=("region", "country"),
    priors=priors(
        level=("normal", -2, 1), sigma_region=("half_normal", 0.5), sigma_country=("exponential", 0.4),
        female=("normal", 0, 0.5), sigma_age=("half_student_t", 3, 0.5), sigma_survey=("half_normal", 0.3),
    ),
)  # fmt: skip


def card(priors_of: dict[str, tuple], *, less: tuple[str, ...] = (), **words) -> Card:
    kept = {key: prior for key, prior in PLAIN.priors.items() if key not in less}
    return replace(PLAIN, priors=kept | priors(**priors_of), **words)


FORMED = card(
    {}, less=(), likelihood="multinomial", forms=("labour", "sexual"), outcome="any"
)
VARIANTS = {
    "plain": PLAIN,
    "beta-binomial": card({"deff_excess": ("half_normal", 1)}, likelihood="beta_binomial"),
    "logit-normal": card({}, likelihood="logit_normal"),
    "normal": card({}, likelihood="fay_herriot"),
    "identity": card({}, likelihood="fay_herriot", link="identity"),
    "products": card(
        {"sigma_sex_age": ("half_normal", 0.3), "sigma_region_sex": ("half_normal", 0.3)},
        interactions=("sex:age", "region:sex"),
    ),
    "ordered ages": card({}, age_order=1),
    "twice ordered ages": card({}, age_order=2),
    "slopes": card({"sigma_beta": ("half_normal", 0.5)}, covariates=COVARIATES),
    "horseshoe": card(
        {"tau_beta": ("half_student_t", 3, 0.1), "slab_beta": ("log_normal", 0.7, 0.5)}, covariates=COVARIATES
    ),
    "r2d2": card({"r2": ("beta", 1, 1)}, covariates=COVARIATES),
    "index": card({"beta": ("normal", 0, 0.5)}, covariates=COVARIATES, index=True),
    "spread": card(
        {"sigma_beta": ("half_normal", 0.5), "spread": ("normal", 0, 0.5)}, covariates=COVARIATES, spread=COVARIATES[:2]
    ),
    "borders": card({"rho": ("beta", 1, 1)}, neighbours="borders"),
    "resemblance": card(
        {"rho": ("beta", 1, 1), "beta": ("normal", 0, 0.1)}, covariates=COVARIATES, neighbours="covariates"
    ),
    "trend": card(
        {"trend": ("normal", 0, 0.1), "sigma_trend_region": ("half_normal", 0.05),
         "sigma_trend_country": ("pc", 0.1, 0.05)}
    ),
    "definitions": card({"crosswalk": ("normal", 0, 0.5)}, reference_definition="a"),
    "sources": card({"bias": ("normal", 0, 0.5)}, reference_source="A"),
    "sources by age": card(
        {"bias": ("normal", 0, 0.5), "sigma_source_age": ("half_normal", 0.2)}, reference_source="A",
        interactions=("source:age",),
    ),
    "rows that err": card({"sigma_row": ("half_normal", 0.2)}),
    "rows that err by age": card(
        {"sigma_row": ("half_normal", 0.2), "spread_age": ("normal", 0, 0.5),
         "sigma_country_age": ("half_normal", 0.3)}, interactions=("country:age",),
    ),
    "rounded rows that err": card({"sigma_row": ("half_normal", 0.2)}),
    "rows of unknown n that err": card({"sigma_row": ("half_normal", 0.2), "unknown_n": ("log_normal", 1000, 1)}),
    "misreports": card({"sensitivity": ("beta", 8, 2), "specificity": ("beta", 99, 1)}),
    "series": card({"series_share": ("beta", 4, 1)}),
    "unknown n": card({"unknown_n": ("log_normal", 1000, 1)}),
    "rounded": PLAIN,
    "forms": FORMED,
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> un.World:
    cells = pd.MultiIndex.from_product(
        [CODES, ["female", "male"], AGES], names=["iso3", "sex", "age"]
    )
    return un.read_world(
        population=cells.to_frame(index=False).assign(
            **{str(y): 1e6 for y in range(2010, 2021)}
        )
    )


def evidence(name: str) -> un.Evidence:
    """Return counts of two surveys in each of ten countries, with the features that a
    card's words speak of.
    """
    rng = np.random.default_rng(5)
    of = [CODES[:10], [2014, 2019], ["female", "male"], AGES]
    table = pd.MultiIndex.from_product(
        of, names=["country", "year", "sex", "age"]
    ).to_frame(index=False)
    table["survey"] = table["country"] + "-" + table["year"].astype(str)
    table["definition"] = (
        np.where(table["year"] == 2014, "b", "a") if name == "definitions" else ""
    )
    table["source"] = (
        np.where(table["year"] == 2014, "B", "A") if name.startswith("sources") else ""
    )
    if name == "series":
        table["series"] = table["country"]
    n = rng.integers(200, 900, len(table)).astype(float)
    if name == "forms":
        drawn = rng.multinomial(n.astype(int), [0.1, 0.05, 0.85])
        parts = {
            form: un.counts(table.assign(n=n, y=drawn[:, i].astype(float)), form)
            for i, form in enumerate(FORMED.forms)
        }
        return un.exclusive(parts, "any")
    seen = un.counts(
        table.assign(n=n, y=rng.binomial(n.astype(int), 0.12).astype(float)), "x"
    )
    if name.startswith("rounded"):
        return replace(
            seen,
            rows=seen.rows.assign(
                rounding=np.where(seen.rows["sex"] == "male", 0.005, 0.0)
            ),
        )
    if "unknown n" in name:
        return replace(
            seen,
            rows=seen.rows.assign(unknown=np.where(seen.rows["year"] < 2015, 1.0, 0.0)),
        )
    return seen


def check(model: pm.Model, machine, density_of: Callable, points: int = POINTS) -> None:
    """Compare log density, gradient and expansion at many points, near and far from
    where the sampler goes.
    """
    ours = compiled(model, machine)
    density, expand = density_of(model)
    rng, far = np.random.default_rng(6), 0
    for index in range(points):
        point = rng.normal(0, (0.3, 1.0, 2.0)[index % 3], ours.layout.dimensions)
        with np.errstate(all="ignore"):
            log_density, gradient = density(point)
            (expanded,) = expand(point)
        found, slope, status = ours.density.density(point)
        # far out inf − inf is NaN in one order of sums and −inf in another, and shares
        # below 1e-308, which PyTensor takes for 0, are kept to 1e-324: a density that
        # may be finite, without a gradient, is none to the sampler
        if not np.isfinite(log_density):
            assert status != 0
            continue
        assert_allclose(found, log_density, rtol=CLOSE)
        finite = np.isfinite(gradient)
        assert_allclose(
            slope[finite],
            gradient[finite],
            rtol=CLOSE,
            atol=CLOSE * np.abs(gradient[finite]).max(),
        )
        assert_array_equal(np.isfinite(slope), finite)
        assert_allclose(ours.expand.expand(point), expanded, rtol=CLOSE)
    assert far < points / 3


@pytest.mark.parametrize("name", VARIANTS)
def test_density_and_gradient_of_every_word_of_a_card(name, world, machine, density_of):
    check(un.build(VARIANTS[name], world, evidence(name)), machine, density_of, 60)


@pytest.mark.long
@pytest.mark.parametrize("name", SHIPPED)
def test_density_and_gradient_of_every_shipped_card(name, machine, density_of):
    shipped = un.read_card(name)
    check(
        un.build(shipped, un.read_world(), un.evidence_of(shipped)), machine, density_of
    )


@pytest.mark.long
def test_density_and_gradient_of_a_joint_model(machine, density_of):
    cards = [un.read_card(name) for name in ("forced-labour", "forced-marriage")]
    world = un.read_world()
    model = un.build_jointly(
        cards, world, [un.evidence_of(each, world) for each in cards], lkj=2.0
    )
    check(model, machine, density_of)


def test_density_and_gradient_of_ratios_from_records(machine, density_of):
    """Counts that are not known for sure are read between nodes of a table, at places
    that parameters decide.
    """
    generating = read_generating()["records"]
    periods = [tuple(period) for period in generating["periods"]]
    records = un.read_records("cases/records.csv")
    counted = tally(
        records,
        un.read_world(),
        list(un.RATIOS),
        both=generating["both"],
        periods=periods,
        year=2016,
    )
    check(hierarchy(counted, generating["priors"]), machine, density_of, 60)


def test_threads_do_not_meet(world, machine):
    """A hundred threads, more than there are arenas, run one program at points of their
    own, as each would alone.
    """
    ours = compiled(un.build(PLAIN, world, evidence("plain")), machine)
    points = np.random.default_rng(7).normal(0, 1, (100, ours.layout.dimensions))

    def repeated(point: np.ndarray) -> set[float]:
        return {ours.density.density(point)[0] for _ in range(100)}

    alone = [repeated(point) for point in points]
    with ThreadPoolExecutor(100) as pool:
        together = list(pool.map(repeated, points))
    assert together == alone
    assert all(len(found) == 1 for found in alone)


def test_other_data_are_another_model_s_density(world, machine, density_of):
    """What a refit changes: rows held out, counts, centring. The program is that of the
    model with these data.
    """
    model = un.build(PLAIN, world, evidence("plain"))
    study = model.study
    out = study.evidence.rows["country"].isin(CODES[:3]).to_numpy()
    numbers = without({"": study}, {"": out})
    changed = compiled(model, machine).with_data(numbers)
    with model:
        pm.set_data(numbers)
    density, _ = density_of(model)
    point = np.random.default_rng(8).normal(0, 1, changed.layout.dimensions)
    log_density, gradient = density(point)
    found, slope, _ = changed.density.density(point)
    assert_allclose(found, log_density, rtol=CLOSE)
    assert_allclose(slope, gradient, rtol=CLOSE, atol=CLOSE * np.abs(gradient).max())


def test_a_seed_gives_the_same_draws_again(world):
    model = un.build(PLAIN, world, evidence("plain"))
    how = un.Sampling(chains=2, tune=100, draws=50)
    first, again = (sampler.prepare(model).run(3, how)[0] for _ in range(2))
    assert first.equals(again)
    assert not first.equals(sampler.prepare(model).run(4, how)[0])


def test_a_density_that_is_no_number_is_told(machine):
    """Nutpie turns back at such a point, as it does with compiled models."""
    with pm.Model() as model:
        x = pm.Normal("x")
        pm.Potential("edge", pm.math.switch(x > 1, -np.inf, 0.0))
    ours = compiled(model, machine)
    assert ours.density.density(np.array([0.5]))[2] == 0
    assert ours.density.density(np.array([1.5]))[2] == 4
    assert ours.density.density(np.array([np.nan]))[2] == 3


def test_a_model_by_hand_whose_operation_is_not_known_is_compiled_by_numba():
    with pm.Model() as model:
        x = pm.Normal("x", shape=3)
        pm.Potential("y", -pm.math.sum(np.arange(3.0) * pm.math.sqr(x.sort())))
    with pytest.warns(UserWarning, match="doesn't know the operation"):
        ready = sampler.prepare(model)
    draws, _ = ready.run(1, un.Sampling(chains=2, tune=100, draws=100))
    assert draws.sizes == {"chain": 2, "draw": 100, "x_dim_0": 3}


def test_a_machine_without_the_library_samples_too(monkeypatch, world):
    monkeypatch.setattr(sampler, "library", lambda: None)
    model = un.build(PLAIN, world, evidence("plain"))
    with pytest.warns(UserWarning, match="library is not there"):
        ready = sampler.prepare(model)
    draws, _ = ready.run(3, un.Sampling(chains=2, tune=50, draws=20))
    assert draws.sizes["draw"] == 20
