"""What an estimate's number is uncertain about, leaf by leaf."""

import pytest

import uncounted as un
from uncounted.leaves import budget


@pytest.fixture(autouse=True)
def unknown(monkeypatch):
    """The made-up fits have no model to build again: all that isn't known of them is
    their level.
    """
    monkeypatch.setattr(
        budget, "unknown", lambda fit: {"sampling": fit.posterior["level"]}
    )


def shares(estimate, name: str = "total") -> dict[str, float]:
    table = un.variance_budget(estimate, name)
    return dict(zip(table["component"], table["share"], strict=True))


def test_outside_figures_are_all_that_is_unknown_of_themselves(estimate):
    found = shares(estimate, "State")
    assert found["outside figures"] == pytest.approx(1, abs=0.01)
    assert list(found) == ["outside figures", "interaction"]


def test_a_ratio_hangs_on_its_selection(estimate):
    """World_sd = 0.7 against a ratio of sd 0.2 in three regions, a level of sd 0.3 and
    durations of 5 %.
    """
    found = shares(estimate, "Sexual, adults")
    assert found["selection of records"] == max(found.values())
    assert found["selection of records"] > 0.5
    assert found["durations"] < 0.05
    assert found["sampling"] > 0.02


def test_a_leaf_of_surveys_has_no_records_in_it(estimate):
    found = shares(estimate, "Marriage")
    assert list(found) == ["sampling", "interaction"]
    found = shares(estimate, "Labour, adults")
    assert list(found) == ["sampling", "durations", "interaction"]
    assert found["sampling"] > found["durations"] >= 0


def test_the_total_has_all_of_it(estimate):
    found = shares(estimate)
    assert list(found) == [
        "sampling", "durations", "ratios of records", "selection of records", "outside figures", "interaction",
    ]  # fmt: skip
    assert sum(found.values()) == pytest.approx(1)
    assert all(share > -0.05 for share in found.values())
