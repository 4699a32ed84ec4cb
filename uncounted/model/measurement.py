"""Measurement: the prevalence that each row of evidence covers, and the non-sampling
errors of surveys.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.people import of_instruments, sizes_of_ages
from uncounted.model.place import Countries
from uncounted.model.reporting import bias
from uncounted.model.seen import Seen
from uncounted.model.trend import terms

# the prior of the sd of what rows of a survey and age err by, log odds
ROW = "sigma_row"
ROW_SIZE = "row_size"
SMALLEST = 1e-24  # a variance, log odds


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
    cell's logit (`people.of_instruments`).
    """
    row, cell, weight, since = _entries(seen)
    alone, single = single_cells(row, cell, len(seen.y))
    cells = pt.as_tensor(pm.Data("row_cell", single, dims="row"))
    drift = _drift(belief, course, seen.country, seen.since, "since", "row")
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
    drift = _drift(belief, course, country, since, "entry_since", "entry")
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


def is_summed(card: Card, seen: Seen) -> bool:
    """Return whether countries' departures and lone surveys' errors are sampled as
    sums.
    """
    return "sigma_survey" in card.priors and bool(seen.lone.any())


def survey_error(
    belief: Belief, place: TensorVariable, course: TensorVariable | None, seen: Seen
) -> TensorVariable | float:
    """Return ν of each row's survey (rows,): N(0, σ_survey[kind of source]), one for
    all its rows; 0 without it.

    Centred, by information, on its country's level in its year as its kind of source
    shows it (see `Belief.exchangeable`). Surveys of one series share a part of it: ν =
    σ(√ρ s[series] + √(1 − ρ) e), s and e standard normal, ρ = series_share[kind of
    source], so that one survey of a series errs as a lone one does and k of them count
    as one to k.
    """
    if "sigma_survey" not in belief.card.priors:
        return 0.0
    survey_of = np.stack([seen.survey_country, seen.source])
    of_survey = pt.as_tensor(pm.Data("survey_of", survey_of))
    country, source = of_survey[0], of_survey[1]
    sigma = belief.variable("sigma_survey", "source")[source]
    since = seen.survey_since
    drift = _drift(belief, course, seen.survey_country, since, "survey_since", "survey")
    mean = _as_shown(belief, place[country] + drift, seen, source)
    if not seen.series.member.any():
        return belief.exchangeable("survey", mean, sigma, "survey")[seen.survey]
    shared, own_share = _series(belief, place, course, seen)
    own_part = own_share**0.5
    error = belief.nested("survey", mean, shared, sigma, own_part, "survey")
    return belief.effect("survey", error, "survey")[seen.survey]


def levels_and_errors(
    belief: Belief, countries: Countries, course: TensorVariable | None, seen: Seen
) -> tuple[TensorVariable, TensorVariable]:
    """Return each country's level (countries,) and ν of each row's survey (rows,), as
    `survey_error`, where most countries have one survey.

    A country's only survey shows the sum d = (θ − m) + ν and nothing of its parts,
    which are a ridge if sampled apart: few surveys ended in divergences. So d ~ N(0, T)
    is sampled, T² = σ_country² + σ_survey², and z ~ N(0, 1), with
    ν = d σ_survey²/T² + z σ_country σ_survey/T.
    """
    survey_of = np.stack([seen.survey_country, seen.source, seen.lone])
    of_survey = pt.as_tensor(pm.Data("survey_of", survey_of))
    country, source, lone = (of_survey[i] for i in range(3))
    sigma = belief.variable("sigma_survey", "source")[source]
    since = seen.survey_since
    drift = _drift(belief, course, seen.survey_country, since, "survey_since", "survey")
    nothing = pt.zeros(len(belief.world.places))
    shown = _as_shown(belief, nothing[country] + drift, seen, source)
    variance = countries.sigma**2 + nothing[country].inc(lone * sigma**2)
    # SMALLEST: a gradient where σ_country is fixed at 0
    total = pt.as_tensor(pt.sqrt(variance + SMALLEST))  # pyright: ignore[reportArgumentType] PyTensor types it None
    mean = countries.mean + nothing[country].inc(lone * shown)
    both = belief.centred("country", mean, total, "country")
    level = countries.mean + both
    seen_mean = level[country] + shown
    if seen.series.member.any():
        shared, own_share = _series(belief, level, course, seen)
        own_part = own_share**0.5
        error = belief.nested("survey", seen_mean, shared, sigma, own_part, "survey")
    else:
        error = belief.centred("survey", seen_mean, sigma, "survey")
    of_country = ((countries.sigma + nothing) / total)[country]
    part = lone * (sigma / total[country]) ** 2
    error = part * both[country] + of_country * error
    error = belief.effect("survey", error, "survey")
    departure = both - nothing[country].inc(lone * error)
    return countries.level(belief, departure), error[seen.survey]


def _as_shown(
    belief: Belief, level: TensorVariable, seen: Seen, source: TensorVariable
) -> TensorVariable:
    """Return levels as kinds of source show them, with their bias if the card has
    it.
    """
    if "bias" not in belief.card.priors:
        return level
    return level + bias(belief, seen)[source]


def row_size(belief: Belief, seen: Seen) -> TensorVariable:
    """Return the sd of what rows of a survey and age err by beyond their survey's error
    (rows,), log odds.

    `sigma_row` at one age, times the age's own size if the card has `spread_age`. A row
    that covers several ages, or levels of traits, errs by their mean, √Σw² as much, and
    shares it with no other row.
    """
    squares = seen.row_ages
    sizes = sizes_of_ages(belief)
    if sizes is None:
        part = np.sqrt(squares.sum(axis=1))
    else:
        part = pt.sqrt(pt.dot(squares, sizes**2))
    return belief.variable(ROW) * part  # pyright: ignore[reportOperatorIssue] PyTensor types the root None


def _series(
    belief: Belief,
    place: TensorVariable,
    course: TensorVariable | None,
    seen: Seen,
) -> tuple[TensorVariable, TensorVariable]:
    """Return what each survey's series adds to its error, 0 without one, and the share
    1 − ρ that is its own, else 1.

    Both (surveys,). The series' part σ√ρ·s is `series_effect`, centred, by information,
    on the country's level in the middle year of its surveys.
    """
    series = seen.series
    belief.label("series", list(series.labels))
    belief.label("series_source", list(series.kinds))
    series_of = np.stack([series.country, series.source])
    of_series = pt.as_tensor(pm.Data("series_of", series_of))
    kind_of_series = series.kind(series.source, seen.sources)
    kind = series.kind(seen.source, seen.sources)
    kind_of_survey = np.where(series.member, kind, -1)
    survey_series = np.stack([series.survey, kind_of_survey])
    of_survey = pt.as_tensor(pm.Data("survey_series", survey_series))
    share = belief.variable("series_share", "series_source")
    sigma = belief.variable("sigma_survey", "source")[of_series[1]]
    drift = _drift(
        belief, course, series.country, series.since, "series_since", "series"
    )
    mean = _as_shown(belief, place[of_series[0]] + drift, seen, of_series[1])
    part = share[kind_of_series] ** 0.5
    deviation = belief.nested("series", mean, 0.0, sigma, part, "series")
    effect = belief.effect("series", deviation, "series")
    # −1, a survey in no series, picks what is put last
    shared = pt.as_tensor(pt.concatenate([effect, pt.zeros(1)]))
    own_share = pt.as_tensor(pt.concatenate([1 - share, pt.ones(1)]))
    return shared[of_survey[0]], own_share[of_survey[1]]


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


def _drift(
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
