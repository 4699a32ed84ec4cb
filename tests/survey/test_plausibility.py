"""Plausibility: figures that cannot be what they say are refused by name, and no figure
of a real design is.
"""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from uncounted.errors import UncountedError
from uncounted.figures.figure_source import read_figures

ROW = {"survey": "A", "country": "KEN", "year": 2015, "estimate": 12.3}
UNITS = {"proportion": 1.0, "percent": 100.0, "per 1,000": 1000.0}


@pytest.fixture
def told(figures_of):
    """Return a function that reads figures in percent and returns the sentences of
    those that can't be.
    """

    def read(*changes: dict, **words: object) -> list[str]:
        try:
            figures_of(
                [
                    ROW | {"survey": "ABCDEFGHIJKLM"[i]} | change
                    for i, change in enumerate(changes)
                ],
                **words,
            )
        except UncountedError as error:
            head, *sentences = str(error).split("\n")
            assert head.endswith(
                "figures that cannot be what they say. Mend the table, or its card:"
            )
            return [sentence.strip() for sentence in sentences]
        return []

    return lambda *changes, **words: read(
        *changes, **{"unit": "percent", "age": "15+"} | words
    )


def test_a_se_in_another_unit_is_refused_with_the_unit_it_could_be_in(told):
    """1,000 persons aren't 6.9 million; of SE 1.25 points they are some 690."""
    sentences = told(
        {"se": 0.0125, "n": 1000},
        {"estimate": 10, "se": 1.16, "n": 1000},
        {"estimate": 11, "n": 1500},
    )
    assert len(sentences) == 1
    assert re.search(
        r"line 2, survey 'A' of KEN \(2015, both, all\): its SE and n = 1,000 imply",
        sentences[0],
    )
    assert "a design effect of 0.00014" in sentences[0]
    assert "6,903,744 effective respondents" in sentences[0]
    assert (
        'If it is in unit "proportion", write se_unit = "proportion" on the card: it'
        " gives a design effect of 1.4." in (sentences[0])
    )


def test_the_unit_that_is_suggested_is_then_read(told, figures_of):
    assert told({"se": 0.0125, "n": 1000}, se_unit="proportion") == []
    table = figures_of(
        [ROW | {"se": 0.0125, "n": 1000}], unit="percent", se_unit="proportion"
    ).tables["wasting"]
    assert table["se"].item() == pytest.approx(0.0125)


@pytest.mark.parametrize("p", [0.02, 0.2])
@pytest.mark.parametrize("unit", [*UNITS, "logit"])
@pytest.mark.parametrize("read_as", [*UNITS, "logit"])
def test_each_unit_of_a_se_is_suggested(told, p, unit, read_as):
    """Unless the other unit differs by so little that the design effect is possible as
    it stands.
    """
    n, deff = 50_000, 1.5
    se = np.sqrt(deff * p * (1 - p) / n)
    times = UNITS | {"logit": 1 / (p * (1 - p))}
    implied = deff * (times[unit] / times[read_as]) ** 2
    sentences = told(
        {"estimate": 100 * p, "se": f"{se * times[unit]:.7f}", "n": n}, se_unit=read_as
    )
    if 0.1 <= implied <= 100:
        assert sentences == []
    else:
        assert (
            f'If it is in unit "{unit}", write se_unit = "{unit}" on the card'
            in sentences[0]
        )


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        # 0.1 is any SE of 0.05 to 0.15, so n = 1,000 with 1.0 % is of a design effect
        # of 0.02 to 0.24
        ({"estimate": "1.0", "se": "0.1", "n": 1000}, False),
        ({"estimate": "1.0", "se": "0.100", "n": 1000}, False),
        ({"estimate": "1.0", "se": "0.1", "n": 300}, True),
        ({"estimate": "0.1", "se": "0.0", "n": 1000}, False),
        ({"estimate": "50.0", "se": "0.0", "n": 1000}, False),  # a SE of 0 is no SE
        ({"estimate": "40.0", "se": "20.0", "n": 1000}, True),
        ({"estimate": "40.0", "se": "15.0", "n": 1000}, False),
    ],
)
def test_a_printed_digit_is_allowed_for(told, changes, refused):
    assert bool(told(changes)) == refused


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"estimate": 50, "cases": 110, "n": 100},
            "110 cases are more than its 100 respondents.",
        ),
        (
            {"estimate": 50, "cases": 60, "n": 100, "respondents": 50},
            "60 cases are more than its 50 respondents.",
        ),
        (
            {"estimate": 2, "cases": 400, "n": 1000},
            "400 cases of 1,000 respondents are 0.4, and its estimate is 0.02.",
        ),
        (
            {"estimate": 5, "cases": 0, "n": 1000},
            "0 cases of 1,000 respondents are 0, and its estimate is 0.05.",
        ),
        (
            {"se": 1, "n": 1000, "deff": 300},
            "a design effect of 300 is published; 0.1 to 100 are possible.",
        ),
        (
            {"estimate": 30, "se": 60},
            "its SE implies 0.58 effective respondents, less than one.",
        ),
        (
            {"estimate": 20, "lower": 19.999, "upper": 20.001, "n": 1000},
            "its interval and n = 1,000 imply",
        ),
        (
            {"estimate": 20, "lower": 1.0, "upper": 80, "n": 100_000},
            "its interval and n = 100,000 imply",
        ),
    ],
)
def test_what_cannot_be_is_a_sentence(told, change, sentence):
    sentences = told({"se": 1.0, "n": 1000}, change)
    assert len(sentences) == 1
    assert sentences[0].startswith("line 3, survey 'B' of KEN (2015, both, all): ")
    assert sentence in sentences[0]


@pytest.mark.parametrize(
    "change",
    [
        {"estimate": 50, "cases": 50, "n": 100},
        {"estimate": 50, "cases": 60, "n": 50, "respondents": 100},  # n is Kish's
        {"estimate": 2, "cases": 35, "n": 1000},
        {"estimate": 0.1, "cases": 0, "n": 1000},
        {"estimate": 0, "cases": 0, "n": 1000},
        {"estimate": 0, "se": 0.1},
        {"estimate": 20, "lower": 17, "upper": 23, "n": 1000},
    ],
)
def test_what_can_be_is_read(told, change):
    assert told(change) == []


def test_all_faults_are_told_at_once_and_no_more_than_a_reader_reads(told):
    assert (
        len(
            told(
                {"se": 0.0125, "n": 1000},
                {"cases": 300, "n": 200},
                {"estimate": 5, "cases": 0, "n": 900},
            )
        )
        == 3
    )
    sentences = told(*[{"se": 0.0125, "n": 1000}] * 12)
    assert len(sentences) == 9
    assert sentences[-1] == "… and 4 more figures like these."


@st.composite
def designs(draw) -> tuple[list[dict], str, int]:
    """Return figures of surveys of some n, prevalence and design effect, as a table
    prints them; many a table, as reading one takes as long whatever it holds.
    """
    unit = draw(st.sampled_from(["percent", "per 1,000"]))
    digits = draw(st.integers(1, 3))
    rows = []
    for i in range(draw(st.integers(1, 24))):
        n = draw(st.integers(100, 100_000))
        deff = np.exp(draw(st.floats(np.log(0.2), np.log(50))))
        cases = draw(st.integers(1, n - 1))
        assume(n / deff >= 2)
        p = cases / n
        se = np.sqrt(p * (1 - p) * deff / n)
        texts = {
            name: f"{value * UNITS[unit]:.{digits}f}"
            for name, value in (("estimate", p), ("se", se))
        }
        rows.append(
            {"survey": str(i), "country": "KEN", "year": 2015, "n": n, "cases": cases}
            | texts
        )
    return rows, unit, digits


@settings(max_examples=50, deadline=None, suppress_health_check=[*HealthCheck])
@given(designs())
def test_no_figure_of_a_real_design_is_refused(tmp_path_factory, design):
    rows, unit, _ = design
    folder = tmp_path_factory.mktemp("designs")
    pd.DataFrame(rows).to_csv(folder / "figures.csv", index=False)
    columns = ", ".join(f'{name} = "{name}"' for name in rows[0] if name != "estimate")
    (folder / "survey.toml").write_text(
        f'title = "t"\nkind = "figures"\nfile = "figures.csv"\nunit = "{unit}"\n'
        f'outcomes = {{ x = "estimate" }}\ncolumns = {{ {columns} }}\n'
    )
    assert len(read_figures(folder).tables["x"]) == len(rows)
