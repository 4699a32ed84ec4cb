"""The model card: a closed vocabulary, and errors that name file, line and word."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncounted.errors import UncountedError
from uncounted.leaves.estimate_card import is_estimate_card
from uncounted.model.card import Card, Sampling, parse_card, read_card
from uncounted.model.priors import Prior
from uncounted.model.slopes import SLOPES
from uncounted.model.terms import needs
from uncounted.world.shelf import shelf

TEXT = """\
title   = "Wasting"
outcome = "wasting"
ages    = ["0-5 months", "6-59 months"]
place   = ["region", "country"]
interactions = ["sex:age"]
year    = 2020     # what the estimates speak of

[sampling]
draws = 500

[priors]
level         = { normal = [-1.5, 1.0] }
female        = { normal = [0.0, 0.5] }
sigma_age     = { half_normal = 0.7 }
sigma_sex_age = { half_normal = 0.2 }
sigma_region  = { half_normal = 0.7 }
sigma_country = { exponential = 0.5 }
"""
PRIORS = {
    "level": Prior("normal", (-1.5, 1.0)),
    "female": Prior("normal", (0.0, 0.5)),
    **{
        f"sigma_{one}": Prior("half_normal", (0.5,))
        for one in ("age", "region", "subregion", "country")
    },
}
TREND = {
    "trend": Prior("normal", (0.0, 0.05)),
    "sigma_trend_country": Prior("half_normal", (0.03,)),
}


def card(**words: object) -> Card:
    given = {
        "title": "Wasting",
        "outcome": "wasting",
        "ages": ("0-4",),
        "priors": PRIORS,
        "year": 2020,
    }
    return Card(**(given | words))


def line(text: str, word: str) -> int:
    return next(
        i
        for i, one in enumerate(text.splitlines(), 1)
        if one.strip(" [").startswith(word)
    )


@pytest.fixture
def refused(tmp_path):
    """Return a function that reads a card in which `old` became `new`, and checks what
    the error says.
    """

    def check(old: str, new: str, at: str, *parts: str) -> None:
        text = TEXT.replace(old, new)
        assert text != TEXT
        path = tmp_path / "wasting.toml"
        path.write_text(text, encoding="utf-8")
        where = f"{path}, line {line(text, at)}: " if at else f"{path}: "
        with pytest.raises(UncountedError) as caught:
            read_card(path)
        assert str(caught.value).startswith(where)
        for part in parts:
            assert part in str(caught.value)

    return check


def test_every_card_that_ships_is_read():
    paths = [
        path
        for path in sorted(shelf("models").glob("*.toml"))
        if not is_estimate_card(path)
    ]
    assert paths
    for path in paths:
        found = read_card(path)
        assert found == read_card(path.stem)
        assert found.name == path.stem
        assert set(found.priors) == set(needs(found)) - (
            set(SLOPES) - set(found.priors)
        )
        assert parse_card(found.text, found.name) == found


def test_a_card_says_what_its_file_says(tmp_path):
    path = tmp_path / "wasting.toml"
    path.write_text(TEXT, encoding="utf-8")
    found = read_card(str(path))
    assert (found.name, found.title, found.year, found.place) == (
        "wasting",
        "Wasting",
        2020,
        ("region", "country"),
    )
    assert found.people == ("sex", "age")
    assert found.sampling == Sampling(draws=500)
    assert found.priors["sigma_country"] == Prior("exponential", (0.5,))
    assert [band.label for band in found.bands] == ["0-5 months", "6-59 months"]


@pytest.mark.parametrize(
    ("old", "new", "at", "parts"),
    [
        (
            "interactions =",
            "interaction =",
            "interaction",
            ["'interaction' is no word of a model card. Did you mean 'interactions'?"],
        ),
        ("year ", "name = 'x'\nyear ", "name", ["'name' is no word of a model card"]),
        (
            "draws =",
            "draw =",
            "draw",
            ["'draw' is no word of [sampling]. Did you mean 'draws'?"],
        ),
        (
            "draws = 500",
            "draws = 0",
            "draws",
            ["draws = 0 under [sampling] should be a whole number above 0"],
        ),
        (
            "draws = 500",
            "draws = 1.5",
            "draws",
            ["draws = 1.5 under [sampling] should be a whole number"],
        ),
        (
            "draws = 500",
            "target_accept = 1.5",
            "target_accept",
            ["should be a number above 0 and below 1"],
        ),
        (
            '["region", "country"]',
            '["region", "county"]',
            "place",
            ["place has 'county'", "Did you mean 'country'?"],
        ),
        ('["region", "country"]', '["region"]', "place", ["place must hold 'country'"]),
        (
            '["region", "country"]',
            '["country", "region"]',
            "place",
            ["place should go from the largest to the smallest"],
        ),
        (
            '["region", "country"]',
            '["country", "country"]',
            "place",
            ["has the same twice"],
        ),
        (
            '["region", "country"]',
            '"country"',
            "place",
            ["place = 'country' should be a list of texts"],
        ),
        (
            '"sex:age"',
            '"sex:ages"',
            "interactions",
            ["interactions has 'sex:ages'", "Did you mean 'sex:age'?"],
        ),
        ('"sex:age"', '"sex:age", "sex:age"', "interactions", ["has the same twice"]),
        (
            "interactions",
            'people = ["age"]\ninteractions',
            "interactions",
            ["'sex:age' needs 'sex' under people or place"],
        ),
        (
            "year ",
            "years = [2023, 2010]\nyear ",
            "years",
            ["years = [2023, 2010] should be the first and the last year"],
        ),
        (
            "year ",
            "years = [2010]\nyear ",
            "years",
            ["should be the first and the last year"],
        ),
        (
            "year ",
            "years = [2010.5, 2012]\nyear ",
            "years",
            ["should be a list of whole numbers"],
        ),
        ("2020", '"2020"', "year", ["year = '2020' should be a whole number"]),
        ('"Wasting"', "5", "title", ["title = 5 should be a text"]),
        (
            '"6-59 months"',
            '"0-59 months"',
            "ages",
            ["bands that don't overlap, youngest first"],
        ),
        (
            '["0-5 months", "6-59 months"]',
            '["6-59 months", "0-5 months"]',
            "ages",
            ["youngest first"],
        ),
        (
            '["0-5 months", "6-59 months"]',
            '["15+", "80+"]',
            "ages",
            ["bands that don't overlap"],
        ),
        ('["0-5 months", "6-59 months"]', "[]", "ages", ["ages should list bands"]),
        (
            '["0-5 months", "6-59 months"]',
            '"0-59 months"',
            "ages",
            ["ages = '0-59 months' should be a list of texts"],
        ),
        (
            '"6-59 months"',
            '"children"',
            "ages",
            ["ages has a wrong band: 'children' is no age band"],
        ),
        ("year ", 'show = "per mille"\nyear ', "show", ["show has 'per mille'"]),
        (
            "normal = [-1.5, 1.0]",
            "half_normal = 1.0",
            "level",
            [
                "level = { half_normal = 1 } cannot be: level is an effect",
                "Write one of: normal.",
            ],
        ),
        (
            "{ half_normal = 0.7 }\nsigma_country",
            "{ normal = [0, 1] }\nsigma_country",
            "sigma_region",
            ["sigma_region is a standard deviation, never negative"],
        ),
        (
            "normal = [-1.5, 1.0]",
            "normal = [-1.5, -1.0]",
            "level",
            ["normal of 'level' has sd = -1; it must be above 0"],
        ),
        (
            "normal = [-1.5, 1.0]",
            "normal = [-1.5]",
            "level",
            ["normal of 'level' takes mean and sd, not [-1.5]"],
        ),
        (
            "normal = [-1.5, 1.0]",
            "normal = [-1.5, nan]",
            "level",
            ["takes mean and sd, not [-1.5, nan]"],
        ),
        (
            "normal = [-1.5, 1.0]",
            "normal = [-1.5, true]",
            "level",
            ["takes mean and sd, not [-1.5, True]"],
        ),
        (
            "normal = [-1.5, 1.0]",
            "normal = [-1.5, 1" + 400 * "0" + "]",
            "level",
            ["takes mean and sd"],
        ),
        (
            "{ exponential = 0.5 }",
            "{ exponential = 0 }",
            "sigma_country",
            ["exponential of 'sigma_country' has mean = 0"],
        ),
        (
            "{ exponential = 0.5 }",
            "{ exponental = 0.5 }",
            "sigma_country",
            ["unknown family 'exponental'. Did you mean 'exponential'?"],
        ),
        (
            "{ exponential = 0.5 }",
            "0.5",
            "sigma_country",
            ["should be one family with its numbers, as { half_normal = 0.5 }"],
        ),
        (
            "sigma_region  =",
            "sigma_subregion =",
            "sigma_subregion",
            [
                "[priors] has 'sigma_subregion', which this card's model has not.",
                "'sigma_region'",
            ],
        ),
        (
            "sigma_age     = { half_normal = 0.7 }\n",
            "",
            "priors",
            ["[priors] lacks 'sigma_age': the model needs it."],
        ),
        (
            "female        = { normal = [0.0, 0.5] }\n",
            "",
            "priors",
            ["[priors] lacks 'female': the effect of sex"],
        ),
        (
            "year ",
            'covariates = ["x"]\nyear ',
            "priors",
            ["[priors] lacks 'beta': covariates (or sigma_beta"],
        ),
        (
            "year    = 2020",
            "",
            "",
            ["the card lacks `year`. Every model card says it."],
        ),
    ],
)
def test_an_error_names_the_line_and_the_word(refused, old, new, at, parts):
    refused(old, new, at, *parts)


def test_priors_and_sampling_are_tables(tmp_path):
    path = tmp_path / "x.toml"
    for word, rest in {"priors": "", "sampling": "[priors]\n"}.items():
        path.write_text(
            f'title = "x"\noutcome = "x"\nages = ["0-4"]\nyear = 2020\n{word} ='
            f" 4\n{rest}"
        )
        with pytest.raises(
            UncountedError, match=rf"x.toml, line 5: {word} = 4 should be a table"
        ):
            read_card(path)


@pytest.mark.parametrize(
    "content", [b"title = ", b"title = 'x'\ntitle = 'y'", b"\xff\xfe", b"[priors\n"]
)
def test_what_is_no_toml_is_a_sentence(tmp_path, content):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(
        UncountedError, match=r"x\.toml is no TOML: .*\. (Mend that line|Save .*)\."
    ):
        read_card(path)


def test_a_card_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(UncountedError, match=r"There is no card at .*none\.toml"):
        read_card(tmp_path / "none.toml")
    with pytest.raises(
        UncountedError,
        match=r"'models/stuntin\.toml'.*Did you mean 'models/stunting\.toml'\?",
    ):
        read_card("stuntin")


def test_a_trend_needs_what_its_model_has():
    assert set(
        needs(
            card(
                priors=PRIORS
                | TREND
                | {"sigma_trend_region": TREND["sigma_trend_country"]}
            )
        )
    ) >= set(TREND)
    with pytest.raises(UncountedError, match="lacks 'sigma_trend_region'"):
        card(priors=PRIORS | TREND)
    with pytest.raises(
        UncountedError, match="'sigma_trend_country', which this card's model has not"
    ):
        card(priors=PRIORS | {"sigma_trend_country": TREND["sigma_trend_country"]})
    flat = {
        key: prior
        for key, prior in PRIORS.items()
        if key not in ("sigma_region", "sigma_subregion")
    }
    assert "sigma_trend_region" not in needs(
        card(place=("country",), priors=flat | TREND)
    )


def test_slopes_of_covariates_have_one_prior():
    beta, sigma = (
        {"beta": Prior("normal", (0.0, 0.5))},
        {"sigma_beta": Prior("half_normal", (0.5,))},
    )
    assert card(covariates=("x",), priors=PRIORS | beta) != card(
        covariates=("x",), priors=PRIORS | sigma
    )
    with pytest.raises(UncountedError, match="has beta and sigma_beta"):
        card(covariates=("x",), priors=PRIORS | beta | sigma)
    with pytest.raises(UncountedError, match="'beta', which this card's model has not"):
        card(priors=PRIORS | beta)


def test_survey_error_enters_with_its_prior():
    assert "sigma_survey" in needs(
        card(priors=PRIORS | {"sigma_survey": Prior("half_normal", (0.3,))})
    )
    assert "sigma_survey" not in needs(card())


numbers = st.floats(-1e6, 1e6, allow_subnormal=False).map(
    lambda x: x + 0.0
)  # −0.0 is 0.0
above = st.floats(1e-6, 1e6)
scales = st.one_of(
    above.map(lambda x: Prior("half_normal", (x,))),
    above.map(lambda x: Prior("exponential", (x,))),
    st.tuples(above, above).map(lambda t: Prior("half_student_t", t)),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def cards(draw) -> Card:
    place = draw(
        st.sampled_from(
            [("region", "subregion", "country"), ("region", "country"), ("country",)]
        )
    )
    people = draw(st.sampled_from([("sex", "age"), ("age",), ("sex",), ()]))
    possible = [
        i
        for i in ("sex:age", "region:sex", "region:age")
        if set(i.split(":")) <= {*people, *place}
    ]
    interactions = (
        tuple(draw(st.lists(st.sampled_from(possible), unique=True)))
        if possible
        else ()
    )
    covariates = tuple(draw(st.lists(texts, unique=True, max_size=2)))
    effects = ["level"] + ["female"] * ("sex" in people) + ["beta"] * bool(covariates)
    keys = [*place, *(one for one in people if one == "age"), *interactions]
    priors = {f"sigma_{one.replace(':', '_')}": draw(scales) for one in keys}
    priors |= {key: Prior("normal", (draw(numbers), draw(above))) for key in effects}
    return Card(
        title=draw(texts), outcome=draw(texts), why=draw(texts), priors=priors, place=place, people=people,
        ages=draw(st.sampled_from([("0-4",), ("0-5 months", "6-59 months"), ("15-24", "65+")])),
        year=draw(st.integers(1900, 2100)), years=draw(st.none() | st.just((2010, 2020))), interactions=interactions,
        covariates=covariates, show=draw(st.sampled_from(["percent", "per 1,000"])),
        sampling=Sampling(
            draws=draw(st.integers(1, 9999)), target_accept=draw(st.floats(0.01, 0.99)),
            seed=draw(st.none() | st.integers(0, 2**32)),
        ),
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(cards())
def test_a_cards_text_reads_back_as_the_card(some):
    tomllib.loads(some.text)
    again = parse_card(some.text, some.name)
    assert again == some
    assert again.digest == some.digest


def test_the_digest_sees_every_word():
    digests = {
        some.digest
        for some in (
            card(), card(year=2021), card(why="because"), card(priors=PRIORS | {"level": Prior("normal", (-1.5, 1.1))}),
            card(sampling=Sampling(seed=1)), card(exchangeable=("region",)), card(show="percent"),
        )
    }  # fmt: skip
    assert len(digests) == 7
    assert card(priors=dict(reversed(PRIORS.items()))).digest == card().digest


def test_a_card_at_a_glance_names_its_effects_and_priors():
    sentence = repr(card(title="Stunting", priors=PRIORS))
    assert "Stunting (card" in sentence
    assert "Effects: region, subregion, country, sex, age" in sentence
    assert "sigma_country" in sentence
