"""Pooling: a number for several countries isn't made of weights that nobody
explained.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.interviews.direct import direct
from uncounted.interviews.respondents import Respondents, read_respondents

PERSONS = {"GHA": 3e7, "KEN": 5e7}
COLUMNS = {"country": "country", "weight": "w", "sex": "sex", "province": "province"}


def interviews(
    scales: tuple[float, float] = (1.0, 1.0), n: tuple[int, int] = (300, 900)
) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    country = np.repeat(["GHA", "KEN"], n)
    frame = pd.DataFrame(
        {"country": country, "sex": rng.choice(["female", "male"], len(country))}
    )
    frame["w"] = rng.uniform(0.5, 1.5, len(frame)) * np.repeat(scales, n)
    frame["y"] = (rng.random(len(frame)) < np.where(country == "GHA", 0.4, 0.1)).astype(
        int
    )
    return frame.assign(
        province=frame["country"] + frame["sex"],
        survey="wave 7",
        year=2015,
        age="15-49",
    )


def read(frame: pd.DataFrame, **more: str) -> Respondents:
    return read_respondents(frame, COLUMNS | more, "y")


@settings(max_examples=20, deadline=None)
@given(
    scales=st.tuples(*[st.sampled_from([1e-6, 1.0, 1.02, 300.0, 5e4])] * 2),
    shares=st.sampled_from([0.5, 3.0, 40.0]),
)
def test_no_scale_of_weights_moves_countries_that_count_by_persons(
    scales: tuple, shares: float
) -> None:
    """What two countries count for when nobody says is asked where their scales differ
    tenfold, or are 1 in both.
    """
    frame = interviews(scales)
    people = read(frame)
    mean = frame.groupby("country")["w"].mean()
    if mean.max() > 10 * mean.min() or ((mean - 1).abs() < 0.005).all():
        with pytest.raises(
            UncountedError,
            match=r"GHA [0-9,]+ of 300, KEN [0-9,]+ of 900 respondents\. Say scale_to=",
        ):
            direct(people)
    else:
        assert direct(people)["prevalence"].item() == pytest.approx(
            np.average(frame["y"], weights=frame["w"])
        )
    alone = direct(people, "country").set_index("country")["prevalence"]
    share = shares / (1 + shares)
    table = direct(
        people, scale_to="population", population={"GHA": shares, "KEN": 1.0}
    ).iloc[0]
    assert table["prevalence"] == pytest.approx(
        share * alone["GHA"] + (1 - share) * alone["KEN"], rel=1e-12
    )
    assert direct(people, scale_to="equal")["prevalence"].item() == pytest.approx(
        alone.mean(), rel=1e-12
    )
    weighted = np.average(frame["y"], weights=frame["w"])
    assert direct(people, scale_to="weights")["prevalence"].item() == pytest.approx(
        weighted, rel=1e-12
    )


def test_nothing_is_asked_where_no_countries_meet() -> None:
    people = read(interviews((1.0, 5e4)))
    for by in ("country", ["country", "sex"], "province"):
        assert (direct(people, by)["se"] > 0).all()
    assert direct(read(interviews().query("country == 'KEN'")))["n"].item() == 900
    with pytest.raises(UncountedError, match="depends on what their weights add up to"):
        direct(people, "sex")


def test_weights_scaled_by_hand_give_the_same_numbers() -> None:
    frame = interviews((1.0, 300.0))
    sums = frame.groupby("country")["w"].transform("sum")
    by_hand = direct(
        read(frame.assign(w=frame["w"] * frame["country"].map(PERSONS) / sums)),
        scale_to="weights",
    )
    table = direct(read(frame), scale_to="population", population=pd.Series(PERSONS))
    numbers = table.select_dtypes("number").columns
    pd.testing.assert_frame_equal(table[numbers], by_hand[numbers], rtol=1e-12)
    assert (table["total"] / table["prevalence"]).item() == pytest.approx(
        8e7, rel=1e-12
    )


def test_persons_of_a_world_are_those_who_were_asked() -> None:
    world = un.read_world()
    respondents = read(interviews().query("sex == 'female'"), year="year", age="age")
    women = (
        un.persons(world, ["15-49"], 2015)
        .sel(sex="female")
        .sel(country=["GHA", "KEN"])
        .to_numpy()
        .ravel()
    )
    table = direct(respondents, scale_to="population", population=world).iloc[0]
    assert table["total"] / table["prevalence"] == pytest.approx(women.sum(), rel=1e-9)
    with pytest.raises(UncountedError, match="has no age"):
        direct(read(interviews(), year="year"), scale_to="population", population=world)


def test_surveys_of_one_country_on_two_scales() -> None:
    frame = interviews((1.0, 5e4)).assign(country="KEN")
    frame["survey"] = np.where(frame.index < 300, "KEN2010", "KEN2015")
    people = read(frame, survey="survey")
    for by in ([], "country", "sex"):
        with pytest.raises(
            UncountedError,
            match=r"KEN2010 .* have a mean of .*KEN2015 would count for nearly all",
        ):
            direct(people, by)
        assert (direct(people, by, scale_to="weights")["se"] > 0).all()
    assert len(direct(people, "survey")) == 2
    alike = read(
        frame.assign(w=np.where(frame.index < 300, frame["w"], frame["w"] / 1e4)),
        survey="survey",
    )
    assert direct(alike)["n"].item() == 1200  # fivefold is a matter of interviews
    with pytest.raises(UncountedError, match="KEN has 2 surveys"):
        direct(people, scale_to="equal")


def test_years_of_one_country_count_in_their_own_year() -> None:
    frame = pd.concat(
        [
            interviews(),
            interviews((50.0, 2.0)).query("country == 'KEN'").assign(year=2020),
        ]
    )
    people = read(frame, year="year")
    table = direct(people, "year", scale_to="population", population=PERSONS).set_index(
        "year"
    )
    assert (table["total"] / table["prevalence"]).to_dict() == pytest.approx(
        {"2015": 8e7, "2020": 5e7}, rel=1e-9
    )


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"scale_to": "persons"}, "no scale of weights"),
        ({"scale_to": "population"}, "needs population="),
        (
            {"scale_to": "population", "population": {"GHA": 1.0}},
            "no number of persons above 0 of KEN",
        ),
        (
            {"scale_to": "population", "population": {"GHA": 0, "KEN": np.nan}},
            "above 0 of GHA, KEN",
        ),
        ({"population": PERSONS}, "is given and not used"),
        ({"missing": "drop"}, "No way with missing answers is called 'drop'"),
    ],
)
def test_words_that_mean_nothing(asked: dict, sentence: str) -> None:
    with pytest.raises(UncountedError, match=sentence):
        direct(read(interviews()), **asked)


def test_respondents_without_a_country_cannot_be_scaled() -> None:
    people = read_respondents(interviews(), {"weight": "w"}, "y")
    assert direct(people)["n"].item() == 1200
    with pytest.raises(UncountedError, match="has no country to scale to"):
        direct(people, scale_to="equal")
