"""Study of the estimate of modern slavery over many simulated editions: how often
intervals hold what is true.

Every edition has its own true world, surveyed countries, durations, records with their
selection and judged figures, all drawn from the generating cards. The unit is the
world. What it found is under docs/, where validation.md shows it.
"""

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cloudpickle
import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from arviz_stats import ess
from scipy.stats import binom, norm

import uncounted as un
from uncounted.cases import durations as du
from uncounted.cases.hierarchy import hierarchy, refit_data
from uncounted.cases.repeated_fit import Compiled, compiled
from uncounted.cases.tally import Tally, tally
from uncounted.infer.batch import Batch, run
from uncounted.infer.populations import people_of
from uncounted.infer.refit import Refit, without
from uncounted.infer.sampler import prepare
from uncounted.leaves.draws import parts_of
from uncounted.leaves.estimate import Estimate, denominators, shares
from uncounted.leaves.leaf import leaves
from uncounted.model.build import build
from uncounted.model.card import Card, Sampling
from uncounted.model.joint_model import build_jointly
from uncounted.observations.elsewhere import ELSEWHERE
from uncounted.observations.evidence import Evidence
from uncounted.simulate.world_edition import SimulatedEdition, simulate_edition
from uncounted.world.age import parse_band
from uncounted.world.world import World, groups

DOCS = Path(__file__).resolve().parents[2] / "docs"
OUT = Path(__file__).resolve().parents[2] / "out" / "study-modern-slavery"
LEVELS = (0.5, 0.8, 0.95)
EDITIONS = range(2000, 2100)
HOW = Sampling(chains=2, tune=300, draws=300, target_accept=0.9)
CARD = "modern-slavery"
TOGETHER = ("forced-labour", "forced-marriage")
SHARE = "married-before-18"
PERSONS = ("sex", "age")

pytestmark = pytest.mark.study


def whole(
    evidence: Evidence, card: Card, surveys: pd.DataFrame
) -> tuple[Evidence, np.ndarray]:
    """Return evidence with a row for every survey × sex × age, in one order, and which
    rows nobody filled.
    """
    rows = evidence.rows
    inner = rows["covers"].map(lambda bands: len(bands) == 1 and bands[0] in card.bands)
    own, abroad = (
        rows[(rows["source"] != ELSEWHERE) & inner],
        rows[rows["source"] == ELSEWHERE],
    )
    words = (
        rows[rows["source"] != ELSEWHERE]
        .iloc[0]
        .drop(["survey", "country", "year", "until", "source", "covers"])
    )
    about = surveys[["survey", "country", "year", "source"]].assign(
        until=surveys["year"], **words
    )
    about = about.sort_values("survey", ignore_index=True)
    cells = pd.MultiIndex.from_product(
        [about["survey"], ["female", "male"], card.ages], names=["survey", "sex", "age"]
    )
    grid = about.drop(columns=["sex", "n", "y"]).merge(
        cells.to_frame(index=False), on="survey"
    )
    grid["covers"] = [(parse_band(age),) for age in grid["age"]]
    own = own.assign(age=[bands[0].label for bands in own["covers"]])
    found = grid.merge(
        own[["survey", "sex", "age", "n", "y"]], on=["survey", "sex", "age"], how="left"
    )
    empty = np.concatenate([found["n"].isna().to_numpy(), np.zeros(len(abroad), bool)])
    found = pd.concat(
        [found.fillna({"n": 1.0, "y": 0.5}), abroad.sort_values("country")],
        ignore_index=True,
    )
    return replace(evidence, rows=found[list(rows.columns)], origin=()), empty


@dataclass
class Tools:
    """Every model of the card compiled once, on the first edition; others are other
    numbers of the same shapes.
    """

    world: World
    first: SimulatedEdition

    @cached_property
    def together(self) -> Refit:
        return self._refit(TOGETHER)

    @cached_property
    def alone(self) -> Refit:
        return self._refit((SHARE,))

    def _refit(self, names: tuple[str, ...]) -> Refit:
        model = self.model(self.first, names)[0]
        studies = (
            {f"{of}::": one for of, one in model.joint.studies.items()}
            if len(names) > 1
            else {"": model.study}
        )
        return Refit(model, studies, prepare(model), data_of(model))

    def model(
        self, drawn: SimulatedEdition, names: tuple[str, ...]
    ) -> tuple[pm.Model, dict[str, np.ndarray]]:
        """Return the model of an edition and its pm.Data, rows that nobody filled held
        out.
        """
        cards = [drawn.edition.cards[name] for name in names]
        parts = [
            whole(drawn.edition.evidence[card.name], card, drawn.programme.surveys)
            for card in cards
        ]
        if len(names) == 1:
            model = build(cards[0], self.world, parts[0][0])
            out, studies = {"": parts[0][1]}, {"": model.study}
        else:
            model = build_jointly(
                cards, self.world, [one for one, _ in parts], lkj=drawn.edition.card.lkj
            )
            out = {
                f"{card.outcome}::": empty
                for card, (_, empty) in zip(cards, parts, strict=True)
            }
            studies = {f"{of}::": one for of, one in model.joint.studies.items()}
        return model, data_of(model) | without(studies, out)

    @cached_property
    def ratios(self) -> Compiled:
        return compiled(
            hierarchy(counted(self.first), self.first.edition.card.records["priors"]),
            "log_odds",
        )

    @cached_property
    def durations(self) -> Compiled:
        words = self.first.edition.card.durations
        return compiled(
            du.durations_model(
                self.first.edition.spells, words["priors"], words["family"]
            ),
            "mu",
        )

    def fits(
        self, drawn: SimulatedEdition, names: tuple[str, ...], refit: Refit, seed: int
    ) -> dict[str, un.Fit]:
        """Sample the models of some cards on an edition; p alone is kept."""
        draws, stats = refit.sample(self.model(drawn, names)[1], seed, HOW, cores=1)
        cells = refit.cells(draws)
        found = {}
        for prefix, name in zip(refit.studies, names, strict=True):
            card = drawn.edition.cards[name]
            p = cells[f"{prefix}p"]
            p = p.rename({dim: str(dim).removeprefix(prefix) for dim in p.dims})
            people = people_of(card, self.world, card.year, draws.sizes)
            evidence = drawn.edition.evidence[name]
            found[name] = un.Fit(
                p, p, xr.Dataset(), stats, people, card, self.world, evidence, seed, {}
            )
        return found

    def estimate(self, drawn: SimulatedEdition, seed: int) -> Estimate:
        """Return the estimate of an edition, as `add_up` makes it."""
        seeds = np.random.SeedSequence(seed).generate_state(8).tolist()
        card, edition = drawn.edition.card, drawn.edition
        fits = self.fits(drawn, TOGETHER, self.together, seeds[0]) | self.fits(
            drawn, (SHARE,), self.alone, seeds[1]
        )
        log_odds, _ = self.ratios.on(
            refit_data(counted(drawn), card.records["priors"]), seeds[2], HOW
        )
        mu, _ = self.durations.on(
            du.refit_data(edition.spells, card.durations["priors"]), seeds[3], HOW
        )
        parts = parts_of(
            edition, fits, log_odds, mu, (HOW.chains, HOW.draws), (seeds[6], seeds[7])
        )
        found = leaves(card, self.world, parts)
        return Estimate(
            card, self.world, found, parts, denominators(self.world, card.year), seed
        )


def data_of(model: pm.Model) -> dict[str, np.ndarray]:
    return {str(data.name): np.array(data.get_value()) for data in model.data_vars}


def counted(drawn: SimulatedEdition) -> Tally:
    told = drawn.edition.card.records
    asked = list(
        dict.fromkeys(one.ratio.which for one in drawn.edition.card.leaf if one.ratio)
    )
    periods = [(first, last) for first, last in told["periods"]]
    return tally(
        drawn.edition.records,
        drawn.edition.world,
        asked,
        both=told["both"],
        periods=periods,
        year=drawn.edition.card.year,
    )


def ready() -> Tools:
    world = un.read_world()
    return Tools(world, simulate_edition(1999, CARD, world))


def one_world(tools: Tools, number: int, seed: int, _: int | None) -> pd.DataFrame:
    """Return, for every number of an edition's estimate, the truth, and the median and
    intervals of the draws.
    """
    drawn = simulate_edition(number, CARD, tools.world)
    estimate = tools.estimate(drawn, seed)
    surveyed = set(drawn.programme.surveys["country"])
    draws = {name: estimate.persons(name) for name in estimate.names} | shares(estimate)
    parts = []
    for name, of in draws.items():
        members = estimate.members(name) if name in estimate.names else (name,)
        true = drawn.true(name, members)
        country_rows = name in (
            *(one.name for one in estimate.card.leaf if one.model),
            "Total",
            estimate.names[0],
        )
        for by in (
            "world",
            "region",
            "subregion",
            *(("country",) if country_rows else ()),
        ):
            parts += [told(of, true, tools.world, by, surveyed).assign(leaf=name)]
    naive = pd.concat([naive_rows(drawn, name, tools.world) for name in TOGETHER])
    table = pd.concat([*parts, naive], ignore_index=True).assign(edition=number)
    return table.assign(ess=world_ess(draws[estimate.names[0]]))


def world_ess(persons: xr.DataArray) -> float:
    return float(ess(persons.sum(["country", "sex", "age"], dtype=float).to_numpy()))


def told(
    draws: xr.DataArray, true: xr.DataArray, world: World, by: str, surveyed: set[str]
) -> pd.DataFrame:
    """Return rows of groups: all persons, and of the world and regions sexes and ages
    too.
    """
    group = groups(world, by).reindex(true["country"].values)
    group = xr.DataArray(
        group.to_numpy(), {"country": true["country"]}, ("country",), name="group"
    )
    rows = []
    for what, left in {"all": PERSONS, "sex": ("age",), "age": ("sex",)}.items():
        if what != "all" and by not in ("world", "region"):
            continue
        both = [
            one.sum(list(left), dtype=float).groupby(group).sum()
            for one in (draws, true)
        ]
        low = {
            level: (
                both[0].quantile([(1 - level) / 2, (1 + level) / 2], ["chain", "draw"])
            )
            for level in LEVELS
        }
        table = {"true": both[1], "median": both[0].median(["chain", "draw"])}
        for level, (lower, upper) in low.items():
            table |= {
                f"lower_{level:g}": lower.drop_vars("quantile"),
                f"upper_{level:g}": upper.drop_vars("quantile"),
            }
        found = xr.Dataset(table).to_dataframe().reset_index()
        found = found[(found["true"] > 0) | (found["median"] > 0)]
        kind = [
            f"country, {'surveyed' if one in surveyed else 'not surveyed'}"
            for one in found["group"]
        ]
        of = kind if by == "country" else by
        rows.append(
            found.assign(of=of, persons=what, group=found["group"].astype("str"))
        )
    return pd.concat(rows, ignore_index=True)


def naive_rows(drawn: SimulatedEdition, name: str, world: World) -> pd.DataFrame:
    """Return what region means of surveys say of those affected in the window: no
    variance between countries.

    A region's prevalence is the mean of its surveys, weighted by persons, with their
    sampling variance; a region without surveys has the mean of all. The truth is of the
    same quantity.
    """
    card = drawn.edition.cards[name]
    rows = whole(drawn.edition.evidence[name], card, drawn.programme.surveys)[
        0
    ].rows.query("source != @ELSEWHERE")
    rows = rows.assign(age=[bands[0].label for bands in rows["covers"]])
    truth = drawn.programme.truth
    people = truth.people[card.outcome]
    size = people.to_series().rename("size").reset_index()
    cells = rows.merge(size, on=["country", "sex", "age"])
    cells["part"] = cells["size"] / cells.groupby("survey")["size"].transform("sum")
    cells["estimate"] = cells["part"] * cells["y"] / cells["n"]
    pooled = cells["y"].sum() / cells["n"].sum()
    cells["variance"] = cells["part"] ** 2 * pooled * (1 - pooled) / cells["n"]
    surveys = cells.groupby("survey").agg(
        country=("country", "first"),
        p=("estimate", "sum"),
        v=("variance", "sum"),
        size=("size", "sum"),
    )
    region = groups(world, "region")
    surveys["region"] = surveys["country"].map(region)
    every = mean_of(surveys)
    means = {one: mean_of(of) for one, of in surveys.groupby("region")}
    by_region = people.sum(["sex", "age"]).to_series().groupby(region).sum()
    true = (
        (truth.p[card.outcome] * people)
        .sum(["sex", "age"])
        .to_series()
        .groupby(region)
        .sum()
    )
    table = pd.DataFrame(
        {
            "group": by_region.index,
            "true": true.reindex(by_region.index).to_numpy(),
            "median": [n * means.get(one, every)[0] for one, n in by_region.items()],
            "sd": [n * means.get(one, every)[1] for one, n in by_region.items()],
            "of": "region",
        }
    )
    total = {
        "group": "World",
        "of": "world",
        "true": table["true"].sum(),
        "median": table["median"].sum(),
    }
    total["sd"] = float((table["sd"] ** 2).sum() ** 0.5)
    table = pd.concat([table, pd.DataFrame([total])], ignore_index=True)
    for level in LEVELS:
        half = norm.ppf((1 + level) / 2) * table["sd"]
        table[f"lower_{level:g}"], table[f"upper_{level:g}"] = (
            table["median"] - half,
            table["median"] + half,
        )
    return table.drop(columns="sd").assign(persons="all", leaf=f"naive: {name}")


def mean_of(surveys: pd.DataFrame) -> tuple[float, float]:
    part = surveys["size"] / surveys["size"].sum()
    return float((part * surveys["p"]).sum()), float(
        (part**2 * surveys["v"]).sum() ** 0.5
    )


def test_intervals_hold_the_truth_of_their_worlds():
    cloudpickle.register_pickle_by_value(
        sys.modules[__name__]
    )  # workers can't import a test
    batch = Batch(
        ready,
        one_world,
        7,
        {"study": "modern-slavery", "card": un.read_estimate_card(CARD).digest},
    )
    done = run(batch, {f"edition {n}": lambda n=n: (n,) for n in EDITIONS}, keep=OUT)
    rows = pd.concat(done.values(), ignore_index=True)
    table = summary(rows)
    table.to_csv(DOCS / "modern-slavery-coverage.csv", index=False)
    ours = table[~table["leaf"].str.startswith("naive")]
    assert (rows.groupby("edition")["ess"].first() > 80).all()
    assert ((ours["covered"] >= ours["low"]) & (ours["covered"] <= ours["high"])).all()


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return coverage by leaf and kind of number with its band, the median bias and the
    width of intervals.

    A world's share of numbers that are held is one observation; the band of the mean of
    worlds is of 99.9 %, pointwise: binomial where a world has one such number, else by
    the spread between worlds.
    """
    found = []
    for (leaf, of, persons), part in rows.groupby(
        ["leaf", "of", "persons"], sort=False
    ):
        told = {
            "leaf": leaf,
            "of": of,
            "persons": persons,
            "worlds": part["edition"].nunique(),
        }
        told["bias"] = float(
            np.expm1(
                np.log(part["median"] / part["true"])
                .groupby(part["edition"])
                .mean()
                .median()
            )
        )
        width = part["upper_0.95"] / part["lower_0.95"].clip(lower=0)
        told["width_95"] = float(width.median())
        for level in LEVELS:
            held = part["true"].between(
                part[f"lower_{level:g}"], part[f"upper_{level:g}"]
            )
            share = held.groupby(part["edition"]).mean()
            if part.groupby("edition").size().max() == 1:
                low, high = binom.ppf([0.0005, 0.9995], len(share), level) / len(share)
            else:
                half = norm.ppf(0.9995) * share.std() / np.sqrt(len(share))
                low, high = level - half, level + half
            found.append(
                told
                | {"level": level, "covered": share.mean(), "low": low, "high": high}
            )
    return pd.DataFrame(found).round(3)
