"""Calibration: whether posteriors hold the truth as often as they say, in worlds that
the card itself makes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from arviz_stats.ecdf_utils import (
    compute_ecdf,
    get_pointwise_confidence_band,
    simulate_confidence_bands,
)
from scipy.special import expit

from uncounted.checks.mixing import measure
from uncounted.checks.scores import LEVELS, band
from uncounted.errors import UncountedError
from uncounted.evidence.evidence import ELSEWHERE, Evidence
from uncounted.infer.batch import Batch, run
from uncounted.infer.derived import derived
from uncounted.infer.prior import draw_prior
from uncounted.infer.progress import Progress
from uncounted.infer.recipe import Recipe, studies_of
from uncounted.infer.refit import Numbers, Refit, counted, refit
from uncounted.infer.sample import part
from uncounted.infer.totals import affected_in_all
from uncounted.model.belief import flat
from uncounted.model.build import Study
from uncounted.model.card import Card, Sampling
from uncounted.model.centring import centring
from uncounted.model.distribution import kind_of
from uncounted.model.measurement import ROW_SIZE
from uncounted.model.prediction import derived_names
from uncounted.world.world import World, groups, persons

HOW = Sampling(chains=2, tune=500, draws=500)
# draws, evenly apart, among which the truth takes its rank: nearly independent of each
# other
RANKS = 99
NAMED = (
    3  # unsurveyed countries, those of the most people, that are ranked by themselves
)
RHAT = 1.05  # of a simulation that mixed
FEWEST = 2  # simulations that have an ECDF
SIZE = 6  # members of a parameter, beyond which it is no hyperparameter
COUNTS = ("binomial", "beta_binomial")  # likelihoods that read counts, not estimates
UNSEEN = "all unsurveyed countries"


@dataclass(frozen=True)
class Calibration:
    """Ranks of the truth among posterior draws, over simulations.

    table: simulation, quantity, kind (parameter or total), truth, rank (0 … 99 of 99
    draws), rhat, ess, divergences.
    """

    table: pd.DataFrame

    @property
    def summary(self) -> pd.DataFrame:
        """One row per quantity: whether ranks are even, and how often equal-tailed
        intervals held the truth.

        Columns: quantity, kind, simulations, outside (points of the ranks' ECDF outside
        a band that holds all of it in 95 % of calibrated cases), calibrated (none is),
        then for 50, 80 and 95 %: inside_…, low_…, high_…, the share of simulations and
        its 95 % binomial band.
        """
        return pd.DataFrame(
            [
                _summary(str(name), part)
                for name, part in self.table.groupby("quantity", sort=False)
            ]
        )

    @property
    def mixed(self) -> "Calibration":
        """The simulations whose chains mixed: no divergence, and R-hat of every
        quantity at most 1.05.

        Given the evidence, truth and posterior have one law, so that ranks of
        simulations chosen by their evidence are even [Modrák et al. 2023]. Chains that
        mix are chosen by their draws as well: of two runs on one evidence the one that
        kept away from small standard deviations is likelier to have no divergence, so
        that truths of these may lean low among the draws here though nothing is wrong.
        Judge by all simulations; this tells how many may speak of the model alone, not
        of the sampler.
        """
        each = self.table.groupby("simulation")[["rhat", "divergences"]].max()
        good = each.index[(each["rhat"] <= RHAT) & (each["divergences"] == 0)]
        return Calibration(self.table[self.table["simulation"].isin(good)])

    def curve(self, quantity: str) -> pd.DataFrame:
        """Return the ECDF of a quantity's ranks less what it should be, and its band:
        at, difference, low, high.
        """
        mine = self.table[self.table["quantity"] == quantity]
        if mine.empty:
            raise UncountedError(
                f"No quantity '{quantity}' was calibrated. See `summary`."
            )
        return _curve(_share(mine))

    def _repr_html_(self) -> str:
        return self.summary.round(3).to_html(index=False)


def calibrate(
    card: Card | Sequence[Card],
    world: World,
    evidence: Evidence | Sequence[Evidence],
    simulations: int = 100,
    *,
    seed: int,
    truth: Card | Sequence[Card] | None = None,
    lkj: float | None = None,
    keep: str | Path | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Calibration:
    """Draw the truth from the card's priors, evidence of it where surveys were held,
    and see what the model says of it.

    Simulation-based calibration [Talts et al. 2018; Modrák et al. 2023]: if model and
    sampler are right, the truth's rank among posterior draws is even, for the card's
    hyperparameters as for totals of the world, of regions and of unsurveyed countries.
    Who was asked, where and how many stays as in `evidence`, but that fractions of an
    effective respondent become one or none at random: counts that are drawn have the
    law that they are read by only if they are whole. What they said is drawn. The
    compiled model takes other counts and other centring as pm.Data. Bands are
    simultaneous [Säilynoja et al. 2022].

    Several cards with lkj are calibrated as the joint model that they make. Validation
    counts on a card are left out. truth: cards that the truth is drawn from instead,
    which differ in their priors alone: how wrong a card may be. keep, scheduler,
    workers: as in `batch.run`. settings: chains, tune, draws, target_accept, else 2 ×
    (500 + 500).
    """
    if simulations < FEWEST:
        raise UncountedError(
            f"simulations = {simulations} tell nothing of how even ranks are. Give"
            f" {FEWEST} or more, such as 100."
        )
    cards, evidences = _listed(card), _listed(evidence)
    for one in cards:
        if one.forms:
            raise UncountedError(
                f"The card '{one.name}' has exclusive forms, which cannot be calibrated"
                " yet. Calibrate a card of one outcome."
            )
    recipe = _recipe(cards, evidences, world, lkj)
    model = recipe.build()
    studies = studies_of(model)
    source = (
        model
        if truth is None
        else _recipe(_listed(truth), evidences, world, lkj).build()
    )
    _check_alike(model, source)
    drawn = draw_prior(source, seed, simulations)
    shown = [f"{prefix}{name}" for prefix in studies for name in ("reported", "p")]
    shown += [
        name
        for prefix, study in studies.items()
        for name in derived_names(study, prefix)
    ]
    whole = drawn.merge(derived(source, drawn, shown))
    accept = max(one.sampling.target_accept for one in cards)
    how = replace(HOW, **{"target_accept": accept, **settings})
    others = None if truth is None else [one.digest for one in _listed(truth)]
    told = {
        "recipe": recipe.digest,
        "truth": others,
        "how": asdict(how),
        "simulations": simulations,
    }
    batch = Batch(
        partial(refit, recipe.light), partial(_simulation, how=how), seed, told
    )
    jobs = {
        f"simulation {i + 1:04d}": partial(
            _given, studies, whole.isel(draw=[i]), seed, i
        )
        for i in range(simulations)
    }
    where = {
        "keep": keep,
        "scheduler": scheduler,
        "workers": workers,
        "progress": progress,
    }
    tables = run(batch, jobs, what="simulations", **where)
    return Calibration(
        pd.concat(
            [table.assign(simulation=key) for key, table in tables.items()],
            ignore_index=True,
        )
    )


def _listed[T: (Card, Evidence)](given: T | Sequence[T]) -> list[T]:
    return [given] if isinstance(given, Card | Evidence) else list(given)


def _recipe(
    cards: Sequence[Card],
    evidences: Sequence[Evidence],
    world: World,
    lkj: float | None,
) -> Recipe:
    return Recipe(
        tuple(replace(one, validation={}) for one in cards),
        tuple(evidences),
        world,
        lkj,
    )


def _check_alike(model: pm.Model, source: pm.Model) -> None:
    """Refuse a truth of other parameters than the model's."""
    mine, theirs = ({rv.name for rv in one.free_RVs} for one in (model, source))
    if mine != theirs:
        raise UncountedError(
            "Only one of the cards, that calibrated or that the truth is drawn from,"
            f" has {', '.join(sorted(mine ^ theirs))}. They may differ in the numbers"
            " of their priors alone."
        )


def _given(
    studies: Mapping[str, Study], truth: xr.Dataset, seed: int, i: int
) -> tuple[Numbers, dict[str, float]]:
    """Draw evidence of one truth: the numbers of a refit to it, and the truth of every
    quantity that is ranked.
    """
    rng = np.random.default_rng([seed, i])
    numbers: Numbers = {}
    quantities: dict[str, float] = {}
    for prefix, study in studies.items():
        mine = part(truth, prefix)
        n = _whole(study, rng)
        seen = replace(study.seen, y=_drawn(study, mine, n, rng), n=n)
        own = counted(study, seen.y, n) | {
            "centring": flat(centring(study.card, study.world, seen))
        }
        numbers |= {f"{prefix}{name}": value for name, value in own.items()}
        quantities |= {
            f"{prefix}{name}": float(value[0, 0])
            for name, value in _quantities(study, mine).items()
        }
    return numbers, quantities


def _whole(study: Study, rng: np.random.Generator) -> np.ndarray:
    """Return each row's respondents (rows,), whole where counts are read: ⌊n⌋ +
    Bernoulli(n − ⌊n⌋).

    Counts drawn of ⌈n⌉ and read as of n lie above n where nearly everybody is affected,
    and there the density grows without end: in a world of many such countries two
    chains ended in two places.
    """
    n, unknown = study.seen.n, study.seen.unknown
    if study.card.likelihood not in COUNTS:
        return n
    low = np.floor(n)
    return np.where(unknown, n, low + (rng.random(n.shape) < n - low))


def _drawn(
    study: Study, truth: xr.Dataset, n: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw the counts of every row (rows,) that a truth would give, of n respondents
    (rows,).
    """
    kind = kind_of(study.card, study.seen)
    eta = truth["reported"].to_numpy().reshape(1, -1)
    extra = [truth[name].to_numpy().reshape(1, 1) for name in kind.takes]
    extra += [truth[ROW_SIZE].to_numpy().reshape(1, -1)] if kind.errs else []
    known = kind.known(n * expit(eta[0]), n)
    y = kind.draw(
        expit(eta) if kind.share else eta,
        *extra,
        *known.values(),
        rng=rng,
        size=eta.shape,
    )[0]
    if study.card.likelihood == "logit_normal":
        return np.clip(y, 1e-9 * n, (1 - 1e-9) * n)
    return y


def _simulation(
    again: Refit,
    numbers: Numbers,
    truth: dict[str, float],
    seed: int,
    cores: int | None,
    *,
    how: Sampling,
) -> pd.DataFrame:
    """Fit one simulated evidence and return the rank of each truth among its draws."""
    draws, stats = again.sample(numbers, seed, how, cores=cores)
    whole = draws.merge(again.cells(draws))
    rows, found = [], []
    for prefix, study in again.studies.items():
        for name, values in _quantities(study, part(whole, prefix)).items():
            key = f"{prefix}{name}"
            kind = "parameter" if name.split("[")[0] in study.card.priors else "total"
            rank = int((_evenly(values) < truth[key]).sum())
            rows.append(
                {"quantity": key, "kind": kind, "truth": truth[key], "rank": rank}
            )
            found.append(values)
    mixing = measure(np.stack(found))
    told = {
        "rhat": mixing["rhat"],
        "ess": mixing["ess_bulk"],
        "divergences": int(stats["diverging"].sum()),
    }
    return pd.DataFrame(rows).assign(**told)


def _evenly(values: np.ndarray) -> np.ndarray:
    """Return RANKS of the draws (chain, draw), evenly apart within chains."""
    flat_draws = values.ravel()
    return flat_draws[np.linspace(0, len(flat_draws) - 1, RANKS).round().astype(int)]


def _quantities(study: Study, draws: xr.Dataset) -> dict[str, np.ndarray]:
    """Return hyperparameters and totals of prevalence (chain, draw) by name."""
    found: dict[str, np.ndarray] = {}
    for key in study.card.priors:
        if key in draws and draws[key][0, 0].size <= SIZE:
            values = draws[key].transpose("chain", "draw", ...)
            if values.ndim == 2:
                found[key] = values.to_numpy()
                continue
            stacked = values.stack(member=values.dims[2:])
            labels = [
                ", ".join(map(str, np.atleast_1d(np.asarray(at, object))))
                for at in stacked["member"].to_index()
            ]
            found |= {
                f"{key}[{at}]": stacked.isel(member=i).to_numpy()
                for i, at in enumerate(labels)
            }
    return found | _totals(study, draws["p"])


def _totals(study: Study, p: xr.DataArray) -> dict[str, np.ndarray]:
    """Return prevalence of the world, of regions, of all unsurveyed countries and of
    the largest of these.
    """
    people = persons(
        study.world,
        study.card.bands,
        study.card.year,
        nearest=True,
        traits=study.card.traits,
    )
    rows = study.evidence.rows
    surveyed = set(rows.loc[rows["source"] != ELSEWHERE, "country"])
    size = people.sum([dim for dim in people.dims if dim != "country"]).to_series()
    unseen = size[~size.index.isin(surveyed) & (size > 0)].sort_values(
        ascending=False, kind="stable"
    )
    groupings = [groups(study.world, "world"), groups(study.world, "region")]
    if len(unseen):
        named = pd.Series("", index=size.index).mask(
            size.index.isin(unseen.index), UNSEEN
        )
        codes = pd.Series(size.index, index=size.index).where(
            size.index.isin(unseen.index[:NAMED]), ""
        )
        groupings += [named, codes]
    found: dict[str, np.ndarray] = {}
    for group in groupings:
        rates = affected_in_all(p, people, group) / affected_in_all(
            xr.ones_like(people), people, group
        )
        for name in [str(one) for one in rates["group"].to_numpy() if one]:
            found[name] = rates.sel(group=name).transpose("chain", "draw").to_numpy()
    return found


def _share(part: pd.DataFrame) -> np.ndarray:
    """Return ranks as numbers between 0 and 1, each in the middle of its cell spread by
    its place among equal ones.
    """
    rng = np.random.default_rng(0)
    return (part["rank"].to_numpy() + rng.random(len(part))) / (RANKS + 1)


def _curve(share: np.ndarray) -> pd.DataFrame:
    at = np.arange(1, len(share)) / len(share)
    low, high = get_pointwise_confidence_band(_pointwise(len(share)), len(share), at)
    return pd.DataFrame(
        {
            "at": at,
            "difference": compute_ecdf(share, at) - at,
            "low": low - at,
            "high": high - at,
        }
    )


@cache
def _pointwise(size: int) -> float:
    """Return the level of bands at single points that together hold an even ECDF in 95
    % of cases.
    """
    at = np.arange(1, size) / size
    return float(
        simulate_confidence_bands(size, 1, at, 0.95, 2000, np.random.default_rng(0))
    )


def _summary(name: str, part: pd.DataFrame) -> dict[str, object]:
    share = _share(part)
    curve = _curve(share)
    outside = int(
        (
            (curve["difference"] < curve["low"]) | (curve["difference"] > curve["high"])
        ).sum()
    )
    told: dict[str, object] = {
        "quantity": name,
        "kind": part["kind"].iloc[0],
        "simulations": len(part),
    }
    told |= {"outside": outside, "calibrated": outside == 0}
    for level in LEVELS:
        low, high = band(len(part), level)
        inside = float((np.abs(share - 0.5) <= level / 2).mean())
        told |= {
            f"inside_{level:.0%}".rstrip("%"): inside,
            f"low_{level:.0%}".rstrip("%"): low,
        }
        told |= {f"high_{level:.0%}".rstrip("%"): high}
    return told
