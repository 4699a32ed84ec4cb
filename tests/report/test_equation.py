"""The equation of a card: what the card has is in it, what it has not is not;
well-formed as MathML and LaTeX.
"""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

import uncounted as un
from uncounted.equation.equation import equation
from uncounted.model.likelihood import LIKELIHOODS
from uncounted.model.priors import FAMILIES, LOCATIONS, SHARES, SIZES
from uncounted.model.slopes import SLOPES
from uncounted.model.symbols import distribution
from uncounted.model.terms import OPTIONAL
from uncounted.model.trend import SMOOTH
from uncounted.model.vocabulary import LINKS, NEIGHBOURS
from uncounted.notation.latex import latex
from uncounted.notation.mathml import mathml
from uncounted.world.covariates import TRANSFORMS

STUNTING = un.read_card("stunting")
COMMANDS = set(
    re.findall(
        r"\w+",
        "text operatorname log max sim cdot times in dots quad frac sqrt sum hat tilde"
        " prime left right beta delta varepsilon kappa lambda mu nu rho sigma tau"
        " varphi omega",
    )
)


def without(card: un.Card, *keys: str, **words) -> un.Card:
    return replace(
        card,
        priors={key: prior for key, prior in card.priors.items() if key not in keys},
        **words,
    )


def having(card: un.Card, *less: str, priors: dict[str, tuple], **words) -> un.Card:
    kept = {key: prior for key, prior in card.priors.items() if key not in less}
    return replace(
        card,
        priors=kept | {key: un.Prior(f, tuple(n)) for key, (f, *n) in priors.items()},
        **words,
    )


TREND = ("trend", "sigma_trend_region", "sigma_trend_country")
PLAIN = without(
    STUNTING, *TREND, "sigma_survey", "sigma_beta", "sigma_sex_age", "sigma_region_sex", "sigma_region_age",
    "sigma_country_age", "sigma_source_age", "spread_age", "sigma_row", "bias",
    interactions=(), covariates=(), reference_source="",
)  # fmt: skip
COUNTRY = without(
    PLAIN,
    "sigma_region",
    "sigma_subregion",
    "sigma_age",
    "female",
    place=("country",),
    people=(),
)
NAMES = ("human_development_index", "gdp_per_capita_ppp", "gini_index")
HORSESHOE = having(
    STUNTING, "sigma_beta", "sigma_row", "spread_age",
    priors={
        "tau_beta": ("half_student_t", 3, 0.1), "slab_beta": ("log_normal", 0.7, 0.5), "rho": ("beta", 1, 1),
        "sigma_country": ("pc", 1, 0.05), "kappa": ("beta", 2, 4), "duration": ("log_normal", 3, 0.7),
        "bias": ("normal", 0, 0.5), "crosswalk": ("normal", 0, 0.5), "sigma_smooth_region": ("exponential", 0.1),
        "sigma_smooth_country": ("half_normal", 0.1), "sensitivity": ("beta", 8, 2), "specificity": ("beta", 99, 1),
        "deff_excess": ("half_normal", 1), "series_share": ("beta", 4, 1), "spread": ("normal", 0, 0.5),
    },
    covariates=NAMES, spread=NAMES[:2], transforms={"gdp_per_capita_ppp": "log"}, neighbours="borders", age_order=1,
    likelihood="beta_binomial", reference_source="DHS", reference_definition="<wide>", window_years=5.0,
    validation={"DHS": {"sensitivity": (800, 1000), "specificity": (4500, 5000)}},
)  # fmt: skip
R2D2 = having(
    COUNTRY, priors={"r2": ("beta", 1, 1), "rho": ("beta", 1, 1), "specificity": ("beta", 99, 1)},
    covariates=NAMES, neighbours="covariates", likelihood="fay_herriot",
)  # fmt: skip
INDEX = having(
    STUNTING, "sigma_beta", "sigma_survey", "sigma_row", "bias", "spread_age",
    priors={
        "beta": ("normal", 0, 0.5), "crosswalk": ("normal", 0, 0.5), "sensitivity": ("beta", 8, 2),
        "spread": ("normal", 0, 0.5),
    },
    covariates=NAMES, spread=NAMES[2:], index=True, likelihood="logit_normal", reference_definition="wide", age_order=2,
    exchangeable=("region", "sex:age"),
)  # fmt: skip
INDEX_R2 = having(INDEX, "beta", priors={"r2": ("beta", 1, 1)})
PLAIN_R2 = {key: prior for key, prior in INDEX_R2.priors.items() if key != "spread"}
ELSEWHERE = having(
    PLAIN, priors={"kappa": ("beta", 2, 4), "sigma_survey": ("exponential", 0.3)}
)
IDENTITY = without(PLAIN, likelihood="fay_herriot", link="identity")
FORMS = having(
    PLAIN, priors={"sigma_survey": ("exponential", 0.3), "sigma_migrant": ("half_normal", 0.5)},
    likelihood="multinomial", forms=("early", "late"), people=("sex", "age", "migrant"),
)  # fmt: skip
CARDS = {
    "stunting": STUNTING, "stunting-trend": un.read_card("stunting-trend"), "plain": PLAIN, "country": COUNTRY,
    "horseshoe": HORSESHOE, "r2d2": R2D2, "index": INDEX, "index-r2": INDEX_R2, "elsewhere": ELSEWHERE,
    "identity": IDENTITY, "forms": FORMS,
    "child-labour": un.read_card("child-labour"),
}  # fmt: skip
every = pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)


def read(card: un.Card) -> list[str]:
    """Return the formulas as plain text, a line each."""
    lines = [ElementTree.fromstring(line.math) for line in equation(card)]
    return [re.sub(r"\s+", " ", "".join(line.itertext())).strip() for line in lines]


@every
def test_each_prior_is_told_once_under_its_own_name(card):
    lines = equation(card)
    formulas = [line.formula for line in lines] + [
        formula for line in lines for _, formula in line.brings
    ]
    for key, prior in card.priors.items():
        mine = [
            formula
            for formula in formulas
            if re.match(rf"{key}(\[[^]]*\])? ~ ", formula)
        ]
        assert len(mine) == 1, key
        assert mine[0].endswith(f" ~ {distribution(prior)}")
    told = [key for line in lines for key, _ in line.priors]
    assert len(set(told)) == len(told)
    assert set(card.priors) - set(told) <= {"level", "beta"}


@every
def test_each_prior_acts_in_a_line_that_is_not_its_own(card):
    lines = [line.formula for line in equation(card)]
    for key in card.priors:
        acts = re.compile(rf"(?<!\w){key}(?!\w)")
        assert any(
            acts.search(line) and not line.startswith(f"{key} ~") for line in lines
        ), key


def test_the_cards_here_have_every_word():
    used = {key for card in CARDS.values() for key in card.priors}
    assert {*LOCATIONS, *SHARES, *SIZES, *OPTIONAL, *SLOPES, *SMOOTH} - {
        "shape"
    } <= used  # shape is a spell's, of no model card
    assert {card.likelihood for card in CARDS.values()} == set(LIKELIHOODS)
    assert {card.neighbours for card in CARDS.values()} == set(NEIGHBOURS)
    assert {card.link for card in CARDS.values()} == set(LINKS)
    assert {
        prior.family for card in CARDS.values() for prior in card.priors.values()
    } == set(FAMILIES)


def test_the_documents_have_every_prior():
    text = (Path(__file__).parents[2] / "docs" / "card.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`", text.split("## Words of an estimate")[0]))
    assert {key for card in CARDS.values() for key in card.priors} <= told
    assert {*FAMILIES, *LIKELIHOODS, *TRANSFORMS, *NEIGHBOURS[1:]} <= told


def test_the_whole_card_is_in_its_equation():
    told = read(STUNTING)
    assert (
        told[0]
        == "logitpc,s,a=countryc+sexs+agea+(sex×age)s,a+(region×sex)r,s+(region×age)r,a+(country×age)c,a"
    )
    assert "level∼Normal(−1.5,1)" in told
    assert "regionr∼Normal(level,σregion),∑r(regionr−level)=0" in told
    assert "subregiond∼Normal(regionr(d),σsubregion)" in told
    assert "countryc∼Normal(subregiond(c)+xc·β,σcountry)" in told
    assert "slopec∼Normal(trend+trend regionr(c),σtrend country)" in told
    assert "logitpk,c,s,a=logitpc,s,a+(source×age)k,a" in told
    assert "yj∼Binomial(nj,qj‴)" in told


def test_links_and_forms_are_told_as_they_are():
    told = read(IDENTITY)
    assert told[0] == "pc,s,a=countryc+sexs+agea"
    assert not any("logit" in line for line in told)
    told = read(FORMS)
    assert told[0] == "logpf,c,s,a,gp0,c,s,a,g=countryc+sexs+agea+migrantg"
    assert "y·,j∼Multinomial(nj,q·,j′)" in told
    assert "affectedf,G=∑c∈G,s,a,gNc,s,a,gpf,c,s,a,g" in told


def test_what_the_card_has_not_is_not_in_its_equation():
    told = read(PLAIN)
    assert told[0] == "logitpc,s,a=countryc+sexs+agea"
    assert "countryc∼Normal(subregiond(c),σcountry)" in told
    assert "yj∼Binomial(nj,qj)" in told
    assert not any(word in line for line in told for word in ("slope", "β", "ν", "×"))


@every
def test_parts_are_of_what_the_card_has_and_of_nothing_else(card):
    text = " ".join(line.formula for line in equation(card))
    parts = {
        "bend": "sigma_smooth_region" in card.priors,
        "slope": "trend" in card.priors,
        "index": card.index,
        "u[c]": bool(card.neighbours),
        "λ": "tau_beta" in card.priors,
        "φ": "r2" in card.priors and not card.index,
        "ν": "sigma_survey" in card.priors,
        "r[j]": bool({"sensitivity", "specificity"} & set(card.priors)),
        "T[j]": "duration" in card.priors,
        "B[a,k]": bool(card.age_order),
        "k[kind]": bool(card.validation),
        "BetaBinomial": card.likelihood == "beta_binomial",
        "p̃": card.likelihood in ("logit_normal", "fay_herriot"),
    }
    assert {part: part in text for part in parts} == parts


def test_what_a_survey_shows_goes_through_every_step_in_order():
    told = [line.formula for line in equation(HORSESHOE)]
    start = next(i for i, line in enumerate(told) if line.startswith("q[j]"))
    assert told[start:-1] == [
        "q[j] = Σ[c,s,a,t] W[j,c,s,a,t] p[source(j),c,s,a](t)",
        "logit p[k,c,s,a] = logit p[c,s,a] + (source × age)[k,a]",
        (
            "(source × age)[k,a] ~ Normal(0, sigma_source_age), Σ[a] (source ×"
            " age)[k,a] = 0"
        ),
        "logit q'[j] = logit q[j] + bias[source(j)] + crosswalk[definition(j)]",
        "q''[j] = kappa[host(j)] {T[j] + duration}/{5 + duration} q'[j]",
        "logit q'''[j] = logit q''[j] + ν[survey(j)]",
        (
            "ν[i] = sigma_survey[kind(i)] (√(series_share[kind(i)]) z[series(i)] + √(1"
            " − series_share[kind(i)]) ε[i]), z[h] ~ Normal(0, 1), ε[i] ~ Normal(0, 1)"
        ),
        (
            "r[j] = sensitivity[kind(j)] q'''[j] + (1 − specificity[kind(j)]) (1 −"
            " q'''[j])"
        ),
        "k[kind] ~ Binomial(m[kind], sensitivity[kind])",
        "k[kind] ~ Binomial(m[kind], specificity[kind])",
        (
            "y[j] ~ BetaBinomial(n[j], ω[j] r[j], ω[j] (1 − r[j])), ω[j] = {max(n[j] −"
            " 1, 1)}/{deff_excess}"
        ),
    ]


def test_a_step_that_the_card_lacks_takes_no_prime():
    assert "qj′=κhost(j)qj" in read(ELSEWHERE)
    assert "rj=qj+(1−Spkind(j))(1−qj)" in read(R2D2)
    assert "logitqj′=logitqj+crosswalkdefinition(j)" in read(INDEX)
    assert "rj=Sekind(j)qj′" in read(INDEX)


def test_trends_that_bend_ordered_ages_and_neighbours():
    told = read(HORSESHOE)
    assert "logitpc,s,a(t)=logitpc,s,a+slopec(t−2020)+bendc(t)" in told
    assert "bendc(t)=∑k(Vt,k−V2020,k)wavec,k" in told
    assert "agea=σage∑kBa,kzk,zk∼Normal(0,1)" in told
    assert (
        "countryc=subregiond(c)+xc·β+σc(ρuc+1−ρεc),εc∼Normal(0,1)" in told
    )  # roots have no letter of their own
    assert any(
        "σ[c] (√(rho) u[c] + √(1 − rho) ε[c])" in line.formula
        for line in equation(HORSESHOE)
    )


def test_covariates_are_named_with_their_transforms_and_slopes():
    assert any(
        "log of gdp per capita ppp" in line.sentence for line in equation(HORSESHOE)
    )
    assert "βk=zkσcountryφkR21−R2,zk∼Normal(0,1)" in read(R2D2)
    assert "β=zσcountryR21−R2,z∼Normal(0,1)" in read(INDEX_R2)
    assert "countryc∼Normal(subregiond(c)+indexc·β,σc)" in read(INDEX)
    assert "countryc∼Normal(subregiond(c)+indexc·β,σcountry)" in read(
        replace(INDEX_R2, spread=(), priors=PLAIN_R2)
    )
    assert "logσc=logσcountry+∑kxc,kspreadk" in read(INDEX)
    assert any(
        "as these covariates rise, in z-scores: gini index." in line.sentence
        for line in equation(INDEX)
    )
    assert "β∼Normal(0,0.5)" in read(INDEX)


def test_a_log_normal_and_a_pc_prior_say_what_their_numbers_are():
    told = dict(pair for line in equation(HORSESHOE) for pair in line.brings)
    assert told["duration"] == "duration ~ LogNormal(log 3, 0.7)"
    assert told["sigma_country"] == "sigma_country ~ PC(1, 0.05)"
    assert (
        distribution(un.Prior("normal", (-0.00001, 1e6))) == "Normal(−0.00001, 1000000)"
    )


def test_a_ladder_of_one_rung_hangs_from_the_level():
    assert read(COUNTRY)[:3] == [
        "logitpc,s,a=countryc",
        "level∼Normal(−1.5,1)",
        "countryc∼Normal(level,σcountry)",
    ]


def test_exchangeable_factors_do_not_sum_to_zero():
    told = read(
        without(STUNTING, "spread_age", exchangeable=("region", "age"), age_order=1)
    )
    assert "regionr∼Normal(level,σregion)" in told
    assert "agea∼Normal(0,σage)" in told


def test_the_level_says_what_its_prior_means():
    (line,) = [
        line
        for line in equation(STUNTING)
        if "overall level, in log odds" in line.sentence
    ]
    assert "18.2\u00a0%, 95 % of it at 3.0–61.3\u00a0%" in line.sentence


@every
def test_mathml_is_well_formed_and_latex_is_of_known_commands(card):
    for line in equation(card):
        for formula in (line.formula, *(formula for _, formula in line.brings)):
            ElementTree.fromstring(mathml(formula))
            written = latex(formula)
            assert written.isascii(), written  # every sign has its command
            assert set(re.findall(r"\\([A-Za-z]+)", written)) <= COMMANDS
            assert written.count("{") == written.count("}")
            assert written.count(r"\left(") == written.count(r"\right)")


def test_mathml_and_latex_are_of_one_formula():
    assert (
        latex("q'[j] = {1}/{2} √(1 − rho) p̃[j]^2")
        == r"q_{j}^{\prime} = \frac{1}{2} \, \sqrt{1 - \rho} \, \tilde{p}_{j}^{2}"
    )
    assert (
        latex("Normal(logit {y}/{n}, 1)")
        == r"\text{Normal}\left(\operatorname{logit} \frac{y}{n}, 1\right)"
    )
    assert (
        "<msubsup><mrow><mi>q</mi></mrow><mrow><mi>j</mi></mrow><mo>″</mo></msubsup>"
        in mathml("q''[j]")
    )


@every
def test_a_description_is_the_equation_in_latex_and_in_words(card):
    told, lines = un.describe(card), equation(card)
    plain, typeset = str(told), told._repr_markdown_()
    for i, line in enumerate(lines, 1):
        assert f"\n{i}. {line.sentence}\n    {latex(line.formula)}" in plain
        assert f"$${latex(line.formula)}$$" in typeset
    assert all(f"    {key}: " in plain for line in lines for key, _ in line.brings)
    assert "<" not in typeset  # the card's own words are no HTML
    assert r"\_" not in plain


def test_words_of_a_card_are_escaped():
    hostile = replace(
        STUNTING, title="a $b$ <b>", covariates=("<script>", *STUNTING.covariates[1:])
    )
    assert all("<script>" not in line.math for line in equation(hostile))
    assert r"a \$b\$ &lt;b\>" in un.describe(hostile)._repr_markdown_()
