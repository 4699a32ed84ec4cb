"""Benchmark: draws made to agree with outside totals, exactly or within the uncertainty
of both.
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
from uncounted.infer.totals import DRAWS

CHUNK = 250  # draws at a time
ROUNDS = 200  # of Newton's steps
TOLERANCE = 1e-12  # of the total
# Fewer effective draws than this number, or than this share of the draws, are too few.
FEW, FEW_SHARE = 100, 0.1


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

    totals: a table with the columns group (of the grouping `by`), persons or prevalence
    (a proportion), and se where a total has one. Totals are of all the card's ages, in
    the card's year. how = "exact" also takes a DataArray of that name with dims (group,
    chain, draw).

    how = "exact": in every draw logit p → logit p + δ in all cells of a group, with
    Σ p·N = total. A total with an SE is drawn first, on the logit scale, where it stays
    between nobody and everybody. Parameters stay as sampled.

    how = "soft": draws and their parameters are resampled by the weights w = Π N(draw's
    total | total, se), which gives the posterior with the totals as further data
    [target of Okonek & Wakefield 2024, §3]. The effective sample size (Σw)²/Σw² is
    printed, with a UserWarning below 100 or a tenth of the draws.

    source says what the totals were made from, and surveys names the surveys in it; a
    UserWarning says if the fit has seen them already. seed is needed where totals have
    an SE. Use `check` on the fit first: it judges the sampler. In a resampled fit it
    counts copies of a draw once, and asks for as many draws. Raises UncountedError for
    unknown or repeated groups, and for totals that their people rule out.
    """
    _check_method(fit, how)
    target = aim(fit, totals, by)
    if target.uncertain and seed is None:
        raise UncountedError(
            "These totals have an SE, so numbers are drawn. Give benchmark a seed, as"
            " seed=20260801."
        )
    repeated = _repeated_data(fit, source, surveys)
    rng = np.random.default_rng(seed)
    changed, result, shortage = METHODS[how](fit, target, rng)
    cautions = (*repeated, *shortage)
    for sentence in cautions:
        warnings.warn(sentence, UserWarning, stacklevel=2)
    seeded = f" (seed {seed})" if target.uncertain else ""
    agreed = f"Benchmarked ({how}){seeded} to {target.text} from {source}: {result}"
    note = " ".join((agreed, *cautions))
    return replace(changed, notes=(*fit.notes, note))


def _check_method(fit: Fit, how: str) -> None:
    if how not in METHODS:
        raise UncountedError(
            f"how='{how}' is no way to benchmark.{did_you_mean(how, METHODS)}"
        )
    if how == "exact" and (fit.card.link == "identity" or fit.card.forms):
        raise UncountedError(
            "An exact benchmark shifts the log odds of one prevalence, and the card"
            f" '{fit.card.name}' has"
            f" {'forms' if fit.card.forms else 'none on its link'}. Benchmark softly:"
            " how='soft'."
        )


def effective_size(weights: np.ndarray) -> float:
    """Kish's effective sample size of weighted draws, (Σw)²/Σw²."""
    return float(weights.sum() ** 2 / np.square(weights).sum())


def _exact(
    fit: Fit,
    target: Target,
    rng: np.random.Generator,
) -> tuple[Fit, str, tuple[str, ...]]:
    draws = fit.p.transpose(*DRAWS, "country", ...)
    p = draws.to_numpy().copy()
    flat = p.reshape(-1, *draws.shape[2:])
    people = _people_of_draws(fit.people, draws, flat.shape)
    totals = target.draw(len(flat), rng)
    shifts = []
    for member, total in zip(target.member, totals, strict=True):
        for start in range(0, len(flat), CHUNK):
            chunk = slice(start, start + CHUNK)
            cells = flat[chunk][:, member].astype(float)
            persons = people[chunk][:, member].reshape(len(cells), -1)
            by_draw = cells.reshape(len(cells), -1)
            delta = logit_shift(by_draw, persons, total[chunk])
            shift = delta[(..., *[None] * (cells.ndim - 1))]
            flat[chunk, member] = shifted(cells, shift)
            shifts.append(delta)
    size = float(np.abs(np.concatenate(shifts)).mean())
    result = f"one logit shift per draw and group, {size:.2f} in size on average."
    return replace(fit, p=draws.copy(data=p)), result, ()


def _people_of_draws(
    people: xr.DataArray,
    draws: xr.DataArray,
    shape: tuple[int, ...],
) -> np.ndarray:
    """Return persons in the shape of all draws (draws, country, …)."""
    dims = [dim for dim in draws.dims if dim in people.dims]
    values = people.transpose(*dims).to_numpy()
    return np.broadcast_to(values.reshape(-1, *draws.shape[2:]), shape)


def logit_shift(
    p: np.ndarray,
    people: np.ndarray,
    total: np.ndarray,
) -> np.ndarray:
    """Return δ (draws,) with Σ_cells people·logit⁻¹(logit p + δ) = total; p (draws,
    cells), people (cells,) or like p.

    Newton's method solves for the logit of the share, which is nearly linear in δ. It
    stays within a bracket that halves when a step would leave it.
    """
    people = np.broadcast_to(people, p.shape)
    everybody = people.sum(axis=1)
    goal = _logit(total, everybody)
    low = np.full(len(p), -200.0)
    high = np.full(len(p), 200.0)
    delta = np.zeros(len(p))
    for _ in range(ROUNDS):
        moved = shifted(p, delta[:, None])
        persons = (moved * people).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = _logit(persons, everybody) - goal
            variance = (moved * (1 - moved) * people).sum(axis=1)
            slope = variance * everybody / (persons * (everybody - persons))
            step = delta - gap / slope
        low = np.where(gap < 0, delta, low)
        high = np.where(gap < 0, high, delta)
        if (np.abs(persons - total) <= TOLERANCE * total).all():
            return delta
        inside = (step > low) & (step < high)
        delta = np.where(
            inside,
            step,
            (low + high) / 2,
        )
    raise UncountedError(
        f"No shift gives a total of {total[0]:,.0f} persons: too many of the cells are"
        " exactly 0 or 1 in some draw. Widen the card's priors, or choose another"
        " total."
    )


def shifted(
    p: np.ndarray,
    delta: np.ndarray,
) -> np.ndarray:
    """Return logit⁻¹(logit p + δ) = p·e^δ / (1 − p + p·e^δ), which keeps 0 and 1."""
    odds = np.exp(delta)
    return p * odds / (1 - p + p * odds)


def _logit(
    part: np.ndarray,
    total: np.ndarray,
) -> np.ndarray:
    return np.log(part) - np.log(total - part)


def _soft(
    fit: Fit,
    target: Target,
    rng: np.random.Generator,
) -> tuple[Fit, str, tuple[str, ...]]:
    log_weights = target.log_density(fit)
    weights = np.exp(log_weights - log_weights.max())
    size = effective_size(weights)
    draws = len(weights)
    result = f"effective sample size {size:,.0f} of {draws:,} draws."
    print(f"Benchmark: {result}")
    sentence = (
        f"Only {size:,.0f} of {draws:,} draws' worth are left: the totals are far from"
        " what the fit says, or much surer. Sample more draws, or ask whether the two"
        " measure the same thing."
    )
    too_few = size < max(FEW, FEW_SHARE * draws)
    cumulative = np.cumsum(weights) / weights.sum()
    quantiles = (rng.random() + np.arange(draws)) / draws
    chosen = np.searchsorted(cumulative, quantiles).clip(max=draws - 1)
    resampled = replace(
        fit,
        p=_taken(fit.p, chosen),
        posterior=_taken(fit.posterior, chosen),
    )
    return resampled, result, (sentence,) if too_few else ()


METHODS = {"exact": _exact, "soft": _soft}


def _taken[Draws: (xr.DataArray, xr.Dataset)](
    draws: Draws,
    chosen: np.ndarray,
) -> Draws:
    """Take draws by their indices, which count chain after chain.

    Copies of a draw stand side by side, so that ESS and R-hat see them.
    """
    by_chain = chosen.reshape(draws.sizes["chain"], -1)
    sizes = [draws.sizes[dim] for dim in DRAWS]
    chain, draw = np.unravel_index(by_chain, sizes)
    copies = draws.isel(
        chain=xr.DataArray(chain, dims=DRAWS),
        draw=xr.DataArray(draw, dims=DRAWS),
    )
    labels = {dim: draws[dim] for dim in DRAWS}
    return copies.assign_coords(labels).transpose(*DRAWS, ...)


def _repeated_data(
    fit: Fit,
    source: str,
    surveys: Sequence[str],
) -> tuple[str, ...]:
    """Return a sentence if the evidence holds what the totals were made from."""
    names = {surveys} if isinstance(surveys, str) else set(map(str, surveys))
    seen = sorted(names & set(fit.evidence.rows["survey"].astype(str)))
    texts = (fit.evidence.source, *fit.evidence.source.split(";"))
    sources = {text.strip().casefold() for text in texts}
    if source.strip().casefold() in sources:
        data = f"the fit's own evidence, '{source}'"
    elif seen:
        more = " …" if len(seen) > 8 else ""
        listed = ", ".join(seen[:8])
        data = f"{len(seen)} survey(s) that the fit has seen: {listed}{more}"
    else:
        return ()
    sentence = (
        f"The totals were made from {data}. They enter twice, and the estimates"
        " look surer than they are."
    )
    return (sentence,)
