"""What public objects show at a prompt, of real surveys and of a small estimate."""

from dataclasses import replace

import pandas as pd
import pytest

import uncounted as un
from uncounted.checks.card_comparison import Comparison
from uncounted.checks.predictive import Predictive
from uncounted.glance import COLUMNS, LINES
from uncounted.lists.capture_lists import read_lists

FINDING = un.Finding("ESS", "warn", 90.0, 400.0, "It is small. " * 30)
LONG = pd.DataFrame({f"column {i}": [0.123456789] * 50 for i in range(40)})
HISTORIES = {"a": [1, 0, 1, 1], "b": [0, 1, 1, 0], "c": [0, 0, 0, 1]}


@pytest.fixture(scope="module")
def objects(card, world, parts, estimate, stunting) -> dict[str, object]:
    """Return public objects by what they are."""
    fit = parts.fits["labour"]
    histories = pd.DataFrame(HISTORIES).assign(count=[120, 80, 30, 25])
    lists = read_lists(histories, "GHA", 2020, "stock", count="count")
    people = pd.DataFrame({"s": ["a", "b"] * 9, "w": 1.0, "y": [0, 1, 1] * 6})
    respondents = un.read_respondents(people, {"weight": "w", "sex": "s"}, "y")
    shipped = un.read_card("stunting")
    before = replace(fit, card=replace(fit.card, year=2015))
    return {
        "figures": stunting,
        "survey card": stunting.card,
        "ledger": stunting.ledgers["stunting"],
        "respondents": respondents,
        "design": respondents.design,
        "source": respondents.source,
        "evidence": un.evidence(stunting, "stunting"),
        "replicates": un.Replicates([f"weight_{i}" for i in range(200)], "brr"),
        "lists": lists,
        "total of lists": un.list_total(lists, seed=1, n_draws=200),
        "world": world,
        "shipped world": un.read_world(),
        "coverage": un.compare_levels(fit.evidence, world),
        "card": shipped,
        "prior": shipped.priors["level"],
        "sampling": shipped.sampling,
        "description": un.describe(shipped),
        "prior predictive": un.prior_predictive(shipped, un.read_world(), 20, seed=1),
        "progress": un.Progress(),
        "fit": fit,
        "fit with notes": replace(fit, notes=("It was benchmarked. " * 20,) * 20),
        "estimate": estimate,
        "estimate card": card,
        "leaf": estimate.leaves["Labour, adults"],
        "parts": parts,
        "ratio": un.RATIOS["sexual per labour, adults"],
        "selection": un.Selection(-0.5, 0.7, 0.3),
        "finding": FINDING,
        "findings": un.Findings((FINDING,) * 30, ("held-out coverage",)),
        "hypothesis": un.hypothesis(fit, "West > East"),
        "comparison": Comparison(LONG, LONG),
        "predictive": Predictive(LONG, LONG, prior=False, interval=0.95),
        "prospect": un.prospect(before, fit, fall=0.5, by=2030, seed=1),
    }


def test_every_public_object_shows_ten_short_lines(objects):
    for name, value in objects.items():
        lines = repr(value).splitlines()
        assert 0 < len(lines) <= LINES, name
        assert max(map(len, lines)) <= COLUMNS, name


def test_a_fit_shows_estimate_data_and_sampling(objects):
    estimate, data, sampling = repr(objects["fit"]).splitlines()
    assert estimate.startswith("labour, 2020: ")
    assert "per 1,000 worldwide (95 % interval" in estimate
    assert "2 surveys of 2 countries, of 5" in data
    assert "4 chains × 250 draws, 0 divergent, worst R-hat of a region" in sampling


def test_findings_show_what_did_not_pass_first(objects):
    first, second, *_ = repr(objects["findings"]).splitlines()
    assert first == "0 pass, 30 warn, 0 stop"
    assert second.startswith("warn: ESS. It is small.")


def test_an_estimate_shows_a_line_for_each_component(objects, estimate):
    sentence = repr(objects["estimate"])
    assert all(name in sentence for name in estimate.names[:3])
