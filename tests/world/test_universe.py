"""The people that an estimate is about: who, where, and what they are called."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uncounted as un
from uncounted.model.seen import look
from uncounted.world.universe import Universe, in_countries, within

SEXES = ("female", "male")
AGES = ("15-24", "25-49")
PRIORS = {
    "level": un.Prior("normal", (-1.5, 1.0)),
    "sigma_country": un.Prior("half_normal", (0.5,)),
    "sigma_survey": un.Prior("half_normal", (0.3,)),
}


@pytest.fixture(scope="module")
def world() -> un.World:
    return un.read_world(grouping="m49")


def card(**words) -> un.Card:
    given = {
        "title": "Screening",
        "outcome": "screening",
        "ages": AGES,
        "priors": PRIORS,
        "year": 2020,
        "people": (),
        "place": ("country",),
    }
    return un.Card(**given | words)


def evidence(countries: list[str]) -> un.Evidence:
    """Return one survey a country: of women, men and everybody, at two ages."""
    rows = []
    for country in countries:
        for sex in (*SEXES, "both"):
            for age in AGES:
                row = {"survey": f"survey of {country}", "country": country}
                row |= {"year": 2020, "sex": sex, "age": age, "n": 100.0, "y": 12.0}
                rows.append(row)
    table = pd.DataFrame(rows)
    one_of = (table["sex"] != "both") if len(countries) % 2 else table["sex"] == "both"
    return un.counts(table[one_of], "screening")


codes = st.lists(
    st.sampled_from(["KEN", "GHA", "NGA", "ZAF", "FRA", "BRA"]), min_size=1, unique=True
)


@given(countries=codes, region=st.sampled_from(["Africa", "Europe", "Americas"]))
@settings(max_examples=25, deadline=None)
def test_countries_outside_count_as_without_a_population(world, countries, region):
    where = {"region": [region], "countries": countries, "except": ["NGA"]}
    part = within(world, Universe(where=where))
    expected = (world.places["region"] == region) | world.places.index.isin(countries)
    expected &= world.places.index != "NGA"
    assert list(part.places.index) == list(world.places.index[expected])
    assert set(part.elsewhere.index) == {
        *world.elsewhere.index,
        *world.places.index[~expected],
    }
    total = world.population.sel(country=part.places.index.to_numpy()).sum()
    assert float(part.population.sum()) == float(total)
    assert within(part, Universe(where=where)).digest == part.digest
    assert set(in_countries(part, where)[lambda is_in: is_in].index) >= set(
        part.places.index
    )


@pytest.mark.parametrize("sex", SEXES)
def test_other_people_count_as_none(world, sex):
    people = within(world, Universe(who={"sex": sex})).population
    other = SEXES[1 - SEXES.index(sex)]
    assert float(people.sel(sex=other).sum()) == 0
    assert people.sel(sex=sex).equals(world.population.sel(sex=sex))


@given(countries=codes)
@settings(max_examples=20, deadline=None)
def test_respondents_are_in_the_evidence_or_in_the_ledger(world, countries):
    """Who is outside goes to the ledger, to the person; rows of both sexes too."""
    of_women = card(who={"sex": "female"}, where={"region": ["Africa"]})
    given = evidence(["GHA", *[code for code in countries if code != "GHA"]])
    if (given.rows["sex"] == "both").all():
        with pytest.raises(un.UncountedError, match="persons outside those"):
            look(of_women, within(world, of_women.universe), given)
        return
    seen = look(of_women, within(world, of_women.universe), given).evidence
    assert set(seen.rows["sex"]) == {"female"}
    assert set(seen.rows["country"]) <= {"KEN", "GHA", "NGA", "ZAF"}
    lost = seen.ledger.lines["respondents"].sum()
    assert seen.rows["respondents"].sum() + lost == given.rows["respondents"].sum()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"where": {"region": ["Afrika"]}}, "Did you mean 'Africa'"),
        ({"where": {"regoin": ["Africa"]}}, "Did you mean 'region'"),
        ({"where": {"countries": ["Atlantis"]}}, "Atlantis"),
        ({"where": {"countries": ["KEN"], "except": ["KEN"]}}, "leaves no country"),
        ({"who": {"sex": "women"}}, "which the population table lacks"),
        ({"who": {"migrant": "yes"}}, "not divided by 'migrant'"),
    ],
)
def test_what_the_world_lacks_is_a_sentence(world, words, sentence):
    with pytest.raises(un.UncountedError, match=sentence):
        un.build(card(**words), world, evidence(["GHA", "KEN", "ZAF"]))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"who": {"age": "15-19"}}, "outside the age of `who`"),
        ({"who": {"sex": 1}}, "should be a text or a list"),
        (
            {
                "who": {"sex": "female"},
                "people": ("sex",),
                "priors": PRIORS | {"female": un.Prior("normal", (0.0, 1.0))},
            },
            "Leave sex out of people",
        ),
        ({"persons": {"mny": "women"}}, "Did you mean 'many'"),
    ],
)
def test_words_that_contradict_the_card_are_sentences(words, sentence):
    with pytest.raises(un.UncountedError, match=sentence):
        card(**words)


def test_names_of_countries_are_read(world):
    part = within(world, Universe(where={"countries": ["Ghana", "Côte d'Ivoire"]}))
    assert set(part.places.index) == {"GHA", "CIV"}


def test_a_card_without_these_words_has_the_digest_that_it_had():
    assert un.read_card("stunting").digest == un.read_card("stunting").digest
    assert "who" not in un.read_card("stunting").text
    assert card().digest != card(who={"sex": "female"}).digest
