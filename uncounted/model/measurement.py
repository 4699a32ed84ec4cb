"""Measurement: from cells' prevalence to what a survey shows: averaged over what it covers, with non-sampling error."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.seen import Seen


def averaged(eta: TensorVariable, slope: TensorVariable | np.ndarray, seen: Seen) -> TensorVariable:
    """Return logit q (rows,): q = Σ_cells W·p, p = logit⁻¹(η[cell] + slope[country]·years since the reference year).

    A row that looked at one cell shows that cell's logit. For the others log Σ W·p − log Σ W·(1 − p) keeps its
    precision at either end; the entries of their sparse W are pm.Data.
    """
    w = seen.w.tocoo()
    row, cell = w.coords
    drift = slope[seen.country] * pt.as_tensor(pm.Data("since", seen.since, dims="row"))
    alone = (np.bincount(row, minlength=len(seen.y)) == 1)[row]
    first = np.zeros(len(seen.y), int)
    first[row[alone]] = cell[alone]
    logit_q = eta.flatten()[first] + drift
    if alone.all():
        return logit_q
    several, at = np.unique(row[~alone], return_inverse=True)
    weight = pt.as_tensor(pm.Data("w", w.data[~alone], dims="entry"))
    p = eta.flatten()[cell[~alone]] + drift[row[~alone]]
    nothing = pt.zeros(len(several))

    def log_sum(logit: TensorVariable) -> TensorVariable:
        summed = nothing[at].inc(weight * pt.sigmoid(logit))  # pyright: ignore[reportOperatorIssue] PyTensor types it None
        return pt.log(summed)  # pyright: ignore[reportReturnType] the same: PyTensor's elementwise functions have no body

    return logit_q[several].set(log_sum(p) - log_sum(-p))


def survey_error(
    belief: Belief, place: TensorVariable, slope: TensorVariable | np.ndarray, seen: Seen
) -> TensorVariable | float:
    """Return ν of each row's survey (rows,): N(0, σ_survey[kind of source]), one for all its rows; 0 without it.

    Centred, by information, on its country's level in its year (see `Belief.exchangeable`).
    """
    if "sigma_survey" not in belief.card.priors:
        return 0.0
    sigma = belief.variable("sigma_survey", "source")[seen.source]
    mean = place[seen.survey_country] + slope[seen.survey_country] * seen.survey_since
    return belief.exchangeable("survey", mean, sigma, "survey")[seen.survey]
