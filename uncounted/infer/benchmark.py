"""Benchmark: draws made to agree with totals from outside, exactly, or as far as both
are sure.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.fit import Fit
from uncounted.infer.target import Target, aim

CHUNK, ROUNDS, TOLERANCE = (
    250,
    200,
    1e-12,
)  # draws at a time; Newton's steps; share of the total
FEW, FEW_SHARE = 100, 0.1  # fewer effective draws than these are too few
DRAWS = ("chain", "draw")


def benchmark(
    fit: Fit,
    totals: pd.DataFrame | xr.DataArray,
    *,
    source: str,
    by: str | Path | pd.DataFrame | pd.Series = "world",
    how: str = "exact",
    surveys: Sequence[str] = (),
    seed: int | None = None,
) -> Fit:
    """Return the fit with its draws made to agree with outside totals of groups of
    countries; `notes` says how.

    totals: group (of the grouping `by`), persons or prevalence (a proportion), and se
    if it has one; of all the card's ages, in its year. For exact also a DataArray of
    that name with dims (group, chain, draw). how = "exact": in every draw logit p →
    logit p + δ in all cells of a group, with Σ p·N = total. A total with an SE is drawn
    first, on the logit scale, where it stays between nobody and everybody. Parameters
    stay as sampled. how = "soft": draws, parameters with them, are resampled by weights
    w = Π N(draw's total | total, se), the posterior given the totals as further data
    [target of Okonek & Wakefield 2024, §3]. The effective sample size (Σw)²/Σw² is
    printed, with a UserWarning below 100 or a tenth of the draws.

    source says what the totals were made from, surveys names the surveys among it: a
    UserWarning if the fit has seen them already. seed is needed where totals have an
    SE. `check` the fit first: it judges the sampler; of a resampled fit it counts
    copies once, and asks as much. Raises UncountedError for unknown or repeated groups
    and for totals that their people rule out.
    """
    methods = {"exact": _exact, "soft": _soft}
    if how not in methods:
        raise UncountedError(
            f"how='{how}' is no way to benchmark.{did_you_mean(how, methods)}"
        )
    if how == "exact" and (fit.card.link == "identity" or fit.card.forms):
        raise UncountedError(
            "An exact benchmark shifts the log odds of one prevalence, and the card"
            f" '{fit.card.name}' has"
            f" {'forms' if fit.card.forms else 'none on its link'}. Benchmark softly:"
            " how='soft'."
        )
    target = aim(fit, totals, by)
    if target.uncertain and seed is None:
        raise UncountedError(
            "These totals have an SE, so numbers are drawn. Give benchmark a seed, as"
            " seed=20260801."
        )
    twice = _twice(fit, source, surveys)
    changed, told, few = methods[how](fit, target, np.random.default_rng(seed))
    for sentence in (*twice, *few):
        warnings.warn(sentence, UserWarning, stacklevel=2)
    seeded = f" (seed {seed})" if target.uncertain else ""
    done = f"Benchmarked ({how}){seeded} to {target.text} from {source}: {told}"
    return replace(changed, notes=(*fit.notes, " ".join((done, *twice, *few))))


def effective_size(weights: np.ndarray) -> float:
    """Kish's effective sample size of weighted draws, (Σw)²/Σw²."""
    return float(weights.sum() ** 2 / np.square(weights).sum())


def _exact(
    fit: Fit, target: Target, rng: np.random.Generator
) -> tuple[Fit, str, tuple[str, ...]]:
    draws = fit.p.transpose(*DRAWS, "country", ...)
    p = draws.to_numpy().copy()
    people = fit.people.transpose(
        *(dim for dim in draws.dims if dim in fit.people.dims)
    ).to_numpy()
    flat = p.reshape(-1, *draws.shape[2:])
    people = np.broadcast_to(people.reshape(-1, *draws.shape[2:]), flat.shape)
    wanted = target.draw(len(flat), rng)
    shifts = []
    for member, total in zip(target.member, wanted, strict=True):
        for start in range(0, len(flat), CHUNK):
            at = slice(start, start + CHUNK)
            cells = flat[at][:, member].astype(float)
            there = people[at][:, member].reshape(len(cells), -1)
            delta = logit_shift(cells.reshape(len(cells), -1), there, total[at])
            flat[at, member] = shifted(cells, delta[(..., *[None] * (cells.ndim - 1))])
            shifts.append(delta)
    size = float(np.abs(np.concatenate(shifts)).mean())
    told = f"one logit shift per draw and group, {size:.2f} in size on average."
    return replace(fit, p=draws.copy(data=p)), told, ()


def logit_shift(p: np.ndarray, people: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return δ (draws,) with Σ_cells people·logit⁻¹(logit p + δ) = total; p (draws,
    cells), people (cells,) or like p.

    Newton on the logit of the share, which is nearly a line in δ, within a bracket that
    halves when a step leaves it.
    """
    people = np.broadcast_to(people, p.shape)
    everybody = people.sum(axis=1)
    aim_at = _logit(total, everybody)
    low, high = np.full(len(p), -200.0), np.full(len(p), 200.0)
    delta = np.zeros(len(p))
    for _ in range(ROUNDS):
        moved = shifted(p, delta[:, None])
        now = (moved * people).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = _logit(now, everybody) - aim_at
            slope = (
                (moved * (1 - moved) * people).sum(axis=1)
                * everybody
                / (now * (everybody - now))
            )
            step = delta - gap / slope
        low, high = np.where(gap < 0, delta, low), np.where(gap < 0, high, delta)
        if (np.abs(now - total) <= TOLERANCE * total).all():
            return delta
        delta = np.where((step > low) & (step < high), step, (low + high) / 2)
    raise UncountedError(
        f"No shift gives a total of {total[0]:,.0f} persons: too many of the cells are"
        " exactly 0 or 1 in some draw. Widen the card's priors, or choose another"
        " total."
    )


def shifted(p: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Return logit⁻¹(logit p + δ) = p·e^δ / (1 − p + p·e^δ), which keeps 0 and 1."""
    odds = np.exp(delta)
    return p * odds / (1 - p + p * odds)


def _logit(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.log(part) - np.log(whole - part)


def _soft(
    fit: Fit, target: Target, rng: np.random.Generator
) -> tuple[Fit, str, tuple[str, ...]]:
    log_w = target.log_density(fit)
    w = np.exp(log_w - log_w.max())
    size, draws = effective_size(w), len(w)
    told = f"effective sample size {size:,.0f} of {draws:,} draws."
    print(f"Benchmark: {told}")
    few = size < max(FEW, FEW_SHARE * draws)
    sentence = (
        f"Only {size:,.0f} of {draws:,} draws' worth are left: the totals are far from"
        " what the fit says, or much surer. Sample more draws, or ask whether the two"
        " measure the same thing."
    )
    taken = np.searchsorted(
        np.cumsum(w) / w.sum(), (rng.random() + np.arange(draws)) / draws
    ).clip(max=draws - 1)
    return (
        replace(fit, p=_taken(fit.p, taken), posterior=_taken(fit.posterior, taken)),
        told,
        (sentence,) * few,
    )


def _taken[Draws: (xr.DataArray, xr.Dataset)](draws: Draws, taken: np.ndarray) -> Draws:
    """Take draws by their place, chain after chain: copies stand side by side, so that
    ESS and R-hat see them.
    """
    chain, draw = np.unravel_index(
        taken.reshape(draws.sizes["chain"], -1), [draws.sizes[dim] for dim in DRAWS]
    )
    found = draws.isel(
        chain=xr.DataArray(chain, dims=DRAWS), draw=xr.DataArray(draw, dims=DRAWS)
    )
    return found.assign_coords({dim: draws[dim] for dim in DRAWS}).transpose(
        *DRAWS, ...
    )


def _twice(fit: Fit, source: str, surveys: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence if what the totals were made from is in the evidence."""
    asked = (
        [surveys] if isinstance(surveys, str) else [str(survey) for survey in surveys]
    )
    same = sorted(set(asked) & set(fit.evidence.rows["survey"].astype(str)))
    parts = {
        part.strip().casefold()
        for part in (fit.evidence.source, *fit.evidence.source.split(";"))
    }
    if source.strip().casefold() in parts:
        what = f"the fit's own evidence, '{source}'"
    elif same:
        what = (
            f"{len(same)} survey(s) that the fit has seen:"
            f" {', '.join(same[:8])}{' …' if len(same) > 8 else ''}"
        )
    else:
        return ()
    return (
        (
            f"The totals were made from {what}. They enter twice, and the estimates"
            " look surer than they are."
        ),
    )
