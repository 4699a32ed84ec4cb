"""Prediction: the counts that surveys would show, draw by draw, with their own errors
and sampling.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from scipy.special import expit

from uncounted.model.build import Study
from uncounted.model.distribution import ROW_GROUP, ROW_LEFT, Kind, kind_of
from uncounted.model.misreporting import mistaken
from uncounted.model.row_density import row_density
from uncounted.model.row_error import ROW_SIZE
from uncounted.model.summed_out import LogDensity, over_errors, over_series

# what the surveys of a series share of their errors, in the posterior
SERIES = "series_effect"
BY_DRAW = ("covered", "sigma", "sigma_series", "se", "sp", "row_size")  # (draws, rows)
# of a card without the prior
DEFAULTS = {"sigma_survey": 0.0, "sensitivity": 1.0, "specificity": 1.0}


@dataclass(frozen=True)
class Prediction:
    """Rows of evidence as a model's draws see them before their surveys' own errors ν,
    and their likelihood.

    covered (draws, rows): logits of what each row covers, or what it covers where the
    card's link is identity, with the error that its series is known to share. sigma
    (draws, rows): sd of ν, or of what a survey in a series has of its own; 0 where the
    card has none. sigma_series (draws, rows): sd of what a series of which nothing is
    known shares, 0 for all other rows. se, sp (draws, rows): sensitivity and
    specificity, 1 where nobody is mistaken. extra (draws, parameters): what else the
    likelihood takes. y, n, known (rows,): the counts and what follows from them. survey
    (rows,): which rows share a ν. series (rows,): which share a series of which nothing
    is known, −1 for all other rows. row_size (draws, rows): sd of what rows of a survey
    and age err by, 0 without it.
    """

    kind: Kind
    link: str
    covered: np.ndarray
    sigma: np.ndarray
    se: np.ndarray
    sp: np.ndarray
    extra: np.ndarray
    y: np.ndarray
    known: dict[str, np.ndarray]
    survey: np.ndarray
    sigma_series: np.ndarray
    series: np.ndarray
    row_size: np.ndarray

    @property
    def n(self) -> np.ndarray:
        """Effective respondents of each row."""
        return self.known["n"]

    def rows(self, index: np.ndarray) -> "Prediction":
        """Return the prediction of some rows."""
        by_draw = {name: getattr(self, name)[:, index] for name in BY_DRAW}
        return replace(
            self,
            **by_draw,
            y=self.y[index],
            known=_of_rows(self.known, index),
            survey=self.survey[index],
            series=self.series[index],
        )

    def counts(
        self,
        rng: np.random.Generator,
        nu: np.ndarray | None = None,
    ) -> np.ndarray:
        """Draw effective counts (draws, rows): ν drawn (`errors`) or given; then
        sampling.
        """
        if nu is None:
            nu = self.errors(rng)
        shown = self._shown(self.covered + nu)
        parameter = expit(shown) if self._of_share else shown
        extra = list(self.extra.T[:, :, None])
        if self.kind.errs:
            extra.append(self.row_size)
        data = self.known.values()
        return self.kind.draw(parameter, *extra, *data, rng=rng, size=shown.shape)

    def errors(self, rng: np.random.Generator) -> np.ndarray:
        """Draw ν (draws, rows): N(0, σ), one for all rows of a survey, and a part for
        all surveys of a series.
        """
        draws = len(self.covered)
        errors = self.sigma * _drawn_once(self.survey, draws, rng)
        if (self.series < 0).all():
            return errors
        return errors + self.sigma_series * _drawn_once(self.series, draws, rng)

    def log_density(self, nu: np.ndarray) -> np.ndarray:
        """Return log f(y | ν) of every row (nodes, draws, rows) at given ν (nodes,
        draws, rows or 1).
        """
        shown = self._shown(self.covered + nu)
        extra = list(self.extra.T[:, :, None])
        if self.kind.errs:
            extra.append(self.row_size)
        values = [np.broadcast_to(parameter, shown.shape) for parameter in extra]
        density = row_density(self.kind, self._of_share)
        return density(self.y, shown, *values, *self.known.values())

    def log_scores(self) -> dict[int, np.ndarray]:
        """Return log ∫ Π_rows f(y | ν) N(ν; 0, σ) dν of every survey (draws,): its
        rows' joint density, ν summed out.

        Of each survey by itself, whatever it shares with others (`joint_log_scores`).
        Within 0.001 of brute force for every likelihood (`over_errors`).
        """
        scores = {}
        for survey in np.unique(self.survey):
            rows = self.rows(np.flatnonzero(self.survey == survey))
            sigma = np.hypot(rows.sigma[:, 0], rows.sigma_series[:, 0])
            scores[int(survey)] = over_errors(rows.together, sigma)
        return scores

    def joint_log_scores(self) -> dict[tuple[int, ...], np.ndarray]:
        """Return the log density (draws,) of surveys that share no error with others,
        or of all surveys of a series.

        Densities of a draw multiply over the keys, each of which is the surveys that it
        is of.
        """
        lone = self.rows(np.flatnonzero(self.series < 0)).log_scores()
        scores: dict[tuple[int, ...], np.ndarray] = {
            (survey,): density for survey, density in lone.items()
        }
        for series in np.unique(self.series[self.series >= 0]):
            members = self.rows(np.flatnonzero(self.series == series))
            surveys = np.unique(members.survey)
            densities = []
            for survey in surveys:
                rows = members.rows(np.flatnonzero(members.survey == survey))
                densities.append(rows.together)
            shared, own_sd = members.sigma_series[:, 0], members.sigma[:, 0]
            key = tuple(int(survey) for survey in surveys)
            scores[key] = over_series(densities, shared, own_sd)
        return scores

    @property
    def together(self) -> LogDensity:
        """The log density of all rows together at given ν: (nodes, draws) → (nodes,
        draws).
        """
        return lambda nu: self.log_density(nu[..., None]).sum(axis=-1)

    @property
    def _of_share(self) -> bool:
        """Whether what the rows cover are log odds, of which the likelihood takes the
        share.
        """
        return self.kind.share and self.link == "logit"

    def _shown(self, logit_q: np.ndarray) -> np.ndarray:
        if (self.se == 1).all() and (self.sp == 1).all():
            return logit_q
        q, not_q = expit(logit_q), expit(-logit_q)
        yes, no = mistaken(q, not_q, self.se, self.sp)
        return np.log(yes) - np.log(no)


def predict(
    study: Study,
    draws: xr.Dataset,
    rows: np.ndarray,
    weight: np.ndarray | None = None,
) -> Prediction:
    """Return the prediction of some rows (by their place) from draws of the study's own
    names with `covered`.

    weight (rows of the study,): 0 where held out, which what likelihoods take from all
    rows leaves out too. Of a series with a row of weight above 0 the shared error is
    the draws' own; of the others, and of all without weights, it is drawn anew, one for
    all surveys of a series. draws: of `derived_names`.
    """
    seen = study.seen
    kind = kind_of(study.card, seen)
    survey = seen.survey[rows]
    source = seen.source[survey]
    row_weight = 1.0 if weight is None else weight
    data = _of_rows(kind.known(seen.y, seen.n, row_weight), rows)
    covered, root_share, series = _of_series(study, draws, rows, weight)
    sigma, se, sp = (
        _of_kind(draws, key, source, covered.shape, default)
        for key, default in DEFAULTS.items()
    )
    share = _share(study, draws, rows)
    own_part = np.where(seen.series.member[survey], np.sqrt(1 - share), 1.0)
    extra = np.zeros((len(covered), len(kind.takes)))
    for column, name in enumerate(kind.takes):
        extra[:, column] = _flat(draws[name])
    row_size = np.zeros(covered.shape)
    if kind.errs:
        row_size = _flat(draws[ROW_SIZE])[:, rows]
        data[ROW_LEFT] = (~seen.unknown[rows]).astype(float)
    return Prediction(
        kind=kind,
        link=study.card.link,
        covered=covered,
        sigma=sigma * own_part,
        se=se,
        sp=sp,
        extra=extra,
        y=seen.y[rows],
        known=data,
        survey=survey,
        sigma_series=sigma * root_share,
        series=series,
        row_size=row_size,
    )


def _of_rows(data: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is known of some rows; groups that err together are numbered anew."""
    taken = {key: value[rows] for key, value in data.items()}
    if ROW_GROUP in taken:
        taken[ROW_GROUP] = np.unique(taken[ROW_GROUP], return_inverse=True)[1]
    return taken


def derived_names(study: Study, prefix: str = "") -> list[str]:
    """Return what `predict` takes of a study's draws that follows from the model's
    parameters, under their names.
    """
    names = ["covered"]
    if study.seen.series.member.any():
        names.append(SERIES)
    if kind_of(study.card, study.seen).errs:
        names.append(ROW_SIZE)
    return [f"{prefix}{name}" for name in names]


def _of_series(
    study: Study,
    draws: xr.Dataset,
    rows: np.ndarray,
    weight: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what rows cover with the errors that their series are known to share, and
    √ρ and which of other series.

    (draws, rows) twice, and (rows,), −1 where the row is in no such series.
    """
    seen = study.seen
    covered = _flat(draws["covered"])[:, rows]
    series = seen.series.survey[seen.survey]
    row_series = series[rows]
    if (row_series < 0).all():
        return covered, np.zeros(covered.shape), row_series
    weighted = np.zeros(len(seen.y)) if weight is None else np.asarray(weight)
    informed = np.isin(row_series, series[(weighted > 0) & (series >= 0)])
    effect = _flat(draws[SERIES])[:, row_series]
    unknown = (row_series >= 0) & ~informed
    covered = covered + np.where(informed, effect, 0.0)
    root = np.sqrt(_share(study, draws, rows))
    root_share = np.where(unknown, root, 0.0)
    return covered, root_share, np.where(unknown, row_series, -1)


def _share(
    study: Study,
    draws: xr.Dataset,
    rows: np.ndarray,
) -> np.ndarray:
    """Return ρ of each row's kind of source (draws, rows); 0 of kinds without
    series.
    """
    seen = study.seen
    source = seen.source[seen.survey[rows]]
    kind = seen.series.kind(source, seen.sources)
    if (kind < 0).all():
        size = draws.sizes["chain"] * draws.sizes["draw"]
        return np.zeros((size, len(rows)))
    share = _flat(draws["series_share"])[:, kind]
    return np.where(kind >= 0, share, 0.0)


def _drawn_once(
    member: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw standard normals (draws, rows), one for all rows of the same member
    (rows,).
    """
    members, position = np.unique(member, return_inverse=True)
    return rng.normal(size=(draws, len(members)))[:, position]


def log_likelihood(study: Study, draws: xr.Dataset) -> np.ndarray:
    """Return log f of all rows together at every draw (draws,), from draws with
    `reported` and `derived_names`.
    """
    seen = study.seen
    kind = kind_of(study.card, seen)
    shown = _flat(draws["reported"])[None]
    extra = []
    for name in kind.takes:
        values = _flat(draws[name])[None, :, None]
        extra.append(np.broadcast_to(values, shown.shape))
    if kind.errs:
        extra.append(_flat(draws[ROW_SIZE])[None])
    density = row_density(kind, kind.share and study.card.link == "logit")
    data = kind.known(seen.y, seen.n).values()
    of_rows = density(seen.y, shown, *extra, *data)[0]
    return of_rows.sum(axis=-1)


def _of_kind(
    draws: xr.Dataset,
    key: str,
    source: np.ndarray,
    shape: tuple[int, ...],
    default: float,
) -> np.ndarray:
    """Return a parameter of kinds of source for every draw and row; the default where
    the model has none.
    """
    if key not in draws:
        return np.full(shape, default)
    return _flat(draws[key])[:, source]


def _flat(values: xr.DataArray) -> np.ndarray:
    """Return draws chain after chain: (draws, …)."""
    stacked = values.stack(sample=("chain", "draw"))
    return stacked.transpose("sample", ...).to_numpy()
