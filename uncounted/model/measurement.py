"""Measurement: from cells' prevalence to what a survey shows: averaged over what it covers, with non-sampling error."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.seen import Seen
from uncounted.model.trend import terms


def averaged(belief: Belief, eta: TensorVariable, course: TensorVariable | None, seen: Seen) -> TensorVariable:
    """Return logit q (rows,), q under the identity link: q = Σ W·p over the cells and years that a row covers.

    p = logit⁻¹(η[cell] + course[country]·terms(year)). A row that looked at one cell in one year shows that cell's
    logit. For the others log Σ W·p − log Σ W·(1 − p) keeps its precision at either end; the entries of their sparse W
    are pm.Data, and so is where rows and surveys looked: as many surveys of other countries are the same model.
    """
    row, cell, weight, since = _entries(seen)
    alone = (np.bincount(row, minlength=len(seen.y)) == 1)[row]
    first = np.zeros(len(seen.y), int)
    first[row[alone]] = cell[alone]
    cells = pt.as_tensor(pm.Data("row_cell", first, dims="row"))
    logit_q = eta.flatten()[cells] + _drift(belief, course, seen.country, seen.since, "since", "row")
    if alone.all():
        return logit_q
    several, at = np.unique(row[~alone], return_inverse=True)
    w = pt.as_tensor(pm.Data("w", weight[~alone], dims="entry"))
    drift = _drift(belief, course, seen.country[row[~alone]], since[~alone], "entry_since", "entry")
    p = eta.flatten()[cell[~alone]] + drift
    nothing = pt.zeros(len(several))

    def log_sum(logit: TensorVariable) -> TensorVariable:
        summed = nothing[at].inc(w * pt.sigmoid(logit))  # pyright: ignore[reportOperatorIssue] PyTensor types it None
        return pt.log(summed)  # pyright: ignore[reportReturnType] the same: PyTensor's elementwise functions have no body

    if belief.card.link == "identity":
        return logit_q[several].set(nothing[at].inc(w * p))
    return logit_q[several].set(log_sum(p) - log_sum(-p))


def survey_error(
    belief: Belief, place: TensorVariable, course: TensorVariable | None, seen: Seen
) -> TensorVariable | float:
    """Return ν of each row's survey (rows,): N(0, σ_survey[kind of source]), one for all its rows; 0 without it.

    Centred, by information, on its country's level in its year (see `Belief.exchangeable`).
    """
    if "sigma_survey" not in belief.card.priors:
        return 0.0
    of = pt.as_tensor(pm.Data("survey_of", np.stack([seen.survey_country, seen.source])))
    sigma = belief.variable("sigma_survey", "source")[of[1]]
    drift = _drift(belief, course, seen.survey_country, seen.survey_since, "survey_since", "survey")
    return belief.exchangeable("survey", place[of[0]] + drift, sigma, "survey")[seen.survey]


def _entries(seen: Seen) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return row, cell, weight and years since the reference year of every cell in every year that a row covers."""
    w = seen.w.tocoo()
    row, cell = w.coords
    times = seen.span[row]
    again = np.repeat(np.arange(len(row)), times)
    later = np.arange(len(again)) - np.repeat(np.cumsum(times) - times, times)
    return row[again], cell[again], (w.data / times)[again], seen.since[row[again]] + later


def _drift(
    belief: Belief, course: TensorVariable | None, country: np.ndarray, since: np.ndarray, name: str, dim: str
) -> TensorVariable | float:
    """Return the change of logits since the reference year in given countries and years; 0 without a trend."""
    if course is None:
        return 0.0
    card = belief.card
    when = pt.as_tensor(pm.Data(name, terms(card, card.year + since), dims=(dim, "term")))
    return (course[country] * when).sum(axis=1)
