"""Tables of figures as people keep them, from the file to evidence."""

import gzip
import tomllib

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import uncounted as un
from uncounted.figures.figure_source import read_figures

KEPT = [
    ["Table 1. Smoking among adults (per cent; 95 % confidence interval)"],
    [],
    ["Country", "Survey", "Year", "Age", "Sex", "Prevalence (95% CI)", "N", "Notes"],
    ["Côte d'Ivoire", "DHS", "2011/12", "15-49", "M", "24,1 (22,0–26,3)", "5 135", ""],
    ["", "DHS", "2011/12", "15-49", "F", "0,9 (0,6–1,3)", "10 060", "a"],
    ["Türkiye", "GATS", "2016", "15plus", "Total", "31,6*", "8 760", ""],
    [],
    ["a  Includes smokeless tobacco."],
    ["* Provisional."],
]


def workbook(rows):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Smoking"
    for row in rows:
        page.append(row)
    return book, page


@pytest.fixture
def kept(tmp_path):
    """Return the path of a spreadsheet as people keep it, the country's cells merged."""
    book, page = workbook(KEPT)
    page.merge_cells("A4:A5")
    book.save(tmp_path / "smoking.xlsx")
    return tmp_path / "smoking.xlsx"


def test_the_spreadsheet_of_nine_surveys_goes_from_file_to_evidence(shared, capsys):
    path = shared / "cases" / "17-spreadsheet-as-kept" / "smoking.xlsx"
    figures = un.read_figures(path)
    table = figures.tables["smoking"]
    assert table["country"].tolist() == [
        *("CIV", "CIV", "COD", "KOR", "TUR", "TZA", "USA", "VNM", "VNM")
    ]
    assert table["until"].tolist()[:3] == [2012, 2012, 2014]
    civ = table.iloc[1]
    assert (civ["sex"], civ["age"], civ["n"]) == ("male", "15-49", 5135)
    assert civ[["estimate", "lower", "upper"]].tolist() == pytest.approx(
        [0.241, 0.22, 0.263]
    )
    turkey = table.loc[table["country"] == "TUR"].iloc[0]
    assert (turkey["estimate"], turkey["n"]) == (0.316, 8760)
    printed = capsys.readouterr().out
    for cell in ("F11: '22.5*'", "F12: '31,6 (30,2–33,0)'", "C5, C6: '2011/12'"):
        assert printed.count(cell) == 1
    evidence = un.evidence(figures, "smoking", by=["sex", "age"])
    assert set(evidence.rows["country"]) >= {"CIV", "COD", "TUR", "TZA", "USA"}
    notes = evidence.ledger.lines.loc[lambda lines: lines["action"] == "noted", "why"]
    assert sorted(notes) == [
        "footnote: Includes smokeless tobacco.",
        "footnote: Provisional.",
        "footnote: Unweighted n not reported.",
        "footnote: Unweighted n not reported.",
    ]


def test_the_printed_card_reads_the_same_table(kept, tmp_path, capsys):
    figures = read_figures(kept)
    assert figures.toml in capsys.readouterr().out
    (tmp_path / "survey.toml").write_text(figures.toml, encoding="utf-8")
    again = un.read_survey(tmp_path)
    pd.testing.assert_frame_equal(again.tables["smoking"], figures.tables["smoking"])
    assert capsys.readouterr().out == ""
    words = tomllib.loads(figures.toml)
    assert (words["unit"], words["decimal"], words["header"]) == ("percent", ",", 3)
    assert (words["sheet"], words["interval"]) == ("Smoking", 0.95)


def as_text(rows, delimiter):
    width = max(map(len, rows))
    lines = []
    for row in rows:
        cells = [f'"{cell}"' if delimiter in cell else cell for cell in row]
        lines.append(delimiter.join([*cells, *[""] * (width - len(row))]))
    return "\n".join(lines)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_separator_and_encoding_is_read(kept, tmp_path, delimiter, encoding):
    rows = [list(row) for row in KEPT]
    rows[4][0] = rows[3][0]
    raw = as_text(rows, delimiter).encode(encoding)
    (tmp_path / "smoking.csv").write_bytes(raw)
    (tmp_path / "smoking.csv.gz").write_bytes(gzip.compress(raw))
    expected = read_figures(kept).tables["smoking"]
    for name in ("smoking.csv", "smoking.csv.gz"):
        figures = read_figures(tmp_path / name)
        (table,) = figures.tables.values()
        pd.testing.assert_frame_equal(table, expected)
    words = tomllib.loads(read_figures(tmp_path / "smoking.csv").toml)
    named = {"utf-16": "utf-16", "cp1252": "cp1252"}
    assert words.get("encoding", "utf-8") == named.get(encoding, "utf-8")


def test_a_parquet_file_and_a_data_frame_are_read_alike(tmp_path):
    frame = pd.DataFrame(
        {
            "iso3": ["KEN", "NA", "4"],
            "year": [2017.92, 2015, 2011],
            "share": [0.25, 0.125, 0.5],
            "n": [5680, 512, None],
            "survey": ["a", "b", "c"],
        }
    )
    frame.to_parquet(tmp_path / "x.parquet")
    tables = [
        read_figures(source, outcomes="x").tables["x"]
        for source in (frame, tmp_path / "x.parquet")
    ]
    pd.testing.assert_frame_equal(*tables)
    assert tables[0]["country"].tolist() == ["AFG", "KEN", "NAM"]
    assert tables[0]["year"].tolist() == [2011, 2017, 2015]
    assert tables[0]["estimate"].tolist() == [0.5, 0.25, 0.125]
    np.testing.assert_array_equal(tables[0]["n"], [np.nan, 5680, 512])


DOUBTFUL = [
    ["Country", "Survey", "Year", "Sex", "Percent (95% CI)", "n"],
    ["Kenya", "a", "2014", "0", "12.5 (11.9–13.1)", "5.680"],
    ["NI", "b", "2005-08", "1", "12.4 (1.2)", "1000"],
    ["Togo", "c", "2015", "0", "–", "800"],
]


def test_all_doubtful_cells_are_listed_at_once_and_the_card_settles_them(tmp_path):
    workbook(DOUBTFUL)[0].save(tmp_path / "x.xlsx")
    with pytest.raises(un.UncountedError) as caught:
        read_figures(tmp_path / "x.xlsx", outcomes="x")
    sentence = str(caught.value)
    cells = ("A3", "C3", "D2, D4", "D3", "E3", "E4", "F2")
    for cell in cells:
        assert f"  {cell}: " in sentence
    assert sentence.count("\n  ") == len(cells)
    recodes = tomllib.loads(sentence[sentence.index("[recodes") :])["recodes"]
    assert recodes["n"] == {"5.680": "5680"}
    assert recodes["year"] == {"2005-08": "2005-2008"}
    recodes["country"]["NI"] = "NER"
    recodes["sex"] = {"0": "male", "1": "female"}
    recodes["x"]["12.4 (1.2)"] = 12.4
    figures = read_figures(tmp_path / "x.xlsx", outcomes="x", recodes=recodes)
    table = figures.tables["x"]
    assert table["country"].tolist() == ["KEN", "NER", "TGO"]
    assert table["sex"].tolist() == ["male", "female", "male"]
    assert table["n"].tolist() == [5680, 1000, 800]
    np.testing.assert_allclose(table["estimate"], [0.125, 0.124, np.nan])


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=40,
    deadline=None,
)
@given(st.text(alphabet="0123456789.,- ()%<*–a", min_size=1, max_size=9))
def test_a_cell_is_a_gap_or_listed_or_a_plain_number(text):
    """In a table of decimal points, n is read as it stands or named in the readings."""
    frame = pd.DataFrame(
        {
            "country": ["KEN", "TGO"],
            "survey": ["a", "b"],
            "year": ["2014", "2015"],
            "prevalence": ["0.25", "0.5"],
            "n": [text, "100"],
        }
    )
    try:
        figures = read_figures(frame, outcomes="x")
    except un.UncountedError:
        return
    n = figures.tables["x"]["n"].iloc[0]
    listed = figures.readings.loc[figures.readings["says"] == text.strip(), "cell"]
    try:
        plain = float(text)
    except ValueError:
        assert np.isnan(n) or listed.tolist() == ["E2"]
    else:
        assert n == plain


def test_percent_formats_and_formulas_of_a_spreadsheet(tmp_path):
    rows = [["Country", "Survey", "Year", "Prevalence", "n"]]
    rows += [["Kenya", "a", 2014, 0.1255, 1000], ["Togo", "b", 2015, 0.5, "=SUM(1,2)"]]
    book, page = workbook(rows)
    page["D2"].number_format = page["D3"].number_format = "0.0%"
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(un.UncountedError, match=r"E3: n is '=SUM\(1,2\)'"):
        read_figures(tmp_path / "x.xlsx")
    page["E3"] = 800
    book.save(tmp_path / "x.xlsx")
    table = read_figures(tmp_path / "x.xlsx").tables["x"]
    assert table["estimate"].tolist() == [0.1255, 0.5]


def test_of_several_sheets_one_is_named(tmp_path):
    book, _ = workbook(KEPT)
    book.create_sheet("Other").append(["x"])
    book["Other"].append(["y"])
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(un.UncountedError, match="2 sheets with cells: Smoking, Other"):
        read_figures(tmp_path / "x.xlsx")
    with pytest.raises(un.UncountedError, match=r"no sheet 'Smokin'[.] Did you mean"):
        read_figures(tmp_path / "x.xlsx", sheet="Smokin")


@pytest.mark.parametrize(
    ("head", "share"),
    [
        ("Prevalence (%)", 0.125),
        ("Prevalence per 1,000", 0.0125),
        ("Rate per 100 000", 0.000125),
        ("Per cent", 0.125),
    ],
)
def test_the_head_names_the_unit(head, share):
    frame = pd.DataFrame(
        {"country": ["KEN"], "survey": ["a"], "year": ["2014"], head: ["12.5"]}
    )
    figures = read_figures(frame, outcomes="x")
    assert figures.tables["x"]["estimate"].tolist() == pytest.approx([share])
    with pytest.raises(un.UncountedError, match="nothing names their unit"):
        read_figures(frame.rename(columns={head: "Prevalence"}), outcomes="x")


def test_bounds_in_a_column_and_values_of_all_rows():
    frame = pd.DataFrame(
        {
            "Country": ["Kenya", "Togo"],
            "Prevalence (SE)": ["12.5% (1.2)", "<0.1%"],
            "95% CI": ["(10.2; 15.1)", ".."],
            "n": ["1,000", "900"],
        }
    )
    constants = {"survey": "Census", "year": 2014, "sex": "Women"}
    figures = read_figures(frame, outcomes="x", constants=constants)
    table = figures.tables["x"]
    np.testing.assert_allclose(table["se"], [0.012, np.nan])
    np.testing.assert_allclose(table["lower"], [0.102, np.nan])
    assert table["sex"].tolist() == ["female", "female"]
    np.testing.assert_allclose(table["half_estimate"], [0.0005, 0.0005])
    np.testing.assert_allclose(table["estimate"], [0.125, 0.0005])


def test_names_of_countries_stay_where_the_card_keeps_them():
    frame = pd.DataFrame(
        {"country": ["Kenya"], "survey": ["a"], "year": ["2014"], "rate": ["0.125"]}
    )
    figures = read_figures(frame, outcomes="x", country_names="kept")
    assert figures.tables["x"]["country"].tolist() == ["Kenya"]
