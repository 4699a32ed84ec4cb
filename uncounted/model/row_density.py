"""Row density: the log density of rows of evidence, a function of numpy arrays."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.maker import function
from pytensor.compile.mode import Mode

from uncounted.model.density import PRINTED, Interval
from uncounted.model.distribution import Kind
from uncounted.model.row_error import shifted


def row_density(kind: Kind, share: bool) -> Callable[..., np.ndarray]:
    """Return a likelihood's log density as a function of numpy arrays: y, logits
    (nodes, draws, rows), the rest.
    """
    if kind.errs:
        return _with_shared_errors(kind, share)
    extra = len(kind.takes)

    def evaluated(logp: Callable, *values: np.ndarray) -> np.ndarray:
        dims = tuple(np.ndim(value) for value in values[2 + extra :])
        return _compiled(logp, share, extra, dims)(*values)

    interval = kind.logp
    if not isinstance(interval, Interval):
        return partial(evaluated, kind.logp)

    def with_intervals(*values: np.ndarray) -> np.ndarray:
        density = np.array(evaluated(interval.logp, *values[:-PRINTED]))
        rows = np.flatnonzero(values[-PRINTED] > 0)
        if len(rows):
            draws = [value[..., rows] for value in values[: 2 + extra]]
            data = [value[rows] for value in values[2 + extra :]]
            density[..., rows] = evaluated(interval, *draws, *data)
        return density

    return with_intervals


def _with_shared_errors(kind: Kind, share: bool) -> Callable[..., np.ndarray]:
    """Return `row_density` of rows that err together: that of rows without such an
    error, at what the error makes of their logits.
    """
    parameters = 1 + len(kind.takes)
    alone = row_density(replace(kind, errs=False), share)

    def shared(y: np.ndarray, *values: np.ndarray) -> np.ndarray:
        eta, *extra = values[:parameters]
        sigma, *data, weighted, group = values[parameters:]
        x, taken = _shifts()(y, eta, sigma, data[0], weighted, group)
        return alone(y, x, *extra, *data) - taken

    return shared


@cache
def _shifts() -> Callable[..., list[np.ndarray]]:
    """Return `row_error.shifted` of numpy arrays."""
    y = pt.vector("y", dtype="float64")
    eta = pt.tensor3("eta", dtype="float64")
    tau = pt.tensor3("tau", dtype="float64")
    n = pt.vector("n", dtype="float64")
    weighted = pt.vector("weighted", dtype="float64")
    group = pt.vector("group", dtype="int64")
    inputs = [y, eta, tau, n, weighted, group]
    mode = Mode(linker="py", optimizer="fast_compile")
    compiled: Any = function(inputs, list(shifted(*inputs)), mode=mode)
    return compiled


@cache
def _compiled(
    logp: Callable,
    share: bool,
    extra: int,
    data_dims: tuple[int, ...],
) -> Callable[..., np.ndarray]:
    y = pt.vector("y", dtype="float64")
    eta = pt.tensor3("eta", dtype="float64")
    inputs = [pt.tensor3(dtype="float64") for _ in range(extra)]
    for dims in data_dims:
        make = pt.matrix if dims == 2 else pt.vector
        inputs.append(make(dtype="float64"))
    value = logp(y, pt.sigmoid(eta) if share else eta, *inputs)
    mode = Mode(linker="py", optimizer="fast_compile")
    compiled: Any = function(
        [y, eta, *inputs], value, mode=mode, on_unused_input="ignore"
    )
    return compiled
