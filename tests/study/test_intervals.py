"""Effective respondents from published intervals against a known truth; docs/ keeps the
cells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from uncounted.figures.interval import (
    clopper_pearson,
    logit_interval,
    wald_interval,
    wilson_interval,
)
from uncounted.figures.inversion import common_method, effective_n
from uncounted.figures.shrinkage import shrunk_n

DOCS = Path(__file__).resolve().parents[2] / "docs"
SIZES = (300, 1000, 5000, 20000)
SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2)
EFFECTS = (1.0, 1.5, 3.0)
METHODS = ("wald", "logit", "wilson", "exact")
HALVES = {"0.1": 0.0005, "0.01": 0.00005}
SURVEYS = 60
PRECISE = 0.15  # Monte Carlo error of pooled prevalence, percent


@dataclass(frozen=True)
class Cell:
    """Surveys of n persons, a share of them affected, with counts of this design
    effect.
    """

    n: int
    share: float
    deff: float

    @property
    def effective(self) -> float:
        return self.n / self.deff

    def estimates(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the estimates that are possible and their probabilities: beta-binomial
        counts.
        """
        counts = self._counts()
        sd = np.sqrt(self.n * self.share * self.deff)
        lowest = max(0, int(self.n * self.share - 9 * sd))
        highest = min(self.n, int(self.n * self.share + 12 * sd + 30 * self.deff))
        cases = np.arange(lowest, highest + 1)
        probability = counts.pmf(cases)
        likely = probability > 1e-12
        return cases[likely] / self.n, probability[likely] / probability[likely].sum()

    def _counts(self) -> "stats.distributions.rv_frozen":
        if self.deff == 1:
            return stats.binom(self.n, self.share)
        size = (self.n - 1) / (self.deff - 1) - 1
        return stats.betabinom(self.n, self.share * size, (1 - self.share) * size)


@dataclass(frozen=True)
class Published:
    """What is printed for each possible estimate of a cell, and its probability; arrays
    (estimates,).
    """

    estimate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    probability: np.ndarray


CELLS = tuple(Cell(*values) for values in product(SIZES, SHARES, EFFECTS))


def logit_at(
    p: np.ndarray, n: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    return logit_interval(p, np.sqrt(p * (1 - p) / n), np.full(p.shape, np.inf), level)


INTERVALS: dict[str, Callable] = {
    "wald": wald_interval,
    "logit": logit_at,
    "wilson": wilson_interval,
    "exact": clopper_pearson,
}


def published(cell: Cell, method: str, half: float) -> Published:
    """Return what is printed; Wald and logit print no interval beside a zero."""
    estimate, probability = cell.estimates()
    bounds = INTERVALS[method](estimate, np.full(estimate.shape, cell.effective), 0.95)
    certain = (estimate == 0) | (estimate == 1)
    nothing = certain & (method in ("wald", "logit"))
    lower, upper = (np.where(nothing, np.nan, bound) for bound in bounds)
    rounded = [
        np.round(numbers / (2 * half)) * 2 * half
        for numbers in (estimate, lower, upper)
    ]
    return Published(*rounded, probability)


def errors(cell: Cell, method: str, digits: str, reading: str) -> dict[str, float]:
    """Return of what share the bounds determine n, and |log n̂/n| there."""
    half = HALVES[digits]
    page = published(cell, method, half)
    inverted = effective_n(
        page.estimate, page.lower, page.upper, method=reading, digits=half
    )
    read = np.isfinite(inverted.n)
    determined = inverted.width < 0.1
    error = np.abs(np.log(inverted.n / cell.effective))
    weight = np.where(determined, page.probability, 0)
    order = np.argsort(np.where(determined, error, np.inf))
    middle = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    some = determined.any()
    return {
        "determined": weight.sum() / max(page.probability[read].sum(), 1e-12),
        "median": error[order[middle]] if some else np.nan,
        "largest": (
            error[determined & (page.probability > 1e-9)].max(initial=0)
            if some
            else np.nan
        ),
    }


def pooled(
    cell: Cell, method: str, digits: str, reading: str, seed: int, most: int = 6000
) -> dict[str, float]:
    """Return the bias of Σ n̂ p̂ / Σ n̂ over 60 surveys, in percent of the mean of the
    same p̂.

    Surveys without an interval, zeros of Wald and logit, are of as many as the others'
    median. `shrunk` is the bias with n̂ shrunk to the others', so far as rounding
    leaves it uncertain.
    """
    half, rng = HALVES[digits], np.random.default_rng(seed)
    page = published(cell, method, half)
    inverted = effective_n(
        page.estimate, page.lower, page.upper, method=reading, digits=half
    )
    plain, shrunk, tables = [], [], 0
    while tables < most:
        drawn = rng.choice(page.estimate.size, p=page.probability, size=(200, SURVEYS))
        n, p = inverted.n[drawn], page.estimate[drawn]
        some = np.isfinite(n).any(axis=1)
        n, p, drawn = n[some], p[some], drawn[some]
        missing = np.isnan(n)
        if missing.any():
            n[missing] = np.broadcast_to(
                np.nanmedian(n, axis=1, keepdims=True), n.shape
            )[missing]
        plain.append(difference(n, p))
        if tables < 200:
            shrunk.append(
                difference(shrunk_n(inverted.n[drawn], inverted.width[drawn]), p)
            )
        tables += 200
        if tables >= 600 and precision(plain) / cell.share < PRECISE / 100:
            break
    return {
        "bias": 100 * np.concatenate(plain).mean() / cell.share,
        "mc_error": 100 * precision(plain) / cell.share,
        "shrunk": 100 * np.concatenate(shrunk).mean() / cell.share,
        "shrunk_mc_error": 100 * precision(shrunk) / cell.share,
    }


def pooled_by_table(
    cell: Cell, method: str, digits: str, seed: int, tables: int
) -> dict[str, float]:
    """Return the same where each table is read by the one method that its rows have in
    common.
    """
    half, rng = HALVES[digits], np.random.default_rng(seed)
    page = published(cell, method, half)
    plain, shrunk, right = [], [], []
    for _ in range(tables):
        rows = rng.choice(page.estimate.size, p=page.probability, size=SURVEYS)
        printed = page.estimate[rows], page.lower[rows], page.upper[rows]
        common = common_method(*printed, digits=half)
        inverted = effective_n(*printed, method=common, digits=half)
        if not np.isfinite(inverted.n).any():
            continue
        right.append(common == method)
        n = np.where(np.isfinite(inverted.n), inverted.n, np.nanmedian(inverted.n))
        plain.append(difference(n[None], printed[0][None]))
        shrunk.append(
            difference(shrunk_n(inverted.n, inverted.width)[None], printed[0][None])
        )
    if not right:
        return {}
    return {
        "bias": 100 * np.concatenate(plain).mean() / cell.share,
        "mc_error": 100 * precision(plain) / cell.share,
        "shrunk": 100 * np.concatenate(shrunk).mean() / cell.share,
        "shrunk_mc_error": 100 * precision(shrunk) / cell.share,
        "right": float(np.mean(right)),
    }


def difference(n: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return pooled prevalence by n less that by equal n; arrays (tables, surveys)."""
    return (n * p).sum(axis=1) / n.sum(axis=1) - p.mean(axis=1)


def precision(differences: list[np.ndarray]) -> float:
    values = np.concatenate(differences)
    return float(values.std() / np.sqrt(max(values.size, 1)))


def described(cell: Cell, method: str, reading: str, digits: str) -> dict[str, object]:
    cases = round(cell.effective * cell.share, 2)
    return {
        "method": method, "read_as": reading, "digits": digits, "n": cell.n,
        "percent": 100 * cell.share, "deff": cell.deff, "cases": cases,
    }  # fmt: skip


def test_sizes_are_recovered_wherever_bounds_determine_them() -> None:
    cells = [
        cell
        for cell in CELLS
        if cell.n in (300, 5000) and cell.share in (0.001, 0.01, 0.2)
    ]
    for cell, method, digits in product(cells, METHODS, HALVES):
        error = errors(cell, method, digits, method)
        assert not error["largest"] >= 0.1, (cell, method, digits)


@pytest.mark.parametrize("method", METHODS)
def test_pooled_prevalence_of_a_few_cells(method: str) -> None:
    for cell in (Cell(300, 0.02, 1.0), Cell(1000, 0.005, 1.5), Cell(5000, 0.002, 1.5)):
        for digits in HALVES:
            bias = pooled(cell, method, digits, method, seed=1, most=600)
            limit = 0.5 if cell.effective * cell.share >= 5 else 3
            assert abs(bias["shrunk"]) < limit + 5 * bias["shrunk_mc_error"], (
                cell,
                digits,
            )


@pytest.mark.study
def test_every_cell() -> None:
    rows = []
    for cell, method, digits in product(CELLS, METHODS, HALVES):
        for reading in (method, "unknown"):
            row = described(
                cell, method, "declared" if reading == method else reading, digits
            )
            row |= errors(cell, method, digits, reading)
            rows.append(row | pooled(cell, method, digits, reading, seed=1))
        row = described(cell, method, "common", digits)
        rows.append(row | pooled_by_table(cell, method, digits, seed=1, tables=12))
    table = pd.DataFrame(rows)
    table.round(3).to_csv(DOCS / "intervals.csv", index=False)
    declared = table[table["read_as"] == "declared"]
    assert not (declared["largest"] >= 0.1).any()
    limit = np.where(declared["cases"] >= 5, 0.5, 3.0)
    assert (declared["mc_error"].fillna(0) < 2 * PRECISE).all()
    assert (declared["shrunk"].abs() < limit + 3 * declared["shrunk_mc_error"]).all()


@pytest.mark.study
def test_tables_of_many_sizes() -> None:
    """Surveys of 300 to 20,000 in one table: what shrinking to the others does where
    they differ.
    """
    rng = np.random.default_rng(1)
    rows = []
    for share, method, (digits, half) in product(SHARES, METHODS, HALVES.items()):
        truth, plain, shrunk, log_error, log_shrunk = [], [], [], [], []
        for _ in range(100):
            n = np.round(np.exp(rng.uniform(np.log(300), np.log(20000), SURVEYS)))
            deff = 1.5
            size = (n - 1) / (deff - 1) - 1
            estimate = (
                stats.betabinom.rvs(
                    n.astype(int), share * size, (1 - share) * size, random_state=rng
                )
                / n
            )
            lower, upper = INTERVALS[method](estimate, n / deff, 0.95)
            if method in ("wald", "logit"):
                lower, upper = (
                    np.where(estimate == 0, np.nan, b) for b in (lower, upper)
                )
            printed = [
                np.round(x / (2 * half)) * 2 * half for x in (estimate, lower, upper)
            ]
            inverted = effective_n(*printed, method=method, digits=half)
            if not np.isfinite(inverted.n).any():
                continue
            p = printed[0]
            filled = np.where(
                np.isfinite(inverted.n), inverted.n, np.nanmedian(inverted.n)
            )
            shrunken = shrunk_n(inverted.n, inverted.width)
            truth.append((n * p).sum() / n.sum())
            plain.append((filled * p).sum() / filled.sum())
            shrunk.append((shrunken * p).sum() / shrunken.sum())
            log_error.append(np.mean(np.log(filled * deff / n) ** 2))
            log_shrunk.append(np.mean(np.log(shrunken * deff / n) ** 2))
        gap, gap_shrunk = np.subtract(plain, truth), np.subtract(shrunk, truth)
        rows.append({
            "method": method, "digits": digits, "percent": 100 * share,
            "bias": 100 * gap.mean() / np.mean(truth), "mc_error": 100 * gap.std() / 10 / np.mean(truth),
            "shrunk": 100 * gap_shrunk.mean() / np.mean(truth),
            "rmse_log": np.sqrt(np.mean(log_error)), "rmse_log_shrunk": np.sqrt(np.mean(log_shrunk)),
        })  # fmt: skip
    table = pd.DataFrame(rows)
    table.round(3).to_csv(DOCS / "intervals-mixed.csv", index=False)
    # rarer outcomes of one decimal are unsure either way, and zeros without an interval
    # have no n
    common = table[table["percent"] >= 1]
    assert (common["rmse_log_shrunk"] <= common["rmse_log"] * 1.02).all()
    assert (common["shrunk"].abs() < 0.5).all()


@pytest.mark.study
def test_bounds_of_estimated_variances() -> None:
    """Bounds made from V̂ of 30 PSUs, as surveys do: n̂ moves with p̂, and no row can
    show it.
    """
    rng = np.random.default_rng(1)
    psus = 30
    rows = []
    for n, share, deff in product(
        (1000, 5000), (0.005, 0.01, 0.02, 0.05, 0.2), (1.5, 3.0)
    ):
        people = n // psus
        correlation = (deff - 1) / (people - 1)
        size = 1 / correlation - 1
        shape = (4000 * SURVEYS, psus)
        share_of_psu = rng.beta(share * size, (1 - share) * size, shape)
        psu = rng.binomial(people, share_of_psu) / people
        p, se = psu.mean(axis=1), psu.std(axis=1, ddof=1) / np.sqrt(psus)
        some = p > 0
        df = np.full(p.shape, psus - 1.0)
        z = stats.norm.ppf(0.975)
        with np.errstate(divide="ignore", invalid="ignore"):
            own = p * (1 - p) / se**2
            bounds = {
                "wald": (np.maximum(p - z * se, 0), p + z * se),
                "logit": logit_interval(p, se, df, 0.95),
            }
            exact = clopper_pearson(
                p[:15000],
                own[:15000] * (1.96 / stats.t.ppf(0.975, psus - 1)) ** 2,
                0.95,
            )
        bounds["korn_graubard"] = exact
        for method, (lower, upper) in bounds.items():
            few = slice(0, lower.size)
            lower, upper = (
                np.where(some[few], bound, np.nan) for bound in (lower, upper)
            )
            inverted = effective_n(p[few], lower, upper, method=method)
            tables = inverted.n.reshape(-1, SURVEYS)
            middle = np.nanmedian(tables, axis=1, keepdims=True)
            gap = difference(
                np.where(np.isfinite(tables), tables, middle),
                p[few].reshape(-1, SURVEYS),
            )
            rows.append({
                "method": method, "n": n, "percent": 100 * share, "deff": deff,
                "cases": n * share / deff, "bias": 100 * np.nanmean(gap) / share,
                "mc_error": 100 * np.nanstd(gap) / np.sqrt(gap.size) / share,
                "median_n": np.nanmedian(inverted.n) * deff / n,
            })  # fmt: skip
    pd.DataFrame(rows).round(3).to_csv(
        DOCS / "intervals-estimated-variance.csv", index=False
    )
