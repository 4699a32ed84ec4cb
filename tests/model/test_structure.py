"""Structure: small cases by hand, the precision that each field should have, and BYM2
against an exact posterior.
"""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import nutpie
import pandas as pd
import pymc as pm
import pytest

from uncounted.errors import UncountedError
from uncounted.model.belief import Belief
from uncounted.model.neighbours import structured
from uncounted.model.priors import Prior
from uncounted.model.structure import graph, likeness, line, walk

GRID = [f"{row}{column}" for row in range(6) for column in "abcdefghij"]
EDGES = [(f"{r}{c}", f"{r}{d}") for r in range(6) for c, d in pairwise("abcdefghij")]
EDGES += [(f"{r}{c}", f"{r + 1}{c}") for r in range(5) for c in "abcdefghij"]
ISLANDS = ["x", "y", "z"]


def generalised(basis: np.ndarray) -> float:
    return float(np.exp(np.log((basis**2).sum(axis=1)).mean()))


def scaled_inverse(precision: np.ndarray) -> np.ndarray:
    inverse = np.linalg.pinv(precision, rcond=1e-9, hermitian=True)
    return inverse / np.exp(np.log(np.diag(inverse)).mean())


def laplacian(pairs, labels) -> np.ndarray:
    adjacent = np.zeros((len(labels), len(labels)))
    for a, b in pairs:
        adjacent[labels.index(a), labels.index(b)] = adjacent[
            labels.index(b), labels.index(a)
        ] = 1
    return np.diag(adjacent.sum(axis=1)) - adjacent


def test_a_walk_over_two_and_three_by_hand():
    """RW1: pinv(D'D) of three has variances (5, 2, 5)/9; RW2 of three is one column,
    (1, −2, 1) over ∛2.
    """
    assert walk(2) == pytest.approx(np.array([[1.0], [-1.0]]))
    assert (walk(3) @ walk(3).T) == pytest.approx(
        np.array([[5, -1, -4], [-1, 2, -1], [-4, -1, 5]]) / (5 * 2 * 5) ** (1 / 3)
    )
    assert walk(3, order=2) == pytest.approx(
        np.array([[1.0], [-2.0], [1.0]]) / 2 ** (1 / 3)
    )


@pytest.mark.parametrize(
    ("size", "order"), [(4, 1), (9, 1), (40, 1), (4, 2), (9, 2), (40, 2)]
)
def test_a_walk_has_the_textbook_s_precision(size, order):
    difference = np.diff(np.eye(size), n=order, axis=0)
    basis = walk(size, order)
    assert basis.shape == (size, size - order)
    assert basis @ basis.T == pytest.approx(
        scaled_inverse(difference.T @ difference), abs=1e-6
    )
    assert generalised(basis) == pytest.approx(1)
    for null in np.vander(np.arange(size), order).T:
        assert null @ basis == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("order", [1, 2])
def test_a_walk_knows_unequal_spacing_and_no_units(order):
    """Leaving out places of an even walk is the walk over those that stay: exact at
    order 1, up to the constant.
    """
    months = np.array([3.0, 9, 18, 30, 42, 54])
    basis = walk(months, order)
    assert basis == pytest.approx(walk(months / 12 + 100, order))
    assert np.ones(6) @ basis == pytest.approx(0, abs=1e-8)
    if order == 2:
        assert months @ basis == pytest.approx(0, abs=1e-8)
        return
    gaps = (np.diff(basis, axis=0) ** 2).sum(axis=1)
    assert gaps / gaps[0] == pytest.approx(np.diff(months) / 6)


def test_the_line_is_what_a_walk_of_order_two_leaves_out():
    months = [3.0, 9, 18, 30, 42, 54]
    slope = line(months)
    assert (slope.sum(), (slope**2).mean()) == pytest.approx((0, 1))
    assert slope @ walk(months, 2) == pytest.approx(0, abs=1e-8)


def test_a_graph_is_the_inverse_of_its_laplacian_in_every_component_apart():
    labels = [*GRID[:30], "p", "q", "r", *ISLANDS]
    pairs = [
        *(pair for pair in EDGES if set(pair) <= set(labels)),
        ("p", "q"),
        ("r", "q"),
        ("q", "p"),
        ("p", "p"),
    ]
    shuffled = list(np.random.default_rng(1).permutation(labels))
    basis = graph(pairs, shuffled)[[shuffled.index(label) for label in labels]]
    assert basis.shape == (36, 29 + 2 + 3)
    covariance = basis @ basis.T
    for part in (slice(0, 30), slice(30, 33)):
        names = labels[part]
        inside = [
            pair for pair in pairs if set(pair) <= set(names) and pair[0] != pair[1]
        ]
        assert covariance[part, part] == pytest.approx(
            scaled_inverse(laplacian(inside, names)), abs=1e-8
        )
        assert generalised(basis[part]) == pytest.approx(1)
        assert basis[part].sum(axis=0) == pytest.approx(0, abs=1e-8)
    assert covariance[33:, 33:] == pytest.approx(np.eye(3))
    assert covariance[:30, 30:] == pytest.approx(0)
    assert covariance[30:33, 33:] == pytest.approx(0)


def test_a_path_of_neighbours_is_a_walk_and_no_pairs_are_islands():
    labels = list("abcdefg")
    path = graph(list(pairwise(labels)), labels)
    assert path @ path.T == pytest.approx(walk(7) @ walk(7).T)
    assert graph([], labels) == pytest.approx(np.eye(7))


def test_draws_of_a_field_have_its_variances():
    basis = graph(EDGES, [*GRID, *ISLANDS])
    draws = np.random.default_rng(2).standard_normal((20_000, basis.shape[1])) @ basis.T
    assert draws.var(axis=0) == pytest.approx((basis**2).sum(axis=1), rel=0.06)
    assert np.exp(np.log(draws.var(axis=0)[:60]).mean()) == pytest.approx(1, rel=0.02)
    near, far = (
        np.corrcoef(draws[:, 0], draws[:, 1])[0, 1],
        np.corrcoef(draws[:, 0], draws[:, 59])[0, 1],
    )
    assert near > 0.6 > 0 > far


def test_a_cut_field_keeps_its_share_of_the_variance_and_its_shape():
    whole = walk(60)
    for share in (0.5, 0.9, 0.99):
        cut = walk(60, share=share)
        assert cut == pytest.approx(whole[:, : cut.shape[1]])
        held = (cut**2).sum() / (whole**2).sum()
        assert (
            share
            <= held
            < share + (whole[:, cut.shape[1] - 1] ** 2).sum() / (whole**2).sum() + 1e-9
        )
    two = graph([("a", "b"), ("b", "c"), ("d", "e")], list("abcdef"), share=0.5)
    assert (two**2).sum(axis=1)[3:] == pytest.approx(
        1
    )  # a small component, and an island, are never cut away


@pytest.mark.parametrize("kernel", ["matern32", "squared_exponential"])
def test_likeness_falls_with_distance_whatever_the_order(kernel):
    x = np.random.default_rng(3).standard_normal((50, 2))
    basis = likeness(x, kernel)
    assert generalised(likeness(x, kernel, share=1.0)) == pytest.approx(1)
    assert basis.sum(axis=0) == pytest.approx(0, abs=1e-8)
    covariance = basis @ basis.T
    distance = np.linalg.norm(x[:, None] - x, axis=-1)
    correlation = covariance / np.sqrt(
        np.outer(np.diag(covariance), np.diag(covariance))
    )
    near, far = np.quantile(distance[np.triu_indices(50, 1)], [0.1, 0.9])
    assert correlation[(distance < near) & (distance > 0)].mean() > 0.6
    assert correlation[distance > far].mean() < -0.1
    order = np.random.default_rng(4).permutation(50)
    turned = likeness(x[order], kernel)
    assert turned @ turned.T == pytest.approx(
        covariance[np.ix_(order, order)], abs=1e-8
    )


def test_likeness_of_three_by_hand():
    """Points 0, 1, 2 on a line, length 1: K = exp(−d²/2), centred by hand, scaled by
    its geometric mean variance.
    """
    a, b = np.exp(-0.5), np.exp(-2.0)
    kernel = np.array([[1, a, b], [a, 1, a], [b, a, 1]])
    row, all_ = kernel.mean(axis=1), kernel.mean()
    centred = kernel - row[:, None] - row + all_
    centred /= np.exp(np.log(np.diag(centred)).mean())
    basis = likeness(
        np.array([0.0, 1, 2]), "squared_exponential", length=1.0, share=1.0
    )
    assert basis @ basis.T == pytest.approx(centred)
    assert likeness(np.array([0.0, 1, 2])) == pytest.approx(
        likeness(np.array([0.0, 1, 2]), length=1.0)
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: walk(5, 3), "order 3 isn't known"),
        (lambda: walk(2, 2), "order 2 needs at least 3 positions, not 2"),
        (lambda: walk([0, 2, 1]), "should be finite and increase, not 0, 2, 1"),
        (lambda: walk([0, 1, np.inf]), "should be finite and increase"),
        (lambda: walk(5, share=0.0), "share of a field's variance to keep is 0"),
        (
            lambda: graph([("FRA", "ESQ")], ["ESP", "FRA"]),
            "there is no 'ESQ'. Did you mean 'ESP'?",
        ),
        (
            lambda: likeness(np.eye(3), "matern"),
            "no kernel 'matern'. Did you mean 'matern32'?",
        ),
        (lambda: likeness(np.array([1, np.nan, 2])), "have holes"),
        (lambda: likeness(np.ones((4, 2))), "same everywhere"),
        (lambda: likeness(np.arange(3), length=0.0), "length of a likeness is 0"),
    ],
)
def test_what_no_field_can_be_made_of_says_why(make, sentence):
    with pytest.raises(UncountedError) as caught:
        make()
    assert sentence in str(caught.value)


def bym2(
    labels: list[str],
    pairs: list[tuple[str, str]],
    seen: np.ndarray,
    y: np.ndarray,
    noise: float,
) -> pm.Model:
    """A plain country model: y ~ N(level + structured + rest, noise), rest by σ√(1 −
    ρ), priors as in `exact`.
    """
    world = SimpleNamespace(places=pd.DataFrame(index=labels))
    card = SimpleNamespace(priors={"rho": Prior("beta", (1.0, 1.0))})
    with pm.Model(coords={"country": labels}) as model:
        belief = Belief(card, world, {"rho": pm.Data("prior_numbers", [1.0, 1.0])}, {})  # pyright: ignore
        sigma = pm.HalfNormal("sigma", 1.0)
        part, rest = structured(belief, sigma, graph(pairs, labels))
        effect = (
            pm.Normal("level", 0.0, 2.0)
            + part
            + rest * pm.Normal("raw", dims="country")
        )
        pm.Deterministic("effect", effect, dims="country")
        pm.Normal("y", effect[seen], noise, observed=y)
    return model


def exact(
    basis: np.ndarray, seen: np.ndarray, y: np.ndarray, noise: float
) -> dict[str, np.ndarray]:
    """Mean and sd of σ and ρ on a grid, the rest integrated out: y ~ N(0, 4·11ᵀ +
    σ²(ρBBᵀ + (1 − ρ)I) + noise²·I).
    """
    sigmas, rhos = np.linspace(0.02, 2.0, 60), np.linspace(0.005, 0.995, 60)
    field, one = (basis @ basis.T)[np.ix_(seen, seen)], np.eye(len(seen))
    density = np.zeros((60, 60))
    for i, sigma in enumerate(sigmas):
        for j, rho in enumerate(rhos):
            root = np.linalg.cholesky(
                4 + sigma**2 * (rho * field + (1 - rho) * one) + noise**2 * one
            )
            z = np.linalg.solve(root, y)
            density[i, j] = -z @ z / 2 - np.log(np.diag(root)).sum() - sigma**2 / 2
    weight = np.exp(density - density.max()) / np.exp(density - density.max()).sum()
    found = {}
    for name, value, by in (
        ("sigma", sigmas, weight.sum(axis=1)),
        ("rho", rhos, weight.sum(axis=0)),
    ):
        mean = value @ by
        found[name] = np.array([mean, np.sqrt((value - mean) ** 2 @ by)])
    return found


@pytest.mark.long
def test_bym2_finds_what_was_simulated_and_predicts_whom_nobody_asked():
    """σ = 0.8, ρ = 0.8 on 60 countries and 3 islands, 15 never surveyed: the exact
    posterior, and the truth in it.
    """
    rng, labels = np.random.default_rng(2), [*GRID, *ISLANDS]
    basis, noise = graph(EDGES, labels), 0.3
    rest = np.sqrt(0.2) * rng.standard_normal(63)
    effect = -2 + 0.8 * (
        np.sqrt(0.8) * basis @ rng.standard_normal(basis.shape[1]) + rest
    )
    held = rng.choice(60, 15, replace=False)
    seen = np.setdiff1d(np.arange(63), held)
    y = effect[seen] + noise * rng.standard_normal(len(seen))
    compiled = nutpie.compile_pymc_model(bym2(labels, EDGES, seen, y, noise))
    draws = nutpie.sample(
        compiled,
        seed=6,
        chains=2,
        tune=500,
        draws=1500,
        target_accept=0.9,
        progress_bar=False,
    ).posterior.dataset
    answer = exact(basis, seen, y, noise)
    for name, truth in (("sigma", 0.8), ("rho", 0.8)):
        mean, sd = answer[name]
        assert draws[name].mean().item() == pytest.approx(mean, abs=0.2 * sd)
        assert draws[name].std().item() == pytest.approx(sd, rel=0.2)
        assert abs(truth - mean) < 2 * sd
    found = draws["effect"].mean(("chain", "draw")).to_numpy()
    error, naive = found[held] - effect[held], y.mean() - effect[held]
    assert (error**2).mean() < 0.75 * (
        naive**2
    ).mean()  # over many such worlds about 0.7
    spread = draws["effect"].std(("chain", "draw")).to_numpy()
    assert (
        spread[60:].min() > spread[seen[seen < 60]].max() * 0.5
    )  # an island leans on nobody
    assert spread[held].mean() > spread[seen].mean()
