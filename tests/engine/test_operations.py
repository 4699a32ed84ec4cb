"""Every operation that a program knows, beside PyTensor's own: shapes, strides,
broadcasts, zeros and infinities.
"""

from collections.abc import Callable

import numpy as np
import pytensor.tensor as pt
import pytest
from numpy.testing import assert_allclose
from pytensor.compile.maker import function
from pytensor.compile.mode import Mode
from pytensor.graph.fg import FunctionGraph

from uncounted.engine.compiled import program
from uncounted.engine.draft import Unknown
from uncounted.engine.graph import Graph, graph_of
from uncounted.engine.library import Library

SIZE = 24
SPECIAL = np.array(
    [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        0.5,
        -0.5,
        np.inf,
        -np.inf,
        np.nan,
        1e-310,
        1e300,
        -1e300,
        3.0,
        -2.0,
        8.0,
    ]
)
Expression = Callable[..., pt.TensorVariable]


def computed(
    machine: Library, expression: Expression, point: np.ndarray, *, rewritten: bool
) -> np.ndarray:
    """Run an expression of a vector as a program, through PyTensor's rewrites or as it
    is written.
    """
    x = pt.vector("x", shape=(len(point),))
    output = pt.as_tensor(expression(x)).astype(float).ravel()
    graph = (
        graph_of(x, [output])
        if rewritten
        else Graph(whole := FunctionGraph([x], [output]), whole.inputs[0], ())
    )
    return program(graph, len(point), {}, machine).expand(point)


def expected(expression: Expression, point: np.ndarray) -> np.ndarray:
    x = pt.vector("x", shape=(len(point),))
    output = pt.as_tensor(expression(x)).astype(float).ravel()
    with np.errstate(all="ignore"):
        return function([x], output, mode=Mode(linker="py", optimizer=None))(point)


def check(machine: Library, expression: Expression, point: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        known = expected(expression, point)
    for rewritten in (False, True):
        assert_allclose(
            computed(machine, expression, point, rewritten=rewritten),
            known,
            rtol=1e-12,
            atol=1e-14,
        )


ONE_ARGUMENT = {
    "abs": pt.abs, "arctan": pt.arctan, "ceil": pt.ceil, "cos": pt.cos, "cosh": pt.cosh, "erf": pt.erf,
    "erfc": pt.erfc, "exp": pt.exp, "expm1": pt.expm1, "floor": pt.floor, "invert": lambda x: ~(x > 0),
    "isinf": pt.isinf, "isnan": pt.isnan, "log": pt.log, "log1mexp": lambda x: pt.log1mexp(-pt.abs(x)),
    "log1p": pt.log1p, "neg": lambda x: -x, "reciprocal": pt.reciprocal, "sigmoid": pt.sigmoid, "sign": pt.sign,
    "sin": pt.sin, "sinh": pt.sinh, "softplus": pt.softplus, "sqr": pt.sqr, "sqrt": pt.sqrt, "tanh": pt.tanh,
}  # fmt: skip
TWO_ARGUMENTS = {
    "add": lambda x, y: x + y, "and": lambda x, y: pt.gt(x, 0) & pt.gt(y, 0), "div": lambda x, y: x / y, "eq": pt.eq,
    "ge": pt.ge, "gt": pt.gt, "le": pt.le, "lt": pt.lt, "maximum": pt.maximum, "minimum": pt.minimum,
    "mul": lambda x, y: x * y, "neq": pt.neq, "or": lambda x, y: pt.gt(x, 0) | pt.gt(y, 0), "pow": lambda x, y: x**y,
    "second": pt.second, "sub": lambda x, y: x - y, "switch": lambda x, y: pt.switch(pt.gt(x, 0), y, x),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_ARGUMENT)
@pytest.mark.parametrize("size", [1, 5, 128, 129, 400])
def test_functions_of_one_number(machine, name, size):
    """Blocks take 128 numbers at a time: one, a part of a chunk, a whole one, one more,
    several.
    """
    rng = np.random.default_rng(size)
    check(machine, ONE_ARGUMENT[name], rng.normal(0, 5, size))


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_functions_of_zeros_infinities_and_what_is_no_number(machine, name):
    check(machine, ONE_ARGUMENT[name], SPECIAL)


@pytest.mark.parametrize("name", TWO_ARGUMENTS)
def test_functions_of_two_numbers(machine, name):
    """A vector, a single number of it, a constant, and arrays that are broadcast
    against each other.
    """
    point = np.random.default_rng(1).normal(0, 2, SIZE)
    of = TWO_ARGUMENTS[name]
    check(machine, lambda x: of(x, x[::-1]), point)
    check(machine, lambda x: of(x, x[3]), point)
    check(machine, lambda x: of(x[3], x), point)
    check(machine, lambda x: of(x, 1.7), point)
    check(machine, lambda x: of(x[:4][:, None], x[4:10][None, :]), point)
    check(machine, lambda x: of(x.reshape((4, 6)).T, np.arange(4.0)), point)
    check(machine, lambda x: of(x.reshape((2, 3, 4)), x[:3][None, :, None]), point)


@pytest.mark.parametrize("name", TWO_ARGUMENTS)
def test_pairs_of_zeros_infinities_and_what_is_no_number(machine, name):
    of = TWO_ARGUMENTS[name]
    check(machine, lambda x: of(x[:, None], x[None, :]), SPECIAL)


@pytest.mark.parametrize(
    "exponent", [-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 0.3, 7.0, np.inf]
)
def test_powers(machine, exponent):
    # PyTensor's own rewrites take square roots of -0.0 and -inf for powers, which are
    # others
    check(
        machine,
        lambda x: x**exponent,
        np.abs(SPECIAL) if abs(exponent) == 0.5 else SPECIAL,
    )
    check(machine, lambda x: x**exponent, np.random.default_rng(2).normal(0, 3, 300))


def test_one_number_raised_to_many_known_powers(machine):
    repeated = np.repeat([0.0, 1.0, 0.25, -2.0], 30)
    for base in (0.0, 2.5, np.inf, -2.0):
        check(machine, lambda x: x[0] ** repeated, np.array([base]))
        check(machine, lambda x: x[0] ** repeated[::30], np.array([base]))
        check(machine, lambda x: x[:, None] ** repeated + x, np.array([base]))


@pytest.mark.parametrize("name", ["gammaln", "psi", "tri_gamma"])
def test_gamma_and_its_derivatives(machine, name):
    from scipy.special import gammaln, polygamma, psi

    known = {"gammaln": gammaln, "psi": psi, "tri_gamma": lambda x: polygamma(1, x)}[
        name
    ]
    of = getattr(pt, name)
    x = np.concatenate(
        [
            np.geomspace(1e-8, 1e8, 400),
            np.linspace(0.5, 3, 101),
            np.linspace(-4.93, -0.07, 49),
        ]
    )
    if name == "tri_gamma":
        x = x[x > 0]
    found = computed(machine, of, x, rewritten=False)
    assert_allclose(found, known(x), rtol=2e-13, atol=2e-14)
    edges = np.array([0.0, np.inf, np.nan])
    assert_allclose(computed(machine, of, edges, rewritten=False), known(edges))


REDUCTIONS = {"sum": pt.sum, "max": pt.max, "min": pt.min, "prod": pt.prod}


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, 1, 2, (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_reductions(machine, name, axis):
    point = np.random.default_rng(3).normal(0, 2, SIZE)
    of = REDUCTIONS[name]
    check(machine, lambda x: of(x.reshape((2, 3, 4)), axis=axis), point)
    check(
        machine, lambda x: of(x.reshape((2, 3, 4)).transpose(2, 0, 1), axis=axis), point
    )
    check(
        machine,
        lambda x: of(pt.exp(x.reshape((2, 3, 4)))[:, ::-1, 1:], axis=axis),
        point,
    )


def test_reductions_of_truths(machine):
    point = np.random.default_rng(4).normal(0, 2, SIZE)
    for of in (pt.all, pt.any):
        check(machine, lambda x, of=of: of(x.reshape((4, 6)) > 0, axis=1), point)
        check(machine, lambda x, of=of: of(x > -100), point)


def test_sums_of_many_numbers_and_of_none(machine):
    point = np.random.default_rng(5).normal(0, 2, 1000)
    check(machine, lambda x: pt.sum(pt.exp(x) * 2 - 1), point)
    check(machine, lambda x: pt.exp(x[0]) + pt.sum(x[:0]) + pt.sum(x * 2), point)
    check(machine, lambda x: pt.sum(x.reshape((10, 100)), axis=0), point)
    check(machine, lambda x: pt.cumsum(x.reshape((10, 100)), axis=0), point)
    check(machine, lambda x: pt.cumsum(x.reshape((10, 100)), axis=1), point)
    check(machine, lambda x: pt.cumprod(x[:8]), point)


def test_views_that_move_no_number(machine):
    point = np.random.default_rng(6).normal(0, 2, SIZE)
    check(machine, lambda x: x[2:20:3] + 1, point)
    check(machine, lambda x: x[-1] * x[::-2], point)
    check(machine, lambda x: x.reshape((4, 6))[1:, 2] * 3, point)
    check(machine, lambda x: x.reshape((4, 6)).T.reshape((3, 8)) + 1, point)
    check(machine, lambda x: pt.broadcast_to(x[:6], (4, 6)) * 2, point)
    check(machine, lambda x: pt.alloc(x[2], 3, 4) + 1, point)
    check(machine, lambda x: x.reshape((2, 3, 4)).dimshuffle(1, "x", 2, 0) - 1, point)


def test_indices_by_tables(machine):
    point = np.random.default_rng(7).normal(0, 2, SIZE)
    rows, columns = np.array([3, 0, 0, 2]), np.array([5, 1, 1, 0])
    check(machine, lambda x: x[rows] * 2, point)
    check(machine, lambda x: x.reshape((4, 6))[rows, columns], point)
    check(machine, lambda x: x.reshape((4, 6))[:, columns] + x[:4][:, None], point)
    check(machine, lambda x: x.reshape((4, 6)).T[np.array([[0, 1], [2, 5]])], point)
    check(machine, lambda x: x[np.arange(SIZE) % 2 == 0] + 1, point)


def test_indices_that_are_computed(machine):
    """A cubic between nodes of a table, as counts that are not known for sure have
    it.
    """
    point = np.random.default_rng(14).uniform(0, 3.9, SIZE)
    table = np.random.default_rng(15).normal(size=(SIZE, 5))
    check(
        machine,
        lambda x: pt.as_tensor(table)[np.arange(SIZE), pt.cast(x, "int64")] * x,
        point,
    )
    check(
        machine,
        lambda x: pt.as_tensor(table)[np.arange(SIZE), pt.cast(x, "int64") - 4],
        point,
    )
    check(machine, lambda x: pt.as_tensor(table[:, 0])[pt.cast(x, "int64")], point)
    check(machine, lambda x: pt.exp(x)[pt.cast(x, "int64")], point)
    outside = computed(
        machine,
        lambda x: pt.as_tensor(table[0])[pt.cast(x, "int64")],
        point + 9,
        rewritten=False,
    )
    assert np.isnan(outside).all()
    check(
        machine,
        lambda x: pt.cast(x - 2, "int64") + pt.cast(x - 2, "bool"),
        np.append(point, 2.0),
    )


def test_increments_and_settings(machine):
    point = np.random.default_rng(8).normal(0, 2, SIZE)
    rows = np.array([3, 0, 0, 2])
    check(machine, lambda x: pt.zeros(6)[rows].inc(x[:4]), point)
    check(machine, lambda x: x[rows].inc(x[:4]), point)
    check(machine, lambda x: x[rows].inc(x[5]), point)
    check(
        machine,
        lambda x: pt.as_tensor(np.arange(6.0))[np.array([1, 4])].set(x[:2]),
        point,
    )
    check(machine, lambda x: x[2:9].set(0.0), point)
    check(machine, lambda x: x[2:9].inc(x[10:17]), point)
    check(machine, lambda x: x.reshape((4, 6))[:, 1].set(x[:4]), point)
    check(machine, lambda x: pt.exp(x)[np.array([1, 2])].set(x[0]), point)


def test_joins_and_splits(machine):
    point = np.random.default_rng(9).normal(0, 2, SIZE)
    check(machine, lambda x: pt.concatenate([x[4:], x[:4] * 2, np.ones(3)]), point)
    check(
        machine,
        lambda x: (
            pt.concatenate([x.reshape((4, 6)), x[:8].reshape((4, 2))], axis=1) + 1
        ),
        point,
    )
    check(machine, lambda x: pt.stack([x[0], x[1] * 2, 3.0]) + 1, point)
    check(machine, lambda x: pt.split(x, [4, 20], n_splits=2)[1] * 2, point)


def test_products_of_matrices(machine):
    point = np.random.default_rng(10).normal(0, 2, SIZE)
    matrix = np.random.default_rng(11).normal(size=(7, 6))
    check(machine, lambda x: matrix @ x[:6], point)
    check(machine, lambda x: x[:7] @ matrix, point)
    check(machine, lambda x: x[:6] @ x[6:12], point)
    check(machine, lambda x: x.reshape((4, 6)) @ matrix.T, point)
    check(machine, lambda x: x.reshape((4, 6)).T @ x[:4], point)
    check(machine, lambda x: x.reshape((2, 2, 6)) @ matrix.T, point)
    check(machine, lambda x: x.reshape((2, 3, 4)) @ x[:8].reshape((2, 4, 1)), point)
    check(machine, lambda x: x.reshape((4, 6))[:, ::2] @ x.reshape((6, 4))[::2], point)


def test_more_steps_than_there_are_registers(machine):
    """Each of a hundred functions is needed again at the end, so that most must be kept
    in memory.
    """
    point = np.random.default_rng(12).normal(0, 0.1, 300)

    def expression(x):
        parts = [pt.sigmoid(x * (1 + k / 10)) for k in range(100)]
        total = parts[0]
        for part in parts[1:]:
            total = total * 0.9 + part
        for part in parts:
            total = total - part * total / 200
        return total

    check(machine, expression, point)


def test_an_operation_that_is_not_known_says_so(machine):
    point = np.random.default_rng(13).normal(0, 2, SIZE)
    with pytest.raises(Unknown, match=r"operation|function"):
        computed(machine, lambda x: pt.sort(x), point, rewritten=False)
    with pytest.raises(Unknown, match="decides a shape or a place"):
        computed(machine, lambda x: x[: pt.sum(pt.gt(x, 0))], point, rewritten=False)
    with pytest.raises(Unknown, match="of bits"):
        computed(machine, lambda x: ~pt.cast(x, "int64"), point, rewritten=False)
    with pytest.raises(Unknown, match="float32"):
        computed(machine, lambda x: x.astype("float32"), point, rewritten=False)
