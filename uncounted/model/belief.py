"""Belief: a card's priors and the centring of its levels in a pm.Model, of which the
terms of the model make their variables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy.linalg import helmert

from uncounted.model.card import Card
from uncounted.model.priors import FAMILIES
from uncounted.model.structure import line, walk
from uncounted.model.vocabulary import SOURCE
from uncounted.world.world import World

OPEN = 240.0  # months that an open last band is taken to hold, when ages are ordered


@dataclass(frozen=True)
class Belief:
    """What the pieces of a model share: card, world, and the numbers that a refit may
    turn.

    `numbers` and `centring` map a variable's name to its place in the pm.Data vectors
    `prior_numbers` and `centring`. They are one vector each, so that a refit sets all
    of them at once (`flat`).
    """

    card: Card
    world: World
    numbers: Mapping[str, TensorVariable]
    centring: Mapping[str, TensorVariable]

    def variable(self, key: str, dim: str | None = None) -> TensorVariable:
        """Return the random variable `key` with the card's prior, one for each label of
        dim; asked again, the same.
        """
        model = pm.modelcontext(None)
        registered = model.named_vars.get(model.name_for(key))
        if registered is not None:
            return pt.as_tensor(registered)
        family = FAMILIES[self.card.priors[key].family]
        numbers = [self.numbers[key][i] for i in range(len(family.numbers))]
        return family.make(key, *numbers, dims=dim)

    def prevalence(self, eta: TensorVariable) -> TensorVariable:
        """Return p where effects add up to η: logit⁻¹ η, or η itself under the identity
        link.
        """
        if self.card.link == "identity":
            return eta
        return pt.as_tensor(pt.sigmoid(eta))  # pyright: ignore[reportArgumentType] PyTensor types it None

    def label(self, dim: str, labels: Sequence[str]) -> None:
        """Give the model under construction a dim that follows from the evidence alone,
        such as the hosts of events abroad.
        """
        pm.modelcontext(None).add_coord(dim, list(labels))  # pyright: ignore[reportAttributeAccessIssue] typed as BaseModel

    def exchangeable(
        self,
        name: str,
        mean: TensorVariable,
        sigma: TensorVariable,
        *dims: str,
    ) -> TensorVariable:
        """Return the deviations θ − m of θ ~ N(m, σ), m = mean, sampled as ξ ~ N(λm,
        σ^λ): θ = m + σ^(1−λ)(ξ − λm).

        ξ is `name_raw` and the deviations are `name_effect` in the posterior.
        """
        deviation = self.centred(name, mean, sigma, *dims)
        return self.effect(name, deviation, *dims)

    def centred(
        self,
        name: str,
        mean: TensorVariable,
        sigma: TensorVariable,
        *dims: str,
    ) -> TensorVariable:
        """Return what `exchangeable` does, without a name in the posterior."""
        lam = self.centring[name]
        raw = pm.Normal(f"{name}_raw", lam * mean, sigma**lam, dims=dims)
        return sigma ** (1 - lam) * (raw - lam * mean)

    def effect(self, name: str, values: TensorVariable, *dims: str) -> TensorVariable:
        """Return deviations under the name that they have in the posterior,
        `name_effect`.
        """
        return _effect(name, values, dims)

    def nested(
        self,
        name: str,
        mean: TensorVariable,
        above: TensorVariable | float,
        sigma: TensorVariable,
        part: TensorVariable,
        *dims: str,
    ) -> TensorVariable:
        """Return the deviations θ − m of θ ~ N(m + a, σw), m = mean, a = above, w =
        part: of a level within another, without a name in the posterior.

        Sampled as `exchangeable`: ξ ~ N(λ(m + a), (σw)^λ), θ − m = a + (σw)^(1−λ)(ξ −
        λ(m + a)). Powers are of σ and w apart: where σ is fixed at 0 (λ = 0), the
        gradient of a power of their product would be none.
        """
        lam = self.centring[name]
        raw = pm.Normal(
            f"{name}_raw", lam * (mean + above), sigma**lam * part**lam, dims=dims
        )
        deviation = (
            sigma ** (1 - lam) * part ** (1 - lam) * (raw - lam * (mean + above))
        )
        return above + deviation

    def zero_sum(self, name: str, sigma: TensorVariable, *dims: str) -> TensorVariable:
        """Return deviations `name_effect` that sum to zero along each of dims, N(0, σ)
        otherwise; one λ for the block.

        (B₁ ⊗ B₂) z with orthonormal contrasts B and iid normal z has the distribution
        of pm.ZeroSumNormal, whose transform costs twice the graph (compiling stunting:
        28 s against 21 s).
        """
        lam = self.centring[name]
        sizes = [_size(dim) for dim in dims]
        basis = reduce(np.kron, [self._basis(dim) for dim in dims])
        if not basis.shape[1]:  # one level departs from nothing
            return pt.zeros(sizes)
        rank = basis.shape[1]
        raw = pm.Normal(f"{name}_raw", 0.0, sigma**lam, shape=rank)
        deviation = sigma ** (1 - lam) * (basis @ raw)
        return _effect(name, deviation.reshape(sizes), dims)

    def _basis(self, dim: str) -> np.ndarray:
        """Return the basis of deviations along a dim; a reference_source has none, so
        that others' are free.
        """
        reference = self.card.reference_source
        labels = _labels(dim)
        if dim == SOURCE and reference in labels:
            identity = np.eye(len(labels))
            return np.delete(identity, labels.index(reference), axis=1)
        return basis_of(self.card, dim, len(labels))

    def of_countries(
        self, dim: str, mean: TensorVariable, sigma: TensorVariable
    ) -> TensorVariable:
        """Return deviations from a mean pattern (countries, dim) that are each
        country's own and sum to zero over dim.

        θ ~ N(m, σ) along each column of the basis of dim, m the mean's part there;
        sampled as `exchangeable`, with a λ for each country and column, for a survey
        may inform some ages and not others.
        """
        name = f"country_{dim}"
        countries = _size("country")
        basis = basis_of(self.card, dim, _size(dim))
        rank = basis.shape[1]
        if not rank:
            return pt.zeros((countries, _size(dim)))
        lam = self.centring[name]
        within = mean @ np.linalg.pinv(basis).T
        raw = pm.Normal(
            f"{name}_raw", lam * within, sigma**lam, shape=(countries, rank)
        )
        deviation = sigma ** (1 - lam) * (raw - lam * within)
        return _effect(name, deviation @ basis.T, ("country", dim))

    def of_countries_by_size(
        self, dim: str, mean: TensorVariable, sigma: TensorVariable
    ) -> TensorVariable:
        """Return the same where deviations are larger at some levels: N(0, σ) of each,
        less their mean; sigma (dim,).

        Levels and not contrasts are what is sampled, so that where data are many none
        of them hangs on σ.
        """
        name = f"country_{dim}"
        deviation = self.centred(name, mean, sigma, "country", dim)
        deviation = deviation - deviation.mean(axis=1, keepdims=True)
        return _effect(name, deviation, ("country", dim))

    def scaled(self, name: str, sigma: TensorVariable, *dims: str) -> TensorVariable:
        """Return deviations `name_effect` = σ z, z standard normal, of effects about
        which data say too little to be centred.
        """
        raw = pm.Normal(f"{name}_raw", dims=dims)
        return _effect(name, sigma * raw, dims)

    def deviations(self, factor: str) -> TensorVariable:
        """Return the deviations of a factor ("age") or product ("region:sex"),
        exchangeable if the card says so.
        """
        dims = tuple(factor.split(":"))
        name = "_".join(dims)
        sigma = self.variable(f"sigma_{name}")
        if factor not in self.card.exchangeable:
            return self.zero_sum(name, sigma, *dims)
        mean = pt.zeros([_size(dim) for dim in dims])
        return self.exchangeable(name, mean, sigma, *dims)


def believe(
    card: Card,
    world: World,
    centring: Mapping[str, np.ndarray],
) -> Belief:
    """Register the card's prior numbers and the centring in the model under
    construction.
    """
    values = {key: np.array(prior.numbers) for key, prior in card.priors.items()}
    numbers = _vector("prior_numbers", values)
    return Belief(card, world, numbers, _vector("centring", centring))


def basis_of(card: Card, dim: str, size: int) -> np.ndarray:
    """Return the basis (size, rank) of deviations along a dim: contrasts, or a walk
    over ages that are ordered.
    """
    if dim == "age" and card.age_order:
        return ages_walk(card)
    return contrasts(size)


def contrasts(size: int) -> np.ndarray:
    """Return orthonormal contrasts (size, size − 1), Helmert's: columns sum to zero,
    BᵀB = I.
    """
    return helmert(size).T


def ages_walk(card: Card) -> np.ndarray:
    """Return the basis of a random walk over the midpoints of the card's age bands
    (ages, rank), of its `age_order`.

    The walk of second order leaves straight lines free; here they are one more column,
    of the same size.
    """
    middles = []
    for band in card.bands:
        end = band.end if band.upper is not None else band.lower + OPEN
        middles.append((band.lower + end) / 2)
    middle = np.array(middles)
    waves = walk(middle, card.age_order)
    if card.age_order == 1:
        return waves
    return np.column_stack([line(middle), waves])


def flat(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the values one after another, as the pm.Data vectors hold them: what a
    refit sets.
    """
    parts = [np.ravel(value).astype(float) for value in values.values()]
    return np.concatenate([np.zeros(0), *parts])


def _effect(name: str, values: TensorVariable, dims: tuple[str, ...]) -> TensorVariable:
    return pt.as_tensor(pm.Deterministic(f"{name}_effect", values, dims=dims))


def _size(dim: str) -> int:
    return len(_labels(dim))


def _labels(dim: str) -> list:
    labels = pm.modelcontext(None).coords[dim]
    assert labels is not None, f"the dim '{dim}' has no labels"
    return list(labels)


def _vector(name: str, values: Mapping[str, np.ndarray]) -> dict[str, TensorVariable]:
    """Register values as one pm.Data vector; return the part of it that each one is."""
    vector = pt.as_tensor(pm.Data(name, flat(values)))
    parts = {}
    start = 0
    for key, value in values.items():
        shape = np.shape(value)
        stop = start + np.size(value)
        part = vector[start:stop] if shape else vector[start]
        parts[key] = part.reshape(shape) if len(shape) > 1 else part
        start = stop
    return parts
