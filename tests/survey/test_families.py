"""Family surveys: Sirken's estimator by hand and against simulated truth, multiplicity,
windows, events abroad.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.interviews.families import Families
from uncounted.simulate import generations as sim
from uncounted.world.world import persons

COLUMNS = {
    "respondents": {
        "id": "hh",
        "weight": "w",
        "stratum": "h",
        "sex": "sex",
        "age": "age",
        "m": "m",
    },
    "roster": {
        "id": "hh",
        "member": "no",
        "relationship": "rel",
        "sex": "sex",
        "age": "age",
        "m": "m",
    },
    "events": {
        "id": "hh",
        "member": "no",
        "outcome": "what",
        "age": "age",
        "country": "c",
        "start": "from",
        "end": "to",
    },
}
ASKED = {
    "multiplicity": "asked",
    "window_years": {"forced_labour": 5},
    "ages": ["0-14", "15-29", "30+"],
    "recodes": {"sex": {"f": "female", "m": "male"}},
    "constants": {"country": "NPL", "year": 2019},
}


def tables() -> dict[str, pd.DataFrame]:
    """Three respondents; cases: child 3 of respondent 1 (m 3), respondent 2 (m 2),
    parent 1 of respondent 3 (m 5).
    """
    respondents = [
        (1, 100.0, 1, "f", 40, 4),
        (2, 300.0, 1, "m", 30, 2),
        (3, 60.0, 1, "f", 20, 5),
    ]
    roster = [
        (1, "1", "spouse", "m", 45, 4), (1, "2", "child", "f", 16, 3), (1, "3", "child", "m", 14, 3),
        (2, "1", "parent", "f", 60, 2),
        (3, "1", "parent", "m", 50, 5), (3, "2", "sibling", "f", 17, 5),
    ]  # fmt: skip
    events = [
        (1, "3", "forced_labour", 13, "NPL", 2018, None), (2, "self", "forced_labour", 28, "NPL", 2017, 2018),
        (3, "1", "forced_labour", 46, "NPL", 2014, 2016),
    ]  # fmt: skip
    columns = {what: list(roles.values()) for what, roles in COLUMNS.items()}
    return {
        "respondents": pd.DataFrame(respondents, columns=columns["respondents"]),
        "roster": pd.DataFrame(roster, columns=columns["roster"]),
        "events": pd.DataFrame(events, columns=columns["events"]),
    }


def read(changed: dict | None = None, **other: object) -> Families:
    asked = {"columns": COLUMNS} | ASKED | other
    return un.read_families(**(tables() | (changed or {})), **asked)  # type: ignore[arg-type]


def with_events(*rows: tuple) -> dict:
    return {"events": pd.DataFrame(rows, columns=list(COLUMNS["events"].values()))}


def refused(told: str, changed: dict | None = None, **other: object) -> None:
    with pytest.raises(UncountedError, match=told) as caught:
        un.reported(read(changed, **other), "forced_labour")
    assert str(caught.value).endswith((".", "?"))
    assert "\n" not in str(caught.value)


def one(families: Families, by: object = ()) -> pd.Series:
    table = un.direct(un.reported(families, "forced_labour"), by)  # type: ignore[arg-type]
    assert len(table) == 1
    return table.iloc[0]


# --- the estimator --------------------------------------------------------------------


def test_a_report_weighs_w_over_m_and_a_family_is_one_cluster():
    row = one(read())
    t = np.array([100 / 3, 300 / 2, 60 / 5])
    size = np.array([100 / 4 * 2 + 100 / 3 * 2, 300 / 2 * 2, 60 / 5 * 3])
    assert row["total"] == pytest.approx(t.sum())
    assert row["prevalence"] == pytest.approx(t.sum() / size.sum())
    assert row["total_se"] == pytest.approx(
        np.sqrt(3 / 2 * ((t - t.mean()) ** 2).sum())
    )
    left = t - t.sum() / size.sum() * size
    assert row["se"] == pytest.approx(np.sqrt(3 / 2 * (left**2).sum()) / size.sum())
    assert (row["n"], row["cases"], row["df"]) == (9, 3, 2)


def test_kish_s_n_is_the_share_of_the_frame_over_the_mean_of_one_over_m():
    """n_eff = n·(N_cell/N_frame)/mean(1/m), the mean over people, who are reported m
    times each.
    """
    respondents = tables()["respondents"].assign(w=100.0)
    families = read({"respondents": respondents})
    table = un.direct(un.reported(families, "forced_labour"), "sex").set_index("sex")
    for sex, people in families.persons.groupby("sex"):
        m = people["m"]
        share = (100 / m).sum() / respondents["w"].sum()
        mean = np.average(1 / m, weights=1 / m)
        assert table.loc[sex, "n"] / table.loc[sex, "deff_kish"] == pytest.approx(
            len(respondents) * share / mean
        )


def test_cases_have_the_age_while_exploited_and_others_the_age_now():
    seen = read(with_events((1, "2", "forced_labour", 14, "NPL", 2017, 2018)))
    table = un.direct(un.reported(seen, "forced_labour"), "age").set_index("age")
    assert table["cases"].to_dict() == {"0-14": 1, "15-29": 0, "30+": 0}
    assert table["n"].to_dict() == {"0-14": 2, "15-29": 2, "30+": 5}
    now = read(
        with_events((1, "2", "forced_labour", 14, "NPL", 2017, None)),
        window_years={"forced_labour": 0},
    )
    table = un.direct(un.reported(now, "forced_labour"), "age").set_index("age")
    assert table["cases"].to_dict() == {"0-14": 0, "15-29": 1, "30+": 0}


def test_several_events_of_a_person_count_once_by_the_last():
    rows = [
        (1, "3", "forced_labour", age, "NPL", year, year)
        for age, year in ((12, 2018), (9, 2015), (14, 2019))
    ]
    seen = read(
        with_events(*rows, (1, "3", "forced_labour", None, "NPL", None, 2016)),
        ages=["0-13", "14", "15+"],
    )  # nobody is 0-13
    assert un.direct(un.reported(seen, "forced_labour"), "age").set_index("age")[
        "cases"
    ].to_dict() == {
        "14": 1,
        "15+": 0,
    }
    assert one(seen)["total"] == pytest.approx(100 / 3)


@pytest.mark.parametrize(
    ("start", "end", "years", "counted"),
    [
        (
            2010,
            2014,
            5,
            0,
        ),  # the window is of calendar years: 2015, 2016, 2017, 2018, 2019
        (2010, 2015, 5, 1),
        (2010, 2014.5, 5, 1),
        (2019, None, 5, 1),
        (None, None, 5, 1),
        (None, 2012, 5, 0),
        (2019, 2019, 0, 0),
        (2010, None, 0, 1),
    ],
)
def test_an_event_counts_if_it_ended_after_the_window_began(start, end, years, counted):
    seen = read(
        with_events((2, "self", "forced_labour", 28, "NPL", start, end)),
        window_years={"forced_labour": years},
    )
    assert one(seen)["cases"] == counted


def test_a_date_of_interview_moves_the_window():
    columns = COLUMNS | {
        "respondents": {**COLUMNS["respondents"], "interviewed": "when"}
    }
    told = with_events((2, "self", "forced_labour", 28, "NPL", 2010, 2014.5))
    for when, counted in ((2019.2, 1), (2019.6, 0)):
        respondents = tables()["respondents"].assign(when=when)
        assert (
            one(read({"respondents": respondents, **told}, columns=columns))["cases"]
            == counted
        )


def test_declared_psus_and_strata_are_the_respondents():
    columns = COLUMNS | {"respondents": {**COLUMNS["respondents"], "psu": "psu"}}
    respondents = tables()["respondents"].assign(psu=[7, 7, 8])
    assert one(read({"respondents": respondents}, columns=columns))["df"] == 1
    single = {"respondents": respondents.assign(h=[1, 1, 2])}
    with pytest.raises(UncountedError, match="single PSU"):
        one(read(single, columns=columns))
    assert one(read(single, columns=columns, single_psu="adjust"))["se"] > 0


def test_a_listed_self_is_the_respondent():
    roster = pd.concat(
        [
            tables()["roster"],
            pd.DataFrame(
                [(2, "9", "self", "m", 30, 2)], columns=tables()["roster"].columns
            ),
        ]
    )
    events = tables()["events"].replace({"no": {"self": "9"}})
    columns = COLUMNS | {
        "respondents": {k: v for k, v in COLUMNS["respondents"].items() if k != "m"}
    }
    roster = pd.concat(
        [
            roster,
            pd.DataFrame(
                [(i, "9", "self", None, None, m) for i, m in ((1, 4), (3, 5))],
                columns=roster.columns,
            ),
        ]
    )
    pd.testing.assert_series_equal(
        one(read({"roster": roster, "events": events}, columns=columns)), one(read())
    )


def test_any_format_and_any_order_give_the_same_numbers(tmp_path: Path):
    expected = un.direct(un.reported(read(), "forced_labour"), ["sex", "age"])
    for what, frame in tables().items():
        frame.sample(frac=1, random_state=1).to_csv(
            tmp_path / f"{what}.csv", index=False
        )
        frame.to_parquet(tmp_path / f"{what}.parquet")
    for kind in ("csv", "parquet"):
        seen = read({what: tmp_path / f"{what}.{kind}" for what in tables()})
        pd.testing.assert_frame_equal(
            un.direct(un.reported(seen, "forced_labour"), ["sex", "age"]), expected
        )
    seen = read({what: pa.Table.from_pandas(frame) for what, frame in tables().items()})
    pd.testing.assert_frame_equal(
        un.direct(un.reported(seen, "forced_labour"), ["sex", "age"]), expected
    )


def test_no_event_at_all_is_a_survey_without_cases():
    assert one(read(with_events()))["cases"] == 0
    assert un.reported_abroad(read(with_events()), "forced_labour").empty


def test_tables_too_large_to_be_kept_recoded_give_the_same(monkeypatch):
    families = read()
    kept = un.direct(un.reported(families, "forced_labour"), ["sex", "age"])
    monkeypatch.setattr("uncounted.interviews.respondents.SETTLED", 0)
    pd.testing.assert_frame_equal(
        un.direct(un.reported(families, "forced_labour"), ["sex", "age"]), kept
    )


def test_reported_persons_become_evidence():
    rows = un.evidence(
        un.reported(read(ages=["0-17", "18+"]), "forced_labour"), "forced_labour"
    ).rows
    assert set(rows["breakdown"]) == {"sex × age"}
    assert set(rows["window"]) == {5.0}
    assert rows["respondents"].sum() == 9


# --- multiplicity ---------------------------------------------------------------------

RULES = {"columns": COLUMNS | {"roster": {**COLUMNS["roster"], "through": "of"}}}


def m_of(rows: list[tuple], rule: str) -> dict[str, float]:
    """Return the m of everybody whom a woman of 40 lists: no, relationship, age, of."""
    roster = pd.DataFrame(rows, columns=["no", "rel", "age", "of"]).assign(
        hh=1, sex="f", m=None
    )
    changed = {
        "respondents": tables()["respondents"].iloc[:1],
        "roster": roster,
        **with_events(),
    }
    persons = read(changed, multiplicity=rule, **RULES).persons
    return persons.set_index("member")["m"].to_dict()


def test_m_is_derived_from_the_persons_own_relatives():
    core = [("h", "spouse", 45, ""), ("d", "child", 16, ""), ("s", "child", 10, ""), ("f", "parent", 70, ""),
            ("b", "sibling", 38, "")]  # fmt: skip
    # self: all four adults; husband: wife, daughter; son of 10: parents, sister;
    # father: both his children
    assert m_of(core, "derived") == {"self": 5, "h": 3, "d": 3, "s": 3, "f": 3, "b": 3}
    assert set(m_of(core, "roster shortcut").values()) == {5}


def test_relatives_relatives_raise_m_through_whom_they_belong_to():
    core = [
        ("h", "spouse", 45, ""),
        ("d", "child", 22, ""),
        ("e", "child", 20, ""),
        ("b", "sibling", 38, ""),
    ]
    before = m_of(core, "derived")
    further = [("1", "spouse's parent", 70, ""), ("2", "child's spouse", 25, "d"), ("3", "child's child", 1, "d"),
               ("4", "sibling's child", 15, ""), ("5", "child's spouse", 30, "")]  # fmt: skip
    after = m_of(core + further, "derived")
    # whose spouse '5' is isn't said, and there are two children: nobody's; '3' is too
    # young to be interviewed
    assert {who: after[who] - before[who] for who in before} == {
        "self": 0,
        "h": 1,
        "d": 1,
        "e": 0,
        "b": 1,
    }
    assert set(after) == set(before)  # they are listed, not reported on


def test_derived_is_the_truth_where_all_relatives_are_listed_and_a_lower_bound_where_not(
    people,
):
    none = sim.events(people, 0.0, 1)
    for further in (True, False):
        seen = simulated(
            sim.interviews(people, none, 4, psus=5, take=10, further=further), "derived"
        )
        who = (
            seen.persons["member"]
            .where(seen.persons["member"] != "self", seen.persons["id"])
            .astype(int)
        )
        true = people.persons["m"].reindex(who).to_numpy()
        assert (seen.persons["m"] <= true).all()
        assert (seen.persons["m"] == true).all() == further


def test_who_lives_abroad_is_in_no_ones_m_and_not_in_the_population():
    columns = COLUMNS | {"roster": {**COLUMNS["roster"], "lives_in": "where"}}
    roster = tables()["roster"].assign(where=["QAT", "", "", "", "", ""])
    seen = read({"roster": roster}, columns=columns, multiplicity="derived")
    assert seen.persons.loc[seen.persons["id"] == "1"].set_index("member")["m"].to_dict() == {
        "self": 2, "1": 2, "2": 2, "3": 2
    }  # fmt: skip
    assert one(seen)["n"] == 8


# --- bias against a known truth -------------------------------------------------------


@pytest.fixture(scope="module")
def people() -> sim.Population:
    return sim.population(5, couples=1200, psus=20)


def simulated(told: sim.Interviews, rule: str, **other: object) -> Families:
    asked = {
        "window_years": {"forced_labour": 5},
        "ages": ["0-14", "15-17", "18-29", "30-49", "50+"],
    } | other
    return un.read_families(
        told.respondents,
        told.roster,
        told.events,
        sim.COLUMNS,
        multiplicity=rule,
        constants=sim.CONSTANTS,
        **asked,
    )  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ratios(people) -> pd.DataFrame:
    """Return persons estimated over persons there are, by age, rule and survey; 'none'
    counts every report once.
    """
    none = sim.events(people, 0.0, 1)
    found = []
    for seed in range(8):
        told = sim.interviews(people, none, seed)
        once = sim.Interviews(
            told.respondents.assign(m=1), told.roster.assign(m=1), told.events
        )
        for name, survey, rule in (
            ("asked", told, "asked"),
            ("shortcut", told, "roster shortcut"),
            ("none", once, "asked"),
        ):
            persons = simulated(survey, rule).persons
            at_home = persons.loc[persons["lives_in"] == sim.HOME]
            total = (
                at_home["weight"]
                .groupby(pd.cut(at_home["age"], [-1, 14, 17, 29, 49, 130]))
                .sum()
            )
            found.append(total.rename(name))
    ages = people.persons.loc[people.persons["lives_in"] == sim.HOME, "age"]
    true = (
        ages.groupby(pd.cut(ages, [0, 15, 18, 30, 50, 130], right=False))
        .size()
        .to_numpy()
    )
    table = (
        pd.concat(found, axis=1)
        .div(true, axis=0)
        .T.set_axis(["0-14", "15-17", "18-29", "30-49", "50+"], axis=1)
    )
    return table.rename_axis("rule")


def test_asked_multiplicity_is_unbiased(ratios):
    asked = ratios.loc["asked"]
    error = asked.std() / np.sqrt(len(asked))
    assert ((asked.mean() - 1).abs() < 4 * error).all()
    assert (error < 0.05).all()


def test_the_shortcut_loses_children_and_gains_their_parents(ratios):
    mean = ratios.loc["shortcut"].mean()
    assert 0.38 < mean["0-14"] < 0.50
    assert 0.68 < mean["15-17"] < 0.84
    assert 1.08 < mean["30-49"] < 1.22


def test_without_multiplicity_everybody_counts_as_often_as_they_have_relatives(ratios):
    mean = ratios.loc["none"].mean()
    assert mean["0-14"] == pytest.approx(2.6, abs=0.4)
    assert mean["30-49"] > 2 * mean["0-14"]


# --- events abroad --------------------------------------------------------------------


ABROAD = with_events(
    (1, "3", "forced_labour", 13, "QAT", 2018, None), (1, "3", "forced_labour", 14, "QAT", 2019, None),
    (1, "1", "forced_labour", 44, "IND", 2018, None), (3, "1", "forced_labour", 46, "QAT", 2014, 2016),
    (2, "1", "forced_labour", 55, "QAT", 2010, 2012), (2, "self", "forced_labour", 28, "NPL", 2018, None),
)  # fmt: skip


@pytest.fixture(scope="module")
def world() -> un.World:
    return un.read_world()


def scaled(families: Families, frame: float) -> Families:
    """Return the families with weights that add up to `frame`."""
    factor = frame / families.interviews["weight"].sum()
    return replace(
        families,
        persons=families.persons.assign(weight=families.persons["weight"] * factor),
        interviews=families.interviews.assign(
            weight=families.interviews["weight"] * factor
        ),
    )


def test_events_abroad_are_of_their_host_and_not_of_home():
    seen = read(ABROAD)
    assert one(seen)["total"] == pytest.approx(300 / 2)
    table = un.reported_abroad(seen, "forced_labour", by=()).set_index("country")
    assert table["persons"].to_dict() == pytest.approx(
        {"IND": 100 / 4, "QAT": 100 / 3 + 60 / 5}
    )
    t = np.array([100 / 3, 0, 60 / 5])
    assert table.loc["QAT", "se"] == pytest.approx(
        np.sqrt(3 / 2 * ((t - t.mean()) ** 2).sum())
    )
    assert table["cases"].to_dict() == {"IND": 1, "QAT": 2}
    by_age = un.reported_abroad(seen, "forced_labour", by="age").set_index(
        ["country", "age"]
    )
    assert by_age.loc[("QAT", "0-14"), "persons"] == pytest.approx(100 / 3)


def test_every_country_is_a_host_of_effective_counts(world):
    frame = 20_700_000.0
    seen = scaled(read(ABROAD), frame)
    found = un.reported_from_elsewhere(seen, "forced_labour", world, by=())
    rows = found.rows.set_index("country")
    assert "NPL" not in rows.index  # nobody was interviewed elsewhere
    assert set(rows.index) == set(world.places.index) - {"NPL"}
    w = seen.persons["weight"]
    stands_for, people = (
        (w**2).sum() / w.sum(),
        persons(world, ["0+"], 2019).sel(country="QAT").sum().item(),
    )
    total = (100 / 3 + 60 / 5) * frame / 460
    assert rows.loc["QAT", "n"] == pytest.approx(people / stands_for)
    assert rows.loc["QAT", "y"] == pytest.approx(total / stands_for)
    assert rows.loc["QAT", "estimate"] == pytest.approx(total / people)
    assert (rows.loc["FRA", "y"], rows.loc["FRA", "cases"]) == (0, 0)
    assert set(rows["source"]) == {"reported from elsewhere"}
    assert rows.loc["QAT", "covers"] == seen.ages
    assert set(un.counts(pd.DataFrame([COUNTED]), "forced_labour").rows.columns) == set(
        found.rows.columns
    )


COUNTED = {
    "survey": "a",
    "country": "NPL",
    "year": 2019,
    "sex": "both",
    "age": "15+",
    "n": 10,
    "y": 1,
}


def test_ten_reports_show_a_design_effect_that_all_hosts_share(world):
    """Whole families in India: 12 reports in 4 clusters vary more than 12 would
    alone.
    """
    base = tables()
    respondents = pd.concat(
        [base["respondents"].iloc[[0]].assign(hh=i) for i in range(1, 41)]
    )
    roster = pd.concat([base["roster"].iloc[:3].assign(hh=i) for i in range(1, 41)])
    rows = [
        (i, who, "forced_labour", 20, "IND", 2018, None)
        for i in range(1, 5)
        for who in ("1", "2", "3")
    ]
    seen = scaled(
        read({"respondents": respondents, "roster": roster, **with_events(*rows)}),
        20_700_000.0,
    )
    found = un.reported_from_elsewhere(seen, "forced_labour", world, by=())
    table = un.reported_abroad(seen, "forced_labour", by=()).iloc[0]
    w = seen.persons["weight"]
    p = found.rows.set_index("country").loc["IND", "estimate"]
    stands_for = (w**2).sum() / w.sum()
    own = table["se"] ** 2 / (table["persons"] * stands_for * (1 - p))
    n = table["persons"] / p / stands_for
    expected = own / (
        1 + own / n
    )  # p̂(1−p̂) is on average the variance of the estimate too small
    assert expected > 2
    assert found.rows["deff"].to_numpy() == pytest.approx(
        np.full(len(found.rows), expected)
    )


def test_an_interviewed_country_is_a_host_of_what_other_countries_families_report(
    world,
):
    nepal = scaled(read(ABROAD), 20_700_000.0)
    other = with_events(
        (1, "3", "forced_labour", 13, "NPL", 2018, None),
        (2, "self", "forced_labour", 28, "QAT", 2018, None),
    )
    bhutan = scaled(read(other, constants={"country": "BTN", "year": 2018}), 560_000.0)
    table = un.reported_abroad([nepal, bhutan], "forced_labour", by=()).set_index(
        "country"
    )
    alone = [
        un.reported_abroad(each, "forced_labour", by=()).set_index("country")
        for each in (nepal, bhutan)
    ]
    assert table.loc["QAT", "persons"] == pytest.approx(
        sum(each.loc["QAT", "persons"] for each in alone)
    )
    assert table.loc["QAT", "se"] == pytest.approx(
        np.hypot(*[each.loc["QAT", "se"] for each in alone])
    )
    assert table.loc["NPL", "persons"] == pytest.approx(alone[1].loc["NPL", "persons"])
    found = un.reported_from_elsewhere([nepal, bhutan], "forced_labour", world)
    rows = found.rows
    assert rows.groupby("country").size().loc[["NPL", "BTN", "QAT"]].tolist() == [
        6,
        6,
        6,
    ]
    assert (rows["y"] <= rows["n"]).all()
    capped = found.ledger.lines.query("action == 'repaired'")
    assert (
        set(capped["country"])
        == set(rows.loc[rows["estimate"] == 1, "country"])
        == {"QAT"}
    )


def test_rounds_of_a_country_are_averaged(world):
    """What one round reported weighs half once there is a second; nobody counts
    twice.
    """
    first = scaled(read(ABROAD, constants={"country": "BTN", "year": 2019}), 560_000.0)
    none = with_events((2, "self", "forced_labour", 28, "BTN", 2018, None))
    second = scaled(read(none, constants={"country": "BTN", "year": 2020}), 560_000.0)
    alone = un.reported_abroad(first, "forced_labour", by=()).set_index("country")
    table = un.reported_abroad([first, second], "forced_labour", by=()).set_index(
        "country"
    )
    np.testing.assert_allclose(table["persons"], alone["persons"] / 2)
    np.testing.assert_allclose(table["se"], alone["se"] / 2)
    rows = un.reported_from_elsewhere(
        [first, second], "forced_labour", world, by=()
    ).rows.set_index("country")
    assert rows.loc["IND", "estimate"] == pytest.approx(
        un.reported_from_elsewhere(first, "forced_labour", world, by=())
        .rows.set_index("country")
        .loc["IND", "estimate"]
        / 2,
        rel=0.05,  # the population is of another year
    )
    years = {"respondents": tables()["respondents"].assign(y=[2019, 2018, 2018])}
    columns = COLUMNS | {"respondents": {**COLUMNS["respondents"], "year": "y"}}
    both = read({**years, **ABROAD}, columns=columns, constants={"country": "BTN"})
    with pytest.raises(UncountedError, match="interviews of BTN in several years"):
        un.reported_from_elsewhere(scaled(both, 560_000.0), "forced_labour", world)


def test_hosts_are_asked_of_given_ages_alone(world):
    seen = scaled(read(ABROAD), 20_700_000.0)
    rows = un.reported_from_elsewhere(
        seen, "forced_labour", world, by=(), ages=["15-29", "30+"]
    ).rows
    qatar = rows.set_index("country").loc["QAT"]
    assert [band.label for band in qatar["covers"]] == ["15-29", "30+"]
    people = persons(world, ["15+"], 2019).sel(country="QAT").sum().item()
    assert qatar["estimate"] == pytest.approx(60 / 5 * 20_700_000 / 460 / people)
    told = un.reported_from_elsewhere(
        seen, "forced_labour", world, by=(), ages=["15-29", "30+"]
    ).ledger.lines
    assert "age at the event is missing, or not asked for" in set(told["why"])
    with pytest.raises(UncountedError, match="none lies within 18-24"):
        un.reported_from_elsewhere(seen, "forced_labour", world, ages=["18-24"])


def test_surveys_that_declare_different_designs_are_pooled_each_by_its_own():
    """Nepal has no PSUs, so that each family is one; Bhutan's families are all of
    one.
    """
    columns = COLUMNS | {"respondents": {**COLUMNS["respondents"], "psu": "psu"}}
    respondents = {"respondents": tables()["respondents"].assign(psu=[1, 2, 2])}
    bhutan = read(
        {**respondents, **ABROAD},
        columns=columns,
        constants={"country": "BTN", "year": 2019},
    )
    both = un.reported_abroad([read(ABROAD), bhutan], "forced_labour", by=()).set_index(
        "country"
    )
    alone = [
        un.reported_abroad(each, "forced_labour", by=()).set_index("country")
        for each in (read(ABROAD), bhutan)
    ]
    assert both.loc["QAT", "se"] == pytest.approx(
        np.hypot(*[each.loc["QAT", "se"] for each in alone])
    )


def test_weights_that_are_no_persons_and_codes_that_are_no_country_are_refused(world):
    with pytest.raises(
        UncountedError, match=r"weights of NPL add up to 460, and 20,136,604 people"
    ):
        un.reported_from_elsewhere(read(ABROAD), "forced_labour", world)
    strange = with_events((1, "3", "forced_labour", 13, "Qatar", 2018, None))
    with pytest.raises(UncountedError, match="Qatar → QAT"):
        un.reported_from_elsewhere(
            scaled(read(strange), 20_700_000.0), "forced_labour", world
        )
    small = with_events(
        (1, "3", "forced_labour", 13, "TUV", 2018, None),
        (1, "1", "forced_labour", None, "QAT", 2018, None),
    )
    seen = un.reported_from_elsewhere(
        scaled(read(small), 20_700_000.0), "forced_labour", world
    )
    assert set(seen.ledger.lines["why"]) == {
        "the population table lacks the country", "age at the event is missing, or not asked for"
    }  # fmt: skip


# --- what is refused ------------------------------------------------------------------


def edited(what: str, column: str, row: int, value: object) -> dict:
    frame = tables()[what].astype({column: object})
    frame.loc[row, column] = value
    return {
        what: frame.assign(
            **{column: frame[column].astype("str").replace({"None": "", "nan": ""})}
        )
    }


@pytest.mark.parametrize(
    ("what", "column", "row", "value", "told"),
    [
        (
            "roster",
            "m",
            1,
            None,
            r"missing, below 1 or not whole for 1 of 9 reported persons, as for '2' of respondent '1'",
        ),
        ("roster", "m", 1, 0, "missing, below 1 or not whole for 1 of 9"),
        (
            "roster",
            "rel",
            0,
            "spuose",
            "relationship 'spuose' in 1 row.*Did you mean 'spouse'",
        ),
        (
            "roster",
            "hh",
            0,
            9,
            "1 person has a respondent who is not in the respondents' table, as member '1'",
        ),
        (
            "roster",
            "no",
            0,
            "2",
            "2 persons? ?ha(s|ve) a member that is there twice|1 person has a member",
        ),
        ("roster", "no", 0, None, "1 person has no member"),
        ("roster", "sex", 0, "x", "a sex that is not female or male"),
        ("roster", "age", 0, 200, "an age that nobody has"),
        ("roster", "age", 0, "old", "age 'old', which is no number"),
        ("respondents", "hh", 1, 1, "1 respondent has an id that another has too"),
        ("respondents", "w", 1, None, "1 respondent has no weight"),
        ("respondents", "w", 1, -1, "1 respondent has a negative weight"),
        ("respondents", "h", 1, None, "1 respondent has no stratum"),
        ("respondents", "age", 1, 14, "1 respondent has an age below 15"),
        (
            "events",
            "to",
            1,
            2016,
            "1 event has an end before its start, as member 'self' of respondent '2'",
        ),
        (
            "events",
            "from",
            1,
            2020,
            "a start or end after the year of the interview|an end before its start",
        ),
        (
            "events",
            "no",
            0,
            "8",
            "1 event has somebody who is not a respondent or immediate family",
        ),
        ("events", "c", 0, None, "1 event has no country where it happened"),
        (
            "events",
            "what",
            0,
            "forced_labor",
            "events of 'forced_labor', to which no window is given.*Did you mean",
        ),
    ],
)
def test_a_wrong_table_is_a_sentence(what, column, row, value, told):
    refused(told, edited(what, column, row, value))


@pytest.mark.parametrize(
    ("told", "other"),
    [
        (
            "multiplicity='ask' is no rule. Did you mean 'asked'",
            {"multiplicity": "ask"},
        ),
        ("No age band is named", {"ages": []}),
        ("ages 0-14 and 10-19 overlap", {"ages": ["0-14", "10-19"]}),
        ("window_years names no outcome", {"window_years": 5}),
        (
            "window_years of 'forced_labour' is -1",
            {"window_years": {"forced_labour": -1}},
        ),
        (
            "has no outcome 'forced_labour'",
            {"window_years": {"x": 5}, "events": tables()["events"].iloc[:0]},
        ),
        (
            "The constant 'year' is a column too",
            {
                "columns": {
                    **COLUMNS,
                    "respondents": {**COLUMNS["respondents"], "year": "w"},
                }
            },
        ),
        ("The constant 'land' is none of country", {"constants": {"land": "NPL"}}),
        (
            "'events' has no columns declared",
            {"columns": {k: v for k, v in COLUMNS.items() if k != "events"}},
        ),
        (
            "'event' is no table of a family survey. Did you mean 'events'",
            {"columns": {**COLUMNS, "event": {}}},
        ),
        (
            "The table of roster has no role 'kin'",
            {"columns": {**COLUMNS, "roster": {**COLUMNS["roster"], "kin": "rel"}}},
        ),
        ("has no 'country'", {"constants": {"year": 2019}}),
        ("Codes are given for 'colour'", {"recodes": {"colour": {1: "red"}}}),
        ("a year that isn't whole", {"constants": {"country": "NPL", "year": 2019.5}}),
        (
            "no year, or none that can be read",
            {"constants": {"country": "NPL", "year": "last"}},
        ),
        ("single_psu='maybe' is no policy", {"single_psu": "maybe"}),
    ],
)
def test_a_wrong_word_is_a_sentence(told, other):
    changed = (
        {"events": other.pop("events")} if "events" in (other := dict(other)) else {}
    )
    refused(told, changed, **other)


def test_derived_multiplicity_needs_ages():
    refused(
        "1 person has no age, so that it isn't known who is 15 or older",
        edited("roster", "age", 0, None),
        multiplicity="derived",
    )
    assert one(read(edited("roster", "age", 0, None)))["n"] == 9


def test_the_table_of_an_outcome_that_nobody_declared():
    with pytest.raises(
        UncountedError,
        match=r"families has no outcome 'forced'\. Did you mean 'forced_labour'",
    ):
        un.reported(read(), "forced")


# --- the card -------------------------------------------------------------------------


def card(folder: Path, **words: object) -> Path:
    for what, frame in tables().items():
        frame.to_csv(folder / f"{what}.csv", index=False)
    given = {
        "title": "Nepal 2019", "kind": "families", "licence": "none",
        **{what: f"{what}.csv" for what in tables()}, "columns": COLUMNS, **ASKED,
    } | words  # fmt: skip
    lines = [
        f"{word} = {toml(value)}" for word, value in given.items() if value is not None
    ]
    (folder / "survey.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def toml(value: object) -> str:
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{json.dumps(str(k))} = {toml(v)}" for k, v in value.items())
            + " }"
        )
    return json.dumps(value)


def test_a_card_reads_the_same_families(tmp_path: Path):
    families = un.read_survey(card(tmp_path))
    assert isinstance(families, Families)
    assert families.name == "Nepal 2019"
    pd.testing.assert_series_equal(one(families), one(read()))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("survey.toml lacks `multiplicity`", {"multiplicity": None}),
        ("the word 'multiplicty'", {"multiplicty": "asked"}),
        ("says ages = '0-14', which should be a list of age bands", {"ages": "0-14"}),
        ("says window_years = 5", {"window_years": 5}),
        ("survey.toml: There is no file", {"roster": "nowhere.csv"}),
    ],
)
def test_a_wrong_card_is_a_sentence(tmp_path: Path, told, words):
    with pytest.raises(UncountedError, match=told):
        un.read_survey(card(tmp_path, **words))


# --- fuzz -----------------------------------------------------------------------------

WORDS = [
    "self",
    "spouse",
    "child",
    "child's child",
    "f",
    "m",
    "1",
    "2",
    "3",
    "NPL",
    "QAT",
    "forced_labour",
    "",
]
TEXTS = st.one_of(
    st.sampled_from(WORDS),
    st.integers(-3, 2030).map(str),
    st.floats().map(str),
    st.text(max_size=4),
)
FUZZ = settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])


@FUZZ
@given(st.data(), st.sampled_from(["asked", "derived", "roster shortcut"]))
def test_whatever_the_tables_hold_the_answer_is_numbers_or_a_sentence(data, rule):
    changed = {}
    for what in data.draw(
        st.sets(st.sampled_from(["respondents", "roster", "events"]), min_size=1)
    ):
        frame = tables()[what]
        column = data.draw(st.sampled_from(list(frame.columns)))
        rows = data.draw(
            st.lists(st.integers(0, len(frame) - 1), max_size=4, unique=True)
        )
        values = frame[column].astype(object).where(frame[column].notna(), "").map(str)
        values.loc[rows] = [data.draw(TEXTS) for _ in rows]
        changed[what] = frame.assign(**{column: values})
    try:
        families = read(changed, multiplicity=rule, single_psu="adjust")
        table = un.direct(un.reported(families, "forced_labour"), "age")
        un.reported_abroad(families, "forced_labour")
    except UncountedError as error:
        told = str(error)
    else:
        told = "."
        assert (table["prevalence"].between(0, 1) | (table["n"] == 0)).all()
    assert told.endswith((".", "?"))


ODD = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-9, 2030),
        st.text('abc"', max_size=3),
        st.sampled_from(WORDS),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["sex", "year", "roster", "id", "forced_labour"]),
            inner,
            max_size=2,
        ),
    ),
    max_leaves=4,
)


@FUZZ
@given(
    st.dictionaries(
        st.sampled_from([*ASKED, "columns", "roster", "nested", "single_psu", "name"]),
        ODD,
        min_size=1,
    )
)
def test_whatever_a_card_says_the_answer_is_families_or_a_sentence(
    tmp_path: Path, words
):
    try:
        assert isinstance(un.read_survey(card(tmp_path, **words)), Families)
    except UncountedError as error:
        told = str(error)
    else:
        told = "."
    assert told.endswith((".", "?"))


# --- shares of another outcome's persons ----------------------------------------------


MARRIED = with_events(
    (1, "2", "forced_marriage", 15, "NPL", 2018, None), (2, "self", "forced_marriage", 22, "NPL", 2011, None),
    (3, "2", "forced_marriage", 16, "NPL", 2018, None), (3, "1", "forced_marriage", None, "NPL", 1990, None),
    (1, "1", "forced_marriage", 17, "QAT", 1991, None),
)  # fmt: skip
AMONG = {
    "window_years": {"forced_marriage": 0},
    "among": {"young": {"of": "forced_marriage", "below": 18}},
}


def test_a_share_is_asked_of_those_in_the_other_outcome_alone():
    """Of four at home in forced marriage three say how old they were; the two once
    children weigh 100/3 and 60/5.
    """
    seen = read(MARRIED, **AMONG)
    row = un.direct(un.reported(seen, "young")).iloc[0]
    cases, whole = 100 / 3 + 60 / 5, 100 / 3 + 60 / 5 + 300 / 2
    assert row["prevalence"] == pytest.approx(cases / whole)
    assert (row["n"], row["cases"], row["df"]) == (3, 2, 2)
    left = np.array(
        [
            100 / 3 * (1 - cases / whole),
            -150 * cases / whole,
            60 / 5 * (1 - cases / whole),
        ]
    )
    assert row["se"] == pytest.approx(np.sqrt(3 / 2 * (left**2).sum()) / whole)
    by_age = un.direct(un.reported(seen, "young"), "age").set_index(
        "age"
    )  # the age now
    assert by_age["cases"].to_dict() == {"0-14": 0, "15-29": 2, "30+": 0}
    assert by_age["n"].to_dict() == {"0-14": 0, "15-29": 2, "30+": 1}
    assert "young (among forced_marriage)" in " ".join(repr(seen).split())


def test_cells_where_nobody_was_asked_leave_the_rest_of_a_share_complete():
    found = un.evidence(read(MARRIED, **AMONG), "young")
    assert len(found.rows) == 2
    covers = {
        row.sex: [band.label for band in row.covers] for row in found.rows.itertuples()
    }
    assert covers == {"female": ["15-29"], "male": ["30+"]}
    assert (found.ledger.lines["why"] == "nobody there was asked").sum() == 2


@pytest.mark.parametrize(
    ("told", "among"),
    [
        ("among says young = 18", {"young": 18}),
        ("among says young = ", {"young": {"of": "forced_marriage"}}),
        (
            "among says forced_marriage",
            {"forced_marriage": {"of": "forced_marriage", "below": 18}},
        ),
        (
            "Did you mean 'forced_marriage'",
            {"young": {"of": "forced_mariage", "below": 18}},
        ),
    ],
)
def test_a_wrong_share_is_a_sentence(told, among):
    refused(told, MARRIED, **(AMONG | {"among": among}))
