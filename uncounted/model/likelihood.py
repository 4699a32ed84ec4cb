"""Likelihood: what rows of evidence show, each a normalised distribution of effective counts; one word on the card.

Every one takes reported logits eta, effective counts y of n (neither need be whole) and the belief that holds further
priors, and observes y as pm.Data `y_observed`. The log density of a row is multiplied by its pm.Data `row_weight` in
{0, 1} (0: held out). What depends on data alone is pm.Data too: its gammas cost as much as all the rest of the model.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy.special import gammaln

from uncounted.errors import UncountedError
from uncounted.model import density
from uncounted.model.belief import Belief
from uncounted.model.density import draw_counts as draw_counts

DEFF = "deff_excess"  # the prior of the beta-binomial: deff − 1, above 0


def effective_binomial(
    eta: TensorVariable, y: np.ndarray, n: np.ndarray, belief: Belief | None = None, name: str = "y", dim: str = "row"
) -> TensorVariable:
    """Observe effective counts y of n at logits eta (rows,).

    log f = y·η − n·softplus(η) + log C(n, y): for whole numbers the binomial. Random draws: `draw_counts`.
    """
    del belief
    known = {"n": n, "log_choose": log_choose(n, y)}
    return _observe("EffectiveBinomial", density.binomial, density.draw_binomial, [eta], known, y, name, dim)


def beta_binomial(
    eta: TensorVariable, y: np.ndarray, n: np.ndarray, belief: Belief | None = None, name: str = "y", dim: str = "row"
) -> TensorVariable:
    """Observe bare counts y of n, whose design effect nobody published, at logits eta (rows,).

    log f = log C(n, y) + log B(y + κp, n − y + κ(1−p)) − log B(κp, κ(1−p)), p = logit⁻¹ η, Var(y/n) = deff_j·p(1−p)/n
    at κ_j = (n_j − deff_j) / (deff_j − 1). A row's design effect cannot exceed its n, all answering alike, so
    deff_j − 1 = d·(n_j − 1) / (n_j − 1 + d), that is κ_j = (n_j − 1) / d: d for large n, and no row sets a wall to
    d. Rows of n < 2, which tell nothing of it, have κ = 1/d. d = deff − 1 is `deff_excess`, with a prior on the card,
    which decides alone where every place has one row: what differs between its rows is all that tells of d.
    """
    if belief is None or DEFF not in belief.card.priors:
        raise UncountedError(
            f"The beta-binomial learns the design effect of bare counts, and [priors] lacks '{DEFF}' (deff − 1, above "
            f"0). Write {DEFF} = {{ half_normal = 1.0 }} or what is believed."
        )
    excess = belief.variable(DEFF)
    pm.Deterministic("deff", 1 + excess)
    known = {"n": n, "log_choose": log_choose(n, y)}
    return _observe(
        "BetaBinomial", density.beta_binomial, density.draw_beta_binomial, [eta, excess], known, y, name, dim
    )


def logit_normal(
    eta: TensorVariable, y: np.ndarray, n: np.ndarray, belief: Belief | None = None, name: str = "y", dim: str = "row"
) -> TensorVariable:
    """Observe published estimates p̂ = y/n by their logits: logit p̂ ~ N(η, s), s² = 1 / (n·p̃(1−p̃)), p̃ of `shrunk`.

    log f = log N(logit p̂ | η, s) + log n/(y(n−y)), the density of y, so that y is what is observed and drawn
    everywhere. Raises UncountedError for rows of 0 or 100 %, which have no logit.
    """
    del belief
    sure = (y <= 0) | (y >= n)
    if sure.any():
        raise UncountedError(
            f"{int(sure.sum())} row(s) of evidence show exactly 0 or 100 %, which has no logit, so the logit-normal "
            "cannot read them. Choose the binomial, or leave those rows out."
        )
    p = shrunk(y, n)
    known = {"n": n, "se": 1 / np.sqrt(n * p * (1 - p)), "log_jacobian": np.log(n / (y * (n - y)))}
    return _observe("LogitNormal", density.logit_normal, density.draw_logit_normal, [eta], known, y, name, dim)


def fay_herriot(
    eta: TensorVariable, y: np.ndarray, n: np.ndarray, belief: Belief | None = None, name: str = "y", dim: str = "row"
) -> TensorVariable:
    """Observe direct estimates as normal about the prevalence: p̂ = y/n ~ N(logit⁻¹ η, s), s² = p̃(1−p̃)/n.

    p̃ is `shrunk`. The level is modelled on the logit scale and the estimate on its own: You and Rao's (2002) unmatched
    form. With link = "identity" on the card the level is on the estimate's scale too, Fay and Herriot's (1979), and eta
    is the prevalence itself.
    """
    p = shrunk(y, n)
    theta = belief.prevalence(eta) if belief else pt.sigmoid(eta)
    return direct_normal(theta, y, n, np.sqrt(p * (1 - p) / n), name, dim)  # pyright: ignore[reportArgumentType]


def direct_normal(
    theta: TensorVariable, y: np.ndarray, n: np.ndarray, se: np.ndarray, name: str = "y", dim: str = "row"
) -> TensorVariable:
    """Observe direct estimates with known standard errors: y/n ~ N(θ, se), Fay and Herriot's (1979) sampling model.

    Density and draws are of y = n·estimate; n = 1 makes them the estimate's. Draws may fall below 0 or above n.
    """
    return _observe(
        "DirectNormal", density.direct_normal, density.draw_direct_normal, [theta], {"n": n, "se": se}, y, name, dim
    )


def multinomial(
    eta: TensorVariable, y: np.ndarray, n: np.ndarray, belief: Belief | None = None, name: str = "y", dim: str = "row"
) -> TensorVariable:
    """Observe effective counts y (rows, form) of n (rows,) in exclusive forms, at eta (rows, form).

    log f = Σ_f y_f·log softmax(η)_f + log Γ(n+1) − Σ_f log Γ(y_f+1): for whole numbers the multinomial. Everybody is in
    one form, so y sums to n: give "none of them" a column, with logit 0 if the others are log odds against it. Random
    draws: n* = ⌊n⌋ + Bernoulli(n − ⌊n⌋) persons. The model has a coordinate `answer`.
    """
    del belief
    apart = ~np.isclose(y.sum(axis=1), n)
    if apart.any():
        raise UncountedError(
            f"In {int(apart.sum())} row(s) the counts of exclusive forms do not sum to n. Give those in none of the "
            "forms a column of their own."
        )
    known = {"n": n, "log_choose": gammaln(n + 1) - gammaln(y + 1).sum(axis=1)}
    forms = "(f),(),(),()->(f)"
    return _observe("Multinomial", density.multinomial, density.draw_multinomial, [eta], known, y, name, dim, forms)


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


def shrunk(y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return p̃ = (y + 4m) / (n + 4), m = (Σy + 2) / (Σn + 4): four more respondents at the mean of all rows.

    A standard error from p̂ itself moves with p̂, and low estimates would count for more than high ones.
    """
    return (y + 4 * (y.sum() + 2) / (n.sum() + 4)) / (n + 4)


def _observe(
    kind: str,
    logp: Callable,
    random: Callable,
    parameters: list[TensorVariable],
    known: Mapping[str, np.ndarray],
    y: np.ndarray,
    name: str,
    dim: str,
    signature: str | None = None,
) -> TensorVariable:
    """Observe y under a density logp(y, *parameters, *known), weighted row by row, and its random draws."""
    dims = (dim, "answer")[: y.ndim]
    data = [pm.Data(key, value, dims=dim) for key, value in known.items()]
    return pm.CustomDist(
        name,
        *parameters,
        *data,
        pm.Data("row_weight", np.ones(len(y)), dims=dim),
        logp=lambda y, *given: given[-1] * logp(y, *given[:-1]),
        random=lambda *given, rng, size: random(*given[:-1], rng=rng, size=size),
        observed=pm.Data("y_observed", y, dims=dims),
        dims=dims,
        class_name=kind,
        signature=signature,
    )
