"""Codes and names that stand for a country do so by an exact alias, for one country or
for several that are said.
"""

from collections import defaultdict

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.world.borders import read_borders
from uncounted.world.codes import check_known, folded, hint, meanings
from uncounted.world.shelf import shelf
from uncounted.world.table import SYNONYMS, one_code
from uncounted.world.world import check_codes, read_world

ALIASES = pd.read_csv(shelf("data", "aliases.csv"), dtype="str", keep_default_na=False)
PLACES = pd.read_csv(
    shelf("data", "geography.csv"), dtype="str", keep_default_na=False
).set_index("iso3")
NAMED = ["iso2", "m49", "name", "official_name"]
LISTED = {
    (folded(alias), iso3)
    for alias, iso3 in zip(ALIASES["alias"], ALIASES["iso3"], strict=True)
}
LISTED |= {
    (folded(name), iso3)
    for column in NAMED
    for iso3, name in PLACES[column].items()
    if name
}
# the only words, of more than two letters, that stand for several countries
SEVERAL = {
    "ANT", "CSK", "SCG", "YUG", "Netherlands Antilles", "Czechoslovakia", "Serbia and Montenegro", "Yugoslavia",
    "Korea", "Virgin Islands",
}  # fmt: skip
SURVEY_PROGRAMME = {  # two letters of the DHS programme that are not those of ISO 3166
    "BT": "BWA", "BU": "BDI", "DR": "DOM", "EK": "GNQ", "ES": "SLV", "GU": "GTM", "IA": "IND", "KK": "KAZ",
    "KY": "KGZ", "LB": "LBR", "MB": "MDA", "MD": "MDG", "NC": "NIC", "NI": "NER", "NM": "NAM",
}  # fmt: skip


@pytest.mark.parametrize(("code", "country"), SURVEY_PROGRAMME.items())
def test_codes_of_the_survey_programme_are_suggested_beside_iso(code, country):
    candidates = meanings(code, PLACES)
    assert "DHS" in candidates[country]
    of_iso = PLACES.index[PLACES["iso2"] == code]
    assert all("ISO" in candidates[iso3] for iso3 in of_iso)


def test_a_code_of_several_countries_says_each_and_chooses_none():
    with pytest.raises(
        UncountedError, match=r"NI → NIC \(ISO\) or NER \(DHS\) or NGA \(FIPS\)"
    ):
        check_known(["NI"], PLACES, "A table")
    with pytest.raises(UncountedError, match=r"LB → LBN \(ISO\) or LBR \(DHS\)"):
        check_known(["LB"], PLACES, "A table")


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("ZAR", "COD"), ("TMP", "TLS"), ("ROM", "ROU"), ("WBG", "PSE"), ("UAE", "ARE"), ("DRC", "COD"),
        ("Republic of the Congo", "COG"), ("Congo, Rep.", "COG"), ("Congo, Dem. Rep.", "COD"), ("DR Congo", "COD"),
        ("Democratic Republic of Congo", "COD"), ("Congo, the Democratic Republic of the", "COD"), ("Zaire", "COD"),
        ("Turkey", "TUR"), ("TÜRKİYE", "TUR"), ("Czech Republic", "CZE"), ("Czech Rep.", "CZE"),
        ("Swaziland", "SWZ"), ("Lao PDR", "LAO"), ("Korea, Rep.", "KOR"), ("Korea, Dem. People's Rep.", "PRK"),
        ("Burma", "MMR"), ("Cape Verde", "CPV"), ("Macedonia, FYR", "MKD"), ("Ivory Coast", "CIV"),
        ("cote d ivoire", "CIV"), ("COTE D'IVOIRE", "CIV"), ("Côte d’Ivoire", "CIV"), ("The Gambia", "GMB"),
        ("Gambia, The", "GMB"), ("Tanzania, United Republic of", "TZA"), ("Iran (Islamic Republic of)", "IRN"),
        ("Venezuela, RB", "VEN"), ("Egypt, Arab Rep.", "EGY"), ("St. Lucia", "LCA"), ("Saint Lucia", "LCA"),
        ("Tchad", "TCD"), ("Allemagne", "DEU"), ("Alemania", "DEU"), ("República Dominicana", "DOM"),
        ("U.S.", "USA"), ("United States", "USA"), ("uk", "GBR"), ("404", "KEN"), ("8", "ALB"), ("404.0", "KEN"),
        ("ken", "KEN"), ("KE", "KEN"), ("na", "NAM"), ("Kosovo", "XKX"), ("412", "XKX"), ("UNK", "XKX"),
    ],
)  # fmt: skip
def test_usual_names_and_codes_are_one_country(name, country):
    assert list(meanings(name, PLACES)) == [country]


@pytest.mark.parametrize(
    "word", ["GHN", "Micronesai", "qqq", "England", "OS", "GHA2", "", "?", "Guin"]
)
def test_nothing_is_suggested_from_likeness(word):
    assert meanings(word, PLACES) == {}
    with pytest.raises(UncountedError) as caught:
        check_known([word], PLACES, "A table")
    assert "→" not in str(caught.value)


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=4))
def test_letters_are_a_country_only_as_an_alias_that_is_listed(word):
    listed = {iso3 for alias, iso3 in LISTED if alias == folded(word)}
    exact = {SYNONYMS.get(word, word)} & set(PLACES.index)
    assert set(meanings(word, PLACES)) == (exact or listed)


def test_every_alias_is_of_a_country_of_the_geography_table():
    assert set(ALIASES["iso3"]) <= set(PLACES.index)
    assert not ALIASES.duplicated().any()
    assert (ALIASES[["alias", "system"]] != "").all(axis=None)


def test_every_alias_stands_for_one_country_or_is_declared_to_stand_for_several():
    countries: dict[str, set[str]] = defaultdict(set)
    for alias, iso3 in LISTED:
        countries[alias].add(iso3)
    several = {alias for alias in ALIASES["alias"] if len(countries[folded(alias)]) > 1}
    assert {alias for alias in several if len(alias) > 2} == SEVERAL
    codes = (
        ALIASES.loc[ALIASES["alias"].str.len() <= 2]
        .groupby(["alias", "system"])["iso3"]
        .nunique()
    )
    assert set(codes[codes > 1].reset_index()["system"]) == {
        "former"
    }  # of a system of today a code is one country's


def test_no_alias_is_the_alpha_3_code_of_another_country():
    codes = ALIASES.loc[ALIASES["alias"].str.upper().isin(PLACES.index)]
    assert codes.empty


def test_no_two_countries_have_the_same_name_once_folded():
    names = [
        (folded(name), iso3)
        for column in NAMED
        for iso3, name in PLACES[column].items()
        if name
    ]
    assert pd.DataFrame(names).groupby(0)[1].nunique().max() == 1


@given(
    st.sampled_from(sorted(set(ALIASES["alias"]))),
    st.sampled_from([str.upper, str.lower, str.title]),
)
def test_case_and_blanks_change_nothing(alias, case):
    if (
        len(alias) > 2
    ):  # "De" is a small word of names and Germany of codes, in letters of any size
        assert meanings(f"  {case(alias)} ", PLACES) == meanings(alias, PLACES)


def test_only_places_that_the_table_has_are_suggested():
    few = PLACES.loc[["GHA", "NER"]]
    assert meanings("NI", few) == {"NER": ("DHS",)}
    assert meanings("Turkey", few) == {}


def test_country_codes_are_made_of_names():
    names = ["Lao PDR", "KEN", "Côte d'Ivoire", "ZAR", "XKV", 404, "Lao PDR"]
    assert un.country_codes(names) == ["LAO", "KEN", "CIV", "COD", "XKX", "KEN", "LAO"]
    frame = pd.DataFrame({"country": ["Turkey", "Burma"]}, index=[7, 3])
    assert list(frame.assign(iso3=un.country_codes(frame["country"]))["iso3"]) == [
        "TUR",
        "MMR",
    ]
    assert un.country_codes(PLACES["name"]) == list(PLACES.index)
    assert un.country_codes(PLACES["official_name"]) == list(PLACES.index)
    assert un.country_codes([]) == []


def test_country_codes_lists_all_that_it_cannot_tell():
    with pytest.raises(UncountedError) as caught:
        un.country_codes(["Kenya", "Narnia", "NI", "", "LB", "Oz"])
    sentence = str(caught.value)
    assert "No country is known as (empty); Narnia; Oz." in sentence
    assert (
        "LB → LBN (ISO) or LBR (DHS); NI → NIC (ISO) or NER (DHS) or NGA (FIPS)"
        in sentence
    )
    assert "system='DHS'" in sentence


def test_a_system_says_whose_codes_they_are():
    codes = list(SURVEY_PROGRAMME)
    assert un.country_codes(codes, system="DHS") == list(SURVEY_PROGRAMME.values())
    assert un.country_codes(["NI", "NI", "Kenya"], system="ISO") == [
        "NIC",
        "NIC",
        "KEN",
    ]
    assert un.country_codes(["NI"], system="FIPS") == ["NGA"]
    with pytest.raises(
        UncountedError, match=r"No codes are known as 'DSH'. Did you mean 'DHS'"
    ):
        un.country_codes(["NI"], system="DSH")
    with pytest.raises(UncountedError, match=r"list of names.*\['Kenya'\]"):
        un.country_codes("Kenya")


def test_a_hint_names_each_country():
    assert hint("Swaziland", PLACES) == " Did you mean 'Eswatini' (SWZ)?"
    assert hint("NM", PLACES) == " Did you mean 'Namibia' (NAM)?"
    assert (
        hint("KY", PLACES)
        == " Did you mean 'Cayman Islands' (CYM) or 'Kyrgyzstan' (KGZ)?"
    )
    assert hint("Africaa", PLACES, ["Africa", "GHA"]) == " Did you mean 'Africa'?"
    for word in ("qqq", "GHN", "ZAS"):  # looks like ZAF, ZMB, and is neither
        assert hint(word, PLACES, [*PLACES.index, "Ghana"]) == ""


each_code_of_kosovo = pytest.mark.parametrize("code", ["XKX", *SYNONYMS])


@each_code_of_kosovo
def test_kosovo_has_a_place_where_it_has_a_population(small, code):
    population = small["population"].replace({"iso3": {"TGO": code}})
    covariates = pd.DataFrame({"iso3": ["GHA", code], "hdi": [0.6, 0.7]})
    world = read_world(population=population, covariates=covariates)
    assert list(world.places.index) == ["GHA", "NAM", "XKX"]
    assert world.places.loc["XKX", "name"] == "Kosovo"
    assert (
        world.places.loc["XKX", "subregion"] == "Northern, Southern and Western Europe"
    )
    assert world.covariates.loc["XKX", "hdi"] == 0.7


@each_code_of_kosovo
def test_kosovo_is_elsewhere_where_it_has_none(code):
    world = read_world()
    assert "XKX" not in world.places.index
    assert check_codes(world, one_code(pd.Series([code])), "A test") == {"XKX"}


@each_code_of_kosovo
def test_kosovo_may_be_in_a_geography_and_a_grouping_of_ones_own(small, code):
    tables = {name: small[name].replace({"iso3": {"TGO": code}}) for name in small}
    grouping = pd.DataFrame({"iso3": ["GHA", "XKX"], "region": ["A", "B"]})
    places = read_world(**tables, grouping=grouping).places
    assert places["region"].to_dict() == {
        "GHA": "A",
        "NAM": "not classified",
        "XKX": "B",
    }
    own = pd.Series({"XKX": "B"} | ({code: "B"} if code == "XKX" else {}))
    assert un.groups(read_world(**tables), own).loc["XKX"] == "B"


@each_code_of_kosovo
def test_kosovo_is_one_country_in_the_evidence(small, code):
    tables = small | {
        "population": small["population"].replace({"iso3": {"TGO": code}})
    }
    world = read_world(
        **(tables | {"geography": None, "covariates": small["covariates"].iloc[:1]})
    )
    figures = {
        "survey": ["k"],
        "country": [code],
        "year": [2020],
        "sex": ["female"],
        "age": ["0-4"],
    }
    evidence = un.counts(
        pd.DataFrame(figures | {"n": [100.0], "y": [3.0]}), "wasting"
    ).placed(world)
    assert list(evidence.rows["country"]) == ["XKX"]
    assert evidence.ledger.lines.empty


@each_code_of_kosovo
def test_kosovo_counts_once(small, code):
    if code != "XKX":
        twice = pd.concat(
            [
                small["covariates"],
                pd.DataFrame({"iso3": ["XKX", code], "hdi": [0.1, 0.1]}),
            ]
        )
        with pytest.raises(UncountedError, match="more than one row for XKX"):
            read_world(covariates=twice)


def test_borders_of_kosovo_are_drawn(small):
    countries = {"GHA": "SRB", "NAM": "ALB", "TGO": "XKX"}
    world = read_world(population=small["population"].replace({"iso3": countries}))
    assert read_borders(None, world).of("XKX") == ("ALB", "SRB")
