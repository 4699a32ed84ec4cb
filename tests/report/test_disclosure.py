"""An attack on masked counts: everything that is released, read together, must not give
one of them back.
"""

import json
import math
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from docx import Document
from scipy.optimize import linprog

import uncounted as un
from uncounted.formats.paper import contents
from uncounted.formats.press import FORMATS, Press, write_formats
from uncounted.formats.profile import place_of, profile
from uncounted.release.fit_release import release_of

LEAST = 10
GROUPS = ("world", "region", "subregion", "country")


@pytest.fixture(scope="module")
def private(fit):
    """Return the fit with interviews of forty countries, ten with two surveys, many of
    few cases; none is public.
    """
    rng = np.random.default_rng(5)
    countries = list(fit.world.places.index[::5])
    rows = pd.DataFrame(
        {
            "country": [*countries, *countries[:10]],
            "sex": "both",
            "age": "0-59 months",
            "year": 2016,
        }
    )
    asked = rng.integers(600, 1900, len(rows)).astype(float)
    asked[::11] = 7  # too few respondents
    cases = np.minimum(rng.integers(0, 26, len(rows)), asked)
    rows = rows.assign(
        survey=[f"S{i:03d}" for i in range(len(rows))],
        n=asked / 1.37,
        respondents=asked,
        cases=cases,
    )
    rows["y"] = rows["n"] * rows["cases"] / rows["respondents"]
    seen = un.counts(rows, "stunting", source="Interviews")
    truth = rows.set_index("survey")[["respondents", "cases"]]
    told = seen.rows.assign(
        **{name: seen.rows["survey"].map(truth[name]) for name in truth}, deff=1.37
    )
    return replace(fit, evidence=replace(seen, rows=told))


@pytest.fixture(scope="module")
def secrets(private) -> pd.DataFrame:
    """Return the surveys whose cases are to stay secret: country, respondents, cases,
    estimate.
    """
    surveys = private.evidence.surveys
    rare = (surveys["cases"] < LEAST) | (
        surveys["respondents"] - surveys["cases"] < LEAST
    )
    return surveys[rare].assign(estimate=surveys["cases"] / surveys["respondents"])


@pytest.fixture(scope="module")
def out(private, tmp_path_factory) -> Path:
    """Write every format, with surveys held out, and return the folder."""
    rows = un.estimates(private, GROUPS)
    rows = rows[
        (rows["grouping"] != "country")
        | (rows["sex"] == "all") & (rows["age"] == "all")
    ]
    seen = private.evidence.rows
    held = pd.DataFrame(
        {"country": seen["country"], "survey": seen["survey"], "year": seen["year"]}
    )
    held = held.assign(
        observed=seen["y"] / seen["n"],
        median=0.02,
        lower=0.001,
        upper=0.2,
        below=0.5,
        covered=True,
    )
    release = release_of(private, rows, [], held_out=held)
    press, folder = Press(release, private), tmp_path_factory.mktemp("released")
    write_formats(press, folder, [name for name in FORMATS if name != "draws"])
    paper = [
        contents(release, press.drawings),
        *(profile(release, place_of(release, one)) for one in ("AFG", "Africa")),
    ]
    (folder / "papers.json").write_text(json.dumps(paper))  # what the PDFs print
    return folder


class Tables(HTMLParser):
    """Reads the rows of all tables of a page, with the numbers that its cells carry for
    sorting.
    """

    def __init__(self, html: str):
        super().__init__()
        self.rows, self.inside = [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.inside = True
            self.rows[-1] += [value for name, value in attrs if name == "data-v"]

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside and data.strip():
            self.rows[-1].append(data.strip())


def lists(value) -> list[list]:
    """Return every list of texts and numbers within nested lists and dicts."""
    if isinstance(value, dict) and "cells" in value:  # a row of a paper's table
        return [[line for cell in value["cells"] for line in cell]]
    if isinstance(value, dict):
        return [one for part in value.values() for one in lists(part)]
    if isinstance(value, list):
        flat = [value] if any(not isinstance(one, list | dict) for one in value) else []
        return flat + [one for part in value for one in lists(part)]
    return []


def rows_of(folder: Path) -> list[list[str]]:
    """Return every row of every table of every file."""
    found = []
    for path in folder.iterdir():
        if path.suffix == ".csv":
            found += (
                pd.read_csv(path, dtype=str, keep_default_na=False).to_numpy().tolist()
            )
        elif path.suffix == ".parquet":
            found += pd.read_parquet(path).map(str).to_numpy().tolist()
        elif path.suffix == ".xlsx":
            book = openpyxl.load_workbook(path, read_only=True)
            found += [
                [str(cell) for cell in row]
                for sheet in book
                for row in sheet.iter_rows(values_only=True)
            ]
        elif path.suffix == ".docx":
            found += [
                [cell.text for cell in row.cells]
                for table in Document(str(path)).tables
                for row in table.rows
            ]
        elif path.suffix == ".html":
            found += Tables(path.read_text()).rows
        elif path.suffix == ".json":
            found += [
                [str(cell) for cell in row]
                for row in lists(json.loads(path.read_text()))
            ]
    return found


def number(text: str) -> float:
    try:
        return float(text.replace(",", "").replace("%", "").strip())
    except ValueError:
        return math.nan


def test_no_row_about_a_survey_holds_its_secret(out, secrets):
    about = [row for row in rows_of(out) if any(cell in secrets.index for cell in row)]
    assert len(about) > 5 * len(
        secrets
    )  # CSV, workbook, page, paper and inputs all list the surveys
    for row in about:
        survey = next(cell for cell in row if cell in secrets.index)
        secret = secrets.loc[survey]
        told = [number(cell) for cell in row if cell != survey]
        told = [
            n for n in told if n not in (secret["rows"], 2016.0, 0.0, 1.0)
        ]  # which are no secret, but may equal one
        assert secret["cases"] not in told, row
        p = secret["estimate"]
        assert not [
            n
            for n in told
            if p > 0 and min(abs(n / p - 1), abs(n / (100 * p) - 1)) < 1e-3
        ], row
        if secret["respondents"] < LEAST:
            assert secret["respondents"] not in told, row
    assert (out / "surveys.csv").stat().st_size > 1000


def test_no_number_anywhere_is_a_secret_estimate(out, secrets):
    """A weighted share has more digits than chance repeats."""
    told = np.array(
        [
            n
            for row in rows_of(out)
            for n in map(number, row)
            if math.isfinite(n) and n % 1
        ]
    )
    assert len(told) > 10_000
    p = secrets.loc[(secrets["cases"] > 0), "estimate"].to_numpy()
    for unit in (1.0, 100.0):
        assert np.abs(told[:, None] / (unit * p[None, :]) - 1).min() > 1e-9


def bounds(
    sums: pd.DataFrame, places: pd.DataFrame, surveys: pd.DataFrame, count: str
) -> pd.DataFrame:
    """Return how low and how high each survey's count may be, given what tables tell of
    sums and of surveys.

    sums: grouping, group, count; surveys: country, count (NaN where masked) and most,
    what the rule lets it be at most.
    """
    group = {name: places[name] for name in ("region", "subregion")}
    group |= {
        "world": pd.Series("World", places.index),
        "country": pd.Series(places.index, places.index),
    }
    told = sums[sums[count].notna()]
    member = np.array(
        [
            (surveys["country"].map(group[g]) == name)
            for g, name in zip(told["grouping"], told["group"], strict=True)
        ]
    )
    known = surveys[count].notna()
    limits = [
        (n, n) if k else (0, most)
        for n, k, most in zip(surveys[count], known, surveys["most"], strict=True)
    ]
    found = {}
    for i in np.flatnonzero(~known):
        ends = []
        for sign in (1, -1):
            cost = np.zeros(len(surveys))
            cost[i] = sign
            solved = linprog(
                cost, A_eq=member.astype(float), b_eq=told[count], bounds=limits
            )
            assert solved.success
            ends.append(sign * solved.fun)
        found[surveys.index[i]] = ends
    return pd.DataFrame(found, index=["low", "high"]).T


def test_sums_do_not_narrow_what_a_masked_count_may_be(out, private, secrets):
    folder = out
    sums = pd.read_csv(folder / "estimates.csv").drop_duplicates(["grouping", "group"])
    surveys = pd.read_csv(folder / "surveys.csv").set_index("survey")
    surveys["most"] = np.where(surveys["masked"] == "", surveys["cases"], LEAST - 1)
    places = private.world.places
    left = bounds(sums, places, surveys, "cases")
    assert set(left.index) == set(secrets.index)
    assert (left["low"] == 0).all()
    assert (left["high"] == LEAST - 1).all()
    asked = bounds(sums, places, surveys, "respondents")
    assert (asked["high"] - asked["low"] == LEAST - 1).all()
    assert set(sums["cases"].isna()) == {True, False}


def test_the_attack_succeeds_where_sums_are_not_masked(private, secrets, out):
    """The same linear programme finds the secrets as soon as sums by country and by
    region are told.
    """
    places, all_ = private.world.places, private.evidence.surveys
    surveys = (
        pd.read_csv(out / "surveys.csv").set_index("survey").assign(most=LEAST - 1)
    )
    by = all_.groupby(all_["country"])["cases"].sum()
    sums = pd.DataFrame(
        {"grouping": "country", "group": by.index, "cases": by.to_numpy()}
    )
    found = bounds(sums, places, surveys, "cases")
    alone = ~all_.loc[found.index, "country"].duplicated(keep=False)
    assert (found["low"] == found["high"]).loc[alone].all()
    assert (found.loc[alone, "low"] == secrets.loc[found.index[alone], "cases"]).all()
