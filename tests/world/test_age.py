from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncounted.errors import UncountedError
from uncounted.world.age import (
    Band,
    contains,
    ordered,
    overlapping,
    parse_band,
    share,
    shares,
    within,
)

closed = st.tuples(st.integers(0, 1300), st.integers(1, 300)).map(
    lambda t: Band(t[0], t[0] + t[1])
)
bands = closed | st.integers(0, 1300).map(lambda lower: Band(lower, None))
cuts = st.lists(st.integers(0, 1200), min_size=3, max_size=12, unique=True).map(sorted)


def partition(ends: list[int]) -> list[Band]:
    return [Band(a, b) for a, b in pairwise(ends)]


@pytest.mark.parametrize(
    ("text", "lower", "upper"),
    [
        ("0-5 months", 0, 6),
        ("0 to 5 months", 0, 6),
        ("12–23 Months", 12, 24),
        ("0-59 months", 0, 60),
        ("12-23m", 12, 24),
        ("18 months", 18, 19),
        ("0-4", 0, 60),
        ("15-24", 180, 300),
        ("15-24 years", 180, 300),
        (" 7 ", 84, 96),
        ("0", 0, 12),
        ("65+", 780, None),
        ("65 +", 780, None),
        ("80 and over", 960, None),
        ("80 years and older", 960, None),
        ("80 or more years", 960, None),
        ("6+ months", 6, None),
        ("under 5", 0, 60),
        ("<18", 0, 216),
        ("under 6 months", 0, 6),
        ("100+", 1200, None),
    ],
)
def test_bands_are_read_as_the_field_writes_them(text, lower, upper):
    assert parse_band(text) == Band(lower, upper)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "all",
        "adults",
        "-5",
        "5-",
        "under 0",
        "15-24-30",
        "1e9",
        "9" * 5000,
        "5-Sep",
        None,
    ],
)
def test_what_is_no_band_is_a_sentence(text):
    with pytest.raises(UncountedError, match=r"is no age band\. Write it as '15-24'"):
        parse_band(text)


def test_a_band_must_begin_before_it_ends():
    with pytest.raises(UncountedError, match="'24-15' ends before it begins"):
        parse_band("24-15")
    with pytest.raises(UncountedError, match="holds no age"):
        Band(12, 12)


@given(bands)
def test_a_label_reads_back_as_its_band(band):
    assert parse_band(band.label) == band


@pytest.mark.parametrize(
    "text",
    [
        "0-4",
        "5-9",
        "0-5 months",
        "12-23 months",
        "48-59 months",
        "7",
        "15-24",
        "65+",
        "18-29 months",
        "0-17",
    ],
)
def test_the_usual_labels_are_canonical(text):
    assert parse_band(text).label == text


def test_the_same_ages_have_one_label():
    assert parse_band("0-59 months").label == parse_band("under 5").label == "0-4"
    assert parse_band("1").label == "12-23 months"


@given(st.lists(bands, min_size=1, max_size=8), st.randoms())
def test_order_is_canonical(some, random):
    shuffled = random.sample(some, len(some))
    assert ordered(shuffled) == ordered(some)
    assert [band.lower for band in ordered(some)] == sorted(
        band.lower for band in set(some)
    )


@given(st.lists(bands, min_size=2, max_size=6))
def test_overlap_is_sharing_a_month(some):
    months = [
        set(range(b.lower, 3000 if b.upper is None else b.upper)) for b in set(some)
    ]
    disjoint = sum(map(len, months)) == len(set().union(*months))
    assert (overlapping(some) is None) == disjoint


def test_bands_within_another():
    assert within([Band(0, 6), Band(6, 60)], Band(0, 60))
    assert not within([Band(0, 6), Band(6, 61)], Band(0, 60))
    assert contains(Band(780, None), Band(1200, None))
    assert not contains(Band(780, 1200), Band(1200, None))


def test_six_of_sixty_months():
    assert share(parse_band("0-5 months"), parse_band("0-4")) == pytest.approx(6 / 60)
    assert share(parse_band("15-17"), parse_band("15-19")) == pytest.approx(3 / 5)
    assert share(parse_band("5-9"), parse_band("0-4")) == 0


@given(cuts, closed)
def test_shares_of_a_partition_sum_to_one(ends, group):
    parts = partition(sorted({0, *ends, 3000}))
    assert sum(share(part, group) for part in parts) == pytest.approx(1)


@given(cuts, st.data())
def test_a_band_of_whole_months_gets_as_many_months_as_it_has(ends, data):
    groups = partition(ends)
    lower = data.draw(st.integers(ends[0], ends[-1] - 1))
    band = Band(lower, data.draw(st.integers(lower + 1, ends[-1])))
    months = [group.end - group.lower for group in groups]
    assert shares([band], groups)[0] @ months == pytest.approx(band.end - band.lower)


def test_a_group_without_end_is_used_whole():
    assert share(parse_band("65+"), parse_band("100+")) == 1
    assert share(parse_band("15-24"), parse_band("100+")) == 0
    for text in ("100-104", "80-120", "105+"):
        with pytest.raises(
            UncountedError, match=rf"'{text[:3]}.*cuts the population group '100\+'"
        ):
            share(parse_band(text), parse_band("100+"))


@pytest.mark.parametrize(
    ("text", "groups"),
    [("0-9", ["5-9"]), ("65+", ["60-64", "65-69"]), ("5-14", ["5-9", "15-19"])],
)
def test_ages_that_no_group_has_are_a_sentence(text, groups):
    with pytest.raises(
        UncountedError, match=f"'{text[:2]}.*has ages that the population table lacks"
    ):
        shares([parse_band(text)], [parse_band(group) for group in groups])
