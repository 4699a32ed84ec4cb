"""Likelihood: what rows of evidence show, each a normalised distribution of effective
counts; one word on the card.

Every one takes reported logits eta, effective counts y of n (neither need be whole) and
the belief that holds further priors, and observes y as pm.Data `y_observed`. The log
density of a row is multiplied by its pm.Data `row_weight` in {0, 1} (0: held out). What
depends on data alone is pm.Data too, by `Kind.known`, so that a refit sets it anew: its
gammas cost as much as all the rest of the model.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy.special import gammaln

from uncounted.errors import UncountedError
from uncounted.model import density
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.density import draw_counts as draw_counts
from uncounted.model.measurement import ROW
from uncounted.model.rounded_counts import node_count, nodes
from uncounted.model.row_error import drawn, shifted
from uncounted.model.seen import Seen

# the prior of the effective n, less 1, of shares published without n or SE
UNKNOWN_N = "unknown_n"
ROW_LEFT, ROW_GROUP = (
    "row_left",
    "row_group",
)  # which rows err so, and which of them together
DEFF = "deff_excess"  # the prior of the beta-binomial: deff − 1, above 0


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
    return _observe(rounded(KINDS["binomial"], n, rounding), [eta], y, n, name, dim)


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
    where few are affected: zeros would take φ up. How figures of a survey depart from
    each other tells a little of φ; the prior on the card tells the rest. Rows of known
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

    Rows are what `effective_binomial` and `lone_share` say, with that error besides
    (`row_error`).
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
    Rows of n < 2, which tell nothing of it, have κ = 1/d. d = deff − 1 is
    `deff_excess`, with a prior on the card, which decides alone where every place has
    one row: what differs between its rows is all that tells of d.
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
    given = replace(KINDS["fay_herriot"], known=lambda *_: {"n": n, "se": se})
    return _observe(given, [theta], y, n, name, dim)


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


def log_choose(n: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return log Γ(n+1) − log Γ(y+1) − log Γ(n−y+1): log C(n, y) for real n ≥ y ≥ 0."""
    return gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)


def shrunk(
    y: np.ndarray, n: np.ndarray, weight: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return p̃ = (y + 4m) / (n + 4), m = (Σy + 2) / (Σn + 4): four more respondents at
    the mean of all rows.

    A standard error from p̂ itself moves with p̂, and low estimates would count for
    more than high ones. weight: 0 for rows held out, which the mean leaves out too.
    """
    m = ((weight * y).sum() + 2) / ((weight * n).sum() + 4)
    return (y + 4 * m) / (n + 4)


@dataclass(frozen=True)
class Kind:
    """One likelihood: its distribution's name, its log density and random draw, and
    what it takes of the rows.

    logp and draw are of `density`: (y, or nothing, then parameters, then what is
    known). known(y, n, weight) → name → values (rows,) or (rows, nodes), the pm.Data
    that follow from the counts; weight is 0 for rows held out. takes: the parameters
    that a row's own prevalence isn't, by their names in the posterior. share: the first
    parameter is a share, not a logit. rounding (rows,): half of the last printed digit,
    of a likelihood that `rounded` made. errs: rows of a survey and an age err together,
    of a likelihood that `erring` made; its log density is `log_density`.
    """

    name: str
    logp: Callable
    draw: Callable
    known: Callable[..., dict[str, np.ndarray]]
    takes: tuple[str, ...] = ()
    share: bool = False
    signature: str | None = None
    rounding: np.ndarray | None = None
    errs: bool = False


def _of_counts(
    y: np.ndarray, n: np.ndarray, weight: np.ndarray | float = 1.0
) -> dict[str, np.ndarray]:
    del weight
    return {"n": n, "log_choose": log_choose(n, y)}


def _of_logits(
    y: np.ndarray, n: np.ndarray, weight: np.ndarray | float = 1.0
) -> dict[str, np.ndarray]:
    p = shrunk(y, n, weight)
    return {
        "n": n,
        "se": 1 / np.sqrt(n * p * (1 - p)),
        "log_jacobian": np.log(n / (y * (n - y))),
    }


def _of_estimates(
    y: np.ndarray, n: np.ndarray, weight: np.ndarray | float = 1.0
) -> dict[str, np.ndarray]:
    p = shrunk(y, n, weight)
    return {"n": n, "se": np.sqrt(p * (1 - p) / n)}


def _of_forms(
    y: np.ndarray, n: np.ndarray, weight: np.ndarray | float = 1.0
) -> dict[str, np.ndarray]:
    del weight
    return {"n": n, "log_choose": gammaln(n + 1) - gammaln(y + 1).sum(axis=1)}


KINDS = {
    "binomial": Kind(
        "EffectiveBinomial", density.binomial, density.draw_binomial, _of_counts
    ),
    "beta_binomial": Kind(
        "BetaBinomial",
        density.beta_binomial,
        density.draw_beta_binomial,
        _of_counts,
        (DEFF,),
    ),
    "logit_normal": Kind(
        "LogitNormal", density.logit_normal, density.draw_logit_normal, _of_logits
    ),
    "fay_herriot": Kind(
        "DirectNormal",
        density.direct_normal,
        density.draw_direct_normal,
        _of_estimates,
        share=True,
    ),
    "multinomial": Kind(
        "Multinomial",
        density.multinomial,
        density.draw_multinomial,
        _of_forms,
        signature="(f),(),(),()->(f)",
    ),
}


def alone(unknown: np.ndarray) -> Kind:
    """Return the likelihood of figures of which n is known for some rows alone
    (rows,).
    """
    return Kind(
        "LoneShare",
        density.lone_share,
        density.draw_lone_share,
        lambda y, n, weight=1.0: (
            _of_counts(y, n, weight) | {"unknown": unknown.astype(float)}
        ),
        (UNKNOWN_N,),
    )


def erring(kind: Kind, seen: Seen) -> Kind:
    """Return a likelihood of counts whose rows err together besides, by survey and age;
    its last parameter is σ.
    """

    def known(
        y: np.ndarray, n: np.ndarray, weight: np.ndarray | float = 1.0
    ) -> dict[str, np.ndarray]:
        # an unknown n holds such errors already
        left = np.where(
            seen.unknown,
            0.0,
            np.broadcast_to(np.asarray(weight, float), seen.unknown.shape),
        )
        return kind.known(y, n, weight) | {ROW_LEFT: left, ROW_GROUP: seen.row_group}

    draw = partial(_draw_erring, kind.draw, 1 + len(kind.takes))
    return replace(
        kind, name=f"{kind.name}WithRowError", draw=draw, known=known, errs=True
    )


def _draw_erring(
    draw: Callable,
    parameters: int,
    *given: np.ndarray,
    rng: np.random.Generator,
    size: tuple[int, ...],
) -> np.ndarray:
    """Draw counts of rows that err: given are the parameters, σ, and what is known."""
    eta, *extra = given[:parameters]
    sigma, *known, left, group = given[parameters:]
    shown = drawn(
        np.broadcast_to(eta, size),
        np.broadcast_to(sigma * (left > 0), size),
        group,
        rng,
    )
    return draw(shown, *extra, *known, rng=rng, size=size)


def log_density(
    kind: Kind, logp: Callable, y: TensorVariable, *given: TensorVariable
) -> TensorVariable:
    """Return the log density of every row by logp; of rows that err together, such that
    they sum to the group's.
    """
    if not kind.errs:
        return logp(y, *given)
    parameters = 1 + len(kind.takes)
    eta, *extra = given[:parameters]
    sigma, *known, left, group = given[parameters:]
    x, taken = shifted(y, eta, sigma, known[0], left, group)
    return logp(y, x, *extra, *known) - taken


def rounded(kind: Kind, n: np.ndarray, rounding: np.ndarray | None) -> Kind:
    """Return a likelihood of counts y of n that reads rows with rounding > 0 (rows,) as
    intervals.

    log f = log Σ_k w_k f(y_k) over the counts y_k that the printed share stands for
    (`rounding.nodes`); of other rows f(y). Draws are drawn as the likelihood's and
    rounded as they would be printed. Without rounding: the likelihood.
    """
    if rounding is None or not (rounding > 0).any():
        return kind
    size = node_count(n, rounding)
    half = np.asarray(rounding, float)

    def known(
        y: np.ndarray, n: np.ndarray, weight: np.ndarray | float = 1.0
    ) -> dict[str, np.ndarray]:
        node, log_weight = nodes(y, n, half, size)
        choose = log_choose(n[:, None], node)
        of_nodes = {
            "rounding": half,
            "node": node,
            "node_choose": choose,
            "node_weight": log_weight,
        }
        return kind.known(y, n, weight) | of_nodes

    parameters = 1 + len(kind.takes)
    return replace(
        kind,
        name=f"Rounded{kind.name}",
        logp=density.interval(kind.logp, parameters),
        draw=density.draw_printed(kind.draw, parameters),
        known=known,
        rounding=half,
    )


def kind_of(card: Card, seen: Seen) -> Kind:
    """Return the likelihood that the rows of a card's evidence have."""
    kind = alone(seen.unknown) if seen.unknown.any() else KINDS[card.likelihood]
    kind = rounded(kind, seen.n, seen.rounding)
    return erring(kind, seen) if ROW in card.priors else kind


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
    data = [
        pm.Data(key, value, dims=dim if value.ndim == 1 else None)
        for key, value in kind.known(y, n).items()
    ]
    logp, signature = kind.logp, kind.signature
    if kind.rounding is not None and isinstance(logp, density.Interval):
        parameters = [one * pt.ones_like(parameters[0]) for one in parameters]
        logp = _of_some_rows(logp, np.flatnonzero(kind.rounding > 0))
        signature = (
            ",".join("(k)" if one.ndim == 2 else "()" for one in [*parameters, *data])
            + ",()->()"
        )
    return pm.CustomDist(
        name,
        *parameters,
        *data,
        pm.Data("row_weight", np.ones(len(y)), dims=dim),
        logp=lambda y, *given: given[-1] * log_density(kind, logp, y, *given[:-1]),
        random=lambda *given, rng, size: kind.draw(*given[:-1], rng=rng, size=size),
        observed=pm.Data("y_observed", y, dims=dims),
        dims=dims,
        class_name=kind.name,
        signature=signature,
    )


def _of_some_rows(
    logp: density.Interval, at: np.ndarray
) -> Callable[..., TensorVariable]:
    """Return the log density of an interval in some rows and of a count in the others.

    Of these only the count's own density is computed.
    """

    def density_of_rows(y: TensorVariable, *given: TensorVariable) -> TensorVariable:
        some = logp(y[at], *(one[at] for one in given))
        return logp.of_counts(y, *given)[at].set(some)

    return density_of_rows
