"""Study of what changed between two editions of modern slavery: every step is fitted,
with the truth beside it.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import uncounted as un
from uncounted.simulate.world_edition import SimulatedEdition

DOCS = Path(__file__).resolve().parents[2] / "docs"
CARD = "modern-slavery"
SHORT: dict[str, Any] = {"chains": 2, "tune": 350, "draws": 350}
MORE = 1.05  # times as many people
WIDER = un.Prior("log_normal", (0.6, 0.3))  # surveys' own errors, twice as large

pytestmark = pytest.mark.study


def test_what_changed_between_two_simulated_editions():
    """Another world's sources, another prior, more people: outside figures are persons,
    and stay what they are.
    """
    world = un.read_world()
    before, after = (un.simulate_edition(seed, CARD, world) for seed in (35, 36))
    cards = {
        name: replace(card, priors={**card.priors, "sigma_survey": WIDER})
        for name, card in after.edition.cards.items()
        if "sigma_survey" in card.priors
    }
    people = replace(world, population=world.population * MORE)
    later = replace(after.edition, cards={**after.edition.cards, **cards}, world=people)
    truth = pd.Series([total(before), total(after), total(after), total(after, MORE)])
    table = un.compare(
        before.edition, later, seed=1, progress=un.Progress(show=False), **SHORT
    )
    assert list(table["step"]) == [
        "before",
        "data",
        "model",
        "population",
        "whole change",
    ]
    table["true"] = [*truth, truth.iloc[-1]]
    table["true_change"] = [*truth.diff(), truth.iloc[-1] - truth.iloc[0]]
    table.round(6).to_csv(DOCS / "modern-slavery-changes.csv", index=False)
    changes = table.iloc[1:]
    inside = changes["true_change"].between(
        changes["persons_change_lower"], changes["persons_change_upper"]
    )
    assert inside.all()
    persons = table["persons"].iloc[:4]
    assert persons.iloc[3] / persons.iloc[2] == pytest.approx(MORE, rel=0.03)
    assert table.loc[1:3, "persons_change"].sum() == pytest.approx(
        table.loc[4, "persons_change"], rel=0.1
    )


def total(drawn: SimulatedEdition, more: float = 1.0) -> float:
    """Return the persons of all leaves, those of surveys and of ratios to them grown
    with the population.
    """
    leaves = drawn.edition.card.leaf
    return sum(
        float(drawn.persons[one.name].sum()) * (1.0 if one.figures else more)
        for one in leaves
    )
