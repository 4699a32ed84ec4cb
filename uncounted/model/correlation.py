"""Correlation: countries' effects of several outcomes move together, so that what is
seen of one tells of another.
"""

from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable


@dataclass(frozen=True)
class Correlated:
    """An outcome's place among others: its row of L up to the diagonal, and the scores
    ε (countries,) of those before.

    L is the Cholesky factor of the outcomes' correlations, Ω = LLᵀ.
    """

    row: tuple[TensorVariable, ...]
    before: tuple[TensorVariable, ...]


def shared(
    correlated: Correlated, sigma: TensorVariable
) -> tuple[TensorVariable | float, TensorVariable]:
    """Return what the outcomes before add to the countries' means (countries,), and the
    standard deviation left.

    θ_k − m_k = σ_k (Σ_{j<k} L_kj ε_j + L_kk ε_k), ε iid N(0, 1), has variance σ_k² and
    correlation Ω_jk with θ_j − m_j. Returned are σ_k Σ_{j<k} L_kj ε_j, the
    Deterministic `outcomes_effect`, and σ_k L_kk, the scale of the exchangeable rest,
    which may be centred or not, as alone. The law is the same in any order of the
    outcomes.
    """
    if not correlated.before:
        return 0.0, sigma
    *weights, own = correlated.row
    told = sum(
        weight * score for weight, score in zip(weights, correlated.before, strict=True)
    )
    effect = pm.Deterministic("outcomes_effect", sigma * told, dims="country")
    return pt.as_tensor(effect), sigma * own


def cholesky(outcomes: int, lkj: float) -> list[tuple[TensorVariable, ...]]:
    """Return the rows of L, each up to its diagonal, of Ω ~ LKJ(η): density ∝
    |Ω|^(η−1); the Deterministic is Ω.

    By canonical partial correlations [Lewandowski, Kurowicka & Joe 2009, §2.4]: that of
    outcomes k and j < k given those before j is 2B − 1, B ~ Beta(b, b), b = η + (K − 2
    − j)/2, counted from 0; times √(1 − Σ_{i<j} L_ki²) it is L_kj. The B are
    `correlation_part`; by itself every correlation is 2·Beta(η + K/2 − 1, η + K/2 − 1)
    − 1.
    """
    pairs = [(k, j) for k in range(1, outcomes) for j in range(k)]
    b = pm.Data("lkj", np.array([lkj + (outcomes - 2 - j) / 2 for _, j in pairs]))
    part = pm.Beta("correlation_part", b, b, shape=len(pairs))
    partial = {pair: 2 * part[i] - 1 for i, pair in enumerate(pairs)}
    rows = [_row([partial[k, j] for j in range(k)]) for k in range(outcomes)]
    full = pt.as_tensor(
        pt.stack(
            [pt.stack([*row, *[pt.zeros(())] * (outcomes - len(row))]) for row in rows]
        )
    )
    pm.Deterministic(
        "correlation", full @ full.transpose(), dims=("outcome", "other_outcome")
    )
    return rows


def _row(partial: list[TensorVariable]) -> tuple[TensorVariable, ...]:
    left, row = pt.ones(()), []
    for one in partial:
        row.append(one * left**0.5)
        left = left * (1 - one**2)
    return (*row, left**0.5)
