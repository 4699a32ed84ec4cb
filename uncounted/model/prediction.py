"""Prediction: what surveys would show, draw by draw, with their own errors and their sampling."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytensor.tensor as pt
import xarray as xr
from numpy.polynomial.hermite_e import hermegauss
from pytensor.compile.maker import function
from pytensor.compile.mode import Mode
from scipy.special import expit, logsumexp

from uncounted.model.build import Study
from uncounted.model.likelihood import Kind, kind_of
from uncounted.model.reporting import mistaken

REACH, STEPS, ZOOMS, NODES = 40.0, 20, 6, 24  # of the search for the likeliest ν, in σ, and of the sum about it
TINY = 1e-12


@dataclass(frozen=True)
class Prediction:
    """Rows of evidence as a model's draws see them before their surveys' own errors ν, and their likelihood.

    covered (draws, rows): logits of what each row covers, or what it covers where the card's link is identity. sigma
    (draws, rows): sd of ν, 0 where the card has none. se, sp (draws, rows): sensitivity and specificity, 1 where nobody
    is mistaken. extra (draws, parameters): what else the likelihood takes. y, n, known (rows,): the counts and what
    follows from them. survey (rows,): which rows share a ν.
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

    @property
    def n(self) -> np.ndarray:
        """Effective respondents of each row."""
        return self.known["n"]

    def rows(self, at: np.ndarray) -> "Prediction":
        """Return the prediction of some rows."""
        parts = {name: getattr(self, name)[:, at] for name in ("covered", "sigma", "se", "sp")}
        known = {key: value[at] for key, value in self.known.items()}
        return replace(self, **parts, y=self.y[at], known=known, survey=self.survey[at])

    def counts(self, rng: np.random.Generator, nu: np.ndarray | None = None) -> np.ndarray:
        """Draw effective counts (draws, rows): ν ~ N(0, σ), one for all rows of a survey, or given; then sampling."""
        if nu is None:
            surveys, at = np.unique(self.survey, return_inverse=True)
            nu = self.sigma * rng.normal(size=(len(self.covered), len(surveys)))[:, at]
        shown = self._shown(self.covered + nu)
        first = expit(shown) if self._of_share else shown
        extra = [self.extra[:, [i]] for i in range(self.extra.shape[1])]
        return self.kind.draw(first, *extra, *self.known.values(), rng=rng, size=shown.shape)

    def log_density(self, nu: np.ndarray) -> np.ndarray:
        """Return log f(y | ν) of every row (nodes, draws, rows) at given ν (nodes, draws, rows or 1)."""
        shown = self._shown(self.covered + nu)
        extra = [np.broadcast_to(self.extra[:, i, None], shown.shape) for i in range(self.extra.shape[1])]
        return _density(self.kind, self._of_share)(self.y, shown, *extra, *self.known.values())

    def log_scores(self) -> dict[int, np.ndarray]:
        """Return log ∫ Π_rows f(y | ν) N(ν; 0, σ) dν of every survey (draws,): its rows' joint density, ν summed out.

        Summed about the likeliest ν, found within ±40σ on a grid that closes in on it, over Gauss–Hermite nodes scaled
        by the curvature there [Liu & Pierce 1994]: within 0.001 of brute force for every likelihood.
        """
        return {int(one): _integrated(self.rows(np.flatnonzero(self.survey == one))) for one in np.unique(self.survey)}

    @property
    def _of_share(self) -> bool:
        """Whether what the rows cover are log odds, of which the likelihood takes the share."""
        return self.kind.share and self.link == "logit"

    def _shown(self, logit_q: np.ndarray) -> np.ndarray:
        if (self.se == 1).all() and (self.sp == 1).all():
            return logit_q
        yes, no = mistaken(expit(logit_q), expit(-logit_q), self.se, self.sp)
        return np.log(yes) - np.log(no)


def predict(study: Study, draws: xr.Dataset, rows: np.ndarray, weight: np.ndarray | None = None) -> Prediction:
    """Return the prediction of some rows (by their place) from draws of the study's own names with `covered`.

    weight (rows of the study,): 0 where held out, which what likelihoods take from all rows leaves out too.
    """
    seen, kind = study.seen, kind_of(study.card, study.seen.unknown)
    source = seen.source[seen.survey[rows]]
    known = kind.known(seen.y, seen.n, 1.0 if weight is None else weight)
    covered = _flat(draws["covered"])[:, rows]
    every = {key: _of_kind(draws, key, source, covered.shape, default) for key, default in DEFAULTS.items()}
    extra = [_flat(draws[name]) for name in kind.takes]
    return Prediction(
        kind=kind,
        link=study.card.link,
        covered=covered,
        sigma=every["sigma_survey"],
        se=every["sensitivity"],
        sp=every["specificity"],
        extra=np.stack(extra, axis=1) if extra else np.zeros((len(covered), 0)),
        y=seen.y[rows],
        known={key: value[rows] for key, value in known.items()},
        survey=seen.survey[rows],
    )


def log_likelihood(study: Study, draws: xr.Dataset) -> np.ndarray:
    """Return log f of all rows together at every draw (draws,), from draws of the study's own names with `reported`."""
    seen, kind = study.seen, kind_of(study.card, study.seen.unknown)
    shown = _flat(draws["reported"])[None]
    extra = [np.broadcast_to(_flat(draws[name])[None, :, None], shown.shape) for name in kind.takes]
    share = kind.share and study.card.link == "logit"
    return _density(kind, share)(seen.y, shown, *extra, *kind.known(seen.y, seen.n).values())[0].sum(axis=-1)


DEFAULTS = {"sigma_survey": 0.0, "sensitivity": 1.0, "specificity": 1.0}  # of a card without the prior


def _of_kind(draws: xr.Dataset, key: str, source: np.ndarray, shape: tuple[int, ...], default: float) -> np.ndarray:
    """Return a parameter of kinds of source for every draw and row; the default where the model has none."""
    return _flat(draws[key])[:, source] if key in draws else np.full(shape, default)


def _flat(values: xr.DataArray) -> np.ndarray:
    """Return draws chain after chain: (draws, …)."""
    return values.stack(sample=("chain", "draw")).transpose("sample", ...).to_numpy()


def _integrated(one: Prediction) -> np.ndarray:
    """Return log ∫ Π f(y | ν) N(ν; 0, σ) dν of the rows of one survey (draws,)."""
    sigma = one.sigma[:, 0]

    def log_joint(z: np.ndarray) -> np.ndarray:  # of ν = σz, (nodes, draws)
        return one.log_density((z * sigma)[..., None]).sum(axis=-1) - z**2 / 2 - np.log(2 * np.pi) / 2

    if (sigma <= TINY).all():
        return one.log_density(np.zeros((1, 1, 1))).sum(axis=-1)[0]
    middle, step = _likeliest(log_joint, len(sigma))
    beside = log_joint(np.stack([middle - step, middle, middle + step]))
    curvature = (2 * beside[1] - beside[0] - beside[2]) / step**2
    scale = 1 / np.sqrt(np.maximum(curvature, 1.0))  # never flatter than the prior alone
    node, weight = hermegauss(NODES)
    at = middle + scale * node[:, None]
    return logsumexp(log_joint(at) + node[:, None] ** 2 / 2 + np.log(weight)[:, None], axis=0) + np.log(scale)


def _likeliest(log_joint: Callable[[np.ndarray], np.ndarray], draws: int) -> tuple[np.ndarray, float]:
    """Return the likeliest z of every draw (draws,), and the last grid's step."""
    middle, step = np.zeros(draws), REACH / STEPS
    reach = np.arange(-STEPS, STEPS + 1.0)
    for _ in range(ZOOMS):
        grid = middle + step * reach[:, None]
        middle = np.take_along_axis(grid, log_joint(grid).argmax(axis=0)[None], axis=0)[0]
        step, reach = step / 6, np.arange(-6.0, 7.0)
    return middle, step


def _density(kind: Kind, share: bool) -> Callable[..., np.ndarray]:
    """Return a likelihood's log density as a function of numpy arrays: y, logits (nodes, draws, rows), the rest."""
    code = kind.logp.__code__
    names = code.co_varnames[: code.co_argcount]
    return _compiled(kind.logp, share, names[2 : 2 + len(kind.takes)], names[2 + len(kind.takes) :])


@cache
def _compiled(logp: Callable, share: bool, extra: tuple[str, ...], known: tuple[str, ...]) -> Callable[..., np.ndarray]:
    y, eta = pt.vector("y", dtype="float64"), pt.tensor3("eta", dtype="float64")
    more = [pt.tensor3(name, dtype="float64") for name in extra]
    more += [pt.vector(name, dtype="float64") for name in known]
    value = logp(y, pt.sigmoid(eta) if share else eta, *more)
    compiled: Any = function([y, eta, *more], value, mode=Mode(linker="py", optimizer="fast_compile"))
    return compiled
