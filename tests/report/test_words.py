"""How numbers are written, and that every sentence of the page exists and is used."""

import ast
import math
import re
from pathlib import Path

import pytest

import uncounted as un
from uncounted.figures import figure_table as figures
from uncounted.figures import usage
from uncounted.release.fit_release import release_of
from uncounted.release.headline import headline
from uncounted.wording import numerals
from uncounted.wording import words as wording
from uncounted.wording.words import read_words

EN = read_words()
PACKAGE = Path(wording.__file__).parents[1]
ROOMS = (
    "wording",
    "model",
    "equation",
    "tables",
    "release",
    "charts",
    "formats",
    "run",
)
REASON = re.compile(
    r"""(?:'excluded'|'repaired'|'not used again'|_kept\(.*|without\(.*), (['"])((?:(?!\1)[^{])+)\1\)"""
)
WHY = re.compile(r"""why = (['"])((?:(?!\1)[^{])+)\1$""", re.MULTILINE)
SAID = re.compile(r"""say\(\s*f?["']([a-z_]+\.[a-z_0-9]*)(["'{])""")


@pytest.mark.parametrize(
    ("p", "show", "told"),
    [
        (0.2187, "percent", "21.9 %"),
        (0.0034, "per 1,000", "3.4 per 1,000"),
        (0.00003, "per 1,000", "fewer than 0.1 per 1,000"),
        (0.0004, "percent", "less than 0.1 %"),
        (0.0, "percent", "0.0 %"),
        (1.0, "per 1,000", "1,000.0 per 1,000"),
        (math.nan, "percent", "–"),
    ],
)
def test_a_rate_has_its_unit_and_one_decimal(p, show, told):
    assert plain(numerals.rate(p, show, EN)) == told


@pytest.mark.parametrize(
    ("n", "told"),
    [
        (149_234_567, "149 million"),
        (999_600, "1.00 million"),
        (1_234_567_890, "1.23 billion"),
        (45_620, "45.6 thousand"),
        (9_996, "10.0 thousand"),
        (4_557, "4,560"),
        (612.4, "612"),
        (99.4, "fewer than 100"),
        (99.6, "100"),
        (0, "0"),
        (math.nan, "–"),
    ],
)
def test_persons_have_three_significant_figures(n, told):
    assert plain(numerals.persons(n, EN)) == told


@pytest.mark.parametrize(
    ("lower", "upper", "told"),
    [
        (145.2e6, 151.9e6, "145–152 million"),
        (980_000, 1.02e6, "980 thousand to 1.02 million"),
        (12.0, 4_000, "0 to 4,000"),
        (12.0, 60.0, "fewer than 100"),
        (612, 1_330, "612–1,330"),
        (149.1e6, 149.2e6, "149 million"),
        (math.nan, 3.0, "–"),
    ],
)
def test_bounds_share_their_scale_where_they_can(lower, upper, told):
    assert plain(numerals.persons_between(lower, upper, EN)) == told


@pytest.mark.parametrize(
    ("x", "told"), [(0.884, "88 %"), (0.003, "<1 %"), (0.0, "0 %"), (math.nan, "–")]
)
def test_a_share_is_in_whole_percent(x, told):
    assert plain(numerals.fraction(x, EN)) == told


@pytest.mark.parametrize(
    ("ages", "sex", "people"),
    [
        (("0-5 months", "6-59 months"), "", "persons aged under 5 years"),
        (("15-64", "65+"), "", "persons aged 15 years and over"),
        (("5-11", "12-17"), "female", "females aged 5–17 years"),
        (("6-11 months", "12-23 months"), "", "persons aged 6–23 months"),
        (("0-4", "5+"), "male", "males of all ages"),
        (("15-24", "25-49"), "female", "women aged 15–49 years"),
        (("18+",), "male", "men aged 18 years and over"),
    ],
)
def test_whom_a_card_speaks_of(card, ages, sex, people):
    assert plain(numerals.whom(card(ages=ages).bands, sex, EN)) == people


def test_the_headline_carries_both_intervals_with_their_level(release):
    stats = {"median": 0.219, "lower": 0.211, "upper": 0.227}
    row = release.of_world.copy()
    row[[f"prevalence_{stat}" for stat in stats]] = list(stats.values())
    row[["persons_mean", "persons_lower", "persons_upper"]] = [149e6, 143e6, 154e6]
    assert (
        plain(headline(release, row))
        == "Child stunting, under five years: 21.9 % (95 % interval 21.1–22.7 %) of"
        " persons aged under 5 years worldwide in 2020, that is 149 million persons"
        " (95 % interval 143–154 million)."
    )


def test_a_world_of_which_less_than_half_is_surveyed_says_so(fit, rows):
    everybody = rows[(rows["sex"] == "all") & (rows["age"] == "all")]
    countries = everybody[everybody["grouping"] == "country"]
    own = countries[countries["evidence"] == "surveyed"].iloc[0]
    few = rows.assign(
        evidence=rows["evidence"].where(rows["group"] == own["group"], "imputed")
    )
    release = release_of(fit, few, [])
    share = numerals.fraction(own["population"] / countries["population"].sum(), EN)
    told = (
        f"Of these persons {share} live in surveyed countries: the number is imputed"
        " for the most part."
    )
    assert plain(headline(release)).endswith(plain(told))
    row = few.query(
        "group == 'Europe and Central Asia' and sex == 'all' and age == 'all'"
    ).iloc[0]
    assert "imputed for the most part" in headline(release, row)
    assert "imputed" not in headline(release, own)
    assert "imputed" not in headline(
        release_of(fit, rows.assign(evidence="surveyed"), [])
    )


def test_every_sentence_is_used_and_every_used_one_exists():
    files = [path for room in ROOMS for path in (PACKAGE / room).glob("*.py")]
    files += (PACKAGE / "formats" / "template").iterdir()
    said = {
        found
        for file in files
        for found in SAID.findall(file.read_text(encoding="utf-8"))
    }
    built = tuple(
        name for name, end in said if end == "{" or name[-1] in "._"
    )  # the rest of the name is computed
    used = {name for name, _ in said} - set(built)
    sentences, text = (
        set(read_words().sentences),
        "".join(file.read_text(encoding="utf-8") for file in files),
    )
    assert used <= sentences
    quoted = {name for name in sentences if f'"{name}"' in text}
    titles = {
        name for name in sentences if name.endswith(".title")
    }  # head(id) of the page
    assert {
        name
        for name in sentences - used - quoted - titles
        if not name.startswith(built)
    } == set()
    assert [
        start
        for start in built
        if not any(name.startswith(start) for name in sentences)
    ] == []


@pytest.mark.parametrize(
    "language",
    [path.stem for path in wording.FOLDER.glob("*.toml") if path.stem != "en"],
)
def test_every_language_says_the_same_with_the_same_words(language):
    other = read_words(language)
    assert set(other.sentences) == set(EN.sentences)
    for name, sentence in EN.sentences.items():
        told = other.sentences[name]
        assert (
            set(re.findall(r"{\w+}", told)) == set(re.findall(r"{\w+}", sentence))
            or not told
        ), name
    empty = {name for name, told in other.sentences.items() if not told}
    assert empty <= {
        "number.thousand",
        "number.thousands",
    }  # a scale that a language may lack


def test_a_french_report_has_french_signs_words_and_names():
    fr = read_words("fr")
    assert numerals.rate(0.2187, "percent", fr) == "21,9\u00a0%"
    assert (
        numerals.rate(0.00003, "per 1,000", fr) == "moins de 0,1 pour\u00a01\u202f000"
    )
    assert numerals.people(149_234_567, fr) == "149\u00a0millions de personnes"
    assert numerals.people(1_234_567, fr) == "1,23\u00a0million de personnes"
    assert numerals.people(45_620, fr) == "45\u202f600 personnes"
    assert (
        numerals.persons_between(980_000, 2.3e6, fr)
        == "980\u202f000 à 2,30\u00a0millions"
    )
    assert numerals.level(0.95, fr) == "intervalle à 95\u00a0%"
    assert numerals.band("6-11 months", fr) == "6–11 mois"
    assert fr.term("Africa") == "Afrique"
    assert fr.term("fieldwork outside 2010–2023") == "terrain hors de 2010–2023"
    assert fr.term("a name that nobody knows") == "a name that nobody knows"


def test_what_the_house_says_has_a_french_term(fit, release):
    """Evidence classes, regions and countries, and reasons of the ledger that stand in
    the code.
    """
    fr, world = read_words("fr"), fit.world.places
    assert {
        "surveyed",
        "imputed",
        "reported from elsewhere",
        *world["region"],
        *world["subregion"],
    } <= set(fr.terms)
    same = [name for name in world["name"] if fr.term(name) == name]
    assert len(same) < 80  # Kenya and Ghana are the same in both
    rooms = ("figures", "interviews", "observations", "lists", "model")
    files = [path for room in rooms for path in (PACKAGE / room).glob("*.py")]
    statements = [ast.unparse(ast.parse(path.read_text("utf-8"))) for path in files]
    reasons = {
        reason
        for source in statements
        for pattern in (REASON, WHY)
        for _, reason in pattern.findall(source)
    }
    reasons |= {
        usage.TWICE,
        usage.UNPLACED,
        usage.UNANSWERED,
        usage.UNASKED,
        usage.NO_SIZE,
        usage.NOBODY,
    }
    reasons |= {
        figures.NO_WIDTH,
        "no answer on x: refused",
        "effective respondents from its interval (wald)",
    }
    assert len(reasons) > 15
    assert [why for why in reasons if fr.term(why) == why] == []
    assert [one.name for one in release.findings if fr.term(one.name) == one.name] == []
    indicators = [name.replace("_", " ") for name in fit.world.covariates]
    assert [name for name in indicators if name not in fr.terms] == []


def test_an_unknown_sentence_or_language_is_a_sentence():
    with pytest.raises(
        un.UncountedError,
        match=r"no sentence 'headline\.tite'\. Did you mean 'headline\.title'",
    ):
        wording.read_words()("headline.tite")
    with pytest.raises(un.UncountedError, match="no language 'xx'"):
        wording.read_words("xx")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.fixture
def card():
    def make(**words) -> un.Card:
        needed = {
            "level": un.Prior("normal", (-2.0, 1.0)),
            "sigma_country": un.Prior("half_normal", (0.5,)),
        }
        given = {
            "title": "Being counted",
            "outcome": "k",
            "ages": ("15+",),
            "year": 2020,
            "show": "percent",
        }
        return un.Card(
            **given | {"priors": needed, "people": (), "place": ("country",)} | words
        )

    return make
