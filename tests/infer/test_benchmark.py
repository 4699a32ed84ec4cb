"""Draws that are made to agree with outside totals do, and say how."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

import uncounted as un
from uncounted.infer.benchmark import effective_size, logit_shift, shifted
from uncounted.infer.totals import affected

CODES = ["GHA", "KEN", "NAM", "TGO", "ZAF"]
REGION = ["West", "East", "South", "West", "South"]
AGES = ("0-4", "5-9")
OUT = "a census of 2020"


@pytest.fixture(scope="module")
def small() -> un.Fit:
    """Four chains of 500 independent draws in five countries: logits with a common, a
    country's and a cell's part.
    """
    geography = pd.DataFrame(
        {"iso3": CODES, "name": CODES, "region": REGION, "subregion": REGION}
    )
    cells = pd.MultiIndex.from_product(
        [CODES, ["female", "male"], AGES], names=["iso3", "sex", "age"]
    )
    people = cells.to_frame(index=False).assign(
        **{"2020": np.linspace(800, 3000, len(cells))}
    )
    own = pd.DataFrame({"iso3": CODES, "region": REGION})
    world = un.read_world(
        geography, people, pd.DataFrame({"iso3": CODES, "x": 0.0}), own
    )
    rows = {
        "survey": ["gha-2019", "ken-2018"],
        "country": ["GHA", "KEN"],
        "year": [2019, 2018],
        "sex": "both",
    }
    seen = un.counts(
        pd.DataFrame(rows).assign(age="0-9", n=100.0, y=12.0),
        "wasting",
        "Household surveys",
    )
    priors = {
        "level": un.Prior("normal", (-2, 1)),
        "sigma_country": un.Prior("half_normal", (0.5,)),
    }
    card = un.Card(
        "Wasting", "wasting", AGES, priors, 2020, people=(), place=("country",)
    )
    n = un.persons(world, AGES, 2020)
    rng = np.random.default_rng(8)
    common = rng.normal(-2, 0.3, (4, 500, 1, 1, 1))
    logits = (
        common
        + rng.normal(0, 0.4, (4, 500, 5, 1, 1))
        + rng.normal(0, 0.1, (4, 500, 5, 2, 2))
    )
    coords = {dim: n[dim].values for dim in ("country", "sex", "age")} | {
        "chain": range(4),
        "draw": range(500),
    }
    p = xr.DataArray(
        expit(logits).astype(np.float32),
        coords,
        ("chain", "draw", "country", "sex", "age"),
    )
    posterior = xr.Dataset(
        {"level": (("chain", "draw"), common[:, :, 0, 0, 0])},
        {d: p[d] for d in ("chain", "draw")},
    )
    return un.Fit(p, p, posterior, xr.Dataset(), n, card, world, seen, 1, {})


def totals_of(fit: un.Fit, by: str = "world") -> xr.DataArray:
    return affected(fit.p, fit.people, un.groups(fit.world, by)).sel(
        sex="all", age="all"
    )


def table(**persons) -> pd.DataFrame:
    return pd.DataFrame({"group": list(persons), "persons": list(persons.values())})


def test_exact_sums_hold_in_every_draw(small):
    wanted = table(West=900.0, South=5000.0)
    done = un.benchmark(small, wanted, by="region", source=OUT)
    found = totals_of(done, "region")
    np.testing.assert_allclose(found.sel(group="West"), 900, rtol=1e-6)
    np.testing.assert_allclose(found.sel(group="South"), 5000, rtol=1e-6)
    east = small.world.places.index[small.world.places["region"] == "East"]
    xr.testing.assert_identical(
        done.p.sel(country=list(east)), small.p.sel(country=list(east))
    )
    assert done.p.dtype == small.p.dtype
    assert done.p.dims == small.p.dims


def test_one_shift_per_draw_keeps_the_order_of_countries_and_their_odds_ratios(small):
    done = un.benchmark(small, table(World=6000.0), source=OUT)
    before, after = (
        x.p.stack(cell=("country", "sex", "age")).astype(float) for x in (small, done)
    )
    np.testing.assert_array_equal(before.argsort(-1), after.argsort(-1))
    shift = np.log(after / (1 - after)) - np.log(before / (1 - before))
    assert float(shift.std("cell").max()) < 1e-5
    np.testing.assert_allclose(totals_of(done).squeeze(), 6000, rtol=1e-6)


def test_a_shift_is_found_wherever_the_total_lies():
    """Rare and common cells, cells of nobody, and totals from a millionth to all but a
    millionth of the people.
    """
    rng = np.random.default_rng(3)
    p = np.hstack(
        [
            expit(rng.normal(-9, 3, (300, 40))),
            expit(rng.normal(6, 3, (300, 10))),
            np.zeros((300, 1)),
        ]
    )
    people = np.r_[rng.gamma(0.3, 1e6, 50), 5.0]
    total = people[:-1].sum() * expit(np.linspace(-13, 13, 300))
    moved = shifted(p, logit_shift(p, people, total)[:, None])
    np.testing.assert_allclose(moved @ people, total, rtol=1e-9)


def test_prevalence_is_persons_over_people(small):
    everybody = float(small.people.sum())
    rate = pd.DataFrame({"group": ["World"], "prevalence": [0.2]})
    a = un.benchmark(small, rate, source=OUT)
    np.testing.assert_array_equal(
        a.p, un.benchmark(small, table(World=0.2 * everybody), source=OUT).p
    )


def test_a_total_with_an_se_is_drawn_with_the_seed(small):
    wanted = table(World=6000.0).assign(se=300.0)
    done = un.benchmark(small, wanted, source=OUT, seed=5)
    found = totals_of(done).to_numpy()
    assert found.mean() == pytest.approx(6000, abs=4 * 300 / np.sqrt(2000))
    assert found.std() == pytest.approx(300, rel=0.08)
    np.testing.assert_array_equal(
        un.benchmark(small, wanted, source=OUT, seed=5).p, done.p
    )
    with pytest.raises(un.UncountedError, match="Give benchmark a seed"):
        un.benchmark(small, wanted, source=OUT)


def test_totals_may_be_draws(small):
    drawn = (totals_of(small, "region") * 1.3).rename("persons")
    done = un.benchmark(small, drawn, by="region", source="another model")
    np.testing.assert_allclose(
        totals_of(done, "region"), drawn.transpose("chain", "draw", "group"), rtol=1e-6
    )
    with pytest.raises(un.UncountedError, match="dims group, chain and draw, 4 × 500"):
        un.benchmark(small, drawn.isel(draw=slice(0, 9)), by="region", source=OUT)


def test_soft_is_the_normal_normal_answer(small, capsys):
    """The world's total is near normal over draws: precisions add, and the mean goes to
    the weighted mean.
    """
    before = totals_of(small).to_numpy()
    mean, var = before.mean(), before.var()
    target, se = mean + 0.8 * np.sqrt(var), np.sqrt(var)
    wanted = table(World=target).assign(se=se)
    done = un.benchmark(small, wanted, how="soft", source=OUT, seed=2)
    after = totals_of(done).to_numpy()
    precision = 1 / var + 1 / se**2
    assert after.mean() == pytest.approx(
        (mean / var + target / se**2) / precision, abs=0.12 * np.sqrt(var)
    )
    assert after.var() == pytest.approx(1 / precision, rel=0.2)
    w = np.exp(-0.5 * ((before - target) / se) ** 2)
    assert np.average(before, weights=w) == pytest.approx(
        after.mean(), rel=2e-3
    )  # what was resampled is the weighted
    size = f"effective sample size {effective_size(w.ravel()):,.0f} of 2,000 draws"
    assert size in capsys.readouterr().out
    assert size in done.notes[0]


def test_soft_takes_whole_draws_parameters_with_them(small):
    wanted = table(World=float(totals_of(small).mean()) * 1.1).assign(se=200.0)
    done = un.benchmark(small, wanted, how="soft", source=OUT, seed=2)
    draw_of = {
        float(p): float(level)
        for p, level in zip(
            small.p[..., 0, 0, 0].to_numpy().ravel(),
            small.posterior["level"].to_numpy().ravel(),
            strict=True,
        )
    }
    for p, level in zip(
        done.p[..., 0, 0, 0].to_numpy().ravel(),
        done.posterior["level"].to_numpy().ravel(),
        strict=True,
    ):
        assert draw_of[float(p)] == level
    assert done.p.sizes == small.p.sizes
    assert (done.p["draw"].values == small.p["draw"].values).all()


def test_too_few_effective_draws_are_told(small):
    far = table(World=float(totals_of(small).max())).assign(se=20.0)
    with pytest.warns(UserWarning, match=r"Only .* of 2,000 draws' worth are left"):
        done = un.benchmark(small, far, how="soft", source=OUT, seed=2)
    assert "draws' worth are left" in done.notes[0]


def test_a_benchmark_from_the_same_surveys_is_told(small):
    wanted = table(World=6000.0)
    with pytest.warns(
        UserWarning,
        match=r"1 survey\(s\) that the fit has seen: ken-2018. They enter twice",
    ):
        done = un.benchmark(
            small, wanted, source="a published table", surveys=["ken-2018", "uga-2016"]
        )
    assert "They enter twice" in done.notes[0]
    with pytest.warns(UserWarning, match="the fit's own evidence, 'household surveys'"):
        un.benchmark(small, wanted, source="household surveys")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        un.benchmark(small, wanted, source=OUT, surveys=["uga-2016"])


def test_what_was_done_is_noted_and_survives_the_file(small, tmp_path):
    done = un.benchmark(small, table(World=6000.0), source=OUT)
    done = un.benchmark(done, table(West=900.0), by="region", source="a registry")
    assert len(done.notes) == 2
    assert done.notes[0].startswith(
        f"Benchmarked (exact) to World 6,000 persons from {OUT}: one logit shift"
    )
    assert done.notes[1] in " ".join(repr(done).split())
    assert un.read_fit(un.write_fit(done, tmp_path / "fit.nc")).notes == done.notes


@pytest.mark.parametrize(
    ("totals", "words", "match"),
    [
        (table(Africa=9.0), {}, "no group 'Africa' in 'region'"),
        (table(Wset=9.0), {}, "Did you mean 'West'"),
        (pd.concat([table(West=900.0)] * 2), {}, "'West' stands in the totals 2 times"),
        (table(West=1e9), {}, "1,000,000,000 persons; of the card's ages"),
        (table(West=0.0), {}, "must lie between 0 and that"),
        (table(West=np.nan), {}, "must lie between 0 and that"),
        (
            table(West=900.0).rename(columns={"persons": "people"}),
            {},
            "these have neither",
        ),
        (table(West=900.0).assign(prevalence=0.1), {}, "these have both"),
        (
            table(West=900.0).rename(columns={"group": "groop"}),
            {},
            "Did you mean 'groop'",
        ),
        (table(West=900.0), {"how": "softly"}, "Did you mean 'soft'"),
        (table(West=900.0), {"how": "soft"}, "not every total has one above 0"),
        (table(West=900.0).assign(se=-1.0), {"seed": 1}, "an SE below 0"),
    ],
)
def test_what_no_draw_can_agree_with_is_a_sentence(small, totals, words, match):
    with pytest.raises(un.UncountedError, match=match):
        un.benchmark(small, totals, by="region", source=OUT, **words)


def test_tables_of_a_benchmarked_fit_show_the_total(small):
    done = un.benchmark(replace(small), table(World=6000.0), source=OUT)
    world = un.affected(done)
    assert world["mean"].item() == pytest.approx(6000, rel=1e-6)
    assert world["upper"].item() == pytest.approx(world["lower"].item(), rel=1e-5)


def test_cells_that_cannot_move_are_a_sentence():
    with pytest.raises(un.UncountedError, match="exactly 0 or 1 in some draw"):
        logit_shift(np.array([[0.0, 0.2]]), np.array([90.0, 10.0]), np.array([50.0]))
