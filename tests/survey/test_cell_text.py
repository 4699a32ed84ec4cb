"""Cells as published tables print them are read to the digit, or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncounted.figures.cell_text import (
    Convention,
    Doubt,
    number_reader,
    read_age,
    read_bounds,
    read_estimate,
    read_sex,
    read_until,
    read_years,
)

COUNT = number_reader("n", counted=True)
REAL = number_reader("se", counted=False)


def written(value: Decimal, decimal: str, thousands: str) -> str:
    whole, _, fraction = f"{value:f}".partition(".")
    groups = [whole[max(end - 3, 0) : end] for end in range(len(whole), 0, -3)]
    return thousands.join(groups[::-1]) + (decimal + fraction if fraction else "")


DECIMALS = st.integers(0, 4).flatmap(
    lambda places: st.integers(0, 10**7).map(
        lambda digits: Decimal(digits).scaleb(-places)
    )
)
SIGNS = st.sampled_from(
    [
        *((".", sign) for sign in ("", ",", " ", "\u00a0", "\u202f")),
        *((",", sign) for sign in ("", ".", " ", "'")),
    ]
)


@given(DECIMALS, DECIMALS, DECIMALS, SIGNS, st.data())
def test_known_figures_in_any_spelling_are_read_to_the_digit(
    estimate, lower, upper, signs, data
):
    """With the table's sign of decimals told, every spelling has one reading."""
    numbers = [written(value, *signs) for value in (estimate, lower, upper)]
    unit = data.draw(st.sampled_from(["", "%", " %"]))
    mark = data.draw(st.sampled_from(["", "*", " †", "ᵃ", "a"]))
    around = data.draw(st.sampled_from(["()", "[]"]))
    label = data.draw(st.sampled_from(["", "95% CI ", "CI: "]))
    between = data.draw(st.sampled_from(["–", "-", " – ", " to ", "; ", ", "]))
    text = (
        f"{numbers[0]}{unit}{mark} {around[0]}{label}{numbers[1]}{between}"
        f"{numbers[2]}{around[1]}"
    )
    reading = read_estimate(
        text.translate({0xA0: " ", 0x202F: " "}), Convention(signs[0], ("a",))
    )
    expected = {"estimate": estimate, "lower": lower, "upper": upper}
    assert {role: Decimal(plain) for role, plain in reading.texts.items()} == expected
    decimals = [plain.partition(".")[2] for plain in reading.texts.values()]
    assert decimals == [f"{value:f}".partition(".")[2] for value in expected.values()]
    assert reading.unit == ("percent" if unit else "")
    assert len(reading.marks) == bool(mark)


@given(st.text(alphabet="0123456789.,- ()[]%<*±–~abct/", max_size=14))
def test_a_doubtful_cell_never_becomes_a_number(text):
    """What is read though the signs are unknown is read alike by either sign."""
    for reader in (read_estimate, read_bounds, COUNT, REAL):
        readings = []
        for decimal in (".", ","):
            try:
                readings.append(reader(text, Convention(decimal)).texts)
            except Doubt:
                readings.append(None)
        try:
            unsaid = reader(text, Convention("both")).texts
        except Doubt:
            continue
        assert [texts for texts in readings if texts not in (None, unsaid)] == []


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("24.1% (22.0–26.3)", ("24.1", "22.0", "26.3")),
        ("14.1 [11.9, 16.6]", ("14.1", "11.9", "16.6")),
        ("31,6 (30,2–33,0)", ("31.6", "30.2", "33.0")),
        ("22.3 (20.4 – 24.3)", ("22.3", "20.4", "24.3")),
        ("0.241 (95% CI: 0.220 to 0.263)", ("0.241", "0.220", "0.263")),
        ("0.3 (-0.1–0.7)", ("0.3", "-0.1", "0.7")),
        ("12.3*", ("12.3",)),
        ("(12.3)", ("12.3",)),
        ("12.3¹", ("12.3",)),
        ("<0.1", ("0.05",)),
        ("*", ()),
    ],
)
def test_estimates_as_tables_print_them(text, texts):
    assert tuple(read_estimate(text, Convention()).texts.values()) == texts


def test_below_a_number_is_anything_from_zero_to_it():
    reading = read_estimate("<0.1%", Convention())
    assert (reading.texts["estimate"], reading.half) == ("0.05", "0.05")
    assert reading.how


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ("24.1 (1.2)", ""),
        ("5,680", "5.680"),
        ("24.1 (5,680)", ""),
        ("24.1 (11,16)", ""),
        ("24.1 ± 1.2", ""),
        ("–", ""),
        ("24.1-26.3", ""),
        ("24.1a", ""),
        ("low", ""),
        (">95", ""),
        ("12.3.4", ""),
        ("=B7/C7", ""),
        ("#DIV/0!", ""),
    ],
)
def test_doubtful_estimates_have_a_proposal_and_no_number(text, proposal):
    with pytest.raises(Doubt) as caught:
        read_estimate(text, Convention())
    assert caught.value.proposal == proposal
    assert caught.value.reason


def test_a_number_in_parentheses_is_what_the_card_says():
    assert read_estimate("24.1 (1.2)", Convention(parentheses="se")).texts == {
        "estimate": "24.1",
        "se": "1.2",
    }
    assert read_estimate("24.1 (5,680)", Convention(parentheses="n")).texts == {
        "estimate": "24.1",
        "n": "5680",
    }
    for text in ("24.1 (5.680)", "24.1 (n = 5.680)"):
        with pytest.raises(Doubt):
            read_estimate(text, Convention(".", parentheses="n"))
    assert read_estimate("24.1 (n = 512)", Convention()).texts["n"] == "512"


@pytest.mark.parametrize(
    ("text", "decimal", "plain"),
    [
        ("5,680", "", "5680"),
        ("8 760", "both", "8760"),
        ("5680.0", "", "5680.0"),
        ("1,234,567", ",", "1234567"),
        ("5.680", ",", "5680"),
        ("1'234", "", "1234"),
        ("5,680", ",", None),
        ("5.680", "", None),
        ("5.680", "both", None),
    ],
)
def test_counts(text, decimal, plain):
    if plain is None:
        with pytest.raises(Doubt) as caught:
            COUNT(text, Convention(decimal))
        assert caught.value.proposal == "5680"
    else:
        assert COUNT(text, Convention(decimal)).texts == {"n": plain}


@pytest.mark.parametrize(
    ("text", "year", "until"),
    [
        ("2015", "2015", None),
        ("2015.0", "2015", None),
        ("2011/12", "2011", "2012"),
        ("2015-16", "2015", "2016"),
        ("1999-00", "1999", "2000"),
        ("2013-14", "2013", "2014"),
        ("2011–2014", "2011", "2014"),
        ("2013-16", "2013", "2016"),
        ("2017.92", "2017", None),
        ("2017,5", "2017", None),
        ("2016-03-01 00:00:00", "2016", None),
        ("2016*", "2016", None),
    ],
)
def test_years_of_fieldwork(text, year, until):
    texts = read_years(text, Convention()).texts
    assert (texts["year"], texts.get("until")) == (year, until)
    assert read_until(text, Convention()).texts == {"until": until or year}


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ("2005-08", "2005-2008"),
        ("2005/03", "2005"),
        ("June 2014", "2014"),
        ("c. 2014", "2014"),
        ("2014 or 2015", ""),
        ("spring", ""),
    ],
)
def test_doubtful_years(text, proposal):
    with pytest.raises(Doubt) as caught:
        read_years(text, Convention())
    assert caught.value.proposal == proposal


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("15+", "15+"),
        ("15 +", "15+"),
        ("15plus", "15+"),
        ("15_24", "15-24"),
        ("15–49", "15-49"),
        ("aged 15 to 49", "15-49"),
        ("Y15T49", "15-49"),
        ("Y15", "15"),
        ("Y_GE15", "15+"),
        ("Y_LT5", "0-4"),
        ("M6T11", "6-11 months"),
        ("Total", "all"),
        ("_T", "all"),
    ],
)
def test_ages(text, age):
    assert read_age(text, Convention()).texts == {"age": age}


def test_an_age_that_a_spreadsheet_made_a_date_is_no_age():
    with pytest.raises(Doubt) as caught:
        read_age("2026-10-14 00:00:00", Convention())
    assert caught.value.proposal == "10-14"


@pytest.mark.parametrize(
    ("texts", "sex"),
    [
        ("F f Female Women girls", "female"),
        ("M Male men BOYS", "male"),
        ("T Both Total all _T", "both"),
    ],
)
def test_sexes(texts, sex):
    for text in texts.split():
        assert read_sex(text, Convention()).texts == {"sex": sex}
    with pytest.raises(Doubt):
        read_sex("1", Convention())
