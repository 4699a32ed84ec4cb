"""The card of a survey of respondents says all that `read_respondents` can be told, and
nothing else.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import uncounted as un

CARD = """
title = "Labour, 2019"
kind = "respondents"
file = "people.csv"
outcomes = { worked = "q1" }
columns = { country = "cty", sex = "s", age = "years", weight = "w", stratum = "h", psu = "psu", id = "id" }
recodes = { sex = { 1 = "female", 2 = "male" }, worked = { 1 = 1, 2 = 0 } }
missing = { worked = { 8 = "refused", 9 = "don't know" } }
cuts = { age = { "15-24" = [15, 25], "25+" = [25] } }
constants = { year = 2019 }
"""
REPLICATES = '[replicates]\ncolumns = "b*"\nmethod = "Fay"\nfay = 0.3\n'


def people(n: int = 320) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    h = np.arange(n) // 40
    psu = np.arange(n) // 20
    frame = pd.DataFrame({
        "id": np.arange(n), "cty": np.where(h < 4, "GHA", "KEN"), "h": h, "psu": psu,
        "w": np.exp(rng.normal(3, 0.5, n)), "s": rng.choice([1, 2], n), "years": rng.integers(15, 80, n),
        "q1": rng.choice([1, 2, 8, 9], n, p=[0.3, 0.6, 0.05, 0.05]),
    })  # fmt: skip
    for r in range(6):
        frame[f"b{r}"] = frame["w"] * np.where(rng.random(16)[psu] < 0.5, 0.3, 1.7)
    return frame


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def write(card: str = CARD, frame: pd.DataFrame | None = None) -> Path:
        (people() if frame is None else frame).to_csv(
            tmp_path / "people.csv", index=False
        )
        (tmp_path / "survey.toml").write_text(card, encoding="utf-8")
        return tmp_path

    return write


def test_a_card_says_what_the_arguments_say(folder: Callable[..., Path]) -> None:
    by_card = un.read_survey(folder(CARD + REPLICATES))
    by_hand = un.read_respondents(
        people(),
        {
            "country": "cty",
            "sex": "s",
            "age": "years",
            "weight": "w",
            "stratum": "h",
            "psu": "psu",
            "id": "id",
        },
        {"worked": "q1"},
        recodes={"sex": {1: "female", 2: "male"}, "worked": {1: 1, 2: 0}},
        missing={"worked": {8: "refused", 9: "don't know"}},
        cuts={"age": {"15-24": (15, 25), "25+": (25, None)}},
        constants={"year": "2019"},
        replicates=un.Replicates("b*", "Fay", fay=0.3),
    )
    by = ["country", "year", "sex", "age"]
    pd.testing.assert_frame_equal(un.direct(by_card, by), un.direct(by_hand, by))
    assert (
        un.direct(by_card, "country")["se"].tolist()
        != un.direct(by_card, "country", variance="linearised")["se"].tolist()
    )
    pd.testing.assert_frame_equal(by_card.missing, by_hand.missing)


@pytest.mark.parametrize(
    "words",
    [
        'columns = ["b0", "b1", "b2"]\nmethod = "JKn"\nrscales = [0.5, 0.5, 1]',
        'columns = "b*"\nmethod = "bootstrap"\ncentre = "estimate"\ndf = 5',
        'columns = "b*"\nmethod = "BRR"\ncombined = false\nscale = 0.25',
    ],
)
def test_every_word_of_replicates(folder: Callable[..., Path], words: str) -> None:
    found = un.read_survey(folder(f"{CARD}[replicates]\n{words}"))
    assert found.design.replicates is not None
    assert (un.direct(found, scale_to="weights")["se"] > 0).all()


def test_a_card_crosses_strata_and_names_replicates_by_an_expression(
    folder: Callable[..., Path],
) -> None:
    card = CARD.replace('stratum = "h"', 'stratum = ["cty", "h"]') + REPLICATES.replace(
        '"b*"', '"^b[0-9]+$"'
    )
    found = un.read_survey(folder(card))
    assert (
        str(found.design)
        == "stratum (cty × h), psu, weight, 6 columns of replicate weights (Fay): b0,"
        " b1, b2, b3, b4, b5"
    )
    pd.testing.assert_frame_equal(
        un.direct(found, "country"),
        un.direct(un.read_survey(folder(CARD + REPLICATES)), "country"),
    )


def test_the_card_s_policy_on_single_psus(folder: Callable[..., Path]) -> None:
    frame = people()
    frame.loc[frame["h"] == 7, "psu"] = 99
    strict = un.read_survey(folder(CARD, frame))
    with pytest.raises(un.UncountedError, match="'7' of KEN"):
        un.evidence(strict, "worked")
    found = un.read_survey(folder(CARD + 'single_psu = "adjust"\n', frame))
    assert str(found.design).endswith("single PSUs: adjust")
    pd.testing.assert_frame_equal(
        un.direct(found, "country"), un.direct(strict, "country", single_psu="adjust")
    )
    whole = un.direct(found, "country", single_psu="certainty")["se"]
    assert whole.iloc[1] < un.direct(found, "country")["se"].iloc[1]
    rows = un.evidence(found, "worked").rows
    pd.testing.assert_frame_equal(
        rows, un.evidence(strict, "worked", single_psu="adjust").rows
    )
    with pytest.raises(un.UncountedError, match="'7' of KEN"):
        un.direct(found, single_psu="error")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("missing =", "misssing =", "the word 'misssing'.*Did you mean 'missing'"),
        (
            '"cty"',
            '"ctry"',
            r"'people.csv' has no column 'ctry', named as country\. Did you mean 'cty'",
        ),
        ('"q1"', '"q2"', "no column 'q2', named as worked"),
        ('"people.csv"', '"peple.csv"', "no file of respondents"),
        ('file = "people.csv"', "", "lacks `file`"),
        ('title = "Labour, 2019"', "title = 7", "title = 7, which should be a text"),
        ('{ worked = "q1" }', "1", "outcomes = 1, which should be a column"),
        ('sex = "s"', "sex = 1", "a table of column names"),
        ("{ 1 = 1, 2 = 0 }", "1", "recodes = .*code → value"),
        ("[25]", "[25, 30, 40]", r"label → \[from, below\]"),
        ("[25]", "25", r"label → \[from, below\]"),
        ("year = 2019", "year = [2019]", "constants = .*a table of values"),
        (
            "constants",
            'nested = "yes"\nconstants',
            "nested = 'yes', which should be true or false",
        ),
        ("constants", 'single_psu = "adjusted"\nconstants', "Did you mean 'adjust'"),
        (
            "constants",
            "single_psu = 1\nconstants",
            "single_psu = 1, which should be a text",
        ),
        (
            "constants",
            'replicates = "b*"\nconstants',
            "replicates = .*should be a table",
        ),
        ('"q1" }', '"q1"', "is no TOML"),
    ],
)
def test_a_wrong_card_is_one_sentence(
    folder: Callable[..., Path], old: str, new: str, told: str
) -> None:
    with pytest.raises(un.UncountedError, match=told) as caught:
        un.read_survey(folder(CARD.replace(old, new, 1)))
    assert "survey.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('columns = "b*"', r"under \[replicates\], lacks `method`"),
        (
            'columns = "b*"\nmethd = "BRR"',
            r"under \[replicates\], has the word 'methd'.*Did you mean 'method'",
        ),
        ('columns = "b*"\nmethod = "brr"', "Did you mean 'BRR'"),
        ('columns = "z*"\nmethod = "BRR"', "names 0 replicate weights"),
        ('columns = ["b0", "b9"]\nmethod = "BRR"', "no replicate weight 'b9'"),
        (
            'columns = "b*"\nmethod = "Fay"\nfay = "0.3"',
            "fay = '0.3', which should be a number",
        ),
        ('columns = "b*"\nmethod = "Fay"\nfay = 1.5', "less than 1"),
        ('columns = "b*"\nmethod = "JKn"\nrscales = [1]', "6 replicates and 1 rscales"),
        ('columns = "b*"\nmethod = "BRR"\ncombined = 1', "true or false"),
        ("columns = 3\nmethod = 1", "a pattern or a list of columns"),
    ],
)
def test_wrong_replicates_are_one_sentence(
    folder: Callable[..., Path], words: str, told: str
) -> None:
    with pytest.raises(un.UncountedError, match=told) as caught:
        un.read_survey(folder(f"{CARD}[replicates]\n{words}"))
    assert "survey.toml" in str(caught.value)
