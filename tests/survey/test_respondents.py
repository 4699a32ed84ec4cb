"""Reading respondents: the same numbers from any format, a sentence for a fault, a
reason for a gap.
"""

import csv
import io
import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uncounted.errors import UncountedError
from uncounted.interviews.direct import direct
from uncounted.interviews.respondents import Respondents, read_respondents
from uncounted.interviews.weighted_totals import cells

pooled = partial(
    direct, scale_to="weights"
)  # the simulated countries' weights are of one scale
DATA = Path(__file__).parent / "data"
COLUMNS = {
    "country": "cty",
    "sex": "sex",
    "age": "age",
    "weight": "w",
    "stratum": "h",
    "psu": "psu",
    "id": "id",
}
RECODES = {"sex": {1: "female", 2: "male"}, "worked": {1: 1, 2: 0}}
MISSING = {"worked": {8: "refused", 9: "don't know"}, "sex": {9: "not stated"}}
CUTS = {"age": {"15-24": (15, 25), "25+": (25, None)}}


def simulated(n: int = 240, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    h = np.arange(n) * 6 // n
    frame = pd.DataFrame({
        "id": np.arange(n) + 1, "cty": np.where(h < 3, "NAM", "GHA"),
        "h": h + 1, "psu": np.arange(n) // 10 + 1,
        "w": np.round(np.exp(rng.normal(3, 0.6, n)), 3), "sex": rng.choice([1, 2, 9], n, p=[0.5, 0.48, 0.02]),
        "age": rng.integers(10, 80, n), "y": rng.choice([1, 2, 8, 9], n, p=[0.2, 0.7, 0.04, 0.06]),
    })  # fmt: skip
    return frame.astype({"y": float})


def read(source: object, **other: object) -> Respondents:
    asked = {"recodes": RECODES, "missing": MISSING, "cuts": CUTS} | other
    columns = asked.pop("columns", COLUMNS)
    return read_respondents(source, columns, {"worked": "y"}, **asked)  # type: ignore[arg-type]


def refused(told: str, source: object, **other: object) -> None:
    with pytest.raises(UncountedError, match=told) as caught:
        read(source, **other)
    text = str(caught.value)
    assert text.endswith((".", "?"))
    assert "\n" not in text


WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "a.csv": lambda frame, path: frame.to_csv(path, index=False),
    "a.csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "semicolons.csv": lambda frame, path: frame.to_csv(
        path, index=False, sep=";", lineterminator="\r\n"
    ),
    "excel [1].csv": lambda frame, path: frame.to_csv(
        path, index=False, encoding="utf-8-sig"
    ),
    "a.parquet": lambda frame, path: frame.to_parquet(path),
    "text.parquet": lambda frame, path: frame.astype(str).to_parquet(path),
    "a.sav": lambda frame, path: pyreadstat.write_sav(frame, path),
    "a.dta": lambda frame, path: pyreadstat.write_dta(frame, path),
    "a.xpt": lambda frame, path: pyreadstat.write_xport(frame, path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_numbers(name: str, tmp_path: Path) -> None:
    frame = simulated()
    WRITERS[name](frame, tmp_path / name)
    ours, expected = read(tmp_path / name), read(frame)
    pd.testing.assert_frame_equal(
        direct(ours, ["country", "sex"]), direct(expected, ["country", "sex"])
    )
    pd.testing.assert_frame_equal(ours.missing, expected.missing)


def test_folders_globs_and_arrow_tables(tmp_path: Path) -> None:
    frame = simulated()
    for i, part in enumerate(np.array_split(np.arange(len(frame)), 3)):
        frame.iloc[part].to_parquet(tmp_path / f"{i}.parquet")
        frame.iloc[part].to_csv(tmp_path / f"{i}.csv", index=False)
    expected = pooled(read(frame), "sex")
    for source in (
        tmp_path / "*.parquet",
        tmp_path / "*.csv",
        pa.Table.from_pandas(frame),
    ):
        pd.testing.assert_frame_equal(pooled(read(source), "sex"), expected)
    refused("both Parquet and CSV", tmp_path)
    (tmp_path / "2.csv").write_text("id,y\n1,1\n")
    refused("another header", tmp_path / "*.csv")


def test_a_folder_that_holds_a_column_in_its_names(tmp_path: Path) -> None:
    frame = simulated()
    pq.write_to_dataset(pa.Table.from_pandas(frame), tmp_path, partition_cols=["cty"])
    pd.testing.assert_frame_equal(
        direct(read(tmp_path), "country"), direct(read(frame), "country")
    )


def test_rows_in_any_order_give_the_same_bits() -> None:
    frame = simulated(2040)
    once = pooled(read(frame), ["sex", "age"], single_psu="adjust")
    for seed in range(3):
        again = pooled(
            read(frame.sample(frac=1, random_state=seed)),
            ["sex", "age"],
            single_psu="adjust",
        )
        pd.testing.assert_frame_equal(again, once, check_exact=True)


def test_missing_answers_keep_their_reasons_and_their_place_in_the_design() -> None:
    frame = simulated()
    frame.loc[:4, "y"] = np.nan
    respondents = read(frame)
    told = {
        (line.column, line.reason): line.respondents
        for line in respondents.missing.itertuples()
    }
    for code, reason in ((8, "refused"), (9, "don't know")):
        assert told["worked", reason] == (frame["y"] == code).sum()
    assert told["worked", "blank"] == 5
    assert told["sex", "not stated"] == (frame["sex"] == 9).sum()
    assert told["age", "outside the groups of age"] == (frame["age"] < 15).sum()
    assert pooled(respondents)["n"].item() == frame["y"].isin([1, 2]).sum()
    assert respondents.design.strata["psus"].sum() == 24


def test_spss_missing_ranges_are_not_answers(tmp_path: Path) -> None:
    frame = simulated()
    pyreadstat.write_sav(
        frame, tmp_path / "a.sav", missing_ranges={"y": [{"lo": 8, "hi": 9}]},
        variable_value_labels={"y": {8: "Refused", 1: "Yes", 2: "No"}, "sex": {1: "Woman", 2: "Man"}},
    )  # fmt: skip
    labels = {"sex": {"Woman": "female", "Man": "male"}, "worked": {"Yes": 1, "No": 0}}
    respondents = read(
        tmp_path / "a.sav", recodes=labels, missing={"sex": {9: "not stated"}}
    )
    told = respondents.missing.query("column == 'worked'").set_index("reason")[
        "respondents"
    ]
    assert told.to_dict() == {
        "Refused": (frame["y"] == 8).sum(),
        "declared missing in the file": (frame["y"] == 9).sum(),
    }
    pd.testing.assert_frame_equal(
        pooled(respondents, "sex"), pooled(read(frame), "sex")
    )


def test_stata_letters_are_kinds_of_missing(tmp_path: Path) -> None:
    frame = simulated()
    lettered = frame.assign(y=frame["y"].astype(object).where(frame["y"] < 8, "a"))
    pyreadstat.write_dta(
        lettered, tmp_path / "a.dta", version=15, missing_user_values={"y": ["a"]},
        variable_value_labels={"y": {"a": "No answer", 1: "Yes"}},
    )  # fmt: skip
    respondents = read(tmp_path / "a.dta", missing={"sex": {9: "not stated"}})
    assert (
        respondents.missing.query("reason == 'No answer'")["respondents"].item()
        == (frame["y"] > 2).sum()
    )
    pd.testing.assert_frame_equal(
        pooled(respondents, "sex"), pooled(read(frame), "sex")
    )


def test_sas_letters_are_kinds_of_missing() -> None:
    """data/simulated.sas7bdat was written by the library ReadStat from simulated.csv,
    with .A for 8 and .B for 9.
    """
    missing = {"worked": {"A": "refused", "B": "don't know"}, "sex": {9: "not stated"}}
    respondents, expected = (
        read(DATA / "simulated.sas7bdat", missing=missing),
        read(DATA / "simulated.csv"),
    )
    pd.testing.assert_frame_equal(respondents.missing, expected.missing)
    for by in ([], ["country", "sex"], ["age"]):
        pd.testing.assert_frame_equal(pooled(respondents, by), pooled(expected, by))


@pytest.mark.parametrize("kept", [0, 700, 4096, 9000, 20000])
def test_a_sas_file_cut_short_is_one_sentence(kept: int, tmp_path: Path) -> None:
    (tmp_path / "a.sas7bdat").write_bytes(
        (DATA / "simulated.sas7bdat").read_bytes()[:kept]
    )
    refused("cannot be read|no respondents", tmp_path / "a.sas7bdat")


WESTERN = (
    "latin1",
    "latin-1",
    "iso-8859-1",
    "ISO_8859_1",
    "cp1252",
    "windows-1252",
    "Windows-1252",
    "ANSI",
)
LETTERED = {
    "a.csv": lambda frame, path, encoding: frame.to_csv(
        path, index=False, encoding=encoding
    ),
    "a.csv.gz": lambda frame, path, encoding: frame.to_csv(
        path, index=False, encoding=encoding
    ),
    "a.sav": lambda frame, path, encoding: recoded(
        frame, path, pyreadstat.write_sav, encoding
    ),
    "a.dta": lambda frame, path, encoding: recoded(
        frame, path, pyreadstat.write_dta, encoding, version=10
    ),
    "a.xpt": lambda frame, path, encoding: recoded(
        frame, path, pyreadstat.write_xport, encoding
    ),
}


def recoded(
    frame: pd.DataFrame, path: Path, write: Callable, encoding: str, **other: object
) -> None:
    """Write a statistics package's file whose text is in another encoding: no letter
    changes its place.
    """
    write(frame.replace({"CÔTE": "C#TE"}), path, **other)
    path.write_bytes(path.read_bytes().replace(b"C#TE", "CÔTE".encode(encoding)))


@pytest.mark.parametrize("name", LETTERED)
def test_letters_that_are_not_english(name: str, tmp_path: Path) -> None:
    frame = simulated().replace({"NAM": "CÔTE"})
    path = tmp_path / name
    LETTERED[name](frame, path, "cp1252")
    for encoding in WESTERN:
        assert set(cells(read(path, encoding=encoding), "country")["country"]) == {
            "CÔTE",
            "GHA",
        }
    refused(
        "No encoding of text is called 'no-such-encoding'",
        path,
        encoding="no-such-encoding",
    )
    if name != "a.dta":  # a Stata file of that age is Windows-1252 by definition
        refused("encoding='windows-1252' reads it", path)


@pytest.mark.parametrize("encoding", ["utf8", "UTF-8", "utf_8", "utf-8-sig"])
def test_spellings_of_utf_8(encoding: str, tmp_path: Path) -> None:
    frame = simulated().replace({"NAM": "CÔTE"})
    for name in ("a.csv", "a.csv.gz", "a.sav", "a.dta", "excel [1].csv"):
        WRITERS[name](frame, tmp_path / name)
        assert set(
            cells(read(tmp_path / name, encoding=encoding), "country")["country"]
        ) == {"CÔTE", "GHA"}


@pytest.mark.parametrize(
    "encoding", ["utf-16", "cp1252", "latin-1", "mac_roman", "cp850", "gb18030"]
)
def test_a_csv_in_any_encoding_gives_the_same_numbers(
    encoding: str, tmp_path: Path
) -> None:
    frame = simulated().replace({"NAM": "CÔTE"}).rename(columns={"h": "Ô,h"})
    frame.to_csv(
        tmp_path / "a.csv", index=False, encoding=encoding, lineterminator="\r\n"
    )
    columns = COLUMNS | {"stratum": "Ô,h"}
    ours = direct(
        read(tmp_path / "a.csv", columns=columns, encoding=encoding), "country"
    )
    pd.testing.assert_frame_equal(ours, direct(read(frame, columns=columns), "country"))


def test_a_letter_of_windows_that_latin_1_lacks(tmp_path: Path) -> None:
    frame = simulated().replace({"NAM": "Cœur d’Or"})
    frame.to_csv(tmp_path / "a.csv", index=False, encoding="cp1252")
    refused(
        "is not ISO 8859-1; encoding='windows-1252' reads it",
        tmp_path / "a.csv",
        encoding="latin-1",
    )
    told = cells(read(tmp_path / "a.csv", encoding="ansi"), "country")["country"]
    assert set(told) == {"Cœur d’Or", "GHA"}
    refused(
        "is not ascii text; encoding='windows-1252' reads it",
        tmp_path / "a.csv",
        encoding="ascii",
    )


def test_labels_in_windows_1252_of_spss(tmp_path: Path) -> None:
    """The file says itself that it is in Windows-1252, as SPSS wrote before it wrote
    UTF-8.
    """
    path = tmp_path / "a.sav"
    labels = {"sex": {1: "Fille #g#e", 2: "Gar#on"}}
    pyreadstat.write_sav(simulated(), path, variable_value_labels=labels)
    raw = path.read_bytes()
    head = (
        (7).to_bytes(4, "little")
        + (20).to_bytes(4, "little")
        + (1).to_bytes(4, "little")
    )
    assert head + b"\x05\x00\x00\x00UTF-8" in raw
    raw = raw.replace(
        head + b"\x05\x00\x00\x00UTF-8", head + b"\x0c\x00\x00\x00windows-1252"
    )
    path.write_bytes(
        raw.replace(b"#g#e", "âgée".encode("cp1252")).replace(
            b"Gar#on", "Garçon".encode("cp1252")
        )
    )
    recodes = {
        "sex": {"Fille âgée": "female", "Garçon": "male"},
        "worked": RECODES["worked"],
    }
    pd.testing.assert_frame_equal(
        pooled(read(path, recodes=recodes), "sex"), pooled(read(simulated()), "sex")
    )


@pytest.mark.parametrize("name", WRITERS)
def test_a_column_that_the_file_lacks_is_named_with_the_nearest(
    name: str, tmp_path: Path
) -> None:
    WRITERS[name](simulated(), tmp_path / name)
    refused(
        r"has no column 'pssu'.*Did you mean 'psu'\?",
        tmp_path / name,
        columns=COLUMNS | {"psu": "pssu"},
    )


def test_namibia_is_no_missing_value(tmp_path: Path) -> None:
    simulated().replace({"NAM": "NA"}).to_csv(tmp_path / "a.csv", index=False)
    assert set(cells(read(tmp_path / "a.csv"), "country")["country"]) == {"NA", "GHA"}


def test_cells_are_weighted_sums() -> None:
    frame = simulated()
    answered = frame[frame["y"] < 8]
    expected = (
        answered.assign(wy=answered["w"] * (answered["y"] == 1))
        .groupby("cty")[["w", "wy"]]
        .sum()
    )
    found = cells(read(frame), "country").set_index("country")
    np.testing.assert_allclose(
        found[["weighted", "weighted_cases"]], expected, rtol=1e-14
    )


@pytest.mark.parametrize(
    ("told", "column", "value"),
    [
        ("3 respondents have a negative or infinite weight: '-2'", "w", -2.0),
        (
            "3 respondents have no weight, or one that isn't a number: blank",
            "w",
            np.nan,
        ),
        (
            (
                r"'y' of The table has values that don't say what 'worked' is: '3' \(3"
                r" times\)"
            ),
            "y",
            3.0,
        ),
        (r"'sex'.*'7' \(3 times\)", "sex", 7.0),
        ("3 respondents have no PSU", "psu", np.nan),
        ("3 respondents have no stratum", "h", np.nan),
        ("PSU '12' is in stratum '1' and in '3'", "psu", 12),
        ("ids in 'id' are blank or occur more than once: '240'", "id", 240),
        ("ids in 'id' are blank", "id", np.nan),
        ("some respondents have no country", "cty", None),
    ],
)
def test_a_fault_is_one_sentence(told: str, column: str, value: object) -> None:
    frame = simulated()
    frame[column] = frame[column].astype(object if column == "cty" else float)
    frame.loc[:2, column] = value
    refused(told, frame)


def test_weights_that_are_all_zero_and_some_that_are() -> None:
    refused("all weights are zero", simulated().assign(w=0.0))
    frame = simulated()
    frame.loc[frame["id"] <= 10, "w"] = 0.0
    respondents = read(frame)
    assert respondents.missing.query("column == 'weight'")["respondents"].item() == 10
    assert (
        pooled(respondents)["n"].item()
        == (frame["y"].isin([1, 2]) & (frame["w"] > 0)).sum()
    )


def test_words_that_nobody_knows() -> None:
    frame = simulated()
    refused(
        "no column 'wt', named as weight", frame, columns=COLUMNS | {"weight": "wt"}
    )
    refused("Did you mean 'w'", frame, columns=COLUMNS | {"weight": "W"})
    refused(
        r"Codes are given for 'sexe'.*Did you mean 'sex'",
        frame,
        missing={"sexe": {9: "?"}},
    )
    refused("recode to 0 or 1", frame, recodes={"worked": {1: "yes"}})
    refused(
        "recoded twice for 'sex'", frame, recodes={"sex": {1: "female", "1.0": "male"}}
    )
    refused(
        "'prevalence' has a meaning of its own",
        frame,
        columns=COLUMNS | {"prevalence": "age"},
    )
    refused("PSUs in the sample and", frame.assign(f=2), columns=COLUMNS | {"fpc": "f"})
    refused(
        "Give every respondent of a stratum",
        frame.assign(f=frame["id"] + 99),
        columns=COLUMNS | {"fpc": "f"},
    )
    with pytest.raises(UncountedError, match=r"no trait 'sexe'.*Did you mean 'sex'"):
        direct(read(frame), "sexe")
    with pytest.raises(
        UncountedError, match=r"no outcome 'work'.*Did you mean 'worked'"
    ):
        direct(read(frame), outcome="work")


def test_groups_that_overlap_or_are_empty() -> None:
    for groups, told in (
        ({"15-24": (15, 25), "20-29": (20, 30)}, "'15-24' and '20-29' of age overlap"),
        (
            {"15-24": (15, None), "25+": (25, None)},
            "'15-24' and '25\\+' of age overlap",
        ),
        ({"15-24": (25, 15)}, "'15-24' is an empty group of age"),
    ):
        refused(told, simulated(), cuts={"age": groups})


def test_strata_crossed_from_several_columns() -> None:
    frame = simulated().assign(
        area=lambda d: np.where(d["h"] % 3 == 0, "a × b", "a"),
        half=lambda d: d["psu"] % 2,
    )
    frame["half"] = np.where(frame["half"] == 0, "urban", "b × rural")
    frame["one"] = frame["area"].str.replace("×", "x") + "/" + frame["half"]
    columns = COLUMNS | {
        "stratum": ["area", "half"],
        "psu": ["psu", "half"],
        "id": ["id", "area"],
    }
    crossed = read(frame, columns=columns)
    assert str(crossed.design) == "stratum (area × half), psu (psu × half), weight"
    assert {"a × urban", "a ×× b × urban", "a × b ×× rural"} <= set(
        crossed.design.strata["stratum"]
    )
    by_hand = read(frame, columns=COLUMNS | {"stratum": "one"})
    pd.testing.assert_frame_equal(
        direct(crossed, "country"), direct(by_hand, "country")
    )
    frame["psu"] = frame["psu"].where(frame["half"] != "urban", 1)
    with pytest.raises(
        UncountedError, match="'a × urban' of GHA, 'a ×× b × urban' of GHA"
    ):
        direct(read(frame, columns=columns, nested=True), "country")


@pytest.mark.parametrize("role", ["stratum", "psu"])
def test_blanks_in_what_is_crossed(role: str) -> None:
    frame = simulated().astype({"h": object}).assign(area="North")
    frame.loc[:1, "area"] = " "
    frame.loc[7, "h"] = None
    shown = r"'blank × 1' \(2 times\), 'North × blank' \(once\)"
    what = {"stratum": "stratum", "psu": "PSU"}[role]
    columns = COLUMNS | {"stratum": "cty"} | {role: ["area", "h"]}
    refused(f"3 respondents have no {what}: {shown}", frame, columns=columns)


def test_crossings_that_mean_nothing() -> None:
    frame = simulated()
    refused(
        "weight is given 2 columns, w, h; only stratum, psu, id",
        frame,
        columns=COLUMNS | {"weight": ["w", "h"]},
    )
    refused("sex is given 2 columns", frame, columns=COLUMNS | {"sex": ["sex", "h"]})
    refused(
        "stratum is given a column twice: h, h",
        frame,
        columns=COLUMNS | {"stratum": ["h", "h"]},
    )
    refused("No column is named as psu", frame, columns=COLUMNS | {"psu": []})
    refused(
        "no column 'hh', named as stratum.*'h'",
        frame,
        columns=COLUMNS | {"stratum": ["cty", "hh"]},
    )
    columns = COLUMNS | {"id": ["h", "psu"]}
    refused(
        "ids in 'h × psu' are blank or occur more than once: '1 × 1'",
        frame,
        columns=columns,
    )


def test_nested_psus_and_constants() -> None:
    frame = simulated()
    frame["psu"] = (frame["id"] - 1) // 10 % 4
    refused("PSU '0' is in stratum '1' and in '[23]'", frame)
    columns = {role: column for role, column in COLUMNS.items() if role != "country"}
    nested = read(
        frame,
        columns=columns,
        nested=True,
        constants={"country": "GHA", "year": "2019"},
    )
    assert nested.design.strata["psus"].tolist() == [4] * 6
    assert cells(nested, ["country", "year"])["n"].item() > 0


DAMAGES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a line cut short": ("cannot be read", lambda raw: raw[: raw.rindex(b",")]),
    "an odd quote": ("cannot be read", lambda raw: raw + b'"'),
    "latin letters": (
        "is not UTF-8; encoding='windows-1252' reads it, with words such as 'GHÉ'",
        lambda raw: raw.replace(b"GHA", b"GH\xc9", 1),
    ),
    "no rows": ("no respondents", lambda raw: raw[: raw.index(b"\n") + 1]),
    "nothing": ("does not begin with a line of column names", lambda _raw: b""),
    "a decimal comma": (
        "1 respondent has no weight.*'1;224.714' \\(once\\)",
        lambda raw: raw.replace(b"\n1,NAM,1,1,", b"\n1,NAM,1,1,1;2", 1),
    ),
    "wide text": (
        "is not UTF-8; encoding='utf-16' reads it",
        lambda raw: raw.decode().encode("utf-16"),
    ),
    "a column twice": (
        "two columns named 'h'",
        lambda raw: raw.replace(b"psu", b"h", 1),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_csv_is_one_sentence(damage: str, tmp_path: Path) -> None:
    told, broken = DAMAGES[damage]
    (tmp_path / "a.csv").write_bytes(broken(simulated().to_csv(index=False).encode()))
    refused(told, tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.parquet", "a.sav", "a.dta", "a.xpt", "a.sas7bdat"])
def test_a_damaged_file_is_one_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    for raw in (b"", b"not what the name says" * 20):
        path.write_bytes(raw)
        refused("cannot be read", path)
    if name in WRITERS:
        WRITERS[name](simulated(), path)
        path.write_bytes(path.read_bytes()[:700])
        refused("cannot be read|no respondents", path)
    refused("no known format", _renamed(path, "a.xyz"))
    refused("no file of respondents", tmp_path / "b.csv")


def _renamed(path: Path, name: str) -> Path:
    return path.rename(path.with_name(name))


def test_columns_alike_but_for_case(tmp_path: Path) -> None:
    pq.write_table(pa.table({"y": [1], "Y": [0]}), tmp_path / "a.parquet")
    refused("differ by case", tmp_path / "a.parquet")
    table = pa.table({"y": [1, 1, 0], "Y": [0, 0, 0]})
    assert direct(read_respondents(table, {}, "y"))["cases"].item() == 2


WEIGHTS = st.sampled_from(
    [
        "1",
        "2.5",
        "0",
        "1e-3",
        " 3 ",
        "-1",
        "",
        "nan",
        "inf",
        "1_0",
        "1,5",
        "x",
        "1e400",
        "0x1",
    ]
)
ANSWERS = st.sampled_from(
    [
        "0",
        "1",
        "1.0",
        "01",
        "",
        " ",
        "9",
        "8.0",
        "2",
        "yes",
        "é",
        "'",
        '"',
        "NULL",
        "\x00",
        "?",
    ]
)
PLACES = st.sampled_from(["a", "b", " a", "A", "", "NA", "a'b", 'a"b', "7", "7.0"])


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(st.tuples(WEIGHTS, ANSWERS, PLACES), min_size=1, max_size=8))
def test_any_csv_is_read_whole_or_refused(
    rows: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("w", "y", "place"), *rows])
    (tmp_path / "a.csv").write_text(text.getvalue(), newline="")
    missing = {"y": {9: "don't know", "8": "refused"}}
    try:
        found = read_respondents(
            tmp_path / "a.csv", {"weight": "w", "place": "place"}, "y", missing=missing
        )
    except UncountedError as error:
        refusal = str(error)
    else:
        refusal = ""
    assert bool(refusal) == faulty(rows), refusal
    if refusal:
        assert "\n" not in refusal
        return
    assert found.n == len(rows)
    answered = [
        (float(w), float(y), place.strip())
        for w, y, place in rows
        if y.strip() not in ("", "9", "8.0")
    ]
    sums = cells(found, "place").set_index("place")
    for place in {place for _, _, place in answered} - {""}:
        assert math.isclose(
            sums.loc[place, "weighted"], sum(w for w, _, p in answered if p == place)
        )
        assert math.isclose(
            sums.loc[place, "weighted_cases"],
            sum(w * y for w, y, p in answered if p == place),
        )


def faulty(rows: list[tuple[str, str, str]]) -> bool:
    """Whether a weight or an answer among the rows must be refused."""
    good = {"1", "2.5", "0", "1e-3", " 3 "}
    answers = {"0", "1", "1.0", "01", "", " ", "9", "8.0"}
    weightless = all(w == "0" for w, _, _ in rows)
    return weightless or any(w not in good or y not in answers for w, y, _ in rows)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    place=st.floats(0, 1),
    raw=st.binary(max_size=12),
    cut=st.integers(0, 40),
    name=st.sampled_from(["a.csv", "a.parquet"]),
)
def test_no_broken_file_shows_a_traceback(
    place: float, raw: bytes, cut: int, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    WRITERS[name](simulated(60), path)
    whole = path.read_bytes()
    at = int(place * len(whole))
    path.write_bytes(whole[:at] + raw + whole[at + cut :])
    with suppress(UncountedError):  # anything else fails
        pooled(read(path), "sex", single_psu="certainty")
