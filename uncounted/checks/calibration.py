"""Calibration: whether posteriors hold the truth as often as they say, in worlds that
the card itself makes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from scipy.special import expit

from uncounted.checks.mixing import measure
from uncounted.checks.rank_curve import RANKS, rank_curve, rank_summary
from uncounted.checks.ranked_quantities import ranked_quantities
from uncounted.errors import UncountedError
from uncounted.glance import glance
from uncounted.infer.batch import Batch, run
from uncounted.infer.derived import derived
from uncounted.infer.prior import draw_prior
from uncounted.infer.progress import Progress
from uncounted.infer.recipe import Recipe, studies_of
from uncounted.infer.refit import Numbers, Refit, counted, refit
from uncounted.infer.sample import part
from uncounted.model.belief import flat
from uncounted.model.build import Study
from uncounted.model.card import Card, Sampling
from uncounted.model.centring import centring
from uncounted.model.distribution import kind_of
from uncounted.model.prediction import derived_names
from uncounted.model.row_error import ROW_SIZE
from uncounted.observations.evidence import Evidence
from uncounted.world.world import World

SETTINGS = Sampling(chains=2, tune=500, draws=500)
RHAT = 1.05  # of a simulation that mixed
FEWEST = 2  # simulations that have an ECDF
COUNTS = ("binomial", "beta_binomial")  # likelihoods that read counts, not estimates


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
        rows = []
        for quantity, table in self.table.groupby("quantity", sort=False):
            about = {
                "quantity": str(quantity),
                "kind": table["kind"].iloc[0],
                "simulations": len(table),
            }
            rows.append(about | rank_summary(table["rank"].to_numpy()))
        return pd.DataFrame(rows)

    @property
    def mixed(self) -> "Calibration":
        """The simulations whose chains mixed: no divergence, and R-hat of every
        quantity at most 1.05.

        Given the evidence, truth and posterior have one law, so that ranks of
        simulations chosen by their evidence are even [Modrák et al. 2023]. Chains that
        mix are chosen by their draws as well: of two runs on one evidence the one that
        kept away from small standard deviations is likelier to have no divergence, so
        that truths of these may lean low among the draws here though nothing is wrong.
        Judge by all simulations. This property shows how many of them speak of the
        model alone, not of the sampler.
        """
        worst = self.table.groupby("simulation")[["rhat", "divergences"]].max()
        mixes = (worst["rhat"] <= RHAT) & (worst["divergences"] == 0)
        kept = self.table["simulation"].isin(worst.index[mixes])
        return Calibration(self.table[kept])

    def curve(self, quantity: str) -> pd.DataFrame:
        """Return the ECDF of a quantity's ranks less an even one, and its band: at,
        difference, low, high.
        """
        table = self.table[self.table["quantity"] == quantity]
        if table.empty:
            raise UncountedError(
                f"No quantity '{quantity}' was calibrated. See `summary`."
            )
        return rank_curve(table["rank"].to_numpy())

    def __repr__(self) -> str:
        return glance("Calibration, by quantity", table=self.summary)

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
    and compare it with the model's posterior.

    Simulation-based calibration [Talts et al. 2018; Modrák et al. 2023]: if model and
    sampler are right, the truth's rank among posterior draws is even, for the card's
    hyperparameters as for totals of the world, of regions and of unsurveyed countries.
    The surveys, their places and their numbers of respondents stay as in `evidence`,
    but that fractions of an effective respondent become one or none at random: counts
    that are drawn have the law that they are read by only if they are whole. What
    respondents answered is drawn. The compiled model takes other counts and other
    centring as pm.Data. Bands are simultaneous [Säilynoja et al. 2022].

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
    cards = _listed(card)
    evidences = _listed(evidence)
    _check_outcomes(cards)
    recipe = _recipe(cards, evidences, world, lkj)
    model = recipe.build()
    studies = studies_of(model)
    source, truth_digests = model, None
    if truth is not None:
        truth_cards = _listed(truth)
        source = _recipe(truth_cards, evidences, world, lkj).build()
        truth_digests = [truth_card.digest for truth_card in truth_cards]
    _check_alike(model, source)
    truths = _truths(source, studies, seed, simulations)
    sampling = _sampling(cards, settings)
    identity = {
        "recipe": recipe.digest,
        "truth": truth_digests,
        "how": asdict(sampling),
        "simulations": simulations,
    }
    ready = partial(refit, recipe.light)
    work = partial(_simulation, how=sampling)
    batch = Batch(ready, work, seed, identity)
    jobs = {}
    for i in range(simulations):
        job = partial(_given, studies, truths.isel(draw=[i]), seed, i)
        jobs[f"simulation {i + 1:04d}"] = job
    tables = run(
        batch,
        jobs,
        what="simulations",
        keep=keep,
        scheduler=scheduler,
        workers=workers,
        progress=progress,
    )
    labelled = [table.assign(simulation=key) for key, table in tables.items()]
    return Calibration(pd.concat(labelled, ignore_index=True))


def _listed[T: (Card, Evidence)](values: T | Sequence[T]) -> list[T]:
    return [values] if isinstance(values, Card | Evidence) else list(values)


def _check_outcomes(cards: Sequence[Card]) -> None:
    for card in cards:
        if card.forms:
            raise UncountedError(
                f"The card '{card.name}' has exclusive forms, which cannot be"
                " calibrated yet. Calibrate a card of one outcome."
            )


def _recipe(
    cards: Sequence[Card],
    evidences: Sequence[Evidence],
    world: World,
    lkj: float | None,
) -> Recipe:
    bare = tuple(replace(card, validation={}) for card in cards)
    return Recipe(bare, tuple(evidences), world, lkj)


def _sampling(
    cards: Sequence[Card],
    settings: Mapping[str, Any],
) -> Sampling:
    accept = max(card.sampling.target_accept for card in cards)
    return replace(SETTINGS, **{"target_accept": accept, **settings})


def _check_alike(
    model: pm.Model,
    source: pm.Model,
) -> None:
    """Refuse a truth of other parameters than the model's."""
    model_names = {variable.name for variable in model.free_RVs}
    source_names = {variable.name for variable in source.free_RVs}
    if model_names != source_names:
        raise UncountedError(
            "Only one of the cards, that calibrated or that the truth is drawn from,"
            f" has {', '.join(sorted(model_names ^ source_names))}. They may differ in"
            " the numbers of their priors alone."
        )


def _truths(
    source: pm.Model,
    studies: Mapping[str, Study],
    seed: int,
    simulations: int,
) -> xr.Dataset:
    """Draw as many truths as simulations from the priors of a model, with all that
    rows are drawn from.
    """
    parameters = draw_prior(source, seed, simulations)
    names = []
    for prefix in studies:
        names += [f"{prefix}reported", f"{prefix}p"]
    for prefix, study in studies.items():
        names += derived_names(study, prefix)
    return parameters.merge(derived(source, parameters, names))


def _given(
    studies: Mapping[str, Study],
    truth: xr.Dataset,
    seed: int,
    i: int,
) -> tuple[Numbers, dict[str, float]]:
    """Draw evidence from one truth; return the numbers of a refit to it, and the true
    value of every quantity that is ranked.
    """
    rng = np.random.default_rng([seed, i])
    numbers: Numbers = {}
    true_values: dict[str, float] = {}
    for prefix, study in studies.items():
        study_truth = part(truth, prefix)
        n = _whole_n(study, rng)
        y = _counts(study, study_truth, n, rng)
        observations = replace(study.seen, y=y, n=n)
        lam = centring(study.card, study.world, observations)
        study_numbers = counted(study, y, n) | {"centring": flat(lam)}
        for name, value in study_numbers.items():
            numbers[f"{prefix}{name}"] = value
        for name, value in ranked_quantities(study, study_truth).items():
            true_values[f"{prefix}{name}"] = float(value[0, 0])
    return numbers, true_values


def _whole_n(
    study: Study,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return each row's respondents (rows,), whole where counts are read: ⌊n⌋ +
    Bernoulli(n − ⌊n⌋).

    Counts drawn of ⌈n⌉ and read as of n lie above n where nearly everybody is affected,
    and there the density grows without end: in a world of many such countries two
    chains ended in two places.
    """
    n = study.seen.n
    if study.card.likelihood not in COUNTS:
        return n
    low = np.floor(n)
    rounded = low + (rng.random(n.shape) < n - low)
    return np.where(study.seen.unknown, n, rounded)


def _counts(
    study: Study,
    truth: xr.Dataset,
    n: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw the counts of every row (rows,) from a truth, of n respondents (rows,)."""
    kind = kind_of(study.card, study.seen)
    eta = truth["reported"].to_numpy().reshape(1, -1)
    arguments = [truth[name].to_numpy().reshape(1, 1) for name in kind.takes]
    if kind.errs:
        arguments.append(truth[ROW_SIZE].to_numpy().reshape(1, -1))
    arguments += kind.known(n * expit(eta[0]), n).values()
    mean = expit(eta) if kind.share else eta
    y = kind.draw(mean, *arguments, rng=rng, size=eta.shape)[0]
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
    parameters, stats = again.sample(numbers, seed, how, cores=cores)
    draws = parameters.merge(again.cells(parameters))
    rows = []
    values = []
    for prefix, study in again.studies.items():
        quantities = ranked_quantities(study, part(draws, prefix))
        for name, quantity in quantities.items():
            key = f"{prefix}{name}"
            in_priors = name.split("[")[0] in study.card.priors
            row = {
                "quantity": key,
                "kind": "parameter" if in_priors else "total",
                "truth": truth[key],
                "rank": int((_thinned(quantity) < truth[key]).sum()),
            }
            rows.append(row)
            values.append(quantity)
    mixing = measure(np.stack(values))
    return pd.DataFrame(rows).assign(
        rhat=mixing["rhat"],
        ess=mixing["ess_bulk"],
        divergences=int(stats["diverging"].sum()),
    )


def _thinned(values: np.ndarray) -> np.ndarray:
    """Return RANKS of the draws (chain, draw), evenly apart within chains."""
    chained = values.ravel()
    index = np.linspace(0, len(chained) - 1, RANKS).round().astype(int)
    return chained[index]
