"""Which figures of each survey are used: the finest disjoint ones that keep its
respondents.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uncounted.errors import UncountedError
from uncounted.figures.ledger import Ledger
from uncounted.figures.tiling import OLDEST, merged, tiled
from uncounted.figures.usage import NO_SIZE, TWICE, UNASKED, Asked, used
from uncounted.interviews.respondents import read_respondents
from uncounted.observations.evidence import evidence
from uncounted.world.age import Band, contains, ordered, overlapping, parse_band

ABOUT = {"survey": "A", "country": "KEN", "year": 2014}
RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
BANDS = ["0-5 months", "6-11 months", "12-59 months"]
bands = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 5)).map(
        lambda t: Band(t[0], t[0] + t[1])
    )
    | st.integers(8, 12).map(lambda lower: Band(lower, None)),
    max_size=7,
).map(ordered)


def table(rows: list[dict], traits: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return figures as `used` takes them: sex and age, estimate, n (persons),
    n_weighted and further traits.
    """
    frame = pd.DataFrame([ABOUT | {"sex": "both", "age": "all"} | row for row in rows])
    absent = {
        "kind": "",
        "part": 0,
        "estimate": 0.1,
        "n": np.nan,
        "n_weighted": np.nan,
        "half_estimate": 0.0,
    }
    frame = frame.assign(
        **{name: value for name, value in absent.items() if name not in frame}
    )
    frame = frame.assign(**{trait: frame[trait].fillna("all") for trait in traits})
    frame["cases"] = frame["n"] * frame["estimate"]
    frame = frame.assign(
        persons=frame["n"],
        respondents=np.nan,
        counted=np.nan,
        by_error=np.nan,
        alone=frame["n"],
    )
    return frame.assign(
        rest=False, usable=frame["estimate"].notna() & frame["n"].notna()
    )


def pick(
    rows: pd.DataFrame,
    by=("sex", "age"),
    age="0-59 months",
    whole=(),
    traits: tuple[str, ...] = (),
) -> tuple[pd.DataFrame, Ledger]:
    return used(rows, Asked(tuple(by), age, tuple(whole), traits, False), Ledger())


def full(
    sexes=("female", "male", "both"), ages=("all", *BANDS), lack: tuple = ()
) -> pd.DataFrame:
    """Return sex × age with totals, of 100 persons in each cell; figures that lack have
    no estimate.
    """
    size = {sex: 200 if sex == "both" else 100 for sex in sexes}
    number = len([age for age in ages if age != "all"]) or 1
    rows = [
        {"sex": sex, "age": age, "n": size[sex] * (number if age == "all" else 1)}
        for sex in sexes
        for age in ages
    ]
    rows = [
        row
        | (
            {"estimate": np.nan}
            if (row["sex"], row["age"]) in lack
            else {"estimate": 0.1}
        )
        for row in rows
    ]
    return table(rows)


def months(some: tuple[Band, ...]) -> list[int]:
    return sorted(
        m
        for band in some
        for m in range(band.lower, 40 if band.upper is None else band.upper)
    )


def labels(bands_of_row: tuple[Band, ...]) -> list[str]:
    return [band.label for band in bands_of_row]


def chosen(rows: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(rows["sex"], rows["age"], strict=True))


# --- by sex and age -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lack", "name", "rows"),
    [
        ((), "sex × age", 6),
        (
            (("female", "0-5 months"),),
            "sex × age",
            4,
        ),  # the women's total beside the men's ages
        ((("female", "0-5 months"), ("male", "0-5 months")), "sex + age", 5),
        (
            (("female", "0-5 months"), ("male", "0-5 months"), ("both", "6-11 months")),
            "sex",
            2,
        ),
        (
            (
                ("female", "0-5 months"),
                ("male", "0-5 months"),
                ("both", "6-11 months"),
                ("male", "all"),
            ),
            "national",
            1,
        ),
    ],
)
def test_the_finest_breakdown_that_keeps_the_respondents(lack, name, rows):
    """Without weighted persons no rest can be told, so that a cell without an estimate
    takes its breakdown along.
    """
    taken, ledger = pick(full(lack=lack))
    assert set(taken["breakdown"]) == {name}
    assert len(taken) == rows
    assert (taken["persons"] / taken["shared"]).sum() == 600
    assert (
        not (ledger.lines["action"] == "excluded").any()
        or ledger.lines["respondents"].fillna(0).sum() == 0
    )
    assert len(taken) + len(ledger.lines) == 12


def test_a_survey_of_which_nothing_is_usable_leaves_out_everybody_once():
    every = tuple(
        (sex, age) for sex in ("female", "male", "both") for age in ("all", *BANDS)
    )
    taken, ledger = pick(full(lack=every))
    assert taken.empty
    assert len(ledger.lines) == 12
    assert ledger.lines["respondents"].sum() == 600


@pytest.mark.parametrize(
    ("by", "name"), [(["age"], "age"), (["sex"], "sex"), ([], "national")]
)
def test_only_the_asked_axes_are_broken_down(by, name):
    assert set(pick(full(), by)[0]["breakdown"]) == {name}


def test_a_survey_of_women_is_broken_down_by_age():
    taken, _ = pick(full(["female"]))
    assert chosen(taken) == {("female", age) for age in BANDS}
    assert chosen(pick(full(["female"]), by=["sex"])[0]) == {("female", "all")}
    assert chosen(pick(full(["female"]), by=[])[0]) == {("female", "all")}


def test_two_surveys_are_broken_down_apart():
    other = full(ages=["all"]).assign(survey="B", part=1)
    taken, _ = pick(pd.concat([full(), other], ignore_index=True))
    assert taken.groupby("survey")["breakdown"].first().to_dict() == {
        "A": "sex × age",
        "B": "sex",
    }


def test_each_sex_has_its_own_ages(figures_of):
    cells = {"female": [("15-24", 3, 1000), ("25-49", 5, 2000)]}
    cells["male"] = [("15-24", 2, 900), ("25-49", 4, 1500), ("50-59", 6, 400)]
    totals = {"female": (13 / 3, 3000), "male": (3.642857, 2800)}
    rows = [
        ABOUT | {"survey": survey, "sex": sex, "age": age, "estimate": p, "n": n}
        for survey in "AB"
        for sex, ages in cells.items()
        for age, p, n in [*ages, *([("all", *totals[sex])] if survey == "A" else [])]
    ]
    seen = evidence(figures_of(rows, unit="percent", age="15-59"), "wasting")
    for _, survey in seen.rows.groupby("survey"):
        assert (len(survey), survey["respondents"].sum()) == (5, 5800)
        assert set(survey["breakdown"]) == {"sex × age"}
    by_sex = evidence(
        figures_of(rows, unit="percent", age="15-59"), "wasting", by=["sex"]
    ).rows
    totals_of = by_sex[by_sex["survey"] == "A"].set_index("sex")["covers"].map(labels)
    assert totals_of.to_dict() == {"female": ["15-49"], "male": ["15-59"]}


def test_a_suppressed_cell_leaves_the_others(figures_of):
    cells = [
        ("female", "15-24", 3, 1000),
        ("female", "25-49", 5, 2000),
        ("male", "15-24", None, 20),
    ]
    cells.append(("male", "25-49", 4, 1500))
    rows = [
        ABOUT | dict(zip(("sex", "age", "estimate", "n"), cell, strict=True))
        for cell in cells
    ]
    seen = evidence(figures_of(rows, unit="percent", age="15-49"), "wasting")
    assert seen.rows["respondents"].sum() == 4500
    lost = seen.ledger.lines[seen.ledger.lines["action"] == "excluded"]
    assert lost[["sex", "age", "why", "respondents"]].to_numpy().tolist() == [
        ["male", "15-24", "no estimate", 20]
    ]


def test_a_total_is_one_whichever_way_it_is_written(figures_of):
    def sizes(sex: str, age: str) -> list[float]:
        rows = [("A", "KEN", 20, 1), ("B", "KEN", 22, None), ("C", "UGA", 25, None)]
        figures = [
            {
                "survey": survey,
                "country": country,
                "year": 2010,
                "sex": sex,
                "age": age,
                "estimate": p,
                "se": se,
            }
            for survey, country, p, se in rows
        ]
        return (
            evidence(figures_of(figures, unit="percent", age="15-49"), "wasting")
            .rows["n"]
            .tolist()
        )

    assert sizes("female", "15-49") == pytest.approx(sizes("both", "all"))
    assert len(sizes("female", "15-49")) == 3


def test_a_total_is_not_lost_to_one_band_of_it(figures_of):
    a = {"survey": "A", "country": "BDI", "year": 2022, "sex": "both"}
    b = {"survey": "B", "country": "VNM", "year": 2020, "sex": "both"}
    rows = [
        a | {"age": "12-23 months", "estimate": 57.3, "n": 5833},
        a | {"age": "all", "estimate": 55.8, "lower": 54.9, "upper": 56.8, "n": 24753},
        b | {"age": "0-5 months", "estimate": 6.2, "lower": 4.3, "upper": 8.7},
        b | {"age": "6-11 months", "estimate": 9.2, "lower": 6, "upper": 12.4},
        b | {"age": "all", "estimate": 19.6, "lower": 18.5, "upper": 20.7},
    ]
    seen = evidence(figures_of(rows, unit="percent"), "wasting").rows
    total = seen[seen["survey"] == "A"].iloc[0]
    assert (len(seen), total["respondents"], labels(total["covers"])) == (
        2,
        24753,
        ["0-4"],
    )
    assert (seen["n"] <= seen["respondents"].fillna(np.inf)).all()
    assert seen.loc[seen["survey"] == "B", "estimate"].tolist() == [0.196]


# --- ages of totals -------------------------------------------------------------------


def test_a_total_covers_the_bands_listed_beside_it_if_they_are_all_of_it():
    some = table(
        [
            {"age": "all", "n": 1000, "estimate": 0.1},
            {"age": "6-11 months", "n": 950, "estimate": np.nan},
        ]
    )
    assert labels(pick(some)[0]["covers"].iloc[0]) == ["6-11 months"]
    assert labels(
        pick(some.assign(kind="Adjusted"), whole=["Adjusted"])[0]["covers"].iloc[0]
    ) == ["0-4"]


def test_a_total_of_more_persons_than_its_bands_is_of_the_card_s_age():
    some = table(
        [
            {"age": "all", "n": 1000, "estimate": 0.1},
            {"age": "6-11 months", "n": 890, "estimate": np.nan},
        ]
    )
    assert labels(pick(some)[0]["covers"].iloc[0]) == ["0-4"]


def test_a_total_alone_is_of_the_card_s_age_and_a_card_without_one_is_told():
    alone = full(["both"], ["all"])
    assert labels(pick(alone)[0]["covers"].iloc[0]) == ["0-4"]
    with pytest.raises(
        UncountedError,
        match=r"survey 'A' for all ages doesn't say which ages those are",
    ):
        pick(alone, age="all")


def test_covers_are_merged_bands():
    by_sex = pick(full(), by=["sex"])[0]
    assert [labels(covers) for covers in by_sex["covers"]] == [["0-4"]] * 2


# --- overlapping ages, rests, margins -------------------------------------------------


def test_bands_that_are_sums_or_parts_of_others_do_not_count_twice():
    taken, _ = pick(
        full(["both"], ("0-4", *BANDS)).assign(
            n=[300, 100, 100, 100], persons=[300, 100, 100, 100]
        )
    )
    assert set(taken["age"]) == set(BANDS)
    one = table([{"age": "0-4", "n": 300}, {"age": "0-5 months", "n": 100}])
    assert set(pick(one)[0]["age"]) == {"0-4"}


def test_bands_that_overlap_lose_to_their_total():
    rows = [
        {"age": "all", "n": 300},
        {"age": "0-11 months", "n": 150},
        {"age": "6-23 months", "n": 200},
    ]
    taken, _ = pick(table(rows))
    assert chosen(taken) == {("both", "all")}
    taken, _ = pick(table(rows[1:]))
    assert chosen(taken) == {("both", "6-23 months")}


def with_rest(weight: float = 60.0, p: float = 0.1, half: float = 0.0) -> pd.DataFrame:
    """Return a total of 100 weighted persons, 10 % affected, and a band of it."""
    rows = [
        {
            "age": "all",
            "n": 1000,
            "n_weighted": 100.0,
            "estimate": 0.1,
            "half_estimate": half,
        },
        {
            "age": "0-11 months",
            "n": 500,
            "n_weighted": weight,
            "estimate": p,
            "half_estimate": half,
        },
    ]
    return table(rows)


def test_a_total_beside_some_of_its_ages_is_the_rest_by_weighted_persons():
    taken, ledger = pick(with_rest(60, 0.12))
    rest = taken[taken["rest"].fillna(False).astype(bool)].iloc[0]
    assert len(taken) == 2
    assert rest["estimate"] == pytest.approx((0.1 * 100 - 0.12 * 60) / 40)
    assert (rest["persons"], rest["n"], rest["cases"], rest["n_weighted"]) == (
        500,
        500,
        pytest.approx(40),
        40,
    )
    assert labels(rest["covers"]) == ["12-59 months"]
    assert rest["less"] == ()
    assert ledger.lines.empty or set(ledger.lines["action"]) == {"not used again"}


@pytest.mark.parametrize(
    ("weight", "p", "half", "rest"),
    [
        (89.0, 0.1, 0.0, True),
        (91.0, 0.1, 0.0, False),  # under a tenth of the total
        (60.0, 1 / 6, 0.0, True),  # nobody is left
        (60.0, 0.18, 0.0, False),  # −2 %
        (60.0, 0.18, 0.005, True),  # which rounding may be: (0.5 + 0.3)/40 = 2 %
        (60.0, 0.20, 0.005, False),
        (np.nan, 0.1, 0.0, False),
    ],
)
def test_a_rest_that_cannot_be_told_leaves_the_total(weight, p, half, rest):
    taken, _ = pick(with_rest(weight, p, half))
    expected = {("both", "all"), ("both", "0-11 months")} if rest else {("both", "all")}
    assert chosen(taken) == expected
    assert taken["estimate"].between(0, 1).all()


def margins() -> list[dict]:
    by_sex = [
        {"sex": sex, "n": n, "estimate": p}
        for sex, n, p in (("female", 600, 0.2), ("male", 400, 0.1))
    ]
    by_age = [
        {"age": age, "n": n, "estimate": p}
        for age, n, p in (("0-11 months", 300, 0.3), ("12-59 months", 700, 0.1))
    ]
    return [*by_sex, *by_age, {"n": 1000, "estimate": 0.16}]


def test_margins_without_a_cross_are_both_used_and_count_once_in_sum(figures_of):
    seen = evidence(
        figures_of([ABOUT | {"sex": "both", "age": "all"} | row for row in margins()]),
        "wasting",
    )
    assert set(seen.rows["breakdown"]) == {"sex + age"}
    assert len(seen.rows) == 4
    assert seen.rows["respondents"].tolist() == pytest.approx([150, 350, 300, 200])
    assert seen.rows["respondents"].sum() == pytest.approx(1000)
    assert seen.rows["cases"].sum() == pytest.approx(160)
    np.testing.assert_allclose(seen.rows["y"], seen.rows["n"] * seen.rows["estimate"])
    assert set(
        seen.ledger.lines.loc[seen.ledger.lines["action"] != "repaired", "why"]
    ) == {TWICE}


# --- traits ---------------------------------------------------------------------------

MIGRANT = ("migrant",)


def test_a_trait_s_total_beside_one_level_is_everybody_less_that_level():
    rows = [
        {"migrant": "all", "n": 1000, "n_weighted": 100.0, "estimate": 0.1},
        {"migrant": "yes", "n": 300, "n_weighted": 25.0, "estimate": 0.2},
    ]
    taken, _ = pick(table(rows, MIGRANT), by=["migrant"], traits=MIGRANT)
    assert len(taken) == 2
    rest = taken[taken["migrant"] == "all"].iloc[0]
    assert rest["estimate"] == pytest.approx((10 - 5) / 75)
    assert rest["persons"] == 700
    lacking = {(sex, levels) for sex, levels, _ in rest["less"]}
    assert lacking == {
        ("female", (("migrant", "yes"),)),
        ("male", (("migrant", "yes"),)),
    }
    assert all(labels(gaps) == ["0-4"] for _, _, gaps in rest["less"])


def test_a_trait_that_isn_t_asked_for_is_left_aside():
    levels = [{"migrant": "yes", "n": 300}, {"migrant": "no", "n": 700}]
    taken, ledger = pick(table([{"n": 1000}, *levels], MIGRANT), by=(), traits=MIGRANT)
    assert taken["migrant"].tolist() == ["all"]
    assert set(ledger.lines["why"]) == {TWICE}
    taken, ledger = pick(table(levels, MIGRANT), by=(), traits=MIGRANT)
    assert taken.empty
    assert set(ledger.lines["why"]) == {UNASKED}
    assert ledger.lines["respondents"].sum() == 1000


def test_margins_by_a_trait_count_once_in_sum():
    levels = [
        {"migrant": "yes", "n": 300, "estimate": 0.3},
        {"migrant": "no", "n": 700, "estimate": 0.1},
    ]
    rows = [*levels, *margins()]
    taken, _ = pick(table(rows, MIGRANT), by=["sex", "age", "migrant"], traits=MIGRANT)
    assert set(taken["breakdown"]) == {"migrant + sex + age"}
    assert set(taken["shared"]) == {3.0}
    assert (taken["persons"] / taken["shared"]).sum() == pytest.approx(1000)


# --- interviews -----------------------------------------------------------------------


def test_interviews_without_a_sex_are_not_the_rest_of_those_that_have_one():
    """Nobody says that the seven are the men of 25 to 49, of whom there is none."""
    groups = [
        ("female", "15-24", 6),
        ("female", "25-49", 2),
        ("male", "15-24", 8),
        (None, "15-24", 4),
    ]
    groups.append((None, "25-49", 3))
    people = [
        {"country": "KEN", "year": "2014", "sex": sex, "age": age}
        for sex, age, n in groups
        for _ in range(n)
    ]
    table = pd.DataFrame(people).assign(y=[1, *[0] * 22])
    roles = {name: name for name in ("country", "year", "sex", "age")}
    seen = evidence(read_respondents(table, roles, "y", name="interviews"), "y")
    assert set(seen.rows["breakdown"]) == {"age"}
    assert seen.rows["respondents"].tolist() == [18, 5]
    assert seen.ledger.lines["respondents"].fillna(0).sum() == 0


# --- drawn layouts --------------------------------------------------------------------

AGES = ["all", "15-24", "15-49", "25-34", "25-49", "30-49", "50-59"]
figure = st.fixed_dictionaries(
    {
        "sex": st.sampled_from(["female", "male", "both"]),
        "age": st.sampled_from(AGES),
        "migrant": st.sampled_from(["all", "yes", "no"]),
        "estimate": st.sampled_from([0.0, 0.05, 0.1, 0.2, 1.0, np.nan]),
        "n": st.integers(1, 2000).map(float) | st.just(np.nan),
        "n_weighted": st.integers(1, 2000).map(float) | st.just(np.nan),
    }
)
layouts = st.lists(
    figure,
    min_size=1,
    max_size=10,
    unique_by=lambda row: (row["sex"], row["age"], row["migrant"]),
)
asked_by = st.sampled_from(
    [("sex", "age", "migrant"), ("sex", "age"), ("age", "migrant"), ("sex",), ()]
)
LISTED = ("yes", "no", "neither")


def persons_of(row: pd.Series, levels: tuple[str, ...]) -> set[tuple[str, str, int]]:
    """Return the sex × level × year that a row speaks of."""
    sexes = ("female", "male") if row["sex"] == "both" else (row["sex"],)
    own = levels if row["migrant"] == "all" else (row["migrant"],)
    everybody = {
        (sex, level, year)
        for sex in sexes
        for level in own
        for year in years(row["covers"])
    }
    for sex, named, gaps in row["less"]:
        lacking = dict(named).get("migrant", "all")
        those = levels if lacking == "all" else (lacking,)
        everybody -= {(sex, level, year) for level in those for year in years(gaps)}
    return everybody


def years(some: tuple[Band, ...]) -> range | list[int]:
    return [
        year
        for band in some
        for year in range(band.lower // 12, (band.upper or OLDEST) // 12)
    ]


@RELAXED
@given(layouts, asked_by)
def test_rows_of_one_choice_never_speak_of_the_same_persons(rows, by):
    figures = table(rows, MIGRANT)
    taken, ledger = pick(figures, by, age="15-59", traits=MIGRANT)
    # who is of no level listed is "neither"; rows of a level that nobody lists are of
    # everybody less the listed ones
    listed = tuple(sorted({row["migrant"] for row in rows} - {"all"}))
    for _, choice in taken.groupby("choice"):
        held = [persons_of(row, (*listed, "neither")) for _, row in choice.iterrows()]
        assert sum(map(len, held)) == len(set().union(*held))
    assert (
        taken["shared"] == taken.groupby("part")["choice"].transform("nunique")
    ).all()
    assert taken["estimate"].between(0, 1).all()
    assert not taken.index.duplicated().any()
    whole = {index for index in taken.index if index in figures.index}
    assert len(ledger.lines) + len(whole) >= len(figures) - (len(taken) - len(whole))
    assert (
        ledger.lines.loc[ledger.lines["why"] == NO_SIZE, "respondents"].fillna(0) == 0
    ).all()


@RELAXED
@given(layouts, asked_by, st.randoms())
def test_the_order_of_rows_doesn_t_matter(rows, by, random):
    figures = table(rows, MIGRANT)
    order = list(figures.index)
    random.shuffle(order)

    def told(frame: pd.DataFrame) -> tuple[list, list]:
        taken, ledger = pick(frame, by, age="15-59", traits=MIGRANT)
        columns = [
            "sex",
            "age",
            "migrant",
            "estimate",
            "n",
            "persons",
            "breakdown",
            "choice",
            "covers",
            "less",
        ]
        lines = ledger.lines[["action", "why", "sex", "age", "respondents", "cases"]]
        return sorted(map(str, taken[columns].to_numpy().tolist())), sorted(
            map(str, lines.to_numpy().tolist())
        )

    assert told(figures) == told(figures.loc[order])


# --- bands ----------------------------------------------------------------------------


def length(some: tuple[Band, ...]) -> int:
    return sum(
        (OLDEST if band.upper is None else band.upper) - band.lower for band in some
    )


@given(bands)
def test_tiles_are_the_disjoint_bands_of_most_months_then_of_most_bands(some):
    """Against every subset of the bands."""
    subsets = [
        tuple(band for i, band in enumerate(some) if bits >> i & 1)
        for bits in range(1 << len(some))
    ]
    disjoint = [subset for subset in subsets if overlapping(subset) is None]
    tiles = tiled(some)
    assert overlapping(tiles) is None
    assert set(tiles) <= set(some)
    assert (length(tiles), len(tiles)) == max(
        (length(subset), len(subset)) for subset in disjoint
    )


@given(bands)
def test_merged_bands_hold_the_same_months_in_as_few_bands_as_there_can_be(some):
    joined = merged(some)
    assert months(joined) == sorted(
        {month for band in some for month in months((band,))}
    )
    assert all(a.end < b.lower for a, b in pairwise(joined))
    assert all(any(contains(whole, band) for whole in joined) for band in some)


def test_single_years_within_groups_are_tiled_at_once():
    ages = (
        [str(year) for year in range(100)]
        + [f"{year}-{year + 4}" for year in range(0, 100, 5)]
        + ["100+"]
    )
    assert len(tiled(map(parse_band, ages))) == 101
