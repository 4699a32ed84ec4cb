"""Structure: scaled eigenbases of intrinsic Gaussian fields: walks over ordered things,
graphs of neighbours, likeness.

Every function returns a basis B (size, rank): B z, z iid standard normal, is the field.
The geometric mean of its marginal variances, the generalised variance, is 1 in every
connected part, so that the σ in σ·B z means the same for every structure [Sørbye & Rue
2014]. B is constant: a field costs its model one matrix product. share < 1 keeps of
every part the leading columns alone, those that hold that share of its summed variances
(of the scaled field).
"""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from uncounted.errors import UncountedError, did_you_mean

TINY = 1e-9  # an eigenvalue below this share of the largest is zero


def _squared_exponential(distance: np.ndarray) -> np.ndarray:
    return np.exp(-(distance**2) / 2)


def _matern32(distance: np.ndarray) -> np.ndarray:
    root = np.sqrt(3)
    return (1 + root * distance) * np.exp(-root * distance)


KERNELS = {"squared_exponential": _squared_exponential, "matern32": _matern32}


def walk(
    at: int | Sequence[float] | np.ndarray,
    order: int = 1,
    share: float = 1.0,
) -> np.ndarray:
    """Return the basis (size, rank) of a random walk of order 1 or 2 over ordered
    things; at: how many, or where.

    Order 1, increments x[i+1] − x[i] ~ N(0, δ_i), δ_i the spacing: rank = size − 1,
    columns sum to zero. Order 2, Q = Hᵀ C⁻¹ H with (H x)_i = (x[i+1] − x[i])/δ_i −
    (x[i] − x[i−1])/δ_{i−1} and C_i = (δ_{i−1} + δ_i)/2 [Lindgren & Rue 2008, §2]: rank
    = size − 2, neither constant nor slope along `at` in it (`line` is the slope). Equal
    spacing is the textbook's walk [Rue & Held 2005, §3.3–3.4]. Units of `at` don't
    matter.
    """
    where = _positions(at)
    if order not in (1, 2):
        raise UncountedError(
            f"A walk of order {order} isn't known. Choose order 1 or 2."
        )
    if len(where) <= order:
        raise UncountedError(
            f"A walk of order {order} needs at least {order + 1} positions, not"
            f" {len(where)}."
        )
    step = np.diff(where)
    difference = np.diff(np.eye(len(where)), axis=0)
    slope = difference / step[:, None]
    if order == 1:
        return _field(slope * np.sqrt(step)[:, None], share)
    middle = np.sqrt((step[1:] + step[:-1]) / 2)
    return _field(np.diff(slope, axis=0) / middle[:, None], share)


def line(at: int | Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the slope that a walk of order 2 leaves out: positions (size,), centred,
    mean square 1.
    """
    where = _positions(at)
    centred = where - where.mean()
    return centred / np.sqrt((centred**2).mean())


def graph(
    pairs: Iterable[Sequence[str]],
    labels: Sequence[str],
    share: float = 1.0,
) -> np.ndarray:
    """Return the basis (labels, rank) of Besag's field: x[i] − x[j] ~ N(0, 1) over
    every pair of neighbours.

    Precision of a connected component: its Laplacian D − A [Besag et al. 1991], scaled
    apart from the others, its columns summing to zero [Riebler et al. 2016]; a
    component of one is N(0, 1) [Freni-Sterrantino et al. 2018]. Columns go component by
    component, in the order of their first labels. Raises UncountedError for pairs of
    what is no label.
    """
    size = len(labels)
    edges = _edges(pairs, list(labels))
    ones = np.ones(len(edges))
    adjacent = coo_array((ones, edges.T), shape=(size, size))
    count, component = connected_components(adjacent, directed=False)
    basis = np.zeros((size, size))
    start = 0
    for i in range(count):
        member = np.flatnonzero(component == i)
        block = np.ones((1, 1))
        if len(member) > 1:
            within = component[edges[:, 0]] == i
            block = _besag(edges[within], member, share)
        stop = start + block.shape[1]
        basis[member, start:stop] = block
        start = stop
    return basis[:, :start]


def likeness(
    x: np.ndarray,
    kernel: str = "matern32",
    length: float | None = None,
    share: float = 0.99,
) -> np.ndarray:
    """Return the basis (size, rank) of a field in which things with like covariates x
    (size, covariates) are alike.

    K = k(‖x_i − x_j‖/length), k squared exponential exp(−d²/2) or Matérn-3/2 (1 + √3 d)
    exp(−√3 d) [Rasmussen & Williams 2006, §4.2], centred to H K H with H = I − 11ᵀ/n,
    scaled, truncated. Without a length: the median distance between two things [Garreau
    et al. 2018]; it is fixed, since a learned one would make B a part of every
    gradient. x: z-scores, none missing. Raises UncountedError for an unknown kernel,
    for a hole, for things all alike.
    """
    if kernel not in KERNELS:
        raise UncountedError(
            f"There is no kernel '{kernel}'.{did_you_mean(kernel, KERNELS)}"
        )
    points = np.asarray(x, float).reshape(len(x), -1)
    if not np.isfinite(points).all():
        raise UncountedError(
            "Covariates of a likeness have holes. Fill them first, or leave those"
            " covariates out."
        )
    if not (points != points[0]).any():
        raise UncountedError(
            "Covariates of a likeness are the same everywhere. Give some that differ."
        )
    distance = np.linalg.norm(points[:, None] - points, axis=-1)
    between = distance[np.triu_indices(len(points), 1)]
    scale = float(np.median(between[between > 0])) if length is None else length
    if not scale > 0:
        raise UncountedError(
            f"The length of a likeness is {scale:g}; it must be above 0."
        )
    middle = np.eye(len(points)) - 1 / len(points)
    covariance = KERNELS[kernel](distance / scale)
    value, vector = np.linalg.eigh(middle @ covariance @ middle)
    kept = value > TINY * value[-1]
    return _leading(value[kept], vector[:, kept], share)


def _besag(
    edges: np.ndarray,
    member: np.ndarray,
    share: float,
) -> np.ndarray:
    difference = np.zeros((len(edges), len(member)))
    edge = np.arange(len(edges))
    start, stop = np.searchsorted(member, edges).T
    difference[edge, start] = 1.0
    difference[edge, stop] = -1.0
    return _field(difference, share, len(member) - 1)


def _field(
    root: np.ndarray,
    share: float,
    rank: int | None = None,
) -> np.ndarray:
    """Return the scaled basis of the field with precision Q = rootᵀ root, by singular
    values: Q squares the rounding.

    rank: root's, where it has more rows than that.
    """
    _, value, vector = np.linalg.svd(root, full_matrices=False)
    kept = slice(len(root) if rank is None else rank)
    return _leading(value[kept] ** -2, vector[kept].T, share)


def _leading(
    variance: np.ndarray,
    vector: np.ndarray,
    share: float,
) -> np.ndarray:
    """Return vector·√variance, largest first, scaled to generalised variance 1, without
    the last columns.

    Scaled before it is cut: the first columns alone may be zero somewhere. Each
    column's sign is that of its first large entry, so that a seed gives the same draws
    whatever library found the eigenvectors.
    """
    if not 0 < share <= 1:
        raise UncountedError(
            f"The share of a field's variance to keep is {share:g}; it should be above"
            " 0, at most 1."
        )
    largest = np.argsort(-variance, kind="stable")
    variance = variance[largest]
    vector = vector[:, largest]
    rank = len(variance)
    if share < 1:
        held = np.cumsum(variance) / variance.sum()
        rank = int(np.searchsorted(held, share - TINY)) + 1
    basis = vector * np.sqrt(variance)
    log_variance = np.log((basis**2).sum(axis=1))
    basis /= np.exp(log_variance.mean() / 2)
    size = np.abs(vector)
    large = (size > 0.5 * size.max(axis=0)).argmax(axis=0)
    sign = np.sign(vector[large, np.arange(len(large))])
    return (basis * sign)[:, :rank]


def _edges(pairs: Iterable[Sequence[str]], labels: list[str]) -> np.ndarray:
    """Return the pairs as positions of their labels (edges, 2), each once, none of a
    thing with itself.
    """
    place = {label: i for i, label in enumerate(labels)}
    edges = set()
    for start, stop in pairs:
        for label in (start, stop):
            if label not in place:
                raise UncountedError(
                    f"{start} and {stop} cannot be neighbours: there is no"
                    f" '{label}'.{did_you_mean(label, labels)}"
                )
        if start != stop:
            edge = place[start], place[stop]
            edges.add((min(edge), max(edge)))
    return np.array(sorted(edges), int).reshape(-1, 2)


def _positions(at: int | Sequence[float] | np.ndarray) -> np.ndarray:
    if isinstance(at, int | np.integer):
        where = np.arange(at, dtype=float)
    else:
        where = np.ravel(np.asarray(at, float))
    if not np.isfinite(where).all() or not (np.diff(where) > 0).all():
        values = [f"{value:g}" for value in where[:8]]
        if len(where) > 8:
            values.append("…")
        raise UncountedError(
            "Positions of a walk should be finite and increase, not"
            f" {', '.join(values)}. Sort them, each once."
        )
    return where
