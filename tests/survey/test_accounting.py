"""Respondents and cases read are those of the evidence and those of the ledger, to the
person.
"""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import uncounted as un
from uncounted.figures.figure_source import read_figures
from uncounted.observations.evidence import evidence

BANDS = ["15-24", "25-34", "35-49", "50-59"]
COUNTRIES = ["KEN", "UGA", "TZA"]
RELAXED = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def share_of(n: int, draw) -> int:
    return draw(st.integers(0, n))


@st.composite
def published(draw) -> tuple[list[dict], float, float]:
    """Return the figures of a survey as some table prints them, and the respondents and
    cases that they are of.
    """
    sexes = draw(st.sampled_from([("female", "male"), ("female",)]))
    ages = {sex: BANDS[: draw(st.integers(1, 4))] for sex in sexes}
    cells = {}
    for sex in sexes:
        for age in ages[sex]:
            n = draw(st.integers(20, 900))
            cells[sex, age] = (n, share_of(n, draw))
    printed = draw(
        st.sampled_from(
            [
                "cells",
                "cells sex",
                "cells all",
                "cells sex age all",
                "sex age all",
                "sex",
                "all",
            ]
        )
    )
    words = printed.split()
    suppressed = (
        draw(st.sets(st.sampled_from(sorted(cells)), max_size=2))
        if "cells" in words
        else set()
    )
    if len(suppressed) == len(cells):
        suppressed = set()
    without_n = draw(st.booleans()) and bool({"all", "sex"} & {*words})
    weighted = draw(st.booleans())
    written = draw(st.sampled_from(["all", "band"]))
    rows = []

    def row(sex: str, age: str, members: list[tuple[str, str]]) -> dict:
        n, cases = (sum(cells[member][i] for member in members) for i in (0, 1))
        figure = {"sex": sex, "age": age, "estimate": cases / n, "n": n, "cases": cases}
        return figure | ({"n_weighted": 7.0 * n} if weighted else {})

    for (sex, age), (n, _) in cells.items() if "cells" in words else []:
        figure = row(sex, age, [(sex, age)])
        if (sex, age) in suppressed:
            figure |= {
                "estimate": None,
                "cases": None,
                "n": None if without_n else n,
                "n_weighted": None,
            }
        rows.append(figure)
    for sex in sexes if "sex" in words else []:
        whole = (
            "all"
            if written == "all" or len(ages[sex]) == 1
            else f"15-{ages[sex][-1].split('-')[1]}"
        )
        if "cells" not in words or len(ages[sex]) > 1:
            rows.append(row(sex, whole, [(sex, age) for age in ages[sex]]))
    same_ages = len(set(map(tuple, ages.values()))) == 1
    if "age" in words and same_ages and len(sexes) == 2 and len(ages["female"]) > 1:
        rows += [
            row("both", age, [(sex, age) for sex in sexes]) for age in ages["female"]
        ]
    if "all" in words and len(sexes) == 2:
        rows.append(row("both", "all", list(cells)))
    elif "all" in words and not rows:
        rows.append(row("female", "all", list(cells)))
    total = [sum(cell[i] for cell in cells.values()) for i in (0, 1)]
    wholes = [figure for figure in rows if (figure["sex"], figure["age"]) not in cells]
    for sex, age in suppressed:
        # what no other figure holds was read only so far as the suppressed figure says
        # its n
        held = any(
            f["sex"] in (sex, "both") and (f["sex"] == sex or f["age"] in ("all", age))
            for f in wholes
        )
        if not held:
            total[0] -= cells[sex, age][0] if without_n else 0
            total[1] -= cells[sex, age][1]
    return rows, total[0], total[1]


@st.composite
def tables(draw) -> tuple[list[dict], float, float]:
    """Return a table of several surveys, of which ids, countries, years, wordings,
    sources and windows repeat.
    """
    rows, respondents, cases = [], 0.0, 0.0
    for _ in range(draw(st.integers(1, 4))):
        figures, n, y = draw(published())
        about = {
            "survey": draw(st.sampled_from(["wave 1", "wave 2"])),
            "country": draw(st.sampled_from(COUNTRIES)),
            "year": draw(st.integers(2010, 2013)),
            "source": draw(st.sampled_from(["phone", "home"])),
            "definition": draw(st.sampled_from(["", "narrow"])),
            "window": draw(st.sampled_from([None, 1, 5])),
        }
        asked = {key: value for key, value in about.items() if key != "year"}
        if any(asked.items() <= row.items() for row in rows):
            # rows of one wording in two years that don't repeat a cell are one survey's
            # fieldwork
            continue
        rows += [about | figure for figure in figures]
        respondents, cases = respondents + n, cases + y
    return rows, respondents, cases


@RELAXED
@given(table=tables(), by=st.sampled_from([("sex", "age"), ("sex",), ("age",), ()]))
def test_published_figures_are_accounted_for_to_the_person(table, by, tmp_path_factory):
    rows, respondents, cases = table
    folder = tmp_path_factory.mktemp("figures")
    pd.DataFrame(rows).to_csv(folder / "figures.csv", index=False)
    columns = [name for name in rows[0] if name != "estimate"]
    columns += [
        name
        for name in ("n_weighted",)
        if any(name in row for row in rows) and name not in columns
    ]
    (folder / "survey.toml").write_text(
        'title = "t"\nkind = "figures"\nfile = "figures.csv"\nage = "15-59"\noutcomes ='
        ' { x = "estimate" }\nsources = { phone = ["phone"], home = ["home"]'
        " }\n[columns]\n" + "\n".join(f'{name} = "{name}"' for name in columns)
    )
    seen = evidence(read_figures(folder), "x", by=by)
    excluded = seen.ledger.lines[seen.ledger.lines["action"] == "excluded"]
    assert seen.rows["respondents"].sum() + excluded[
        "respondents"
    ].sum() == pytest.approx(respondents, abs=1e-6)
    assert seen.rows["cases"].sum() + excluded["cases"].sum() == pytest.approx(
        cases, abs=1e-6
    )
    assert (seen.rows["respondents"] > 0).all()
    np.testing.assert_allclose(seen.rows["y"], seen.rows["n"] * seen.rows["estimate"])
    assert (
        seen.rows.groupby("survey")[["country", "source"]].nunique().max(axis=None) == 1
    )


def interviews(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(200, 600))
    pick = lambda values, p=None: rng.choice(np.array(values, object), size, p=p)  # noqa: E731
    missing = rng.choice([0.0, 0.005, 0.2])
    table = pd.DataFrame(
        {
            "survey": pick(["wave 1", "wave 2"]),
            "country": pick(COUNTRIES),
            "year": pick(["2014", "2015"]),
            "source": pick(["phone", "home", None], [0.5, 0.49, 0.01]),
            "definition": pick(["narrow", "wide"]),
            "window": pick(["1", "5"]),
            "weight": rng.choice([0.0, 0.5, 1.0, 3.0], size, p=[0.01, 0.3, 0.49, 0.2]),
            "y": rng.choice([0.0, 1.0, np.nan], size, p=[0.8, 0.15, 0.05]),
            "sex": pick(["female", "male", None], [0.5, 0.5 - missing, missing]),
            "age": pick(["15-24", "25-49", None], [0.5, 0.5 - missing, missing]),
        }
    )
    men = table["sex"] == "male"
    return table.assign(age=table["age"].mask(men & (table["age"] == "25-49"), "25-59"))


@pytest.mark.parametrize("seed", range(24))
def test_interviews_are_accounted_for_to_the_person(seed):
    table = interviews(seed)
    drop = [["survey"], ["source"], ["definition", "window"], []][seed % 4]
    roles = {name: name for name in table if name not in ("y", *drop)}
    read = un.read_respondents(table.drop(columns=drop), roles, "y", name="interviews")
    by = [("sex", "age"), ("sex",), ("age",), ()][
        seed % 3 if seed < 12 else 3 * (seed % 2)
    ]
    seen = un.evidence(read, "y", by=by)
    excluded = seen.ledger.lines[seen.ledger.lines["action"] == "excluded"]
    assert seen.rows["respondents"].sum() + excluded[
        "respondents"
    ].sum() == pytest.approx(len(table))
    assert seen.rows["cases"].sum() + excluded["cases"].sum() == pytest.approx(
        table["y"].sum()
    )
    answered = table[table["y"].notna() & (table["weight"] > 0)]
    assert excluded["respondents"].sum() >= len(table) - len(answered) - 0.5
    pairs = table[
        [name for name in ("survey", "country") if name in roles]
    ].drop_duplicates()
    if "survey" in roles and "source" not in roles:
        assert len(seen.surveys) == len(pairs)


def test_ages_that_interviews_were_asked_at_are_each_sex_s_own():
    table = interviews(3).dropna(subset=["sex", "age", "y", "source"])
    roles = {name: name for name in ("country", "year", "weight", "sex", "age")}
    read = un.read_respondents(table, roles, "y", name="interviews")
    rows = un.evidence(read, "y", by=("sex",)).rows
    labels = {
        sex: {band.label for bands in group["covers"] for band in bands}
        for sex, group in rows.groupby("sex")
    }
    assert labels == {"female": {"15-49"}, "male": {"15-59"}}
    whole = un.evidence(read, "y", by=()).rows
    assert set(whole["sex"]) == {"both"}
    for bands, less in itertools.product(whole["covers"], whole["less"]):
        assert [band.label for band in bands] == ["15-59"]
        assert [(sex, [band.label for band in gaps]) for sex, _, gaps in less] == [
            ("female", ["50-59"])
        ]
