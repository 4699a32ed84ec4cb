"""Draws: every model behind an edition is fitted, its draws are paired with the
others', and leaves added up.
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
from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.fit import Fit
from uncounted.infer.joint_fit import sample_jointly
from uncounted.infer.progress import Progress
from uncounted.infer.sample import PACKAGES, sample
from uncounted.infer.second import Second
from uncounted.leaves.estimate import HALVES, Estimate, denominators
from uncounted.leaves.estimate_card import EstimateCard, LeafCard
from uncounted.leaves.inputs import Edition
from uncounted.leaves.leaf import leaves
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
from uncounted.model.people import SEXES

# draws of ratios for one that is kept: their chains move slowly, and they are sampled
# beside the leaves
THINNED = 4
EQUAL = "equal"
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
    target_accept; what isn't given is the card's. Raises UncountedError where a leaf
    lacks its evidence.
    """
    _check_sources(edition)
    progress = progress or Progress()
    how = replace(edition.card.sampling, seed=seed, **settings)
    with progress.shown(), nullcontext(second) if second else Second() as beside:
        parts = _parts(edition, how, progress, beside)
        with progress.stage("adding leaves up"):
            found = leaves(edition.card, edition.world, parts)
    return Estimate(
        card=edition.card,
        world=edition.world,
        leaves=found,
        parts=parts,
        people=denominators(edition.world, edition.card.year),
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
    of_figures, of_selection = seeds
    mu = None if mu is None else paired(mu, *size)
    log_odds = None if log_odds is None else paired(log_odds, *size)
    figures = zip(
        edition.figures.items(), _seeds(of_figures, len(edition.figures)), strict=True
    )
    return Parts(
        fits=fits,
        log_odds=None if log_odds is None else _by_leaf(edition.card, log_odds),
        duration={
            one.name: _duration(one, mu) for one in edition.card.leaf if one.stock
        },
        relative_duration={
            one.name: _relative(one, mu) for one in edition.card.leaf if _unequal(one)
        },
        figures={
            name: _figures(edition, one, size, seed) for (name, one), seed in figures
        },
        stats=stats,
        seed=of_selection,
    )


def _parts(
    edition: Edition, how: Sampling, progress: Progress, second: Second
) -> Parts:
    """Fit the models of leaves here, and beside them, in a second process, shares,
    records and spells if there are.
    """
    of_fits, of_ratios, of_durations, *seeds = _seeds(how.seed, 6)
    hows = tuple(replace(how, seed=seed) for seed in (of_fits, of_ratios, of_durations))
    others = second.do(_others, edition, *hows) if _has_others(edition.card) else None
    fits = _of_leaves(edition, hows[0], progress)
    alone, ratios, durations = {}, None, None
    if others:
        with progress.stage("shares, victim records and spells, fitted beside"):
            alone, ratios, durations = others.result()
    of_figures, _, of_selection = seeds
    return parts_of(
        edition,
        {name: (fits | alone)[name] for name in edition.cards},
        ratios.log_odds if ratios else None,
        durations.mu if durations else None,
        (how.chains, how.draws),
        (of_figures, of_selection),
        tuple(one.stats for one in (ratios, durations) if one),
    )


def _of_leaves(edition: Edition, how: Sampling, progress: Progress) -> dict[str, Fit]:
    """Sample the models of leaves: jointly, if the card says how they are correlated,
    else one after another.
    """
    names, lkj = _leaf_models(edition.card), edition.card.lkj
    if lkj is None or len(names) < 2:
        return _one_by_one(edition, names, how, progress)
    cards = [edition.cards[name] for name in names]
    model = build_jointly(
        cards, edition.world, [edition.evidence[name] for name in names], lkj=lkj
    )
    joint = sample_jointly(
        model,
        seed=_fit_seeds(edition, how)[TOGETHER],
        progress=progress,
        **_settings(how),
    )
    return {name: joint[one.outcome] for name, one in zip(names, cards, strict=True)}


def _has_others(card: EstimateCard) -> bool:
    return bool(card.share or _ratios_of(card)) or _lasting(card)


def _others(
    edition: Edition, of_fits: Sampling, of_ratios: Sampling, of_durations: Sampling
) -> tuple[dict[str, Fit], Ratios | None, Durations | None]:
    """Fit what is no leaf's model: ratios of records, durations of spells, and models
    of shares.
    """
    ratios, durations = _ratios(edition, of_ratios), _durations(edition, of_durations)
    of_shares = [
        name for name in edition.cards if name not in _leaf_models(edition.card)
    ]
    return (
        _one_by_one(edition, of_shares, of_fits, Progress(show=False)),
        ratios,
        durations,
    )


def _one_by_one(
    edition: Edition, names: Sequence[str], how: Sampling, progress: Progress
) -> dict[str, Fit]:
    seeds, settings, fits = _fit_seeds(edition, how), _settings(how), {}
    for name in names:
        model = build(edition.cards[name], edition.world, edition.evidence[name])
        fits[name] = sample(model, seed=seeds[name], progress=progress, **settings)
    return fits


def _leaf_models(card: EstimateCard) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.model for one in card.leaf if one.model))


def _fit_seeds(edition: Edition, how: Sampling) -> dict[str, int]:
    names = (TOGETHER, *edition.cards)
    return dict(zip(names, _seeds(how.seed, len(names)), strict=True))


def _settings(how: Sampling) -> dict[str, Any]:
    return {key: value for key, value in asdict(how).items() if key != "seed"}


def _seeds(seed: int | None, count: int) -> list[int]:
    return np.random.SeedSequence(seed).generate_state(count).tolist()


def _check_sources(edition: Edition) -> None:
    """Raise UncountedError where a leaf lacks what it is made from, before anything is
    fitted.
    """
    card = edition.card
    if _ratios_of(card) and edition.records is None:
        raise UncountedError(
            f"The card '{card.name}' has leaves that are ratios and no [records] to"
            " learn them from."
        )
    if _lasting(card) and edition.spells is None:
        raise UncountedError(
            f"The card '{card.name}' turns a window into a stock and has no [durations]"
            " of spells."
        )


def _ratios_of(card: EstimateCard) -> list[str]:
    return list(dict.fromkeys(one.ratio.which for one in card.leaf if one.ratio))


def _lasting(card: EstimateCard) -> bool:
    return any(one.stock or _unequal(one) for one in card.leaf)


def _ratios(edition: Edition, how: Sampling) -> Ratios | None:
    asked, told = _ratios_of(edition.card), edition.card.records
    if not asked or edition.records is None:
        return None
    return fit_ratios(
        edition.records,
        edition.world,
        asked,
        told["priors"],
        both=told["both"],
        periods=[(first, last) for first, last in told["periods"]],
        year=edition.card.year,
        seed=how.seed or 0,
        chains=how.chains,
        draws=THINNED * how.draws,
    )


def _durations(edition: Edition, how: Sampling) -> Durations | None:
    if not _lasting(edition.card) or edition.spells is None:
        return None
    told = edition.card.durations
    return fit_durations(
        edition.spells,
        told["priors"],
        family=told["family"],
        seed=how.seed or 0,
        chains=how.chains,
        draws=how.draws,
    )


def _figures(
    edition: Edition, figures: OutsideFigures, size: tuple[int, int], seed: int
) -> xr.DataArray:
    """Return persons (chain, draw, country, sex, age) of outside figures;
    attrs["own_figure"]: countries with one.
    """
    drawn = drawn_figures(figures, size[0] * size[1], seed)
    persons = by_country(drawn, figures, edition.world, HALVES, edition.card.year)
    own = [
        str(code)
        for code in persons["country"].values[persons["evidence"].values == BY_COUNTRY]
    ]
    named = persons.drop_vars("evidence").assign_coords(
        age=[CHILDREN[str(age)] for age in persons["age"].values]
    )
    rest = ("country", "sex", "age")
    values = named.transpose("sample", *rest).to_numpy().astype(np.float32)
    return xr.DataArray(
        values.reshape(*size, *values.shape[1:]),
        {dim: named[dim] for dim in rest},
        (*SAMPLE, *rest),
        attrs={"own_figure": own},
    )


def _by_leaf(card: EstimateCard, log_odds: xr.DataArray) -> xr.DataArray:
    of = {one.name: one.ratio.which for one in card.leaf if one.ratio}
    return log_odds.sel(ratio=list(of.values())).assign_coords(ratio=list(of))


def _duration(one: LeafCard, mu: xr.DataArray | None) -> xr.DataArray:
    """Return μ of a leaf's spells (chain, draw), or of each sex (chain, draw, sex)."""
    assert mu is not None
    assert one.stock is not None
    known = [str(group) for group in mu["group"].values]
    if one.stock.group:
        return _of_group(one, mu, one.stock.group)
    if set(known) != set(SEXES):
        raise UncountedError(
            f"The leaf '{one.name}' has durations by sex, and the spells' groups are"
            f" {', '.join(known)}. Say which it is: stock = {{ window_years = …, group"
            ' = "…" }.'
        )
    return mu.rename(group="sex").sel(sex=list(SEXES))


def _of_group(one: LeafCard, mu: xr.DataArray, group: str) -> xr.DataArray:
    known = [str(label) for label in mu["group"].values]
    if group not in known:
        raise UncountedError(
            f"The leaf '{one.name}' asks for spells of"
            f" '{group}'.{did_you_mean(group, known)}"
        )
    return mu.sel(group=group, drop=True)


def _unequal(one: LeafCard) -> bool:
    return one.ratio is not None and one.ratio.durations != EQUAL


def _relative(one: LeafCard, mu: xr.DataArray | None) -> xr.DataArray:
    """Return μ′/μ: records are of persons met within a time, and stocks last as long as
    spells do.
    """
    assert mu is not None
    assert one.ratio is not None
    if isinstance(one.ratio.durations, str) or len(one.ratio.durations) != 2:
        raise UncountedError(
            f"The leaf '{one.name}' says durations = {one.ratio.durations!r}. Say"
            ' "equal", or the groups of spells of this leaf and of the other, as'
            ' ["sexual", "labour"].'
        )
    own, other = (_of_group(one, mu, group) for group in one.ratio.durations)
    return own / other
