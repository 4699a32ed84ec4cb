"""What a card believes before any data: against closed forms, in its unit, and told
when it is absurd.
"""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.special import logit
from scipy.stats import norm

import uncounted as un
from uncounted.charts.prior_predictive import PriorPredictive
from uncounted.model.priors import Prior

PRIORS = {
    "level": Prior("normal", (-2.0, 0.5)),
    "sigma_country": Prior("half_normal", (1e-6,)),
}
SMALL = un.Card(
    title="x",
    outcome="x",
    ages=("0+",),
    priors=PRIORS,
    year=2020,
    people=(),
    place=("country",),
)
DRAWS, SIGMA = 4000, 0.5
NEAR = 4 / np.sqrt(
    DRAWS
)  # four standard errors of a mean in sds; of a median five fourths of that


@pytest.fixture(scope="module")
def world():
    return un.read_world()


def believed(
    card: un.Card, world, draws: int = DRAWS, **priors: tuple
) -> PriorPredictive:
    given = {key: Prior(family, numbers) for key, (family, *numbers) in priors.items()}
    return un.prior_predictive(
        replace(card, priors=card.priors | given), world, draws, seed=5
    )


def row(found: PriorPredictive, what: str):
    return found.summary[found.summary["what"].str.contains(what)].iloc[0]


def test_without_differences_everybody_has_the_level(world):
    found = believed(SMALL, world)
    for what in ("the total", "any one"):
        told = row(found, what)
        for name, at in (("median", 0.5), ("lower", 0.025), ("upper", 0.975)):
            truth = norm.ppf(at, -2.0, 0.5)
            error = np.sqrt(at * (1 - at) / DRAWS) / norm.pdf(truth, -2.0, 0.5)
            assert abs(logit(told[name] / 1000) - truth) < 4 * error, (what, name)
        assert told["unit"] == "per 1,000"
    assert row(found, "90th")["median"] == pytest.approx(1, abs=1e-4)
    assert found.warning == ""


def test_a_country_varies_by_its_level_and_its_own_deviation(world):
    """Var logit p = 0.5² + E σ², σ half-normal: its mean square is its parameter's
    square.
    """
    found = believed(
        SMALL, world, level=("normal", -6.0, 0.5), sigma_country=("half_normal", SIGMA)
    )
    spread = logit(found.country).var(dim="draw").mean()
    assert float(spread) == pytest.approx(0.5**2 + SIGMA**2, rel=0.06)
    median = np.exp(
        2 * norm.ppf(0.9) * norm.ppf(0.75) * SIGMA
    )  # ratio at the median σ; p is rare, so odds are p
    assert row(found, "90th")["median"] == pytest.approx(median, rel=0.06)


def test_the_world_is_the_mean_of_persons(world):
    found = believed(SMALL, world, sigma_country=("half_normal", SIGMA), draws=200)
    people = un.persons(world, ["0+"], 2020).sum(["sex", "age"])
    mean = xr.dot(found.country, people, dim="country") / people.sum()
    np.testing.assert_allclose(found.world, mean, rtol=1e-9)


def test_sexes_and_ages_where_the_card_has_them(world):
    card = replace(
        SMALL, people=("sex", "age"), ages=("0-14", "15-64", "65+"), year=2020,
        priors=PRIORS | {"level": Prior("normal", (-8.0, 0.1)), "female": Prior("normal", (0.3, 0.4))}
        | {"sigma_age": Prior("half_normal", (0.5,))},
    )  # fmt: skip
    found = believed(card, world)
    told = row(found, "females")
    assert abs(np.log(told["median"]) - 0.3) < 1.25 * NEAR * 0.4
    assert np.log(told["upper"]) == pytest.approx(0.3 + 1.96 * 0.4, abs=0.08)
    assert row(found, "highest age")["lower"] > 1
    assert len(found.summary) == 5
    assert len(believed(SMALL, world, draws=50).summary) == 3


def test_another_prior_changes_the_picture(world):
    narrow = believed(SMALL, world, draws=500, sigma_country=("half_normal", 0.1))
    wide = believed(SMALL, world, draws=500, sigma_country=("half_normal", 2.0))
    high = believed(
        SMALL,
        world,
        draws=500,
        sigma_country=("half_normal", 0.1),
        level=("normal", 0.0, 0.5),
    )
    widths = [
        row(found, "any one")["upper"] / row(found, "any one")["lower"]
        for found in (narrow, wide)
    ]
    assert widths[1] > 5 * widths[0]
    assert row(high, "any one")["lower"] > row(narrow, "any one")["median"]
    assert narrow.plot().to_dict() != wide.plot().to_dict()


def test_what_is_absurd_is_told_with_its_size(world):
    above = believed(SMALL, world, draws=500, level=("normal", 2.0, 1.0))
    share = norm.sf(logit(0.9), 2.0, 1.0)
    assert float((above.country > 0.9).mean()) == pytest.approx(share, abs=0.09)
    assert "900.0 per\u00a01,000" in above.warning
    assert "0\u00a0% below 1 in 100,000" in above.warning
    below = believed(SMALL, world, draws=500, level=("normal", -12.0, 1.0))
    assert "0\u00a0% above" in below.warning
    assert "<strong>" in below._repr_html_()
    assert below.warning in str(below)
    assert (
        believed(SMALL, world, draws=500, level=("normal", 1.0, 0.8)).warning == ""
    )  # 6.7 % of it above 90 %


def test_priors_of_what_surveys_show_change_nothing(world):
    plain = believed(SMALL, world, draws=50)
    card = replace(
        SMALL, likelihood="beta_binomial", reference_source="DHS", window_years=5.0,
        validation={"DHS": {"specificity": (9, 9)}},
        priors=PRIORS | {
            "bias": Prior("normal", (0.0, 1.0)), "kappa": Prior("beta", (1.0, 1.0)),
            "duration": Prior("log_normal", (3.0, 0.5)), "specificity": Prior("beta", (9.0, 1.0)),
            "deff_excess": Prior("half_normal", (1.0,)), "sigma_survey": Prior("half_normal", (0.3,)),
        },
    )  # fmt: skip
    assert (believed(card, world, draws=50).country == plain.country).all()


def test_cards_that_ship_draw_their_priors_and_a_picture(world):
    for name in ("stunting", "stunting-trend"):
        found = un.prior_predictive(un.read_card(name), world, 200, seed=1)
        assert found.warning == ""
        assert set(found.summary["unit"]) == {"percent", "times"}
        assert found.country.sizes == {"draw": 200, "country": len(world.places)}
        bars = found.plot().data.groupby("of")["share"].sum()
        assert bars.between(0.98, 1.0 + 1e-9).all()
    html = found._repr_html_()
    assert "<svg" in html
    assert "<table" in html
    again = un.prior_predictive(un.read_card(name), world, 200, seed=1)
    assert (again.country == found.country).all()
