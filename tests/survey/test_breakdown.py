"""The finest complete breakdown of each survey, used once."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncounted.survey.breakdown import _merged, _tiles, finest
from uncounted.survey.ledger import Ledger
from uncounted.world.age import Band, contains, ordered, overlapping, parse_band

BANDS = ["0-5 months", "6-11 months", "12-59 months"]
bands = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 5)).map(lambda t: Band(t[0], t[0] + t[1]))
    | st.integers(8, 12).map(lambda lower: Band(lower, None)),
    max_size=7,
).map(ordered)


def survey(keys: list[tuple[str, str]], unusable: tuple = (), **words: str) -> pd.DataFrame:
    table = pd.DataFrame(keys, columns=["sex", "age"]).assign(survey="1", country="GHA", year=2014, kind="", **words)
    return table.assign(usable=[key not in unusable for key in keys])


def grid(sexes=("female", "male", "both"), ages=("all", *BANDS)) -> list[tuple[str, str]]:
    return [(sex, age) for sex in sexes for age in ages]


def pick(rows: pd.DataFrame, by=("sex", "age"), whole=()) -> tuple[pd.DataFrame, Ledger]:
    return finest(rows, by, "0-59 months", whole, Ledger())


def months(some: tuple[Band, ...]) -> list[int]:
    return sorted(m for band in some for m in range(band.lower, 40 if band.upper is None else band.upper))


@pytest.mark.parametrize(
    ("unusable", "name", "rows"),
    [
        ((), "sex × age", 6),
        ((("female", "0-5 months"),), "age", 3),
        ((("female", "0-5 months"), ("both", "6-11 months")), "sex", 2),
        ((("female", "0-5 months"), ("both", "6-11 months"), ("male", "all")), "national", 1),
    ],
)
def test_the_finest_breakdown_of_which_every_part_is_usable(unusable, name, rows):
    used, ledger = pick(survey(grid(), unusable))
    assert set(used["breakdown"]) == {name}
    assert len(used) == rows
    assert (ledger.lines["action"] == "not used again").all()
    assert len(used) + len(ledger.lines) == 12
    assert all(months(sum(used.loc[used["sex"] == sex, "covers"], ())) == [*range(60)] for sex in set(used["sex"]))


def test_a_survey_without_any_complete_breakdown_is_excluded():
    used, ledger = pick(survey(grid(), tuple(grid())))
    assert used.empty
    assert ledger.summary()[["action", "rows"]].to_numpy().tolist() == [["excluded", 12]]


@pytest.mark.parametrize(("by", "name"), [(["age"], "age"), (["sex"], "sex"), ([], "national")])
def test_only_the_asked_axes_are_broken_down(by, name):
    assert set(pick(survey(grid()), by)[0]["breakdown"]) == {name}


def test_a_survey_speaks_only_for_the_bands_it_lists():
    some = survey(grid(ages=("all", "6-11 months")), tuple(grid(ages=["6-11 months"])))
    used, _ = pick(some)
    assert list(used["covers"]) == [(Band(6, 12),)] * 2
    assert list(pick(some.assign(kind="Adjusted"), whole=["Adjusted"])[0]["covers"]) == [(Band(0, 60),)] * 2


def test_a_survey_that_lists_no_band_speaks_for_the_cards_age():
    assert pick(survey(grid(ages=["all"])))[0]["covers"].tolist() == [(Band(0, 60),)] * 2


def test_a_survey_of_women_is_broken_down_by_age():
    used, _ = pick(survey(grid(["female"])))
    assert used[["sex", "age"]].to_numpy().tolist() == [["female", age] for age in BANDS]


def test_bands_that_are_sums_or_parts_of_others_do_not_count_twice():
    used, _ = pick(survey(grid(ages=("0-4", *BANDS))))
    assert set(used["age"]) == set(BANDS)
    used, _ = pick(survey(grid(ages=("0-4", "0-5 months", "all"))))
    assert set(used["age"]) == {"0-4"}  # of its parts only one is listed


def test_bands_that_cannot_be_told_apart_leave_the_total():
    used, _ = pick(survey(grid(["both"], ages=("all", "0-11 months", "6-23 months"))))
    assert used["breakdown"].tolist() == ["national"]
    assert used["covers"].tolist() == [(Band(0, 24),)]


def test_two_surveys_are_broken_down_apart():
    two = pd.concat([survey(grid()), survey(grid(ages=["all"])).assign(survey="2")], ignore_index=True)
    assert pick(two)[0].groupby("survey")["breakdown"].first().to_dict() == {"1": "sex × age", "2": "sex"}


@given(bands)
def test_tiles_hold_every_age_once(some):
    tiles = _tiles(some)
    if tiles is None:
        return
    assert overlapping(tiles) is None
    assert set(tiles) <= set(some)
    assert months(tiles) == sorted({month for band in some for month in months((band,))})


@given(bands)
def test_tiles_are_missing_only_where_there_are_none_and_are_the_most(some):
    """Against every subset of the bands."""
    held = sorted({month for band in some for month in months((band,))})
    subsets = [[band for i, band in enumerate(some) if bits >> i & 1] for bits in range(1 << len(some))]
    sizes = [len(subset) for subset in subsets if months(tuple(subset)) == held]
    tiles = _tiles(some)
    assert (tiles is None and not sizes) or len(tiles) == max(sizes)


@given(bands)
def test_merged_bands_hold_the_same_ages_once(some):
    merged = _merged(some)
    assert overlapping(merged) is None
    assert months(merged) == sorted({month for band in some for month in months((band,))})
    assert all(any(contains(whole, band) for whole in merged) for band in some)


def test_single_years_within_groups_are_tiled_at_once():
    ages = [str(year) for year in range(100)] + [f"{year}-{year + 4}" for year in range(0, 100, 5)] + ["100+"]
    assert len(_tiles(ordered(map(parse_band, ages)))) == 101
