"""Agreement with Stan (through brms) on ../shared/reference/pooling, within Monte Carlo
error.
"""

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import pytest

import uncounted as un
from uncounted.infer.derived import derived
from uncounted.infer.sampler import prepare
from uncounted.model.centring import centring

BANDS = ("15-24", "25-34", "35-44", "45-54", "55-64")
CARD = {
    "title": "The pooling reference",
    "outcome": "k",
    "ages": BANDS,
    "year": 2020,
    "interactions": ("sex:age",),
    "covariates": ("x1", "x2", "x3"),
    "sampling": un.Sampling(draws=2500, tune=1000, target_accept=0.98),
}
PRIORS = {
    "level": un.Prior("normal", (-5.0, 1.5)),
    "female": un.Prior("normal", (0.0, 0.5)),
    "beta": un.Prior("normal", (0.0, 0.5)),
} | {
    f"sigma_{one}": un.Prior("half_normal", (0.5,))
    for one in ("region", "subregion", "country", "age", "sex_age")
}
SD = {
    "region": "region",
    "subregion": "subregion",
    "country": "country",
    "age": "age",
    "sex_age": "sex:age",
}


def code(country: int) -> str:
    return f"C{country:03d}"


@pytest.fixture(scope="module")
def cases(shared):
    return pd.read_csv(shared / "reference/pooling/cells.csv")


@pytest.fixture(scope="module")
def model_of(cases):
    """Build the reference's model with levels exchangeable as they are there, or
    summing to zero as is the default.
    """

    def build(exchangeable: tuple[str, ...]) -> pm.Model:
        places = cases.drop_duplicates("country")
        iso3 = places["country"].map(code)
        geography = pd.DataFrame(
            {"iso3": iso3, "name": iso3, "region": "", "subregion": ""}
        )
        grouping = pd.DataFrame(
            {
                "iso3": iso3,
                "region": "r" + places["region"].astype(str),
                "subregion": "s" + places["subregion"].astype(str),
            }
        )
        people = pd.MultiIndex.from_product(
            [iso3, ["female", "male"], BANDS], names=["iso3", "sex", "age"]
        )
        covariates = places.assign(iso3=iso3)[["iso3", "x1", "x2", "x3"]]
        world = un.read_world(
            geography,
            people.to_frame(index=False).assign(**{"2020": 1000}),
            covariates,
            grouping,
        )
        rows = cases.assign(
            survey=cases["country"].map(code),
            country=cases["country"].map(code),
            year=2020,
            sex=np.where(cases["sex"] == 1, "female", "male"),
            age=[BANDS[age] for age in cases["age"]],
            y=cases["k"],
        )
        card = un.Card(priors=PRIORS, exchangeable=exchangeable, **CARD)
        model = un.build(card, world, un.counts(rows, "k"))
        raw = covariates.set_index("iso3").loc[world.places.index].to_numpy()
        with model:  # the reference's slopes are per unit of x, not per sd
            pm.set_data({"x": raw - raw.mean(axis=0)})
        return model

    return build


def fitted(model: pm.Model):
    card = model.study.card  # pyright: ignore[reportAttributeAccessIssue] PyMC's Model doesn't know what `build` adds
    draws, stats = prepare(model).run(7, card.sampling)
    assert int(stats["diverging"].sum()) == 0
    return draws, derived(model, draws, ["p"])["p"]


def agree(name, ours, reference, mcse):
    """Hold |difference| < 5·√(mcse² + mcse_ours²): 4, as the reference's README asks,
    of hundreds of cells is few.
    """
    own = np.asarray(az.mcse(ours, method="mean"))
    gap = np.abs(np.asarray(ours.mean(("chain", "draw"))) - reference)
    assert (gap < 5 * np.hypot(own, mcse)).all(), (
        f"{name}: {gap} against {5 * np.hypot(own, mcse)}"
    )


def agrees_on_cells(p, shared):
    stan = pd.read_csv(shared / "reference/pooling/expected-stan-cells.csv")
    for row in stan.to_dict("records"):
        where = {
            "country": code(row["country"]),
            "sex": ["male", "female"][row["sex"]],
            "age": BANDS[row["age"]],
        }
        ours = p.sel(where).astype(float)
        mcse = row["sd"] / np.sqrt(
            3000
        )  # the least ESS of Stan's parameters is 3,507; its cells' isn't given
        agree(str(where), ours, row["mean"], mcse)


def agrees_on_slopes(draws, stan):
    for i, name in enumerate(("b_x1", "b_x2", "b_x3")):
        agree(
            name,
            draws["beta"].isel({draws["beta"].dims[-1]: i}),
            stan.loc[name, "mean"],
            stan.loc[name, "mcse_mean"],
        )


@pytest.fixture(scope="module")
def stan(shared):
    return pd.read_csv(shared / "reference/pooling/expected-stan.csv").set_index(
        "variable"
    )


@pytest.mark.long
def test_exchangeable_levels_agree_with_stan(model_of, stan, shared):
    draws, p = fitted(model_of(("region", "age", "sex:age")))
    agrees_on_slopes(draws, stan)
    agree(
        "female",
        draws["female"],
        stan.loc["b_sexc", "mean"],
        stan.loc["b_sexc", "mcse_mean"],
    )
    for ours, theirs in SD.items():
        name = f"sd_{theirs}__Intercept"
        agree(
            name,
            draws[f"sigma_{ours}"],
            stan.loc[name, "mean"],
            stan.loc[name, "mcse_mean"],
        )
    agrees_on_cells(p, shared)


@pytest.mark.long
def test_levels_that_sum_to_zero_give_the_same_cells_and_slopes(model_of, stan, shared):
    draws, p = fitted(model_of(()))
    agrees_on_slopes(draws, stan)
    agrees_on_cells(p, shared)


def test_a_rare_outcome_is_centred_part_of_the_way(model_of):
    study = model_of(()).study
    lam = centring(study.card, study.world, study.seen)
    assert (
        0.2 < np.median(lam["country"]) < 0.8
    )  # some eight cases per country: between the textbook's two answers
    assert (
        lam["age"] < 0.3
    )  # five ages, well informed each, but no five numbers tell their σ
