"""Likelihood: the distributions of effective counts by which a model observes rows of
evidence, one for each word on the card.

Every one takes reported logits eta, effective counts y of n (neither need be whole) and
the belief that holds further priors, and observes y as pm.Data `y_observed`. The log
density of a row is multiplied by its pm.Data `row_weight` in {0, 1} (0: held out).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.errors import UncountedError
from uncounted.model import density
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.density import draw_counts as draw_counts
from uncounted.model.distribution import (
    DEFF,
    KINDS,
    UNKNOWN_N,
    Kind,
    alone,
    kind_of,
    log_density,
    rounded,
)
from uncounted.model.seen import Seen
from uncounted.model.symbols import brings
from uncounted.model.term import Choice, Term
from uncounted.notation.line import Line
from uncounted.wording.words import Words

SHRUNK = "p̃[j] = {y[j] + 4 m}/{n[j] + 4}, m = {Σ[j] y[j] + 2}/{Σ[j] n[j] + 4}"


def effective_binomial(
    eta: TensorVariable,
    y: np.ndarray,
    n: np.ndarray,
    belief: Belief | None = None,
    name: str = "y",
    dim: str = "row",
    rounding: np.ndarray | None = None,
) -> TensorVariable:
    """Observe effective counts y of n at logits eta (rows,).

    log f = y·η − n·softplus(η) + log C(n, y): for whole numbers the binomial. Random
    draws: `draw_counts`. rounding (rows,): half of the last digit that y/n was printed
    with, where it stands for an interval (`rounded`), else 0.
    """
    del belief
    kind = rounded(KINDS["binomial"], n, rounding)
    return _observe(kind, [eta], y, n, name, dim)


def lone_share(
    eta: TensorVariable,
    y: np.ndarray,
    n: np.ndarray,
    belief: Belief,
    unknown: np.ndarray,
    dim: str = "row",
    rounding: np.ndarray | None = None,
) -> TensorVariable:
    """Observe shares y/n published without n or SE as those of an effective n that is a
    parameter, `unknown_n`.

    Where unknown (rows,), n is a stand-in and y/n what was published: 0 with
    probability (1−p)^(φ+1), 1 with p^(φ+1), φ = unknown_n, else Beta(φμ, φ(1−μ)), μ
    such that the mean of all is p (`density.lone_share`). Where a sample of φ is sure
    to meet both answers μ is p, which is Beta regression [Ferrari & Cribari-Neto 2004],
    Var(y/n) = p(1−p)/(φ+1). Counts of a binomial scaled by φ/n would be no density
    where few are affected: zeros would take φ up. The differences between a survey's
    figures inform φ a little; the rest comes from the prior on the card. Rows of known
    n are `effective_binomial`.
    """
    if UNKNOWN_N not in belief.card.priors:
        raise UncountedError(
            f"{int(unknown.sum())} row(s) of evidence have neither n nor SE, and"
            f" [priors] lacks '{UNKNOWN_N}' (the effective respondents behind such a"
            f" share). Write {UNKNOWN_N} = {{ log_normal = [1000, 1.0] }} or what is"
            " believed, or make the evidence without unknown_n."
        )
    size = belief.variable(UNKNOWN_N)
    kind = rounded(alone(unknown), n, rounding)
    return _observe(kind, [eta, size * pt.ones_like(eta)], y, n, "y", dim)


def with_row_error(
    eta: TensorVariable, sigma: TensorVariable, seen: Seen, belief: Belief
) -> TensorVariable:
    """Observe rows of which those of one survey and age err together, N(0, σ) in log
    odds, sigma (rows,), summed out.

    Rows have the distribution of `effective_binomial` or `lone_share`, with that error
    besides (`row_error`).
    """
    kind = kind_of(belief.card, seen)
    extra = [belief.variable(key) * pt.ones_like(eta) for key in kind.takes]
    return _observe(kind, [eta, *extra, sigma], seen.y, seen.n)


def beta_binomial(
    eta: TensorVariable,
    y: np.ndarray,
    n: np.ndarray,
    belief: Belief | None = None,
    name: str = "y",
    dim: str = "row",
    rounding: np.ndarray | None = None,
) -> TensorVariable:
    """Observe bare counts y of n, whose design effect nobody published, at logits eta
    (rows,).

    log f = log C(n, y) + log B(y + κp, n − y + κ(1−p)) − log B(κp, κ(1−p)), p = logit⁻¹
    η, Var(y/n) = deff_j·p(1−p)/n at κ_j = (n_j − deff_j) / (deff_j − 1). A row's design
    effect cannot exceed its n, all answering alike, so deff_j − 1 = d·(n_j − 1) / (n_j
    − 1 + d), that is κ_j = (n_j − 1) / d: d for large n, and no row sets a wall to d.
    Rows of n < 2, which have no information about it, have κ = 1/d. d = deff − 1 is
    `deff_excess`, with a prior on the card, which decides alone where every place has
    one row: only differences between rows of a place inform d.
    """
    if belief is None or DEFF not in belief.card.priors:
        raise UncountedError(
            "The beta-binomial learns the design effect of bare counts, and [priors]"
            f" lacks '{DEFF}' (deff − 1, above 0). Write {DEFF} = {{ half_normal = 1.0"
            " } or what is believed."
        )
    excess = belief.variable(DEFF)
    pm.Deterministic("deff", 1 + excess)
    kind = rounded(KINDS["beta_binomial"], n, rounding)
    return _observe(kind, [eta, excess], y, n, name, dim)


def logit_normal(
    eta: TensorVariable,
    y: np.ndarray,
    n: np.ndarray,
    belief: Belief | None = None,
    name: str = "y",
    dim: str = "row",
) -> TensorVariable:
    """Observe published estimates p̂ = y/n by their logits: logit p̂ ~ N(η, s), s² = 1
    / (n·p̃(1−p̃)), p̃ of `shrunk`.

    log f = log N(logit p̂ | η, s) + log n/(y(n−y)), the density of y, so that y is what
    is observed and drawn everywhere. Raises UncountedError for rows of 0 or 100 %,
    which have no logit.
    """
    del belief
    sure = (y <= 0) | (y >= n)
    if sure.any():
        raise UncountedError(
            f"{int(sure.sum())} row(s) of evidence show exactly 0 or 100 %, which has"
            " no logit, so the logit-normal cannot read them. Choose the binomial, or"
            " leave those rows out."
        )
    return _observe(KINDS["logit_normal"], [eta], y, n, name, dim)


def fay_herriot(
    eta: TensorVariable,
    y: np.ndarray,
    n: np.ndarray,
    belief: Belief | None = None,
    name: str = "y",
    dim: str = "row",
) -> TensorVariable:
    """Observe direct estimates as normal about the prevalence: p̂ = y/n ~ N(logit⁻¹ η,
    s), s² = p̃(1−p̃)/n.

    p̃ is `shrunk`. The level is modelled on the logit scale and the estimate on its
    own: You and Rao's (2002) unmatched form. With link = "identity" on the card the
    level is on the estimate's scale too, Fay and Herriot's (1979), and eta is the
    prevalence itself.
    """
    theta = belief.prevalence(eta) if belief else pt.sigmoid(eta)
    return _observe(KINDS["fay_herriot"], [theta], y, n, name, dim)  # pyright: ignore[reportArgumentType]


def direct_normal(
    theta: TensorVariable,
    y: np.ndarray,
    n: np.ndarray,
    se: np.ndarray,
    name: str = "y",
    dim: str = "row",
) -> TensorVariable:
    """Observe direct estimates with known standard errors: y/n ~ N(θ, se), Fay and
    Herriot's (1979) sampling model.

    Density and draws are of y = n·estimate; n = 1 makes them the estimate's. Draws may
    fall below 0 or above n.
    """
    kind = replace(KINDS["fay_herriot"], known=lambda *_: {"n": n, "se": se})
    return _observe(kind, [theta], y, n, name, dim)


def multinomial(
    eta: TensorVariable,
    y: np.ndarray,
    n: np.ndarray,
    belief: Belief | None = None,
    name: str = "y",
    dim: str = "row",
) -> TensorVariable:
    """Observe effective counts y (rows, form) of n (rows,) in exclusive forms, at eta
    (rows, form).

    log f = Σ_f y_f·log softmax(η)_f + log Γ(n+1) − Σ_f log Γ(y_f+1): for whole numbers
    the multinomial. Everybody is in one form, so y sums to n: give "none of them" a
    column, with logit 0 if the others are log odds against it. Random draws: n* = ⌊n⌋ +
    Bernoulli(n − ⌊n⌋) persons. The model has a coordinate `answer`.
    """
    del belief
    apart = ~np.isclose(y.sum(axis=1), n)
    if apart.any():
        raise UncountedError(
            f"In {int(apart.sum())} row(s) the counts of exclusive forms do not sum to"
            " n. Give those in none of the forms a column of their own."
        )
    return _observe(KINDS["multinomial"], [eta], y, n, name, dim)


LIKELIHOODS: dict[str, Callable[..., TensorVariable]] = {
    "binomial": effective_binomial,
    "beta_binomial": beta_binomial,
    "logit_normal": logit_normal,
    "fay_herriot": fay_herriot,
    "multinomial": multinomial,
}


def _observe(
    kind: Kind,
    parameters: list[TensorVariable],
    y: np.ndarray,
    n: np.ndarray,
    name: str = "y",
    dim: str = "row",
) -> TensorVariable:
    """Observe y under a density logp(y, *parameters, *known), weighted row by row, and
    its random draws.
    """
    dims = (dim, "answer")[: y.ndim]
    data = []
    for key, value in kind.known(y, n).items():
        data.append(pm.Data(key, value, dims=dim if value.ndim == 1 else None))
    logp, signature = kind.logp, kind.signature
    if kind.rounding is not None and isinstance(logp, density.Interval):
        parameters = [value * pt.ones_like(parameters[0]) for value in parameters]
        logp = _of_some_rows(logp, np.flatnonzero(kind.rounding > 0))
        signature = _signature([*parameters, *data])

    def weighted_logp(y: TensorVariable, *values: TensorVariable) -> TensorVariable:
        *arguments, weight = values
        return weight * log_density(kind, logp, y, *arguments)

    def draw(
        *values: np.ndarray,
        rng: np.random.Generator,
        size: tuple[int, ...],
    ) -> np.ndarray:
        return kind.draw(*values[:-1], rng=rng, size=size)

    return pm.CustomDist(
        name,
        *parameters,
        *data,
        pm.Data("row_weight", np.ones(len(y)), dims=dim),
        logp=weighted_logp,
        random=draw,
        observed=pm.Data("y_observed", y, dims=dims),
        dims=dims,
        class_name=kind.name,
        signature=signature,
    )


def _signature(arguments: list) -> str:
    """Return the signature of a distribution of rows some of which have nodes: (k) for
    a matrix of nodes, () for a value of each row, as the weights at the end are.
    """
    cores = ["(k)" if values.ndim == 2 else "()" for values in arguments]
    return ",".join([*cores, "()"]) + "->()"


def _of_some_rows(
    logp: density.Interval, rows: np.ndarray
) -> Callable[..., TensorVariable]:
    """Return the log density of an interval in some rows and of a count in the others,
    for which only the count's density is computed.
    """

    def density_of_rows(y: TensorVariable, *values: TensorVariable) -> TensorVariable:
        intervals = logp(y[rows], *(value[rows] for value in values))
        return logp.of_counts(y, *values)[rows].set(intervals)

    return density_of_rows


def _lines(card: Card, shown: str, say: Words) -> Iterator[Line]:
    shown = f"{shown}[j]"
    sentence = say(f"equation.{card.likelihood}")
    match card.likelihood:
        case "binomial":
            yield Line(f"y[j] ~ Binomial(n[j], {shown})", sentence)
            if UNKNOWN_N in card.priors:
                formula = "{y[j]}/{n[j]} ~ Beta(unknown_n m[j], unknown_n (1 − m[j]))"
                priors = brings(card, "unknown_n")
                yield Line(formula, say("equation.unknown_n"), priors)
        case "multinomial":
            shares = shown.replace("[", "[·,")
            yield Line(f"y[·,j] ~ Multinomial(n[j], {shares})", sentence)
        case "beta_binomial":
            formula = f"y[j] ~ BetaBinomial(n[j], ω[j] {shown}, ω[j] (1 − {shown}))"
            formula += ", ω[j] = {max(n[j] − 1, 1)}/{deff_excess}"
            yield Line(formula, sentence, brings(card, "deff_excess"))
        case "logit_normal":
            formula = f"logit {{y[j]}}/{{n[j]}} ~ Normal(logit {shown}, s[j])"
            yield Line(formula, sentence)
            formula = f"s[j]^2 = {{1}}/{{n[j] p̃[j] (1 − p̃[j])}}, {SHRUNK}"
            yield Line(formula, say("equation.shrunk"))
        case "fay_herriot":
            yield Line(f"{{y[j]}}/{{n[j]}} ~ Normal({shown}, s[j])", sentence)
            formula = f"s[j]^2 = {{p̃[j] (1 − p̃[j])}}/{{n[j]}}, {SHRUNK}"
            yield Line(formula, say("equation.shrunk"))


def _needs(card: Card) -> Iterator[Choice]:
    if card.likelihood == "beta_binomial":
        yield (DEFF,)


def _check(card: Card) -> None:
    if "unknown_n" in card.priors and card.likelihood != "binomial":
        raise UncountedError(
            'figures of unknown n are read by likelihood = "binomial" alone.',
            "unknown_n",
        )


TERM = Term(_lines, (UNKNOWN_N,), _needs, _check)
