"""Thousands of broken files, tables and cards: each gives estimates or one sentence;
docs/ keeps the counts.
"""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import uncounted as un
from uncounted.interviews.respondents import Respondents

pytestmark = pytest.mark.study

DOCS = Path(__file__).resolve().parents[2] / "docs"
SAS = Path(__file__).resolve().parents[1] / "survey" / "data" / "simulated.sas7bdat"
COLUMNS = {
    "country": "cty",
    "sex": "sex",
    "age": "age",
    "weight": "w",
    "stratum": "h",
    "psu": "psu",
    "id": "id",
}
CARD = """title = "t"
kind = "respondents"
file = "people.csv"
single_psu = "certainty"
outcomes = { worked = "y" }
columns = { country = "cty", sex = "sex", age = "age", weight = "w", stratum = "h", psu = "psu", id = "id" }
recodes = { sex = { 1 = "female", 2 = "male" }, worked = { 1 = 1, 2 = 0 } }
missing = { worked = { 8 = "refused", 9 = "don't know" }, sex = { 9 = "not stated" } }
cuts = { age = { "0-24" = [0, 25], "25+" = [25] } }
"""
WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "a.csv": lambda frame, path: frame.to_csv(path, index=False),
    "a.csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "a.parquet": lambda frame, path: frame.to_parquet(path),
    "a.sav": lambda frame, path: pyreadstat.write_sav(frame, path),
    "a.zsav": lambda frame, path: pyreadstat.write_sav(frame, path, compress=True),
    "a.dta": lambda frame, path: pyreadstat.write_dta(frame, path),
    "a.xpt": lambda frame, path: pyreadstat.write_xport(frame, path),
    "a.sas7bdat": lambda _frame, path: path.write_bytes(SAS.read_bytes()),
}
FAULTS = {  # columns that a fault can befall, and what they may then hold
    "w": [-1.0, 0.0, np.nan, np.inf, 1e300, 5e-324],
    "y": [0.0, 3.0, 8.0, np.nan, np.inf, 1.5],
    "sex": [3.0, 9.0, np.nan, 1e15],
    "age": [-1.0, 24.5, np.nan, np.inf],
    "h": [np.nan, 99.0, 1.5],
    "psu": [np.nan, 1.0, 99.0],
    "id": [np.nan, 1.0, 2.0],
    "cty": ["", "ZZZ", "NA", "a'b", 'a"b', "é", None],
}


def people(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    h = np.arange(n) * 4 // n
    frame = pd.DataFrame({
        "id": np.arange(n) + 1, "cty": np.where(h < 2, "NPL", "GHA"), "h": h, "psu": np.arange(n) // 5,
        "w": np.exp(rng.normal(3, 0.6, n)), "sex": rng.choice([1, 2, 9], n), "age": rng.integers(10, 80, n),
        "y": rng.choice([1, 2, 8, 9], n, p=[0.3, 0.5, 0.1, 0.1]),
    })  # fmt: skip
    return frame.astype({name: float for name in frame if name != "cty"})


def tried(read: Callable[[], Respondents]) -> str:
    """Return 'estimates', or 'sentence'; anything else that is raised fails the
    study.
    """
    try:
        table = un.direct(read(), ["country", "sex"], single_psu="certainty")
    except un.UncountedError as error:
        text = str(error)
        assert "\n" not in text
        assert text.endswith((".", "?"))
        return "sentence"
    assert (
        (table["prevalence"] >= 0) & (table["prevalence"] <= 1) | (table["n"] == 0)
    ).all()
    return "estimates"


def declared(source: object) -> Respondents:
    missing = {
        "worked": {8: "refused", 9: "don't know", "A": "refused", "B": "don't know"},
        "sex": {9: "not stated"},
    }
    recodes = {"sex": {1: "female", 2: "male"}, "worked": {1: 1, 2: 0}}
    cuts = {"age": {"0-24": (0, 25), "25+": (25, None)}}
    return un.read_respondents(
        source, COLUMNS, {"worked": "y"}, recodes=recodes, missing=missing, cuts=cuts
    )  # type: ignore[arg-type]


def fuzzed(examples: int, **drawn: st.SearchStrategy) -> Callable:
    quiet = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: quiet(given(**drawn)(test))


def damaged(name: str, folder: Path) -> Counter:
    """Bytes cut out of a file, put into it, or changed in it, at any place."""
    path, found = folder / name, Counter()
    WRITERS[name](people(), path)
    whole = path.read_bytes()
    pieces = st.tuples(
        st.floats(0, 1),
        st.binary(max_size=12),
        st.sampled_from([0, 1, 1, 2, 3, 8, 40, len(whole)]),
    )

    @fuzzed(400, damages=st.lists(pieces, min_size=1, max_size=3))
    def run(damages: list[tuple[float, bytes, int]]) -> None:
        raw = whole
        for place, new, cut in damages:
            at = int(place * len(raw))
            raw = raw[:at] + new + raw[at + cut :]
        path.write_bytes(raw)
        found[tried(lambda: declared(path))] += 1

    run()
    return found


def faulty_tables() -> Counter:
    found: Counter = Counter()
    fault = st.sampled_from(sorted(FAULTS)).flatmap(
        lambda name: st.tuples(
            st.just(name), st.sampled_from(FAULTS[name]), st.integers(0, 59)
        )
    )

    @fuzzed(1000, faults=st.lists(fault, min_size=1, max_size=4))
    def run(faults: list) -> None:
        frame = people().astype({"cty": object})
        for name, value, row in faults:
            frame.loc[row, name] = value
        found[tried(lambda: declared(frame))] += 1

    run()
    return found


def broken_cards(folder: Path) -> Counter:
    """Words of the card left out, changed by a letter, or given a value of another
    kind.
    """
    people().to_csv(folder / "people.csv", index=False)
    found, lines = Counter(), CARD.splitlines()
    values = st.sampled_from(
        [
            "1",
            "true",
            '"y"',
            "[1, 2]",
            "{ a = 1 }",
            "{ worked = { 1 = 1 } }",
            "",
            "1979-05-27",
            "[[]]",
        ]
    )
    at = st.integers(0, len(CARD) - 1)

    @fuzzed(
        1000,
        line=st.integers(0, len(lines) - 1),
        value=st.none() | values,
        cuts=st.lists(at, max_size=2),
        new=st.text(max_size=2),
    )
    def run(line: int, value: str | None, cuts: list[int], new: str) -> None:
        word = lines[line].partition(" = ")[0]
        changed = [
            f"{word} = {value}" if i == line and value is not None else told
            for i, told in enumerate(lines)
        ]
        text = "\n".join(changed)
        for start, end in pairwise([*sorted(cuts), len(text)]):
            text = text[:start] + new + text[min(start + 1, end) :]
        (folder / "survey.toml").write_text(text, encoding="utf-8", errors="replace")
        found[tried(lambda: un.read_survey(folder))] += 1  # type: ignore[arg-type, return-value]

    run()
    return found


def test_estimates_or_a_sentence(tmp_path: Path) -> None:
    found = {
        f"damaged {name.partition('.')[2]}": damaged(name, tmp_path) for name in WRITERS
    }
    found |= {
        "faults in a table": faulty_tables(),
        "a broken card": broken_cards(tmp_path),
    }
    rows = [
        (what, n.total(), n["estimates"], n["sentence"]) for what, n in found.items()
    ]
    table = pd.DataFrame(rows, columns=["what", "examples", "estimates", "sentences"])
    table.to_csv(DOCS / "fuzz-readers.csv", index=False)
    assert (table["examples"] > 300).all()
