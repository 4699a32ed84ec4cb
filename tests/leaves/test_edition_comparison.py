"""What changed between two editions, one thing at a time: the steps that are taken, and
how they add up.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.leaves import edition_comparison as comparison


@pytest.fixture
def before(parts) -> un.Fit:
    return parts.fits["marriage"]


@pytest.fixture
def after(before, world) -> un.Fit:
    """Other evidence, another prior, other people; the covariates are the same."""
    rows = before.evidence.rows.drop(columns="covers").assign(y=24.0)
    evidence = un.counts(
        rows.assign(age="40+")[["survey", "country", "year", "sex", "age", "n", "y"]],
        "marriage",
        "More",
    )
    more = replace(world, population=world.population * 2)
    card = replace(
        before.card, priors={**before.card.priors, "level": un.Prior("normal", (-3, 1))}
    )
    return replace(before, evidence=evidence, card=card, world=more)


@pytest.fixture
def fitted(monkeypatch, before, after) -> list[un.Fit]:
    """Stand in for sampling: twice the prevalence on the new evidence, half more under
    the new prior.
    """
    asked = []

    def sample(edition, seed, *_):
        asked.append(edition)
        times = 2.0 if edition.evidence is after.evidence else 1.0
        times *= 1.5 if edition.card is after.card else 1.0
        size = 2.0 if edition.world.population is after.world.population else 1.0
        noise = (
            np.random.default_rng(seed)
            .normal(0, 1e-6, before.p.shape)
            .astype(np.float32)
        )
        return replace(
            edition, p=before.p * np.float32(times) + noise, people=before.people * size
        )

    monkeypatch.setattr(comparison, "_fitted", sample)
    return asked


def test_each_step_changes_one_thing(before, after, fitted):
    table = un.compare(
        before, after, seed=1, progress=un.Progress(show=False)
    ).set_index("step")
    assert list(table.index) == [
        "before",
        "data",
        "model",
        "population",
        "whole change",
    ]
    assert len(fitted) == 4
    assert [one.card is after.card for one in fitted] == [False, False, True, True]
    first = table.loc["before"]
    rates = table["prevalence"].iloc[:4] / first["prevalence"]
    assert rates.tolist() == pytest.approx([1, 2, 3, 3], rel=1e-3)
    assert (table["persons"].iloc[:4] / first["persons"]).tolist() == pytest.approx(
        [1, 2, 3, 6], rel=1e-3
    )
    whole = table.loc["whole change"]
    assert whole["persons"] == table.loc["population", "persons"]
    assert (
        whole["persons_change_lower"]
        < whole["persons_change"]
        < whole["persons_change_upper"]
    )
    assert np.isnan(first["persons_change"])


def test_two_of_a_kind_and_of_one_world(before, estimate):
    with pytest.raises(un.UncountedError, match="two of a kind"):
        un.compare(before, estimate, seed=1)
    fewer = replace(before.world, places=before.world.places.iloc[1:])
    with pytest.raises(un.UncountedError, match="different countries"):
        un.compare(before, replace(before, world=fewer), seed=1)


@pytest.mark.usefixtures("fitted")
def test_the_same_edition_has_no_steps(before):
    table = un.compare(
        before, before, seed=1, by="region", progress=un.Progress(show=False)
    )
    assert set(table["step"]) == {"before", "whole change"}
    assert len(table) == 2 * len(set(before.world.places["region"]))
    changes = table.loc[
        table["step"] == "whole change",
        ["prevalence_change_lower", "prevalence_change_upper"],
    ]
    assert (changes.iloc[:, 0] < 0).all()
    assert (changes.iloc[:, 1] > 0).all()
    assert isinstance(table, pd.DataFrame)
