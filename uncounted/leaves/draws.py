"""Draws: the fits of all models behind an edition, their draws paired and summed to
leaves.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr

from uncounted.cases.durations import Durations, fit_durations
from uncounted.cases.ratios import Ratios, fit_ratios
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.infer.joint_fit import sample_jointly
from uncounted.infer.progress import Progress
from uncounted.infer.sample import PACKAGES, sample
from uncounted.infer.second import Second
from uncounted.leaves.estimate import HALVES, Estimate, denominators
from uncounted.leaves.estimate_card import EstimateCard
from uncounted.leaves.inputs import Edition
from uncounted.leaves.leaf import leaves
from uncounted.leaves.leaf_durations import (
    duration,
    is_relative,
    needs_durations,
    relative_duration,
)
from uncounted.leaves.outside_figures import (
    BY_COUNTRY,
    OutsideFigures,
    by_country,
    drawn_figures,
)
from uncounted.leaves.parts import SAMPLE, Parts, paired
from uncounted.model.build import build
from uncounted.model.card import Sampling
from uncounted.model.joint_model import build_jointly

# draws of ratios for one that is kept: their chains move slowly, and they are sampled
# beside the leaves
THINNED = 4
TOGETHER = "together"
CHILDREN = {"adult": "adults", "child": "children"}


def add_up(
    edition: Edition,
    *,
    seed: int,
    progress: Progress | None = None,
    second: Second | None = None,
    **settings: Any,
) -> Estimate:
    """Fit every model behind an edition and add its leaves up, draw by draw.

    Leaves of surveys are sampled jointly if the card has `lkj`, shares and cases apart;
    draws of what shares no data are paired in their order. second: the process that
    fits what is sampled apart, else one of its own. settings: chains, tune, draws,
    target_accept; the others are the card's. Raises UncountedError where a leaf lacks
    its evidence.
    """
    _check_sources(edition)
    card, world = edition.card, edition.world
    progress = progress or Progress()
    sampling = replace(card.sampling, seed=seed, **settings)
    process = nullcontext(second) if second else Second()
    with progress.shown(), process as worker:
        parts = _parts(edition, sampling, progress, worker)
        with progress.stage("adding leaves up"):
            summed = leaves(card, world, parts)
    return Estimate(
        card=card,
        world=world,
        leaves=summed,
        parts=parts,
        people=denominators(world, card.year),
        seed=seed,
        inputs=edition.digests,
        simulated=edition.simulated,
        versions={name: version(name) for name in PACKAGES},
        seconds=dict(progress.seconds),
    )


def parts_of(
    edition: Edition,
    fits: Mapping[str, Fit],
    log_odds: xr.DataArray | None,
    mu: xr.DataArray | None,
    size: tuple[int, int],
    seeds: tuple[int, int],
    stats: tuple[xr.Dataset, ...] = (),
) -> Parts:
    """Pair the draws of an edition's models with each other, and draw its outside
    figures.

    log_odds (ratio, chain, draw, region, sex) of `fit_ratios`; mu (chain, draw, group)
    of `fit_durations`; size: chains and draws. seeds: of outside figures, of the
    selection of records. stats: of the samplers of both.
    """
    card = edition.card
    figure_seed, selection_seed = seeds
    if mu is not None:
        mu = paired(mu, *size)
    if log_odds is not None:
        log_odds = _by_leaf(card, paired(log_odds, *size))
    durations = {}
    relative_durations = {}
    for leaf in card.leaf:
        if leaf.stock:
            durations[leaf.name] = duration(leaf, mu)
        if is_relative(leaf):
            relative_durations[leaf.name] = relative_duration(leaf, mu)
    persons = {}
    leaf_seeds = _seeds(figure_seed, len(edition.figures))
    for (name, figures), seed in zip(edition.figures.items(), leaf_seeds, strict=True):
        persons[name] = _figure_persons(edition, figures, size, seed)
    return Parts(
        fits=fits,
        log_odds=log_odds,
        duration=durations,
        relative_duration=relative_durations,
        figures=persons,
        stats=stats,
        seed=selection_seed,
    )


def _parts(
    edition: Edition,
    sampling: Sampling,
    progress: Progress,
    second: Second,
) -> Parts:
    """Fit the models of leaves here, and beside them, in a second process, shares,
    records and spells if there are.
    """
    seeds = _seeds(sampling.seed, 6)
    samplings = [replace(sampling, seed=seed) for seed in seeds[:3]]
    process = None
    if _has_side_models(edition.card):
        process = second.do(_side_models, edition, *samplings)
    fits = _leaf_fits(edition, samplings[0], progress)
    ratios = durations = None
    if process:
        with progress.stage("shares, victim records and spells, fitted beside"):
            share_fits, ratios, durations = process.result()
        fits = fits | share_fits
    log_odds = mu = None
    stats = []
    if ratios:
        log_odds = ratios.log_odds
        stats.append(ratios.stats)
    if durations:
        mu = durations.mu
        stats.append(durations.stats)
    return parts_of(
        edition,
        {name: fits[name] for name in edition.cards},
        log_odds,
        mu,
        (sampling.chains, sampling.draws),
        (seeds[3], seeds[5]),
        tuple(stats),
    )


def _leaf_fits(
    edition: Edition,
    sampling: Sampling,
    progress: Progress,
) -> dict[str, Fit]:
    """Sample the models of leaves: jointly, if the card says how they are correlated,
    else one after another.
    """
    names = _leaf_models(edition.card)
    lkj = edition.card.lkj
    if lkj is None or len(names) < 2:
        return _single_fits(edition, names, sampling, progress)
    cards = [edition.cards[name] for name in names]
    evidences = [edition.evidence[name] for name in names]
    joint = sample_jointly(
        build_jointly(cards, edition.world, evidences, lkj=lkj),
        seed=_fit_seeds(edition, sampling)[TOGETHER],
        progress=progress,
        **_settings(sampling),
    )
    return {name: joint[card.outcome] for name, card in zip(names, cards, strict=True)}


def _has_side_models(card: EstimateCard) -> bool:
    return bool(card.share or _ratio_names(card)) or needs_durations(card)


def _side_models(
    edition: Edition,
    fit_sampling: Sampling,
    ratio_sampling: Sampling,
    duration_sampling: Sampling,
) -> tuple[dict[str, Fit], Ratios | None, Durations | None]:
    """Fit what is no leaf's model: ratios of records, durations of spells, and models
    of shares.
    """
    ratios = _ratios(edition, ratio_sampling)
    durations = _durations(edition, duration_sampling)
    of_leaves = _leaf_models(edition.card)
    shares = [name for name in edition.cards if name not in of_leaves]
    fits = _single_fits(edition, shares, fit_sampling, Progress(show=False))
    return fits, ratios, durations


def _single_fits(
    edition: Edition,
    names: Sequence[str],
    sampling: Sampling,
    progress: Progress,
) -> dict[str, Fit]:
    seeds = _fit_seeds(edition, sampling)
    settings = _settings(sampling)
    fits = {}
    for name in names:
        model = build(edition.cards[name], edition.world, edition.evidence[name])
        fits[name] = sample(model, seed=seeds[name], progress=progress, **settings)
    return fits


def _leaf_models(card: EstimateCard) -> tuple[str, ...]:
    return tuple(dict.fromkeys(leaf.model for leaf in card.leaf if leaf.model))


def _fit_seeds(
    edition: Edition,
    sampling: Sampling,
) -> dict[str, int]:
    names = (TOGETHER, *edition.cards)
    return dict(zip(names, _seeds(sampling.seed, len(names)), strict=True))


def _settings(sampling: Sampling) -> dict[str, Any]:
    settings = asdict(sampling)
    del settings["seed"]
    return settings


def _seeds(
    seed: int | None,
    count: int,
) -> list[int]:
    return np.random.SeedSequence(seed).generate_state(count).tolist()


def _check_sources(edition: Edition) -> None:
    """Raise UncountedError where a leaf lacks what it is made from, before anything is
    fitted.
    """
    card = edition.card
    if _ratio_names(card) and edition.records is None:
        raise UncountedError(
            f"The card '{card.name}' has leaves that are ratios and no [records] to"
            " learn them from."
        )
    if needs_durations(card) and edition.spells is None:
        raise UncountedError(
            f"The card '{card.name}' turns a window into a stock and has no [durations]"
            " of spells."
        )


def _ratio_names(card: EstimateCard) -> list[str]:
    return list(dict.fromkeys(leaf.ratio.which for leaf in card.leaf if leaf.ratio))


def _ratios(edition: Edition, sampling: Sampling) -> Ratios | None:
    names = _ratio_names(edition.card)
    if not names or edition.records is None:
        return None
    words = edition.card.records
    return fit_ratios(
        edition.records,
        edition.world,
        names,
        words["priors"],
        both=words["both"],
        periods=[(start, end) for start, end in words["periods"]],
        year=edition.card.year,
        seed=sampling.seed or 0,
        chains=sampling.chains,
        draws=THINNED * sampling.draws,
    )


def _durations(edition: Edition, sampling: Sampling) -> Durations | None:
    if not needs_durations(edition.card) or edition.spells is None:
        return None
    words = edition.card.durations
    return fit_durations(
        edition.spells,
        words["priors"],
        family=words["family"],
        seed=sampling.seed or 0,
        chains=sampling.chains,
        draws=sampling.draws,
    )


def _figure_persons(
    edition: Edition,
    figures: OutsideFigures,
    size: tuple[int, int],
    seed: int,
) -> xr.DataArray:
    """Return persons (chain, draw, country, sex, age) of outside figures;
    attrs["own_figure"]: countries with a figure of their own.
    """
    draws = drawn_figures(figures, size[0] * size[1], seed)
    persons = by_country(draws, figures, edition.world, HALVES, edition.card.year)
    with_figure = persons["evidence"].values == BY_COUNTRY
    codes = [str(code) for code in persons["country"].values[with_figure]]
    ages = [CHILDREN[str(age)] for age in persons["age"].values]
    cells = persons.drop_vars("evidence").assign_coords(age=ages)
    dims = ("country", "sex", "age")
    values = cells.transpose("sample", *dims).to_numpy().astype(np.float32)
    return xr.DataArray(
        values.reshape(*size, *values.shape[1:]),
        {dim: cells[dim] for dim in dims},
        (*SAMPLE, *dims),
        attrs={"own_figure": codes},
    )


def _by_leaf(
    card: EstimateCard,
    log_odds: xr.DataArray,
) -> xr.DataArray:
    """Return log odds under the names of the leaves that are ratios."""
    ratios = {leaf.name: leaf.ratio.which for leaf in card.leaf if leaf.ratio}
    of_leaves = log_odds.sel(ratio=list(ratios.values()))
    return of_leaves.assign_coords(ratio=list(ratios))
