"""Published figures: units, intervals, gaps, and what a card or a table may not say."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from uncounted.errors import UncountedError
from uncounted.figures.figure_source import read_figures
from uncounted.observations.evidence import evidence
from uncounted.world.shelf import shelf

ROW = {
    "survey": "1",
    "country": "GHA",
    "year": 2014,
    "sex": "both",
    "age": "all",
    "estimate": 0.2,
    "se": 0.01,
    "n": 2000,
}


def rows(*changes: dict) -> list[dict]:
    return [ROW | change for change in changes]


def refused(read, *parts: str) -> None:
    with pytest.raises(UncountedError, match="(?s:.*)".join(map(re.escape, parts))):
        read()


def test_shipped_figures_are_the_source_row_by_row(shared):
    source = pd.read_csv(
        shared / "data" / "stunting-surveys.csv", dtype="str", keep_default_na=False
    )
    ours = pd.read_csv(
        shelf("data", "surveys", "stunting", "figures.csv"),
        dtype="str",
        keep_default_na=False,
    )
    assert len(ours) == len(source) == 17_808
    same = {
        "survey": "survey",
        "country": "iso3",
        "year": "year",
        "source": "source",
        "kind": "kind",
    }
    for name, theirs in same.items():
        assert list(ours[name]) == list(source[theirs]), name
    group = source["group"].str.replace("National", "")
    sex = group.str.extract(r"^(Female|Male)")[0].str.lower().fillna("both")
    age = (
        group.str.replace(r"^(Female|Male) ?", "", regex=True)
        .str.replace(" to ", "-")
        .replace("", "all")
    )
    assert list(ours["sex"]) == list(sex)
    assert list(ours["age"]) == list(age)
    figures = {
        "percent": "estimate_pct",
        "se": "standard_error_pct",
        "lower": "lower95_pct",
        "upper": "upper95_pct",
    }
    for name, theirs in (
        figures | {"n": "n_unweighted", "n_weighted": "n_weighted"}
    ).items():
        assert ((ours[name] == "") == (source[theirs] == "")).all(), name
        here, there = pd.to_numeric(ours[name]), pd.to_numeric(source[theirs])
        np.testing.assert_allclose(here, there, rtol=5e-6, atol=0, err_msg=name)


def test_shipped_figures_are_read(stunting):
    table = stunting.tables["stunting"]
    assert (len(table), table["survey"].nunique(), table["country"].nunique()) == (
        17_808,
        1097,
        159,
    )
    assert (table["estimate"].min(), table["estimate"].max()) == (0, 1)
    assert set(table["source"]) == {"DHS-like", "MICS-like", "SMART", "other"}
    assert (table["estimate"] == 0).sum() == 152
    assert (table["estimate"] == 1).sum() == 13
    assert "1,097 surveys of 159 countries, 1983–2023, 17,808 figures" in " ".join(
        repr(stunting).split()
    )


@pytest.mark.parametrize(
    ("unit", "times"),
    [("proportion", 1), ("percent", 100), ("per 1,000", 1000), ("per 100,000", 1e5)],
)
def test_every_unit_becomes_a_proportion(figures_of, unit, times):
    told = {
        "estimate": 0.2 * times,
        "se": 0.01 * times,
        "lower": 0.18 * times,
        "upper": 0.22 * times,
    }
    row = figures_of(rows(told), unit=unit).tables["wasting"].iloc[0]
    np.testing.assert_allclose(
        row[["estimate", "se", "lower", "upper"]].astype(float), [0.2, 0.01, 0.18, 0.22]
    )
    assert row["n"] == 2000


def test_an_outcome_is_a_column_and_ledgers_do_not_mix(figures_of):
    table = rows(
        {"thin": 0.2},
        {"survey": "2", "estimate": None, "thin": 0.3},
        {"survey": "3", "thin": None},
    )
    read = figures_of(table, outcomes={"wasting": "estimate", "thinness": "thin"})
    for outcome, estimates in {
        "wasting": [0.2, np.nan, 0.2],
        "thinness": [0.2, 0.3, np.nan],
    }.items():
        assert list(read.tables[outcome]["survey"]) == ["1", "2", "3"]
        np.testing.assert_array_equal(read.tables[outcome]["estimate"], estimates)
        assert read.ledgers[
            outcome
        ].lines.empty  # selection writes down what isn't used
    for outcome, gone in {"wasting": "2", "thinness": "3"}.items():
        lines = evidence(read, outcome).ledger.lines
        excluded = lines.loc[
            lines["action"] == "excluded", ["survey", "why", "respondents"]
        ]
        assert excluded.to_numpy().tolist() == [[gone, "no estimate", 2000]]


def test_absent_columns_have_defaults(figures_of):
    read = figures_of(
        "survey,country,year,estimate\nx,GHA,2014,0.2\n", sources={"DHS-like": ["DHS"]}
    )
    row = read.tables["wasting"].iloc[0]
    assert row[["sex", "age", "source", "kind"]].tolist() == [
        "both",
        "all",
        "other",
        "",
    ]
    assert row[["se", "n", "n_weighted", "deff"]].isna().all()


def test_blanks_and_namibia_are_read_as_text(figures_of):
    text = (
        "survey,country,year,kind,age,estimate,se,n\n NA , NAM ,2014,N/A, 0-4 years"
        " ,0.2,NA,..\n"
    )
    row = figures_of(text).tables["wasting"].iloc[0]
    assert row[["survey", "country", "kind", "age"]].tolist() == [
        "NA",
        "NAM",
        "N/A",
        "0-4",
    ]
    assert row[["se", "n"]].isna().all()


def test_sources_of_one_kind_are_grouped(figures_of):
    read = figures_of(
        rows(
            {"source": "DHS"},
            {"survey": "2", "source": "SDHS"},
            {"survey": "3", "source": "census"},
        ),
        sources={"DHS-like": ["DHS", "SDHS"], "MICS-like": ["MICS"]},
    )
    assert list(read.tables["wasting"]["source"]) == ["DHS-like", "DHS-like", "other"]


def logit_bounds(p: float, n: float, z: float) -> dict:
    low, high = expit(logit(p) + np.array([-z, z]) / np.sqrt(n * p * (1 - p)))
    return {"estimate": p, "se": None, "lower": low, "upper": high}


@pytest.mark.parametrize(("level", "z"), [(0.95, 1.959963985), (0.9, 1.644853627)])
@pytest.mark.parametrize("method", ["logit", "unknown"])
def test_an_interval_without_a_se_gives_the_respondents_it_was_made_of(
    figures_of, level, z, method
):
    read = figures_of(
        rows(logit_bounds(0.2, 1600, z)), interval=level, interval_method=method
    )
    row = read.tables["wasting"].iloc[0]
    within = (
        1e-6 if method == "logit" else 2e-3
    )  # another formula may have the same bounds, to `inversion.AGREE`
    assert row["n_interval"] == pytest.approx(1600, rel=within)
    assert np.isnan(row["se"])
    assert row["interval_width"] == pytest.approx(0, abs=2e-3)
    why = f"effective respondents from its interval ({row['interval_method']})"
    assert read.ledgers["wasting"].lines["why"].tolist() == [why]
    assert method == "unknown" or row["interval_method"] == "logit"


def test_an_interval_beside_n_is_as_good_as_a_se(figures_of):
    """Either is V̂ = p(1−p)/1600."""
    others = [{"survey": str(i), "country": "TGO", "se": 0.012} for i in range(2, 4)]
    bounds = logit_bounds(0.2, 1600, 1.959963985)
    by_bounds = evidence(
        figures_of(rows(bounds, *others), interval_method="logit"), "wasting"
    ).rows
    by_se = evidence(figures_of(rows({"se": 0.01}, *others)), "wasting").rows
    np.testing.assert_allclose(by_bounds["n"], by_se["n"], rtol=1e-6)


def test_an_interval_cut_at_zero_gives_respondents_by_its_upper_bound(figures_of):
    read = figures_of(
        rows({"estimate": 0.004, "se": None, "n": None, "lower": 0, "upper": 0.01})
    )
    row = read.tables["wasting"].iloc[0]
    z = 1.959963985
    wald, by_logit = (
        (z / 0.006) ** 2 * 0.004 * 0.996,
        (z / (logit(0.01) - logit(0.004))) ** 2 / (0.004 * 0.996),
    )
    assert min(wald, by_logit) * 0.5 < row["n_interval"] < max(wald, by_logit) * 1.5
    assert len(read.ledgers["wasting"].lines) == 1


def test_zeros_are_of_the_respondents_that_their_upper_bound_tells(figures_of):
    zeros = {"estimate": 0, "se": None, "n": None, "lower": 0, "upper": 0.003}
    exact, wilson = (
        figures_of(rows(zeros), interval_method=method)
        .tables["wasting"]["n_interval"]
        .item()
        for method in ("unknown", "wilson")
    )
    assert exact == pytest.approx(np.log(0.025) / np.log(1 - 0.003))
    assert wilson == pytest.approx(1.959963985**2 * (1 - 0.003) / 0.003)


def test_an_se_that_is_there_stays_and_an_empty_interval_gives_none(figures_of):
    told = [
        {"lower": 0.1, "upper": 0.3},
        {"se": None, "lower": 0.2, "upper": 0.2},
        {"se": None, "lower": 0.1},
    ]
    read = figures_of(rows(*({"survey": str(i)} | one for i, one in enumerate(told))))
    np.testing.assert_array_equal(read.tables["wasting"]["se"], [0.01, np.nan, np.nan])
    assert read.tables["wasting"]["n_interval"].isna().all()
    assert read.ledgers["wasting"].lines.empty


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (
            {"estimate": 20},
            ["a prevalence outside 0–1 after the card's unit in 1 row(s), at line 3;"],
        ),
        ({"estimate": -0.1}, ["a prevalence outside 0–1", "at line 3"]),
        (
            {"estimate": "0.1.2"},
            ["F3: wasting is '0.1.2', which is no number", "Mend the cells"],
        ),
        ({"n": "many"}, ["H3: n is 'many', which is no number"]),
        ({"se": "inf"}, ["G3: se is 'inf', which is no number"]),
        ({"n": -1}, ["a negative standard error, count or design effect", "at line 3"]),
        ({"se": -0.1}, ["a negative standard error", "at line 3"]),
        (
            {"lower": 0.21, "upper": 0.3},
            ["an interval that does not hold its estimate", "at line 3"],
        ),
        (
            {"lower": 0.1, "upper": 0.19},
            ["an interval that does not hold its estimate", "at line 3"],
        ),
        ({"sex": "?"}, ["D3: sex is '?', which is not female, male or both"]),
        ({"year": ""}, ["no year, or one that is not whole", "at line 3"]),
        ({"year": "spring"}, ["C3: year is 'spring', which is no year"]),
        ({"country": ""}, ["no survey or no country", "at line 3"]),
        (
            {"age": "toddlers"},
            [
                "E3: age is 'toddlers', which is no age: 'toddlers' is no age band. Write",
                "For all ages write 'all'",
            ],
        ),
        ({"age": ""}, ["E3: age is '', which is blank; for everybody write 'all'"]),
        (
            {"lower": 0.3, "upper": 0.1},
            ["an upper bound below its lower in 1 row(s), at line 3"],
        ),
        (
            {"until": 2013},
            [
                "fieldwork until a year that is not whole, or before it began in 1"
                " row(s), at line 3"
            ],
        ),
        (
            {},
            [
                "the same survey, sex and age twice in 2 row(s), at line 2, 3. Mend the"
                " table."
            ],
        ),
        (
            {"age": "0-59 months"},
            ["the same survey, sex and age twice in 2 row(s), at line 3, 4."],
        ),
    ],
)
def test_what_no_repair_may_touch_names_its_line(figures_of, change, parts):
    lower = {"lower": None, "upper": None}
    refused(
        lambda: figures_of(rows(lower, change, {"age": "0-4"})), "figures.csv", *parts
    )


def test_all_faults_of_a_table_are_told_at_once(figures_of):
    wrong = rows(
        {"survey": ""},
        {"estimate": 20},
        {"survey": "2", "n": -1, "lower": 0.3, "upper": 0.4},
        {"survey": "3", "lower": 0.3, "upper": 0.1},
        {"survey": "4"},
        {"survey": "4"},
    )
    with pytest.raises(UncountedError) as caught:
        figures_of(wrong)
    told = (
        str(caught.value)
        .split(" has ", 1)[1]
        .removesuffix(". Mend the table.")
        .split("; ")
    )
    assert told == [
        "a prevalence outside 0–1 after the card's unit in 1 row(s), at line 3",
        "a negative standard error, count or design effect in 1 row(s), at line 4",
        "an upper bound below its lower in 1 row(s), at line 5",
        "an interval that does not hold its estimate in 2 row(s), at line 4, 5",
        "no survey or no country in 1 row(s), at line 2",
        "the same survey, sex and age twice in 2 row(s), at line 6, 7",
    ]


@pytest.mark.parametrize(
    ("change", "surveys"),
    [
        ({"country": "TGO"}, {"1 (GHA)", "1 (TGO)"}),
        ({"source": "phone"}, {"1 (other)", "1 (phone)"}),
        ({"year": 2015}, {"1 (2014)", "1 (2015)"}),
    ],
)
def test_an_id_may_stand_for_several_surveys(figures_of, change, surveys):
    """Of countries, kinds of source, and years in which the same cell repeats."""
    table = figures_of(
        rows({"source": ""}, change), sources={"phone": ["phone"]}
    ).tables["wasting"]
    assert set(table["survey"]) == surveys
    assert (table["series"] != "").all() == ("year" in change)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (
            {"titel": "x"},
            [
                "survey.toml has the word 'titel', which means nothing there. Did"
                " you mean 'title'?"
            ],
        ),
        ({"title": None}, ["survey.toml lacks `title`."]),
        ({"outcomes": {}}, ["survey.toml lacks `outcomes`."]),
        (
            {"outcomes": "estimate"},
            [
                "survey.toml says outcomes = 'estimate', which should be a table of"
                " column names"
            ],
        ),
        (
            {"columns": {"survey": 1}},
            [
                "survey.toml says columns = {'survey': 1}, which should be a table of"
                " column names"
            ],
        ),
        (
            {"sources": {"DHS-like": "DHS"}},
            ["survey.toml says sources", "a table of lists of names"],
        ),
        (
            {"whole": "Adjusted"},
            ["survey.toml says whole = 'Adjusted', which should be a list of kinds"],
        ),
        (
            {"interval": 95},
            [
                "survey.toml says interval = 95, which should be a number above 0 and"
                " below 1"
            ],
        ),
        (
            {"plausible_n": "many"},
            ["survey.toml says plausible_n = 'many', which should be a number above 0"],
        ),
        ({"title": 5}, ["survey.toml says title = 5, which should be a text"]),
        (
            {"age": "children"},
            ["survey.toml says age = 'children': 'children' is no age band"],
        ),
        (
            {"unit": "per mille"},
            [
                "survey.toml says unit = 'per mille'. Write one of: proportion;"
                " percent; per 1,000; per 100,000."
            ],
        ),
        (
            {"file": "other.csv"},
            ["survey.toml names the file 'other.csv', which is not in", "mend `file`"],
        ),
        (
            {"outcomes": {"wasting": "estimat"}},
            [
                "survey.toml names the column 'estimat', which figures.csv lacks. Did"
                " you mean 'estimate'?"
            ],
        ),
        (
            {"columns": {"survey": "survey", "country": "countri", "year": "year"}},
            [
                "survey.toml names the column 'countri', which figures.csv lacks. Did"
                " you mean 'country'?"
            ],
        ),
        (
            {"columns": {"survey": "survey", "country": "country"}},
            [
                "survey.toml does not say which column is `year`. Name it under"
                " [columns]"
            ],
        ),
        (
            {"columns": {"survy": "survey"}},
            ["survey.toml maps an unknown column 'survy'. Did you mean 'survey'?"],
        ),
    ],
)
def test_what_a_card_may_not_say(figures_of, words, parts):
    refused(lambda: figures_of(rows({}), **words), *parts)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "cannot be read as a CSV table in UTF-8"),
        (b"survey,country,year,estimate\n", "has no rows"),
        (
            b"survey,country,year,estimate\n\xff\xfe,GHA,2014,0.2\n",
            "cannot be read as a CSV table in UTF-8",
        ),
        (
            b"survey,country,year,estimate\n1,GHA,2014,0,2\n",
            "cannot be read as a CSV table in UTF-8",
        ),
    ],
)
def test_a_file_that_is_no_table_is_a_sentence(card_of_survey, content, sentence):
    folder = card_of_survey(rows({}))
    (folder / "figures.csv").write_bytes(content)
    refused(lambda: read_figures(folder), sentence)


def test_a_mark_of_order_at_the_files_beginning_is_no_letter(card_of_survey):
    folder = card_of_survey(rows({}))
    file = folder / "figures.csv"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert len(read_figures(folder).tables["wasting"]) == 1


def test_rows_are_sorted_whatever_order_the_file_has(figures_of):
    table = rows(
        {"survey": "2", "country": "TGO"},
        {"survey": "b"},
        {"survey": "a", "year": 2020},
        {"survey": "a2", "year": 2020},
    )
    first = figures_of(table).tables["wasting"]
    assert list(first["survey"]) == ["b", "a", "a2", "2"]
    pd.testing.assert_frame_equal(first, figures_of(table[::-1]).tables["wasting"])
