"""Correlation: effects of countries that are correlated between outcomes."""

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
    *weights, diagonal = correlated.row
    pairs = zip(weights, correlated.before, strict=True)
    mean = sum(weight * score for weight, score in pairs)
    effect = pm.Deterministic("outcomes_effect", sigma * mean, dims="country")
    return pt.as_tensor(effect), sigma * diagonal


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
    shapes = [lkj + (outcomes - 2 - j) / 2 for _, j in pairs]
    b = pm.Data("lkj", np.array(shapes))
    part = pm.Beta("correlation_part", b, b, shape=len(pairs))
    partial = [2 * part[i] - 1 for i in range(len(pairs))]
    rows, full = [], []
    for k in range(outcomes):
        start = k * (k - 1) // 2  # of the pairs of outcome k
        row = _row(partial[start : start + k])
        rows.append(row)
        zeros = [pt.zeros(())] * (outcomes - len(row))
        full.append(pt.stack([*row, *zeros]))
    root = pt.as_tensor(pt.stack(full))
    dims = ("outcome", "other_outcome")
    pm.Deterministic("correlation", root @ root.transpose(), dims=dims)
    return rows


def _row(partial: list[TensorVariable]) -> tuple[TensorVariable, ...]:
    variance, row = pt.ones(()), []
    for correlation in partial:
        row.append(correlation * variance**0.5)
        variance = variance * (1 - correlation**2)
    return (*row, variance**0.5)
