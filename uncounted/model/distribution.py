"""Distribution: what rows of evidence are distributed as: density, random draws, and
the data that both take.

What depends on data alone is pm.Data, by `Kind.known`, so that a refit sets it anew:
its gammas cost as much as all the rest of the model.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from pytensor.tensor.variable import TensorVariable
from scipy.special import gammaln

from uncounted.model import density
from uncounted.model.card import Card
from uncounted.model.rounded_counts import node_count, nodes
from uncounted.model.row_error import ROW, drawn, shifted
from uncounted.model.seen import Seen

# the prior of the effective n, less 1, of shares published without n or SE
UNKNOWN_N = "unknown_n"
DEFF = "deff_excess"  # the prior of the beta-binomial: deff − 1, above 0
ROW_LEFT = "row_left"  # which rows err with others of their survey and age
ROW_GROUP = "row_group"  # and which of them together

Values = dict[str, np.ndarray]


def log_choose(n: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return log Γ(n+1) − log Γ(y+1) − log Γ(n−y+1): log C(n, y) for real n ≥ y ≥ 0."""
    return gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)


def shrunk(
    y: np.ndarray,
    n: np.ndarray,
    weight: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Return p̃ = (y + 4m) / (n + 4), m = (Σy + 2) / (Σn + 4): four more respondents at
    the mean of all rows.

    A standard error from p̂ itself moves with p̂, and low estimates would count for
    more than high ones. weight: 0 for rows held out, which the mean leaves out too.
    """
    cases = (weight * y).sum()
    respondents = (weight * n).sum()
    m = (cases + 2) / (respondents + 4)
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
    known: Callable[..., Values]
    takes: tuple[str, ...] = ()
    share: bool = False
    signature: str | None = None
    rounding: np.ndarray | None = None
    errs: bool = False


def _of_counts(
    y: np.ndarray,
    n: np.ndarray,
    weight: np.ndarray | float = 1.0,
) -> Values:
    del weight
    return {"n": n, "log_choose": log_choose(n, y)}


def _of_logits(
    y: np.ndarray,
    n: np.ndarray,
    weight: np.ndarray | float = 1.0,
) -> Values:
    p = shrunk(y, n, weight)
    return {
        "n": n,
        "se": 1 / np.sqrt(n * p * (1 - p)),
        "log_jacobian": np.log(n / (y * (n - y))),
    }


def _of_estimates(
    y: np.ndarray,
    n: np.ndarray,
    weight: np.ndarray | float = 1.0,
) -> Values:
    p = shrunk(y, n, weight)
    variance = p * (1 - p) / n
    return {"n": n, "se": np.sqrt(variance)}


def _of_forms(
    y: np.ndarray,
    n: np.ndarray,
    weight: np.ndarray | float = 1.0,
) -> Values:
    del weight
    orders = gammaln(y + 1).sum(axis=1)
    return {"n": n, "log_choose": gammaln(n + 1) - orders}


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

    def known(
        y: np.ndarray,
        n: np.ndarray,
        weight: np.ndarray | float = 1.0,
    ) -> Values:
        return _of_counts(y, n, weight) | {"unknown": unknown.astype(float)}

    return Kind(
        "LoneShare", density.lone_share, density.draw_lone_share, known, (UNKNOWN_N,)
    )


def erring(kind: Kind, seen: Seen) -> Kind:
    """Return the likelihood whose rows also share an error by survey and age; its last
    parameter is σ.
    """

    def known(
        y: np.ndarray,
        n: np.ndarray,
        weight: np.ndarray | float = 1.0,
    ) -> Values:
        # an unknown n holds such errors already
        weights = np.broadcast_to(np.asarray(weight, float), seen.unknown.shape)
        weighted = np.where(seen.unknown, 0.0, weights)
        of_rows = {ROW_LEFT: weighted, ROW_GROUP: seen.row_group}
        return kind.known(y, n, weight) | of_rows

    draw = partial(_draw_erring, kind.draw, 1 + len(kind.takes))
    name = f"{kind.name}WithRowError"
    return replace(kind, name=name, draw=draw, known=known, errs=True)


def _draw_erring(
    draw: Callable,
    parameters: int,
    *values: np.ndarray,
    rng: np.random.Generator,
    size: tuple[int, ...],
) -> np.ndarray:
    """Draw counts of rows that err, from the parameters, σ, and the data."""
    eta, *extra = values[:parameters]
    sigma, *data, weighted, group = values[parameters:]
    eta = np.broadcast_to(eta, size)
    sigma = np.broadcast_to(sigma * (weighted > 0), size)
    shown = drawn(eta, sigma, group, rng)
    return draw(shown, *extra, *data, rng=rng, size=size)


def log_density(
    kind: Kind, logp: Callable, y: TensorVariable, *values: TensorVariable
) -> TensorVariable:
    """Return the log density of every row by logp; of rows that err together, such that
    they sum to the group's.
    """
    if not kind.errs:
        return logp(y, *values)
    parameters = 1 + len(kind.takes)
    eta, *extra = values[:parameters]
    sigma, *data, weighted, group = values[parameters:]
    x, taken = shifted(y, eta, sigma, data[0], weighted, group)
    return logp(y, x, *extra, *data) - taken


def rounded(
    kind: Kind,
    n: np.ndarray,
    rounding: np.ndarray | None,
) -> Kind:
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
        y: np.ndarray,
        n: np.ndarray,
        weight: np.ndarray | float = 1.0,
    ) -> Values:
        node, log_weight = nodes(y, n, half, size)
        of_nodes = {
            "rounding": half,
            "node": node,
            "node_choose": log_choose(n[:, None], node),
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
