"""Capture: how many people incomplete lists say there are, averaged over what the lists
may do to each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from scipy.optimize import root
from scipy.special import digamma, logit, logsumexp, polygamma

from uncounted.errors import UncountedError
from uncounted.evidence.evidence import Evidence, counts
from uncounted.lists.capture_lists import Lists
from uncounted.lists.loglinear import (
    Candidates,
    Fits,
    at_infinity,
    candidates,
    fit,
    why_left_out,
)
from uncounted.lists.single_model import bic_weights, by_method, criteria
from uncounted.world.age import parse_band
from uncounted.world.world import World, persons

SCALE = (
    1.5  # prior sd of an interaction: a log odds ratio; 19 of 20 between 1/19 and 19
)
REACH = np.linspace(
    -6, 12, 25
)  # the grid of the intercept, in its sds: posteriors of totals have long right tails


@dataclass(frozen=True, eq=False)
class ListTotal:
    """Draws (n,) of how many people the lists are of, and how that depends on the
    model.

    models: interactions, total, aic, bic (of maximum likelihood), weight and
    bic_weight, status ("averaged" or "left out") and why; heaviest first. methods:
    total, lower and upper (95 %) by method, their spread being what the choice of a
    model hides.
    """

    lists: Lists
    draws: np.ndarray
    models: pd.DataFrame
    methods: pd.DataFrame
    scale: float

    @property
    def left_out(self) -> pd.DataFrame:
        """The models that have no estimate: interactions and why."""
        return self.models.loc[
            self.models["status"] == "left out", ["interactions", "why"]
        ].reset_index(drop=True)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the equal-tailed interval of the total."""
        low, high = np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def _repr_html_(self) -> str:
        low, high = self.interval()
        out, total = (
            len(self.left_out),
            (
                f"{np.median(self.draws):,.0f} persons (95 % interval"
                f" {low:,.0f}–{high:,.0f})"
            ),
        )
        return (
            f"<b>{self.lists.name}</b>: {total}, {self.lists.states};"
            f" {self.lists.observed:,} on the lists; {len(self.models) - out:,} models"
            f" averaged, {out:,} left"
            f" out<br>{self.methods.round().to_html(index=False)}"
        )


def list_total(
    lists: Lists,
    seed: int,
    n_draws: int = 4000,
    order: int | None = None,
    scale: float = SCALE,
) -> ListTotal:
    """Draw a total from capture histories, averaged over hierarchical log-linear
    Poisson models.

        count[h] ~ Poisson(exp(α + Σ main effects + Σ interactions, of lists that are
        all in h)) N = observed + Poisson(e^α)

    Every interaction that a model has is N(0, scale²), which keeps it finite where two
    lists share nobody; α and the main effects are flat. Models are as likely
    beforehand; the weight of one is its marginal likelihood by Laplace's approximation,
    the posterior of α in it by Tierney & Kadane's (1986). order: of interactions, 3 for
    four lists or fewer and 2 for more, if not given. Models without a
    maximum-likelihood estimate are left out and named (`why_left_out`). Raises
    UncountedError if none is left, or for a scale or order that cannot be.
    """
    _check_asked(lists, order, scale)
    these, likeliest, why = _estimated(
        lists, order or (3 if len(lists.lists) <= 4 else 2)
    )
    left = why == ""
    posterior, log_weight = _posterior(these, left, scale)
    weight = np.exp(log_weight - logsumexp(log_weight))
    rng = np.random.default_rng(seed)
    draws = lists.observed + rng.poisson(
        np.exp(_intercepts(these, left, posterior, weight, scale, n_draws, rng))
    )
    methods = by_method(
        these, likeliest, why, {"average": np.quantile(draws, [0.5, 0.025, 0.975])}
    )
    return ListTotal(
        lists, draws, _models(lists, these, likeliest, why, weight), methods, scale
    )


def _estimated(lists: Lists, order: int) -> tuple[Candidates, Fits, np.ndarray]:
    """Return the candidates, their likeliest parameters and why each has none; an error
    if none of them has any.
    """
    histories, y = lists.histories()
    these = candidates(y, histories, order)
    free, seen = at_infinity(these)
    likeliest = fit(these, free, seen)
    why = why_left_out(these, free, seen, likeliest)
    if (why == "").any():
        return these, likeliest, why
    raise UncountedError(
        f"No model of the capture table '{lists.name}' has an estimate"
        f" ({', '.join(sorted(set(why)))}): its lists overlap too little. Merge lists,"
        " or leave the table out."
    )


def _check_asked(lists: Lists, order: int | None, scale: float) -> None:
    if not scale > 0:
        raise UncountedError(
            f"The prior scale of interactions is {scale}. Give one above 0, such as"
            f" {SCALE}."
        )
    most = 3 if len(lists.lists) <= 5 else 2
    if order is not None and order not in range(1, most + 1):
        raise UncountedError(
            f"Interactions of order {order} were asked of {len(lists.lists)} lists. Ask"
            f" for 1 to {most}: more models than that cannot be told apart, or counted."
        )


def _posterior(
    these: Candidates, left: np.ndarray, scale: float
) -> tuple[Fits, np.ndarray]:
    """Return modes of the models that are left and log marginal likelihoods, up to what
    they have in common.

    log p(y) ≈ ℓ(β̂) − ½ Σ β̂²/scale² − k log scale − ½ log|H|: 2π falls out, as a term
    has one in its prior and one in the integral, and the flat terms are in every model.
    """
    found = fit(these, these.has[left], precision=these.interactions / scale**2)
    k = (these.has[left] & these.interactions).sum(1)
    return (
        found,
        found.value - k * np.log(scale) - 0.5 * np.linalg.slogdet(found.hessian)[1],
    )


def _intercepts(
    these: Candidates,
    left: np.ndarray,
    modes: Fits,
    weight: np.ndarray,
    scale: float,
    n: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw n intercepts α: a model by its weight (systematically), then α from p(α) ∝
    exp ℓ(α, β̂(α)) |H(α)|^−½.

    β̂(α) maximises the posterior of the rest at a grid of α; between its points log p
    is a cubic spline.
    """
    edges = np.cumsum(weight)
    model = np.searchsorted(edges / edges[-1], (np.arange(n) + rng.random()) / n)
    used, at = np.unique(model, return_inverse=True)
    density = _profiles(these, these.has[left][used], modes, used, scale)
    fine = np.linspace(REACH[0], REACH[-1], 20 * (len(REACH) - 1) + 1)
    log_p = CubicSpline(REACH, density, axis=1)(fine)
    mass = np.cumsum(np.exp(log_p - log_p.max(1, keepdims=True)), axis=1)
    mass /= mass[:, -1:]
    z = np.array(
        [np.interp(u, mass[i], fine) for i, u in zip(at, rng.random(n), strict=True)]
    )
    sd = np.sqrt(np.linalg.inv(modes.hessian[used])[:, 0, 0])
    return rng.permutation(modes.beta[used, 0][at] + z * sd[at])


def _profiles(
    these: Candidates, has: np.ndarray, modes: Fits, used: np.ndarray, scale: float
) -> np.ndarray:
    """Return log p(α) (models, grid) by Tierney & Kadane's approximation, up to a
    constant for each model.
    """
    inverse = np.linalg.inv(modes.hessian[used])
    along = inverse[:, :, 0] / np.sqrt(
        inverse[:, :1, 0]
    )  # how the mode moves as α does, per sd of α
    start = modes.beta[used][:, None, :] + REACH[:, None] * (along * has)[:, None, :]
    free = has.copy()
    free[:, 0] = False
    grid = len(REACH)
    found = fit(
        these,
        np.repeat(free, grid, 0),
        precision=these.interactions / scale**2,
        start=start.reshape(-1, start.shape[-1]),
    )
    return (found.value - 0.5 * np.linalg.slogdet(found.hessian)[1]).reshape(-1, grid)


def _models(
    lists: Lists,
    these: Candidates,
    likeliest: Fits,
    why: np.ndarray,
    weight: np.ndarray,
) -> pd.DataFrame:
    left, terms = (
        why == "",
        [these.terms[i] for i in np.flatnonzero(these.interactions)],
    )
    names = np.array(
        ["×".join(lists.lists[i] for i in term) for term in terms], dtype=object
    )
    has = these.has[:, these.interactions]
    aic, bic = criteria(these, likeliest)
    table = pd.DataFrame(
        {
            "interactions": [", ".join(names[row]) or "none" for row in has],
            "total": np.where(
                left,
                these.y.sum() + np.exp(np.minimum(likeliest.beta[:, 0], 50)),
                np.nan,
            ),
            "aic": np.where(left, aic, np.nan),
            "bic": np.where(left, bic, np.nan),
            "weight": _placed(weight, left),
            "bic_weight": _placed(bic_weights(bic[left]), left),
            "status": np.where(left, "averaged", "left out"),
            "why": why,
        }
    )
    return table.sort_values(
        "weight", ascending=False, kind="stable", ignore_index=True
    )


def _placed(values: np.ndarray, left: np.ndarray) -> np.ndarray:
    out = np.zeros(len(left))
    out[left] = values
    return out


def evidence_of_lists(
    totals: Sequence[ListTotal] | ListTotal,
    outcome: str,
    world: World,
    ages: str = "0+",
    sex: str = "both",
) -> Evidence:
    """Turn totals into rows of evidence on a country's prevalence, one per table: y of
    n with q = N / persons.

    ages and sex: of whom the lists are. y and n are effective (`effective_counts`);
    cases are the persons on the lists, respondents unknown. As α is flat, the draws say
    what the lists say and no prior of N counts twice. Non-sampling error of the kind
    "lists" remains for the model. Raises UncountedError if stocks and flows, or
    windows, are mixed (p can mean only one of them), or if a draw exceeds the
    population.
    """
    totals = [totals] if isinstance(totals, ListTotal) else list(totals)
    states = sorted({total.lists.states for total in totals})
    if len(states) != 1:
        raise UncountedError(
            f"The totals of '{outcome}' are of different kinds:"
            f" {', '.join(states) or 'there are none'}. Give totals of one kind: a"
            " stock, or a flow in the same window."
        )
    rows = pd.DataFrame([_row(total, world, ages, sex) for total in totals])
    seen = counts(rows, outcome, source=f"lists: {states[0]}")
    cases = {total.lists.name: float(total.lists.observed) for total in totals}
    told = seen.rows.assign(
        respondents=np.nan,
        cases=seen.rows["survey"].map(cases),
        deff=np.nan,
        breakdown=f"lists, {states[0]}",
    )
    return replace(seen, rows=told)


def _row(total: ListTotal, world: World, ages: str, sex: str) -> dict[str, object]:
    lists = total.lists
    if lists.country not in world.places.index:
        raise UncountedError(
            f"The population table lacks '{lists.country}', the country of the capture"
            f" table '{lists.name}'. Mend the code, or leave the table out."
        )
    people = persons(world, [parse_band(ages)], lists.year, nearest=True).sel(
        country=lists.country
    )
    whole = float((people if sex == "both" else people.sel(sex=sex)).sum())
    if total.draws.max() >= whole:
        raise UncountedError(
            f"The total of '{lists.name}' reaches {total.draws.max():,.0f} of the"
            f" {whole:,.0f} in {lists.country}. Lists that overlap so little say"
            " nothing of it: leave the table out, or merge lists."
        )
    y, n = effective_counts(total.draws / whole)
    which = {
        "survey": lists.name,
        "country": lists.country,
        "year": lists.year,
        "source": "lists",
    }
    return which | {"sex": sex, "age": ages, "y": y, "n": n}


def effective_counts(p: np.ndarray) -> tuple[float, float]:
    """Return y and n whose likelihood, taken alone, has the mean and the variance of
    logit p over the draws.

    On a flat logit it is a Beta(y, n − y) of p: ψ(y) − ψ(n − y) is the mean, ψ′(y) +
    ψ′(n − y) the variance. To first order y = p·n, n = 1/(p(1 − p)·Var). A binomial's
    logit leans to the left, and a total's to the right: with a variance of 0.17 both of
    its bounds come out a sixth too low.
    """
    eta = logit(p)
    mean, variance = eta.mean(), eta.var()

    def off(log_counts: np.ndarray) -> np.ndarray:
        a, b = np.exp(log_counts)
        return np.array(
            [
                digamma(a) - digamma(b) - mean,
                np.log((polygamma(1, a) + polygamma(1, b)) / variance),
            ]
        )

    start = np.array([-np.log(variance), -np.log(variance) - mean])
    a, b = np.exp(root(off, start, tol=1e-12).x)
    return float(a), float(a + b)
