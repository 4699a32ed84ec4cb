"""Studies of records and durations: coverage over drawn worlds, and what naive readings
of spells do to a stock.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.optimize import minimize
from scipy.stats import binom, gengamma, lognorm, weibull_min

import uncounted as un
from uncounted.cases import durations as du
from uncounted.cases.hierarchy import hierarchy, refit_data
from uncounted.cases.lasting import FAMILIES, draw_touching
from uncounted.cases.repeated_fit import compiled
from uncounted.cases.tally import tally
from uncounted.model.card import Sampling
from uncounted.simulate.generating import drawn, read_generating
from uncounted.simulate.interviewed_spells import by_length
from uncounted.simulate.interviewed_spells import spells as simulated
from uncounted.simulate.victim_records import registrations

DOCS = Path(__file__).resolve().parents[2] / "docs"
LEVELS = (0.5, 0.8, 0.95)
T, MU = 5.0, 2.0
WINDOWS, WORLDS = 250, 40

pytestmark = pytest.mark.study


def inside(draws: np.ndarray, truth: np.ndarray) -> dict[float, np.ndarray]:
    """Return by level whether the equal-tailed interval of draws (draws, …) holds the
    truth (…).
    """
    return {
        level: (
            (np.quantile(draws, (1 - level) / 2, 0) <= truth)
            & (truth <= np.quantile(draws, (1 + level) / 2, 0))
        )
        for level in LEVELS
    }


def table_of(
    found: list[dict[str, dict[float, np.ndarray]]], unit: str
) -> pd.DataFrame:
    """Return coverage by what and level beside the 99.9 % band of as many independent
    units.
    """
    rows = []
    for what in found[0]:
        for level in LEVELS:
            share = float(np.mean([np.mean(each[what][level]) for each in found]))
            low, high = binom.ppf([0.0005, 0.9995], len(found), level) / len(found)
            rows.append(
                {
                    "what": what,
                    "level": level,
                    "covered": share,
                    unit: len(found),
                    "low": low,
                    "high": high,
                }
            )
    return pd.DataFrame(rows).round(3)


def in_band(table: pd.DataFrame) -> bool:
    return bool(
        ((table["covered"] >= table["low"]) & (table["covered"] <= table["high"])).all()
    )


def test_mean_durations_and_stocks_are_covered():
    """Worlds drawn from the priors, 150 spells of each of two groups: intervals of μ
    and of the stock of both.
    """
    rng = np.random.default_rng(1)
    priors = {
        "duration": {"log_normal": [2.0, 0.4]},
        "shape": {"log_normal": [1.0, 0.2]},
    }
    groups, n, how = (
        ("a", "b"),
        150,
        Sampling(chains=2, tune=250, draws=400, target_accept=0.85),
    )
    once, found = None, []
    for seed in range(WINDOWS):
        mu, shape = (drawn(priors[key], rng, 2) for key in ("duration", "shape"))
        flow, flow_draws = (
            rng.gamma(n, 1, 2),
            rng.gamma(n, 1, (2, how.chains * how.draws)).T,
        )
        parts = [simulated(2 * seed + i, {g: mu[i]}, shape[i], spells=n, window_years=T, asked=2016.5)
                 for i, g in enumerate(groups)]  # fmt: skip
        spells = un.read_spells(
            by_length(pd.concat(parts, ignore_index=True)), T, "sex"
        )
        once = once or compiled(du.durations_model(spells, priors), "mu")
        draws = (
            once.on(du.refit_data(spells, priors), seed, how)[0]
            .stack(sample=("chain", "draw"))
            .to_numpy()
            .T
        )
        stock, truth = (
            (flow_draws * draws / (T + draws)).sum(axis=1),
            (flow * mu / (T + mu)).sum(),
        )
        found.append(
            {
                "mean duration, group": inside(draws, mu),
                "stock of both groups": inside(stock, truth),
            }
        )
    table = table_of(found, "simulations")
    table.to_csv(DOCS / "durations-coverage.csv", index=False)
    assert in_band(table)


def test_naive_readings_of_spells_give_another_stock():
    """Ratio of S by each reading to the truth, from 200,000 spells of mean 2 seen
    through 5 years.
    """
    rows, true = [], MU / (T + MU)
    for name, (family, shape, whole) in WHOLE.items():
        years = draw_touching(
            *map(np.array, (MU, shape, T)),
            FAMILIES[family],
            np.random.default_rng(1),
            (200_000,),
        )
        for reading, likelihood in READINGS.items():
            m, s = likeliest(years, likelihood, whole, shape)
            rows.append(
                {
                    "spells": name,
                    "reading": reading,
                    "mean": m,
                    "shape": s,
                    "stock": m / (T + m) / true,
                }
            )
        ongoing = years < 0
        complete = (
            years[~ongoing].sum() + draw_whole(family, shape, ongoing.sum())
        ) / len(years)
        by_complete = {
            "reading": "N × mean complete duration / T",
            "mean": complete,
            "stock": complete / T / true,
        }
        rows += [{"spells": name} | by_complete]
        rows += [
            {
                "spells": name,
                "reading": "N × share going on",
                "stock": ongoing.mean() / true,
            }
        ]
    table = pd.DataFrame(rows).round(3)
    table.to_csv(DOCS / "durations-naive.csv", index=False)
    stock = table.set_index(["spells", "reading"])["stock"]
    for name in WHOLE:
        assert stock[name].iloc[[0, 5]].to_numpy() == pytest.approx(1, abs=0.01)
    assert stock["log_normal, sd 1"].iloc[[1, 2, 4]].tolist() == pytest.approx(
        [1.44, 1.07, 2.09], abs=0.03
    )
    assert stock["log_normal, sd 1"].iloc[3] < 0.6
    assert stock["exponential"].iloc[4] == pytest.approx(1.8, abs=0.02)


def log_normal_whole(m: float, s: float) -> tuple:
    """Return the law of whole lengths of mean m, and that of those which a moment
    meets, t·f(t)/m.
    """
    return lognorm(s, scale=m * np.exp(-(s**2) / 2)), lognorm(
        s, scale=m * np.exp(s**2 / 2)
    )


def weibull_whole(m: float, s: float) -> tuple:
    """Return the same of the Weibull law, of shape s: (t/scale)^s of spells that a
    moment meets is Gamma(1 + 1/s).
    """
    scale = m / weibull_min.mean(s)
    return weibull_min(s, scale=scale), gengamma(1 + 1 / s, s, scale=scale)


WHOLE = {
    "log_normal, sd 1": ("log_normal", 1.0, log_normal_whole),
    "exponential": ("weibull", 1.0, weibull_whole),
}


def touching(m: float, of, _met, d: np.ndarray, a: np.ndarray) -> float:
    """Return the log likelihood of lengths d that ended and a that go on: T f(d)/(T+μ),
    (1−F(a))/(T+μ).
    """
    return of.logpdf(d).sum() + of.logsf(a).sum() - (len(d) + len(a)) * np.log(T + m)


def censored(_m: float, of, _met, d: np.ndarray, a: np.ndarray) -> float:
    return of.logpdf(d).sum() + of.logsf(a).sum()


def by_chance(m: float, of, met, d: np.ndarray, a: np.ndarray) -> float:
    biased = (of.logpdf(d) + np.log(T + d)).sum() + np.log(
        T * of.sf(a) + m * met.sf(a)
    ).sum()
    return biased - (len(d) + len(a)) * np.log(T + m)


def by_moment(m: float, of, _met, d: np.ndarray, a: np.ndarray) -> float:
    return (
        (of.logpdf(d) + np.log(d)).sum()
        + of.logsf(a).sum()
        - (len(d) + len(a)) * np.log(m)
    )


READINGS = {
    "touching: T f(d)/(T+μ), (1−F(a))/(T+μ)": touching,
    "censoring alone: f(d), 1−F(a)": censored,
    "every spell by its chance to touch the window: (T+d) f(d)/(T+μ), ∫ₐ (T+t) f(t) dt/(T+μ)": (
        by_chance
    ),
    "every spell as a moment meets it: d f(d)/μ, (1−F(a))/μ": by_moment,
}


def likeliest(
    years: np.ndarray, likelihood: Callable, whole: Callable, shape: float
) -> np.ndarray:
    """Return the mean and shape of greatest likelihood under a reading."""
    d, a = years[years > 0], -years[years < 0]

    def deviance(parameters: np.ndarray) -> float:
        m, s = np.exp(parameters)
        return -float(likelihood(m, *whole(m, s), d, a)) / len(years)

    return np.exp(minimize(deviance, np.log([1.8, shape]), method="Nelder-Mead").x)


def draw_whole(family: str, shape: float, size: int) -> float:
    """Return the summed whole lengths of spells that a moment meets: those going on,
    seen to their end.
    """
    rng = np.random.default_rng(2)
    return float(
        FAMILIES[family].draw_met(np.array(MU), np.array(shape), rng, (size,)).sum()
    )


def test_ratios_are_covered():
    """Worlds drawn from the generating numbers, each with its own programmes,
    suppressed counts and selection.
    """
    world, generating = un.read_world(), read_generating()["records"]
    periods = [tuple(period) for period in generating["periods"]]
    selection = {key: {ratio: of[key] for ratio, of in generating["selection"].items()}
                 for key in ("mean", "world_sd", "stratum_sd")}  # fmt: skip
    how, once, found, widths = (
        Sampling(chains=2, tune=350, draws=400, target_accept=0.85),
        None,
        [],
        [],
    )
    for seed in range(WORLDS):
        sim = registrations(1000 + seed, world, generating)
        counted = tally(
            un.read_records(sim.table),
            world,
            list(un.RATIOS),
            both="sexual",
            periods=periods,
            year=2016,
        )
        once = once or compiled(hierarchy(counted, generating["priors"]), "log_odds")
        draws, stats = once.on(refit_data(counted, generating["priors"]), seed, how)
        chosen = un.selected(draws, **selection, seed=seed)
        each = {}
        for k, ratio in enumerate(un.RATIOS):
            for what, of, truth in (
                ("registered", draws, sim.registered),
                ("selected", chosen, sim.true),
            ):
                values = flat(of.isel(ratio=k))
                each[f"{ratio}: {what}"] = inside(values, truth[k].to_numpy())
                each[f"{ratio}: {what}, mean of strata"] = inside(
                    values.mean(axis=(1, 2)), truth[k].to_numpy().mean()
                )
        found.append(each)
        widths.append(
            naive_widths(counted, draws)
            | {"divergences": int(stats["diverging"].sum())}
        )
    table = table_of(found, "worlds")
    table.to_csv(DOCS / "ratios-coverage.csv", index=False)
    pd.DataFrame(widths).round(3).to_csv(DOCS / "ratios-widths.csv", index=False)
    assert in_band(table)


def flat(draws: xr.DataArray) -> np.ndarray:
    return (
        draws.stack(sample=("chain", "draw"))
        .transpose("sample", "region", "sex")
        .to_numpy()
    )


def naive_widths(counted, draws: xr.DataArray) -> dict[str, float]:
    """Return the 95 % interval's width of the strata's mean, by the model and as if
    registrations were independent.
    """
    told = {}
    for k, ratio in enumerate(un.RATIOS):
        y, n = counted.y[k].sum(axis=(0, 2)), counted.n[k].sum(axis=(0, 2))
        mean = draws.isel(ratio=k).mean(["region", "sex"])
        told[ratio] = float(mean.quantile(0.975) - mean.quantile(0.025))
        told[f"{ratio}, independent"] = float(
            2 * 1.96 * np.sqrt((1 / y + 1 / (n - y)).sum()) / 2
        )
    return told


def test_the_world_s_total_as_the_selection_s_sd_runs():
    """Adults sexually exploited for 13 million adults in labour, as published, by
    world_sd from 0 to 1.5.
    """
    world, generating = un.read_world(), read_generating()["records"]
    periods = [tuple(period) for period in generating["periods"]]
    fit = un.fit_ratios(un.read_records("cases/records.csv"), world, list(un.RATIOS), generating["priors"],
                        both="sexual", periods=periods, year=2016, seed=1)  # fmt: skip
    published = pd.read_csv(
        DOCS.parent.parent / "shared" / "facts" / "published-estimates.csv"
    ).query("edition == 2017")
    regions = published.query(
        "leaf == 'forced_labour' and group_kind == 'ilo_region'"
    ).set_index("group")
    share = (
        (regions["affected_thousand"] / regions["affected_thousand"].sum())
        .to_xarray()
        .rename(group="region")
    )
    persons = (
        12_995_000
        * share
        * xr.DataArray([9209, 6766], {"sex": ["female", "male"]}, "sex")
        / (9209 + 6766)
    )
    rows = []
    for sd in np.arange(0, 1.51, 0.25):
        of = un.selected(
            fit.log_odds, mean=-0.5, world_sd=float(sd), stratum_sd=0.3, seed=1
        ).isel(ratio=0)
        total = (persons * np.exp(of)).sum(["region", "sex"])
        low, mid, high = (float(total.quantile(q)) for q in (0.025, 0.5, 0.975))
        rows.append(
            {
                "world_sd": sd,
                "median": mid,
                "lower": low,
                "upper": high,
                "mean": float(total.mean()),
            }
        )
    table = pd.DataFrame(rows).round(-3)
    table["world_sd"] = np.arange(0, 1.51, 0.25)
    table.to_csv(DOCS / "selection-world-sd.csv", index=False)
    assert table["median"].max() < 1.15 * table["median"].min()
    assert (table["upper"] / table["lower"]).is_monotonic_increasing
    assert table["mean"].iloc[-1] > 2 * table["mean"].iloc[0]
