"""The equation of a card: what the card has is in it, what it has not is not, and it is well-formed MathML."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

import uncounted as un
from uncounted.report.equation import equation

STUNTING = un.read_card("stunting")


def without(card: un.Card, *keys: str, **words) -> un.Card:
    return replace(card, priors={key: prior for key, prior in card.priors.items() if key not in keys}, **words)


TREND = ("trend", "sigma_trend_region", "sigma_trend_country")
PLAIN = without(
    STUNTING, *TREND, "sigma_survey", "sigma_beta", "sigma_sex_age", "sigma_region_sex", "sigma_region_age",
    interactions=(), covariates=(),
)  # fmt: skip
COUNTRY = without(PLAIN, "sigma_region", "sigma_subregion", "sigma_age", "female", place=("country",), people=())


def read(card: un.Card) -> list[str]:
    """Return the formulas as plain text, a line each."""
    lines = [ElementTree.fromstring(line.math) for line in equation(card)]
    return [re.sub(r"\s+", " ", "".join(line.itertext())).strip() for line in lines]


@pytest.mark.parametrize("card", [STUNTING, PLAIN, COUNTRY], ids=["stunting", "plain", "country"])
def test_each_prior_is_told_once_under_its_own_name(card):
    told = [key for line in equation(card) for key, _ in line.priors]
    assert sorted([*told, "level"]) == sorted(card.priors)


def test_the_whole_card_is_in_its_equation():
    told = read(STUNTING)
    assert told[0] == "logitpc,s,a=countryc+sexs+agea+(sex×age)s,a+(region×sex)r,s+(region×age)r,a"
    assert "level∼Normal(−1.5,1)" in told
    assert "regionr∼Normal(level,σregion),∑r(regionr−level)=0" in told
    assert "subregiond∼Normal(regionr(d),σsubregion)" in told
    assert "countryc∼Normal(subregiond(c)+xc·β,σcountry)" in told
    assert "slopec∼Normal(trend+trend regionr(c),σtrend country)" in told
    assert "yj∼Binomial(nj,qj′)" in told


def test_what_the_card_has_not_is_not_in_its_equation():
    told = read(PLAIN)
    assert told[0] == "logitpc,s,a=countryc+sexs+agea"
    assert "countryc∼Normal(subregiond(c),σcountry)" in told
    assert "yj∼Binomial(nj,qj)" in told
    assert not any(word in line for line in told for word in ("slope", "β", "ν", "×"))


def test_a_ladder_of_one_rung_hangs_from_the_level():
    assert read(COUNTRY)[:3] == ["logitpc,s,a=countryc", "level∼Normal(−1.5,1)", "countryc∼Normal(level,σcountry)"]


def test_exchangeable_factors_do_not_sum_to_zero():
    told = read(replace(STUNTING, exchangeable=("region", "age")))
    assert "regionr∼Normal(level,σregion)" in told
    assert "agea∼Normal(0,σage)" in told


def test_the_level_says_what_its_prior_means():
    (line,) = [line for line in equation(STUNTING) if "world’s level, in log odds" in line.sentence]
    assert "18.2\u00a0%, 95 % of it at 3.0–61.3\u00a0%" in line.sentence


def test_words_of_a_card_are_escaped():
    hostile = replace(STUNTING, covariates=("<script>", *STUNTING.covariates[1:]))
    assert all("<script>" not in line.math for line in equation(hostile))
