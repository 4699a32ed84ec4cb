"""The workbook, read back as a spreadsheet would: numbers, notes, and no formula
anywhere.
"""

from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

import uncounted as un
from uncounted.formats.workbook import write_workbook
from uncounted.release.fit_release import release_of

BAD = un.Finding(
    "tail ESS of published numbers", "stop", 312, 400, "The smallest is 312."
)
FORMULA = '=HYPERLINK("x","y")'


def read(release, tmp_path):
    return openpyxl.load_workbook(write_workbook(release, tmp_path / "tables.xlsx"))


def table(sheet) -> pd.DataFrame:
    rows = list(sheet.iter_rows(min_row=4, values_only=True))
    return pd.DataFrame(rows[1:], columns=rows[0])


def test_each_breakdown_has_a_sheet_with_its_numbers(small, few, tmp_path):
    book = read(small, tmp_path)
    assert book.sheetnames[:5] == [
        "About",
        "Regions",
        "Sex and age",
        "Countries",
        "Countries, sex and age",
    ]
    countries = table(book["Countries"]).set_index("Code")
    kenya = few[few["group"] == "KEN"].iloc[0]
    assert countries.loc["KEN", "Prevalence, percent (median)"] == pytest.approx(
        kenya["prevalence_median"] * 100
    )
    assert countries.loc["KEN", "Persons (mean)"] == pytest.approx(
        kenya["persons_mean"]
    )
    assert len(countries) == 200
    assert len(table(book["Countries, sex and age"])) == 200
    assert len(table(book["Sex and age"])) == (few["grouping"] != "country").sum()
    assert "95\u00a0% interval" in book["Regions"]["A3"].value


def test_printed_regions_add_up(small, tmp_path):
    regions = table(read(small, tmp_path)["Regions"])
    printed = regions.groupby("Level")["Persons, adding up"].sum()
    assert printed["region"] == printed["world"]


def test_no_text_is_a_formula(fit, few, tmp_path):
    names = (
        few["name"]
        .mask(few["group"] == "KEN", FORMULA)
        .mask(few["group"] == "NAM", "N/A")
    )
    bad = replace(
        release_of(fit, few.assign(name=names), [BAD]), title=FORMULA, why="+1+1"
    )
    book = read(bad, tmp_path)
    cells = [
        cell
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    told = {cell.value for cell in cells}
    assert {FORMULA, "N/A", f"{FORMULA}, 2020"} <= told


def test_every_sheet_says_that_it_is_not_for_publication(fit, few, tmp_path):
    book = read(release_of(fit, few, [BAD]), tmp_path)
    assert all("Not converged" in sheet["A2"].value for sheet in book)
    assert read(release_of(fit, few, []), tmp_path)["Regions"]["A2"].value is None


def test_masked_counts_say_so(fit, tmp_path):
    rare = replace(
        fit,
        evidence=replace(fit.evidence, rows=fit.evidence.rows.assign(cases=3.0, y=3.0)),
    )
    book = read(
        release_of(rare, un.estimates(rare, ["world", "country"]), []), tmp_path
    )
    assert set(table(book["Surveys"])["Cases"]) == {"masked"}
    seen = table(book["Countries"])
    assert set(seen.loc[seen["Evidence"] == "surveyed", "Cases"]) == {"masked"}
    assert set(seen.loc[seen["Evidence"] == "imputed", "Cases"]) == {0}


def test_leaves_and_further_traits_have_sheets(small, tmp_path):
    rows = pd.concat(
        [
            small.rows.assign(leaf=leaf, migrant="all")
            for leaf in ("all", "Forced labour")
        ]
    )
    extra = rows[(rows["sex"] == "all") & (rows["age"] == "all")].assign(migrant="yes")
    book = read(replace(small, rows=pd.concat([rows, extra])), tmp_path)
    assert {"All together", "Forced labour"} == set(table(book["Parts"])["Part"])
    assert {"yes", "all"} == set(table(book["By migrant"])["migrant"])
