"""Measurement: the prevalence that each row of evidence covers."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.instruments import of_instruments
from uncounted.model.seen import Seen
from uncounted.model.trend import terms


def averaged(
    belief: Belief,
    eta: TensorVariable,
    course: TensorVariable | None,
    seen: Seen,
) -> TensorVariable:
    """Return logit q (rows,), q under the identity link: q = Σ W·p over the cells and
    years that a row covers.

    p = logit⁻¹(η[cell] + course[country]·terms(year)). A row that looked at one cell in
    one year shows that cell's logit. For the others log Σ W·p − log Σ W·(1 − p) keeps
    its precision at either end; the entries of their sparse W are pm.Data, and so is
    where rows and surveys looked: as many surveys of other countries are the same
    model. What the kind of source shows of persons apart from others is added to each
    cell's logit (`instruments.of_instruments`).
    """
    row, cell, weight, since = _entries(seen)
    alone, single = single_cells(row, cell, len(seen.y))
    cells = pt.as_tensor(pm.Data("row_cell", single, dims="row"))
    drift = change(belief, course, seen.country, seen.since, "since", "row")
    logit_q = eta.flatten()[cells] + drift
    by_source = of_instruments(belief, list(seen.sources))
    source = seen.source[seen.survey]
    width = seen.w.shape[1] // len(belief.world.places)  # pyright: ignore[reportOptionalSubscript] SciPy's stubs lack it
    if by_source is not None:
        by_source = by_source.flatten()
        source_cell = source * width + single % width
        at_source = pm.Data("row_source_cell", source_cell, dims="row")
        logit_q = logit_q + by_source[pt.as_tensor(at_source)]
    if alone.all():
        return logit_q
    row = row[~alone]
    cell = cell[~alone]
    since = since[~alone]
    several, position = np.unique(row, return_inverse=True)
    w = pt.as_tensor(pm.Data("w", weight[~alone], dims="entry"))
    country = seen.country[row]
    drift = change(belief, course, country, since, "entry_since", "entry")
    p = eta.flatten()[cell] + drift
    if by_source is not None:
        p = p + by_source[source[row] * width + cell % width]
    nothing = pt.zeros(len(several))

    def log_sum(logit: TensorVariable) -> TensorVariable:
        summed = nothing[position].inc(w * pt.sigmoid(logit))  # pyright: ignore[reportOperatorIssue] PyTensor types it None
        return pt.log(summed)  # pyright: ignore[reportReturnType] the same: PyTensor's elementwise functions have no body

    if belief.card.link == "identity":
        return logit_q[several].set(nothing[position].inc(w * p))
    return logit_q[several].set(log_sum(p) - log_sum(-p))


def single_cells(
    row: np.ndarray,
    cell: np.ndarray,
    rows: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return which entries (entries,) are all that their row covers, and the cell of
    each such row (rows,), 0 for others.

    row, cell (entries,): which row covers which cell.
    """
    alone = (np.bincount(row, minlength=rows) == 1)[row]
    single = np.zeros(rows, int)
    single[row[alone]] = cell[alone]
    return alone, single


def _entries(seen: Seen) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return row, cell, weight and years since the reference year of every cell in
    every year that a row covers.
    """
    w = seen.w.tocoo()
    row, cell = w.coords
    times = seen.span[row]
    again = np.repeat(np.arange(len(row)), times)
    start = np.cumsum(times) - times
    later = np.arange(len(again)) - np.repeat(start, times)
    weight = (w.data / times)[again]
    row = row[again]
    return row, cell[again], weight, seen.since[row] + later


def change(
    belief: Belief,
    course: TensorVariable | None,
    country: np.ndarray,
    since: np.ndarray,
    name: str,
    dim: str,
) -> TensorVariable | float:
    """Return the change of logits since the reference year in given countries and
    years; 0 without a trend.
    """
    if course is None:
        return 0.0
    card = belief.card
    values = terms(card, card.year + since)
    when = pt.as_tensor(pm.Data(name, values, dims=(dim, "term")))
    return (course[country] * when).sum(axis=1)
