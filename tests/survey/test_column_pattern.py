"""Patterns: what a glob or a regular expression names, and what it seems to leave
out.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncounted.errors import UncountedError
from uncounted.interviews.column_pattern import expression_for, left_out, matching

NAMES = [
    "w",
    "rw0",
    *(f"rw{i}" for i in range(1, 21)),
    "crw1",
    "rw1_2019",
    "rw2_2019",
    "rw1_2020",
    "rw2_2020",
]
NUMBERED = [f"rw{i}" for i in range(1, 21)]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("rw*", [name for name in NAMES if name.startswith("rw")]),
        ("rw?", [f"rw{i}" for i in range(10)]),
        ("rw[1-3]", ["rw1", "rw2", "rw3"]),
        ("^rw[1-9][0-9]*$", NUMBERED),
        ("re:^rw[1-3]$", ["rw1", "rw2", "rw3"]),
        (
            "rw[0-9]+",
            [name for name in NAMES if "rw" in name],
        ),  # searched for, as R searches
        ("re:_2019", ["rw1_2019", "rw2_2019"]),
        ("rw(", []),
    ],
)
def test_what_a_pattern_names(pattern: str, names: list[str]) -> None:
    assert matching(pattern, NAMES) == names


def test_an_expression_that_is_none() -> None:
    with pytest.raises(UncountedError, match=r"'re:rw\(' is no regular expression"):
        matching("re:rw(", NAMES)


@given(st.sets(st.sampled_from(NUMBERED), min_size=2))
def test_whatever_part_of_a_numbering_is_named_the_others_are_told(
    part: set[str],
) -> None:
    named = [name for name in NUMBERED if name in part]
    assert left_out(named, NUMBERED) == [name for name in NUMBERED if name not in part]


@given(
    stem=st.text("abR_.$", min_size=1, max_size=4),
    tail=st.text("xy_.", max_size=3),
    n=st.integers(2, 120),
)
def test_the_expression_offered_names_the_whole_numbering_and_nothing_else(
    stem: str, tail: str, n: int
) -> None:
    names = [f"{stem}{i}{tail}" for i in range(1, n + 1)]
    others = [stem + tail, f"z{stem}1{tail}", f"{stem}1{tail}z"]
    expression = expression_for(names)
    assert matching(expression, [*names, *others]) == names
    assert re.compile(expression.removeprefix("re:"))


def test_another_numbering_is_not_left_out() -> None:
    assert left_out(["rw1_2019", "rw2_2019"], NAMES) == []  # another year
    assert left_out(["rw1", "w"], ["rw1", "w", "x1"]) == []
