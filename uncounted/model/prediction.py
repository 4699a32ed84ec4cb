"""Prediction: what surveys would show, draw by draw, with their own errors and their
sampling.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytensor.tensor as pt
import xarray as xr
from pytensor.compile.maker import function
from pytensor.compile.mode import Mode
from scipy.special import expit

from uncounted.model.build import Study
from uncounted.model.density import PRINTED, Interval
from uncounted.model.likelihood import ROW_GROUP, ROW_LEFT, Kind, kind_of
from uncounted.model.measurement import ROW_SIZE
from uncounted.model.reporting import mistaken
from uncounted.model.row_error import shifted
from uncounted.model.summed_out import LogDensity, over_errors, over_series

SERIES = (  # what the surveys of a series share of their errors, in the posterior
    "series_effect"
)


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

    def rows(self, at: np.ndarray) -> "Prediction":
        """Return the prediction of some rows."""
        parts = {
            name: getattr(self, name)[:, at]
            for name in ("covered", "sigma", "sigma_series", "se", "sp", "row_size")
        }
        known = _of_rows(self.known, at)
        return replace(
            self,
            **parts,
            y=self.y[at],
            known=known,
            survey=self.survey[at],
            series=self.series[at],
        )

    def counts(
        self, rng: np.random.Generator, nu: np.ndarray | None = None
    ) -> np.ndarray:
        """Draw effective counts (draws, rows): ν drawn (`errors`) or given; then
        sampling.
        """
        if nu is None:
            nu = self.errors(rng)
        shown = self._shown(self.covered + nu)
        first = expit(shown) if self._of_share else shown
        extra = [self.extra[:, [i]] for i in range(self.extra.shape[1])]
        extra += [self.row_size] if self.kind.errs else []
        return self.kind.draw(
            first, *extra, *self.known.values(), rng=rng, size=shown.shape
        )

    def errors(self, rng: np.random.Generator) -> np.ndarray:
        """Draw ν (draws, rows): N(0, σ), one for all rows of a survey, and a part for
        all surveys of a series.
        """
        own = self.sigma * _drawn_once(self.survey, len(self.covered), rng)
        if (self.series < 0).all():
            return own
        return own + self.sigma_series * _drawn_once(
            self.series, len(self.covered), rng
        )

    def log_density(self, nu: np.ndarray) -> np.ndarray:
        """Return log f(y | ν) of every row (nodes, draws, rows) at given ν (nodes,
        draws, rows or 1).
        """
        shown = self._shown(self.covered + nu)
        extra = [
            np.broadcast_to(self.extra[:, i, None], shown.shape)
            for i in range(self.extra.shape[1])
        ]
        extra += [np.broadcast_to(self.row_size, shown.shape)] if self.kind.errs else []
        return _density(self.kind, self._of_share)(
            self.y, shown, *extra, *self.known.values()
        )

    def log_scores(self) -> dict[int, np.ndarray]:
        """Return log ∫ Π_rows f(y | ν) N(ν; 0, σ) dν of every survey (draws,): its
        rows' joint density, ν summed out.

        Of each survey by itself, whatever it shares with others (`joint_log_scores`).
        Within 0.001 of brute force for every likelihood (`over_errors`).
        """
        found = {}
        for survey in np.unique(self.survey):
            mine = self.rows(np.flatnonzero(self.survey == survey))
            sigma = np.hypot(mine.sigma[:, 0], mine.sigma_series[:, 0])
            found[int(survey)] = over_errors(mine.together, sigma)
        return found

    def joint_log_scores(self) -> dict[tuple[int, ...], np.ndarray]:
        """Return the log density (draws,) of surveys that share no error with others,
        or of all surveys of a series.

        Densities of a draw multiply over the keys, each of which is the surveys that it
        is of.
        """
        lone = self.rows(np.flatnonzero(self.series < 0)).log_scores()
        found: dict[tuple[int, ...], np.ndarray] = {
            (survey,): density for survey, density in lone.items()
        }
        for series in np.unique(self.series[self.series >= 0]):
            members = self.rows(np.flatnonzero(self.series == series))
            surveys = np.unique(members.survey)
            densities = [
                members.rows(np.flatnonzero(members.survey == survey)).together
                for survey in surveys
            ]
            key = tuple(int(survey) for survey in surveys)
            found[key] = over_series(
                densities, members.sigma_series[:, 0], members.sigma[:, 0]
            )
        return found

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
        yes, no = mistaken(expit(logit_q), expit(-logit_q), self.se, self.sp)
        return np.log(yes) - np.log(no)


def predict(
    study: Study, draws: xr.Dataset, rows: np.ndarray, weight: np.ndarray | None = None
) -> Prediction:
    """Return the prediction of some rows (by their place) from draws of the study's own
    names with `covered`.

    weight (rows of the study,): 0 where held out, which what likelihoods take from all
    rows leaves out too. Of a series with a row of weight above 0 the shared error is
    the draws' own; of the others, and of all if no weight is said, it is drawn anew,
    one for all surveys of a series. draws: of `derived_names`.
    """
    seen, kind = study.seen, kind_of(study.card, study.seen)
    source = seen.source[seen.survey[rows]]
    known = kind.known(seen.y, seen.n, 1.0 if weight is None else weight)
    covered, sigma_series, series = _of_series(study, draws, rows, weight)
    every = {
        key: _of_kind(draws, key, source, covered.shape, default)
        for key, default in DEFAULTS.items()
    }
    extra = [_flat(draws[name]) for name in kind.takes]
    in_series = seen.series.member[seen.survey[rows]]
    own_part = np.where(in_series, np.sqrt(1 - _share(study, draws, rows)), 1.0)
    return Prediction(
        kind=kind,
        link=study.card.link,
        covered=covered,
        sigma=every["sigma_survey"] * own_part,
        se=every["sensitivity"],
        sp=every["specificity"],
        extra=np.stack(extra, axis=1) if extra else np.zeros((len(covered), 0)),
        y=seen.y[rows],
        known=_of_rows(known, rows)
        | ({ROW_LEFT: (~seen.unknown[rows]).astype(float)} if kind.errs else {}),
        survey=seen.survey[rows],
        sigma_series=every["sigma_survey"] * sigma_series,
        series=series,
        row_size=(
            _flat(draws[ROW_SIZE])[:, rows] if kind.errs else np.zeros(covered.shape)
        ),
    )


def _of_rows(known: Mapping[str, np.ndarray], at: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is known of some rows; groups that err together are numbered anew."""
    taken = {key: value[at] for key, value in known.items()}
    if ROW_GROUP in taken:
        taken[ROW_GROUP] = np.unique(taken[ROW_GROUP], return_inverse=True)[1]
    return taken


def derived_names(study: Study, prefix: str = "") -> list[str]:
    """Return what `predict` takes of a study's draws that follows from the model's
    parameters, under their names.
    """
    more = [SERIES] if study.seen.series.member.any() else []
    more += [ROW_SIZE] if kind_of(study.card, study.seen).errs else []
    return [f"{prefix}{name}" for name in ("covered", *more)]


def _of_series(
    study: Study, draws: xr.Dataset, rows: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what rows cover with the errors that their series are known to share, and
    √ρ and which of other series.

    (draws, rows) twice, and (rows,), −1 where the row is in no such series.
    """
    seen = study.seen
    covered = _flat(draws["covered"])[:, rows]
    series = seen.series.survey[seen.survey]
    mine = series[rows]
    if (mine < 0).all():
        return covered, np.zeros(covered.shape), mine
    left = np.zeros(len(seen.y), bool) if weight is None else np.asarray(weight) > 0
    known = np.isin(mine, series[left & (series >= 0)])
    effect = _flat(draws[SERIES])[:, mine]
    unknown = (mine >= 0) & ~known
    root = np.sqrt(_share(study, draws, rows))
    return (
        covered + np.where(known, effect, 0.0),
        np.where(unknown, root, 0.0),
        np.where(unknown, mine, -1),
    )


def _share(study: Study, draws: xr.Dataset, rows: np.ndarray) -> np.ndarray:
    """Return ρ of each row's kind of source (draws, rows); 0 of kinds without
    series.
    """
    seen = study.seen
    kind = seen.series.kind(seen.source[seen.survey[rows]], seen.sources)
    if (kind < 0).all():
        return np.zeros((draws.sizes["chain"] * draws.sizes["draw"], len(rows)))
    return np.where(kind >= 0, _flat(draws["series_share"])[:, kind], 0.0)


def _drawn_once(member: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw standard normals (draws, rows), one for all rows of the same member
    (rows,).
    """
    members, at = np.unique(member, return_inverse=True)
    return rng.normal(size=(draws, len(members)))[:, at]


def log_likelihood(study: Study, draws: xr.Dataset) -> np.ndarray:
    """Return log f of all rows together at every draw (draws,), from draws with
    `reported` and `derived_names`.
    """
    seen, kind = study.seen, kind_of(study.card, study.seen)
    shown = _flat(draws["reported"])[None]
    extra = [
        np.broadcast_to(_flat(draws[name])[None, :, None], shown.shape)
        for name in kind.takes
    ]
    extra += [_flat(draws[ROW_SIZE])[None]] if kind.errs else []
    share = kind.share and study.card.link == "logit"
    return _density(kind, share)(
        seen.y, shown, *extra, *kind.known(seen.y, seen.n).values()
    )[0].sum(axis=-1)


DEFAULTS = {
    "sigma_survey": 0.0,
    "sensitivity": 1.0,
    "specificity": 1.0,
}  # of a card without the prior


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
    return _flat(draws[key])[:, source] if key in draws else np.full(shape, default)


def _flat(values: xr.DataArray) -> np.ndarray:
    """Return draws chain after chain: (draws, …)."""
    return values.stack(sample=("chain", "draw")).transpose("sample", ...).to_numpy()


def _density(kind: Kind, share: bool) -> Callable[..., np.ndarray]:
    """Return a likelihood's log density as a function of numpy arrays: y, logits
    (nodes, draws, rows), the rest.
    """
    if kind.errs:
        return _with_shared_errors(kind, share)
    extra = len(kind.takes)

    def evaluated(logp: Callable, *values: np.ndarray) -> np.ndarray:
        known = tuple(np.ndim(value) for value in values[2 + extra :])
        return _compiled(logp, share, extra, known)(*values)

    interval = kind.logp
    if not isinstance(interval, Interval):
        return partial(evaluated, kind.logp)

    def with_intervals(*values: np.ndarray) -> np.ndarray:
        density = np.array(evaluated(interval.logp, *values[:-PRINTED]))
        at = np.flatnonzero(values[-PRINTED] > 0)
        draws, known = values[: 2 + extra], values[2 + extra :]
        if len(at):
            of_rows = [
                *(value[..., at] for value in draws),
                *(value[at] for value in known),
            ]
            density[..., at] = evaluated(interval, *of_rows)
        return density

    return with_intervals


def _with_shared_errors(kind: Kind, share: bool) -> Callable[..., np.ndarray]:
    """Return `_density` of rows that err together: that of rows without it, at what the
    error makes of their logits.
    """
    parameters = 1 + len(kind.takes)
    alone = _density(replace(kind, errs=False), share)

    def shared(y: np.ndarray, *values: np.ndarray) -> np.ndarray:
        eta, *extra = values[:parameters]
        sigma, *known, left, group = values[parameters:]
        x, taken = _shifts()(y, eta, sigma, known[0], left, group)
        return alone(y, x, *extra, *known) - taken

    return shared


@cache
def _shifts() -> Callable[..., list[np.ndarray]]:
    """Return `row_error.shifted` of numpy arrays."""
    y, n, left = (pt.vector(name, dtype="float64") for name in ("y", "n", "left"))
    eta, tau = (pt.tensor3(name, dtype="float64") for name in ("eta", "tau"))
    group = pt.vector("group", dtype="int64")
    mode = Mode(linker="py", optimizer="fast_compile")
    compiled: Any = function(
        [y, eta, tau, n, left, group],
        list(shifted(y, eta, tau, n, left, group)),
        mode=mode,
    )
    return compiled


@cache
def _compiled(
    logp: Callable, share: bool, extra: int, known: tuple[int, ...]
) -> Callable[..., np.ndarray]:
    y, eta = pt.vector("y", dtype="float64"), pt.tensor3("eta", dtype="float64")
    more = [pt.tensor3(dtype="float64") for _ in range(extra)]
    more += [
        pt.matrix(dtype="float64") if dims == 2 else pt.vector(dtype="float64")
        for dims in known
    ]
    value = logp(y, pt.sigmoid(eta) if share else eta, *more)
    mode = Mode(linker="py", optimizer="fast_compile")
    compiled: Any = function(
        [y, eta, *more], value, mode=mode, on_unused_input="ignore"
    )
    return compiled
