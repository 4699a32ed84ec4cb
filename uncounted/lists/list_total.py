"""Total: the number of persons that incomplete lists imply, averaged over models of how
lists depend on each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from scipy.special import logsumexp

from uncounted.errors import UncountedError
from uncounted.glance import glance
from uncounted.lists.capture_lists import Lists
from uncounted.lists.logit_counts import effective_counts
from uncounted.lists.loglinear import (
    Candidates,
    Fits,
    at_infinity,
    candidates,
    fit,
    why_left_out,
)
from uncounted.lists.single_model import bic_weights, by_method, criteria
from uncounted.observations.evidence import Evidence, counts
from uncounted.world.age import parse_band
from uncounted.world.world import World, persons

# prior sd of an interaction: a log odds ratio; 19 of 20 between 1/19 and 19
SCALE = 1.5
# the grid of the intercept, in its sds: posteriors of totals have long right tails
REACH = np.linspace(-6, 12, 25)
FINE = np.linspace(
    -6,
    12,
    20 * (len(REACH) - 1) + 1,
)


@dataclass(frozen=True, eq=False)
class ListTotal:
    """Draws (n,) of the number of persons that the lists sample, and how it depends on
    the model.

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
        out = self.models["status"] == "left out"
        return self.models.loc[out, ["interactions", "why"]].reset_index(drop=True)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the equal-tailed interval of the total."""
        ends = [(1 - level) / 2, (1 + level) / 2]
        lower, upper = np.quantile(self.draws, ends)
        return float(lower), float(upper)

    def __repr__(self) -> str:
        lower, upper = self.interval()
        median = np.median(self.draws)
        out = len(self.left_out)
        averaged = len(self.models) - out
        sentence = (
            f"{self.lists.name}: {median:,.0f} persons (95 % interval"
            f" {lower:,.0f}–{upper:,.0f}), {self.lists.states};"
            f" {self.lists.observed:,} on the lists; {averaged:,} models"
            f" averaged, {out:,} left out"
        )
        return glance(sentence, table=self.methods.round())


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
    _check_request(lists, order, scale)
    if order is None:
        order = 3 if len(lists.lists) <= 4 else 2
    models, likeliest, why = _estimated(lists, order)
    averaged = why == ""
    posterior, log_weight = _posterior(models, averaged, scale)
    weight = np.exp(log_weight - logsumexp(log_weight))
    rng = np.random.default_rng(seed)
    draw = _draw_models(weight, n_draws, rng)
    alpha = _intercepts(models, averaged, posterior, draw, scale, rng)
    draws = lists.observed + rng.poisson(np.exp(alpha))
    average = {"average": np.quantile(draws, [0.5, 0.025, 0.975])}
    return ListTotal(
        lists=lists,
        draws=draws,
        models=_models(lists, models, likeliest, why, weight),
        methods=by_method(models, likeliest, why, average),
        scale=scale,
    )


def _estimated(
    lists: Lists,
    order: int,
) -> tuple[Candidates, Fits, np.ndarray]:
    """Return the candidates, their likeliest parameters and why each has no estimate.

    Raises UncountedError if none of them has an estimate.
    """
    histories, y = lists.histories()
    models = candidates(y, histories, order)
    free, seen = at_infinity(models)
    likeliest = fit(models, free, seen)
    why = why_left_out(models, free, seen, likeliest)
    if (why == "").any():
        return models, likeliest, why
    raise UncountedError(
        f"No model of the capture table '{lists.name}' has an estimate"
        f" ({', '.join(sorted(set(why)))}): its lists overlap too little. Merge lists,"
        " or leave the table out."
    )


def _check_request(
    lists: Lists,
    order: int | None,
    scale: float,
) -> None:
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
    models: Candidates, averaged: np.ndarray, scale: float
) -> tuple[Fits, np.ndarray]:
    """Return modes of the averaged models and log marginal likelihoods, up to a common
    constant.

    log p(y) ≈ ℓ(β̂) − ½ Σ β̂²/scale² − k log scale − ½ log|H|: 2π falls out, as a term
    has one in its prior and one in the integral, and the flat terms are in every model.
    """
    has = models.has[averaged]
    modes = fit(
        models,
        has,
        precision=models.interactions / scale**2,
    )
    k = (has & models.interactions).sum(1)
    log_determinant = np.linalg.slogdet(modes.hessian)[1]
    return modes, modes.value - k * np.log(scale) - 0.5 * log_determinant


def _draw_models(
    weight: np.ndarray,
    n: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw n models by their weights, systematically."""
    edges = np.cumsum(weight)
    return np.searchsorted(edges / edges[-1], (np.arange(n) + rng.random()) / n)


def _intercepts(
    models: Candidates,
    averaged: np.ndarray,
    modes: Fits,
    draw: np.ndarray,
    scale: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw an intercept α for each drawn model from p(α) ∝ exp ℓ(α, β̂(α)) |H(α)|^−½.

    β̂(α) maximises the posterior of the rest at a grid of α; between its points log p
    is a cubic spline.
    """
    used, index = np.unique(draw, return_inverse=True)
    has = models.has[averaged][used]
    density = _profiles(models, has, modes, used, scale)
    log_p = CubicSpline(REACH, density, axis=1)(FINE)
    mass = np.cumsum(np.exp(log_p - log_p.max(1, keepdims=True)), axis=1)
    mass /= mass[:, -1:]
    uniform = rng.random(len(draw))
    z = np.empty(len(draw))
    for i, u in enumerate(uniform):
        z[i] = np.interp(
            u,
            mass[index[i]],
            FINE,
        )
    sd = np.sqrt(np.linalg.inv(modes.hessian[used])[:, 0, 0])
    return rng.permutation(modes.beta[used, 0][index] + z * sd[index])


def _profiles(
    models: Candidates,
    has: np.ndarray,
    modes: Fits,
    used: np.ndarray,
    scale: float,
) -> np.ndarray:
    """Return log p(α) (models, grid) by Tierney & Kadane's approximation, up to a
    constant for each model.
    """
    inverse = np.linalg.inv(modes.hessian[used])
    # how the mode moves as α does, per sd of α
    slope = inverse[:, :, 0] / np.sqrt(inverse[:, :1, 0])
    shift = REACH[:, None] * (slope * has)[:, None, :]
    start = modes.beta[used][:, None, :] + shift
    free = has.copy()
    free[:, 0] = False
    grid = len(REACH)
    profiles = fit(
        models,
        np.repeat(free, grid, 0),
        precision=models.interactions / scale**2,
        start=start.reshape(-1, start.shape[-1]),
    )
    log_determinant = np.linalg.slogdet(profiles.hessian)[1]
    return (profiles.value - 0.5 * log_determinant).reshape(-1, grid)


def _models(
    lists: Lists,
    models: Candidates,
    likeliest: Fits,
    why: np.ndarray,
    weight: np.ndarray,
) -> pd.DataFrame:
    averaged = why == ""
    observed = models.y.sum()
    total = observed + np.exp(np.minimum(likeliest.beta[:, 0], 50))
    aic, bic = criteria(models, likeliest)
    table = pd.DataFrame(
        {
            "interactions": _interactions(lists, models),
            "total": np.where(averaged, total, np.nan),
            "aic": np.where(averaged, aic, np.nan),
            "bic": np.where(averaged, bic, np.nan),
            "weight": _placed(weight, averaged),
            "bic_weight": _placed(bic_weights(bic[averaged]), averaged),
            "status": np.where(averaged, "averaged", "left out"),
            "why": why,
        }
    )
    return table.sort_values(
        "weight", ascending=False, kind="stable", ignore_index=True
    )


def _interactions(
    lists: Lists,
    models: Candidates,
) -> list[str]:
    """Return the interactions of each model in words."""
    names = []
    for i in np.flatnonzero(models.interactions):
        names.append("×".join(lists.lists[place] for place in models.terms[i]))
    terms = np.array(names, dtype=object)
    has = models.has[:, models.interactions]
    return [", ".join(terms[row]) or "none" for row in has]


def _placed(
    values: np.ndarray,
    places: np.ndarray,
) -> np.ndarray:
    placed = np.zeros(len(places))
    placed[places] = values
    return placed


def evidence_of_lists(
    totals: Sequence[ListTotal] | ListTotal,
    outcome: str,
    world: World,
    ages: str = "0+",
    sex: str = "both",
) -> Evidence:
    """Turn totals into rows of evidence on a country's prevalence, one per table: y of
    n with q = N / persons.

    ages and sex: of the persons that the lists sample. y and n are effective
    (`effective_counts`); cases are the persons on the lists, respondents unknown. As α
    is flat, the draws say what the lists say and no prior of N counts twice.
    Non-sampling error of the kind "lists" remains for the model. Raises UncountedError
    if stocks and flows, or windows, are mixed (p can mean only one of them), or if a
    draw exceeds the population.
    """
    totals = [totals] if isinstance(totals, ListTotal) else list(totals)
    states = sorted({total.lists.states for total in totals})
    if len(states) != 1:
        raise UncountedError(
            f"The totals of '{outcome}' are of different kinds:"
            f" {', '.join(states) or 'there are none'}. Give totals of one kind: a"
            " stock, or a flow in the same window."
        )
    rows = pd.DataFrame(
        [
            _row(
                total,
                world,
                ages,
                sex,
            )
            for total in totals
        ]
    )
    evidence = counts(
        rows,
        outcome,
        source=f"lists: {states[0]}",
    )
    cases = {total.lists.name: float(total.lists.observed) for total in totals}
    rows = evidence.rows.assign(
        respondents=np.nan,
        cases=evidence.rows["survey"].map(cases),
        deff=np.nan,
        breakdown=f"lists, {states[0]}",
    )
    return replace(evidence, rows=rows)


def _row(
    total: ListTotal,
    world: World,
    ages: str,
    sex: str,
) -> dict[str, object]:
    lists = total.lists
    if lists.country not in world.places.index:
        raise UncountedError(
            f"The population table lacks '{lists.country}', the country of the capture"
            f" table '{lists.name}'. Mend the code, or leave the table out."
        )
    people = persons(
        world,
        [parse_band(ages)],
        lists.year,
        nearest=True,
    )
    people = people.sel(country=lists.country)
    if sex != "both":
        people = people.sel(sex=sex)
    population = float(people.sum())
    largest = total.draws.max()
    if largest >= population:
        raise UncountedError(
            f"The total of '{lists.name}' reaches {largest:,.0f} of the"
            f" {population:,.0f} in {lists.country}. Lists that overlap so little say"
            " nothing of it: leave the table out, or merge lists."
        )
    y, n = effective_counts(total.draws / population)
    return {
        "survey": lists.name,
        "country": lists.country,
        "year": lists.year,
        "source": "lists",
        "sex": sex,
        "age": ages,
        "y": y,
        "n": n,
    }
