"""Studies of the child-labour estimate: its posterior, and what the size that nobody
published does to it.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import uncounted as un
from uncounted.infer.recipe import recipe_of
from uncounted.infer.refit import refit
from uncounted.infer.totals import affected_in_all
from uncounted.model.belief import flat
from uncounted.world.world import groups

ROOT = Path(__file__).resolve().parents[2]
DOCS, REFERENCE = ROOT / "docs", ROOT / "tests" / "reference"
SIZES = (300, 1000, 3000)

pytestmark = pytest.mark.study


def test_reference_posterior(reference):
    card, world = un.read_card("child-labour"), un.read_world()
    model = un.build(card, world, un.evidence_of(card, world))
    how = {"chains": 4, "tune": 700, "draws": 1000, "target_accept": 0.95}
    table = reference(un.sample(model, seed=7, progress=un.Progress(show=False), **how))
    assert (table["mcse"] < 0.08 * table["sd"]).all()
    table.to_csv(REFERENCE / "child-labour.csv")


def test_what_the_unknown_size_does():
    """The world, regions and countries with the size learned, as the card has it, and
    held at three values.
    """
    card, world = un.read_card("child-labour"), un.read_world()
    ready = refit(recipe_of(un.build(card, world, un.evidence_of(card, world))))
    people = un.persons(world, card.ages, card.year, nearest=True)
    rows = []
    for size in (None, *SIZES):
        priors = dict(card.priors)
        if size is not None:
            priors["unknown_n"] = replace(
                priors["unknown_n"], numbers=(float(size), 0.01)
            )
        numbers = flat({key: np.array(prior.numbers) for key, prior in priors.items()})
        draws, stats = ready.sample({"prior_numbers": numbers}, 5, card.sampling)
        p = ready.cells(draws)["p"]
        told = {
            "effective_n": (
                f"learned: {float(draws['unknown_n'].median()):.0f}"
                if size is None
                else str(size)
            )
        }
        for grouping in ("world", "region", "country"):
            group = groups(world, grouping)
            share = affected_in_all(p, people, group) / affected_in_all(
                xr.ones_like(people), people, group
            )
            low, middle, high = (
                share.quantile(q, ["chain", "draw"]) for q in (0.025, 0.5, 0.975)
            )
            if grouping == "world":
                told |= {
                    "world": float(middle[0]),
                    "lower": float(low[0]),
                    "upper": float(high[0]),
                }
            else:
                told[f"{grouping}, mean width"] = float((high - low).mean())
        for key in ("sigma_country", "sigma_survey"):
            told[key] = float(draws[key].median())
        rows.append(told | {"divergences": int(stats["diverging"].sum())})
    table = pd.DataFrame(rows).round(4)
    table.to_csv(DOCS / "child-labour-unknown-n.csv", index=False)
    assert (table["world"] / table["world"].iloc[0] - 1).abs().max() < 0.03
    assert table[
        "sigma_survey"
    ].is_monotonic_increasing  # it takes up what a smaller size would have explained
