"""Studies of simulated survey programmes; what they found is under docs/, where
validation.md shows it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import binom

import uncounted as un
from uncounted.infer.totals import ALL, affected, population
from uncounted.observations.elsewhere import ELSEWHERE
from uncounted.simulate.programme import simulate_programme, survey_of
from uncounted.simulate.truth import SEXES
from uncounted.world.world import groups

DOCS = Path(__file__).resolve().parents[2] / "docs"
REFERENCE = Path(__file__).resolve().parents[1] / "reference"
TRUTH = Path(__file__).resolve().parents[2] / "data" / "truth" / "programme"
CARDS = ("forced-labour", "forced-marriage")
SHARE = "married-before-18"
PROGRAMMES = 24
HOW = {"tune": 1000, "draws": 1500}  # more than the cards' own

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def world() -> un.World:
    return un.read_world()


@pytest.fixture(scope="module")
def fits(world) -> dict[str, un.Fit]:
    """The shipped programme: forced labour and marriage jointly, the share by
    itself.
    """
    cards = [un.read_card(name) for name in CARDS]
    model = un.build_jointly(
        cards, world, [un.evidence_of(card, world) for card in cards], lkj=2.0
    )
    found = un.sample_jointly(
        model, seed=20160801, progress=un.Progress(show=False), **HOW
    )
    share = un.read_card(SHARE)
    alone = un.build(share, world, un.evidence_of(share, world))
    return found | {
        share.outcome: un.sample(
            alone, seed=20160803, progress=un.Progress(show=False), **HOW
        )
    }


@pytest.mark.parametrize("name", [*CARDS, SHARE])
def test_reference_posteriors(name, world, reference):
    card = un.read_card(name)
    model = un.build(card, world, un.evidence_of(card, world))
    table = reference(un.sample(model, seed=7, progress=un.Progress(show=False), **HOW))
    assert (table["mcse"] < 0.08 * table["sd"]).all()
    table.to_csv(REFERENCE / f"{name}.csv")


def test_the_truth_lies_within_the_intervals(fits):
    """How many of the shipped world's numbers 80 and 95 % intervals hold, and that the
    draws may be believed.

    One world's numbers hang together, so no band is asked here of any but surveyed
    countries, which their own surveys tell apart; whoever wasn't asked shares the
    world's, regions' and slopes' errors. Many worlds are another study.
    """
    truth = pd.read_csv(TRUTH / "prevalence.csv").set_index(
        ["outcome", "country", "sex", "age"]
    )["p"]
    rows = []
    for outcome, fit in fits.items():
        assert not un.check(fit).stopped
        true = (
            truth[outcome]
            .to_xarray()
            .sel(country=fit.p["country"], sex=list(SEXES), age=fit.p["age"])
        )
        rows += [
            held(fit, true, grouping)
            for grouping in ("world", "region", "subregion", "country")
        ]
    table = pd.concat(rows, ignore_index=True)
    cells = table.groupby(["outcome", "of", "numbers"], sort=False)
    counted = (
        cells[["within_80", "within_95"]].mean().assign(n=cells.size()).reset_index()
    )
    counted.round(3).to_csv(DOCS / "programme-coverage.csv", index=False)
    countries = counted[
        (counted["of"] == "country, surveyed") & (counted["numbers"] == "all persons")
    ]
    for _, row in countries.iterrows():
        low, high = binom.interval(0.999, row["n"], 0.95)
        assert low <= row["within_95"] * row["n"] <= high, row


def held(fit: un.Fit, true: xr.DataArray, grouping: str) -> pd.DataFrame:
    """Return, for every group, sex and age, whether intervals of 80 and 95 % hold the
    truth.
    """
    group = groups(fit.world, grouping)
    people = population(fit.people, group)
    drawn, whole = (affected(p, fit.people, group) / people for p in (fit.p, true))
    table = whole.to_series().rename("true").reset_index()
    for level in (80, 95):
        tail = (100 - level) / 200
        low, high = drawn.quantile([tail, 1 - tail], ["chain", "draw"])
        table[f"within_{level}"] = (
            ((whole >= low) & (whole <= high)).to_series().to_numpy()
        )
    surveyed = set(fit.evidence.rows.query("source != @ELSEWHERE")["country"])
    kind = [
        f"country, {'surveyed' if one in surveyed else 'not'}" for one in table["group"]
    ]
    part = np.where(
        table["sex"] == ALL,
        np.where(table["age"] == ALL, "all persons", "ages"),
        "sexes",
    )
    part = np.where((table["sex"] != ALL) & (table["age"] != ALL), "sex × age", part)
    return table.assign(
        outcome=fit.card.outcome,
        of=kind if grouping == "country" else grouping,
        numbers=part,
    )


def test_many_programmes_show_the_truth_on_average(world):
    """Estimates of cells over what their surveys show, over PROGRAMMES worlds; and how
    far they are from it.
    """
    parts = []
    for seed in range(1000, 1000 + PROGRAMMES):
        programme = simulate_programme(seed, world=world)
        parts.append(compared(programme, world).assign(seed=seed))
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.assign(
        excess=rows["y"] - rows["n"] * rows["q"],
        variance=rows["n"] * rows["q"] * (1 - rows["q"]),
    )
    rows["expected"] = rows["n"] * rows["q"]
    cells = rows.groupby(["outcome", "sex", "age"])[
        ["y", "expected", "variance", "excess"]
    ].sum()
    squares = rows.groupby(["outcome", "seed", "survey"])[["excess", "variance"]].sum()
    squares = (squares["excess"] ** 2).groupby("outcome").sum() / squares[
        "variance"
    ].groupby("outcome").sum()
    table = pd.DataFrame(
        {
            "over_truth": cells["y"] / cells["expected"],
            "z": cells["excess"] / cells["variance"] ** 0.5,
        }
    )
    total = cells.groupby("outcome").sum()
    whole = pd.DataFrame(
        {
            "over_truth": total["y"] / total["expected"],
            "z": total["excess"] / total["variance"] ** 0.5,
        }
    )
    whole["over_truth_by_respondents"] = by_respondents(rows)
    whole["surveys_squared_error"] = squares
    whole.index = pd.MultiIndex.from_tuples(
        [(name, "both", "all") for name in whole.index], names=table.index.names
    )
    pd.concat([whole, table]).round(3).to_csv(DOCS / "programme-bias.csv")
    assert table["z"].abs().max() < 4
    assert (whole["over_truth"] - 1).abs().drop((ELSEWHERE, "both", "all")).max() < 0.03
    assert (whole["over_truth_by_respondents"] - 1).abs().drop(
        (ELSEWHERE, "both", "all")
    ).max() < 0.02
    assert squares.drop(ELSEWHERE).between(0.85, 1.15).all()


def by_respondents(rows: pd.DataFrame) -> pd.Series:
    """Return what surveys found over the truth where each row weighs as its
    respondents, whatever its design effect.
    """
    found, true = (
        rows["respondents"] * rows["y"] / rows["n"],
        rows["respondents"] * rows["q"],
    )
    sums = (
        pd.DataFrame({"found": found, "true": true})
        .groupby(rows["outcome"])
        .sum(min_count=1)
    )
    return sums["found"] / sums["true"]


def compared(programme, world: un.World) -> pd.DataFrame:
    """Return rows of evidence of a programme, each with q, what its survey shows."""
    families, parts = survey_of(programme), []
    for outcome, shown in programme.truth.shown.items():
        rows = un.evidence(families, outcome).rows
        rows = rows.assign(
            age=[bands[0].label for bands in rows["covers"]], outcome=outcome
        )
        parts.append(
            rows.merge(
                shown.to_series().rename("q").reset_index(), on=["survey", "sex", "age"]
            )
        )
    abroad = un.reported_from_elsewhere(
        families, "forced_labour", world, by=(), ages=programme.cards[0].ages
    ).rows
    hosts = programme.truth.hosts[["country", "shown"]].rename(columns={"shown": "q"})
    parts.append(abroad.merge(hosts, on="country").assign(outcome=ELSEWHERE, age="18+"))
    return pd.concat(parts, ignore_index=True)[
        ["outcome", "survey", "sex", "age", "respondents", "n", "y", "q"]
    ]
