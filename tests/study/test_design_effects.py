"""Effective counts of surveys whose truth is known: smoothed design effects, and
margins without a cross.
"""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from uncounted.figures import design_effects as effects
from uncounted.figures import factors

DOCS = Path(__file__).resolve().parents[2] / "docs"
CASES, PSUS, DEFFS, SHARES = (
    (15, 20, 30, 50, 100),
    (20, 30, 50),
    (1.5, 2.5, 3.0),
    (0.002, 0.005, 0.02, 0.1),
)
SURVEYS = 300
BIAS, SIZE = (
    0.005,
    0.03,
)  # what is asked of pooled prevalence, and of the mean effective n
PRECISE = 0.0015  # Monte Carlo error of the bias


def clustered(
    rng: np.random.Generator, n: int, psus: int, deff: np.ndarray, p: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return surveys whose PSUs are alike inside, as their totals are published, and
    the deff of their whole PSUs.
    """
    size = max(round(n / psus), 2)
    rho = (deff - 1) / (n / psus - 1)
    shape = (len(deff), psus)
    cluster = rng.beta(
        (p * (1 - rho) / rho)[:, None], ((1 - p) * (1 - rho) / rho)[:, None], shape
    )
    share = rng.binomial(size, cluster) / size
    estimate = share.mean(axis=1)
    se = np.sqrt(((share - estimate[:, None]) ** 2).sum(axis=1) / (psus * (psus - 1)))
    table = pd.DataFrame(
        {
            "estimate": estimate,
            "se": se,
            "n": float(size * psus),
            "psus": float(psus),
            "deff": np.nan,
        }
    )
    names = [f"s{i:04d}" for i in range(len(deff))]
    country = [f"C{i // 3:03d}" for i in range(len(deff))]
    return table.assign(survey=names, country=country), 1 + (size - 1) * rho


def effective(table: pd.DataFrame) -> np.ndarray:
    """Return the effective n of surveys of one figure each, as evidence takes them."""
    fit = effects.fitted(table)
    assert fit is not None
    deff = fit.predict(table)
    p = table["estimate"]
    variance = (table["se"] ** 2).where(table["se"] > 0)
    surveys = table.assign(
        rows=1, variance=variance, independent=p * (1 - p) * deff / table["n"]
    )
    return table["n"].to_numpy() / deff / factors.smoothed(surveys).to_numpy()


def one_cell(
    cases: int, psus: int, deff: float, p: float, replicates: int, seed: int
) -> dict[str, float]:
    """Return the bias of pooled prevalence against all respondents', and mean effective
    n over true.
    """
    rng = np.random.default_rng(seed)
    bias, ratio, own_bias = [], [], []
    for _ in range(replicates):
        table, truth = clustered(
            rng, round(cases / p), psus, np.full(SURVEYS, deff), np.full(SURVEYS, p)
        )
        n = effective(table)
        estimate = table["estimate"]
        bias.append((n * estimate).sum() / n.sum() / estimate.mean() - 1)
        ratio.append(n.mean() / (table["n"].iloc[0] / truth[0]))
        own = (estimate * (1 - estimate) / table["se"] ** 2).where(table["se"] > 0)
        own_bias.append((own * estimate).sum() / own.sum() / estimate.mean() - 1)
    return {
        "bias": float(np.mean(bias)),
        "mc_error": float(np.std(bias, ddof=1) / np.sqrt(replicates)),
        "n_over_true": float(np.mean(ratio)),
        "bias_of_own_variances": float(np.mean(own_bias)),
    }


def possible(cases: int, psus: int, deff: float, p: float) -> bool:
    """Say whether a design can have such an effect: an intraclass correlation of at
    most 0.3.
    """
    return deff <= 1 + 0.3 * (cases / p / psus - 1)


@pytest.mark.parametrize(
    ("cases", "psus", "deff", "p"),
    [(15, 50, 1.5, 0.005), (30, 20, 3.0, 0.02), (100, 30, 2.5, 0.002)],
)
def test_surveys_that_found_less_do_not_count_for_more(cases, psus, deff, p):
    cell = one_cell(cases, psus, deff, p, replicates=5, seed=1)
    assert cell["mc_error"] < PRECISE
    assert abs(cell["bias"]) < BIAS
    assert cell["n_over_true"] == pytest.approx(1, abs=SIZE)
    assert (
        cell["bias_of_own_variances"] < -0.01
    )  # each survey by its own variance alone


@pytest.mark.study
def test_every_cell_of_cases_psus_deff_and_prevalence():
    rows = []
    for p, deff, psus, cases in product(SHARES, DEFFS, PSUS, CASES):
        if possible(cases, psus, deff, p):
            cell = one_cell(cases, psus, deff, p, replicates=20, seed=cases + psus)
            rows.append({"p": p, "deff": deff, "psus": psus, "cases": cases} | cell)
    table = pd.DataFrame(rows)
    table.round(5).to_csv(DOCS / "design-effects.csv", index=False)
    assert (table["mc_error"] < PRECISE).all()
    assert (table["bias"].abs() < BIAS).all()
    assert ((table["n_over_true"] - 1).abs() < SIZE).all()


@pytest.mark.study
def test_truths_that_smoothing_does_not_believe():
    """Design effects and prevalences that differ between surveys, cases from few to
    many in one table.
    """
    rows = []
    for name, deff_sd, p_sd in (
        ("deff differs", 0.4, 0.0),
        ("p differs", 0.0, 0.7),
        ("both differ", 0.4, 0.7),
    ):
        for cases in CASES:
            rng = np.random.default_rng(cases)
            bias, ratio = [], []
            for _ in range(40):
                deff = 1 + 1.0 * np.exp(rng.normal(-(deff_sd**2) / 2, deff_sd, SURVEYS))
                p = np.clip(
                    0.01 * np.exp(rng.normal(-(p_sd**2) / 2, p_sd, SURVEYS)), 1e-4, 0.5
                )
                table, truth = clustered(rng, round(cases / 0.01), 30, deff, p)
                n, right = effective(table), table["n"] / truth
                estimate = table["estimate"]
                bias.append(
                    (n * estimate).sum()
                    / n.sum()
                    / ((right * estimate).sum() / right.sum())
                    - 1
                )
                ratio.append(n.mean() / right.mean())
            error = np.std(bias, ddof=1) / np.sqrt(len(bias))
            rows.append(
                {
                    "truth": name,
                    "cases": cases,
                    "bias": np.mean(bias),
                    "mc_error": error,
                }
            )
            rows[-1]["n_over_true"] = np.mean(ratio)
    table = pd.DataFrame(rows)
    table.round(5).to_csv(DOCS / "design-effects-mixed.csv", index=False)
    assert (table["bias"].abs() < 2 * BIAS).all()


AGES = 4
CELLS = pd.MultiIndex.from_product(
    [("female", "male"), range(AGES)], names=["sex", "age"]
)


def design() -> np.ndarray:
    """Return the terms of log odds in each cell: level, sex, ages against the first."""
    sex = np.where(CELLS.get_level_values("sex") == "female", 0.5, -0.5)
    ages = np.array(
        [[age == k for k in range(1, AGES)] for age in CELLS.get_level_values("age")],
        float,
    )
    return np.column_stack([np.ones(len(CELLS)), sex, ages])


def looked(weight: np.ndarray, how: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which cells each row of a published table averages (rows, cells), and the
    share that a row counts for.
    """
    female = (CELLS.get_level_values("sex") == "female").astype(float)
    by_sex = np.stack([female, 1 - female])
    by_age = np.stack(
        [(CELLS.get_level_values("age") == k).astype(float) for k in range(AGES)]
    )
    if how == "cross":
        rows, counted = np.eye(len(CELLS)), np.ones(len(CELLS))
    elif how == "ages alone":
        rows, counted = by_age, np.ones(AGES)
    else:
        rows, counted = (
            np.vstack([by_sex, by_age]),
            np.full(2 + AGES, 0.5 if how == "margins, halved" else 1.0),
        )
    weighted = rows * weight
    return weighted / weighted.sum(axis=1, keepdims=True), counted


def fitted(y: np.ndarray, n: np.ndarray, how: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the estimates of the terms and their covariance, by Fisher scoring under
    weak priors N(0, 2²).
    """
    x = design()
    look, counted = looked(n, how)
    rows = (look > 0).astype(float)
    cases, persons = rows @ y * counted, rows @ n * counted
    theta = np.zeros(x.shape[1])
    theta[0] = np.log(y.sum() / (n.sum() - y.sum()))
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ theta))
        q = look @ p
        slope = look @ (x * (p * (1 - p))[:, None])
        information = (
            slope.T @ (slope * (persons / (q * (1 - q)))[:, None])
            + np.eye(len(theta)) / 4
        )
        score = (
            slope.T @ ((cases - persons * q) / (q * (1 - q)))
            - theta / 4
            + np.eye(len(theta))[0] * theta[0] / 4
        )
        step = np.linalg.solve(information, score)
        theta = theta + np.clip(step, -1, 1)
    return theta, np.linalg.inv(information)


def total(theta: np.ndarray, n: np.ndarray) -> float:
    """Return the log odds of the prevalence of everybody."""
    p = 1 / (1 + np.exp(-design() @ theta))
    q = (n * p).sum() / n.sum()
    return float(np.log(q / (1 - q)))


def total_slope(theta: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the slope of `total`."""
    p = 1 / (1 + np.exp(-design() @ theta))
    q = (n * p).sum() / n.sum()
    return (design() * (n * p * (1 - p))[:, None]).sum(axis=0) / n.sum() / (q * (1 - q))


def margins(p: float, interaction: float, simulations: int, seed: int) -> pd.DataFrame:
    """Return, by what is published, how far sex and age contrasts are known, and how
    often intervals of 95 % hold.
    """
    rng = np.random.default_rng(seed)
    n = np.array([400.0, 350, 300, 250, 380, 340, 280, 230])
    truth = np.array([np.log(p / (1 - p)), 0.4, 0.3, 0.6, 0.2])
    cross = (
        np.tile(np.linspace(-1, 1, AGES), 2)
        * np.repeat([1.0, -1.0], AGES)
        * interaction
    )
    p_true = 1 / (1 + np.exp(-(design() @ truth + cross)))
    share = (n * p_true).sum() / n.sum()
    true_total = np.log(share / (1 - share))
    found: dict[str, list] = {
        how: []
        for how in ("cross", "margins, halved", "margins, each whole", "ages alone")
    }
    for _ in range(simulations):
        y = rng.binomial(n.astype(int), p_true).astype(float)
        y = np.maximum(y, 0.5 * (y.sum() == 0))
        for how, fits in found.items():
            theta, covariance = fitted(y, n, how)
            terms = np.vstack([total_slope(theta, n), np.eye(len(theta))[[1, 3]]])
            sd = np.sqrt(np.einsum("ij,jk,ik->i", terms, covariance, terms))
            error = np.array([total(theta, n) - true_total, *(theta - truth)[[1, 3]]])
            fits.append(np.column_stack([error, sd, np.abs(error) < 1.96 * sd]))
    rows = []
    for how, fits in found.items():
        error, sd, held = np.moveaxis(np.array(fits), 2, 0)
        for k, term in enumerate(("total", "sex", "age")):
            row = {
                "p": p,
                "interaction": interaction,
                "published": how,
                "term": term,
                "error": error[:, k].std(),
            }
            rows.append(
                row
                | {
                    "sd": sd[:, k].mean(),
                    "held_95": held[:, k].mean(),
                    "bias": error[:, k].mean(),
                }
            )
    return pd.DataFrame(rows)


def test_margins_count_their_respondents_once_and_hold_the_truth():
    """Two margins, each for a half: sex is learned that ages alone don't show;
    intervals hold 95 %.
    """
    table = margins(0.1, 0.0, simulations=300, seed=2).set_index(["published", "term"])
    halved, once = table.loc["margins, halved"], table.loc["ages alone"]
    band = 3 * np.sqrt(0.95 * 0.05 / 300)
    assert (halved["held_95"] > 0.95 - band).all()
    assert (
        table.loc[("margins, each whole", "total"), "held_95"] < 0.95 - band
    )  # everybody twice
    assert halved.loc["sex", "sd"] < 0.5 * once.loc["sex", "sd"]
    assert halved.loc["total", "sd"] < 1.1 * table.loc[("cross", "total"), "sd"]


@pytest.mark.study
def test_what_margins_lose():
    parts = [
        margins(p, interaction, 2000, seed=3)
        for p in (0.01, 0.1, 0.4)
        for interaction in (0.0, 0.2)
    ]
    table = pd.concat(parts, ignore_index=True)
    table.round(4).to_csv(DOCS / "margins.csv", index=False)
    halved = table[table["published"] == "margins, halved"]
    assert (halved["held_95"] > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 2000)).all()
