"""Patterns of countries: a country's ages and sexes are its own where surveys show
them, its region's where none do.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pymc as pm
import pytest

import uncounted as un
from uncounted.model.centring import centring

AGES = ("0-4", "5-9", "10-14", "15-19")
AFRICA, EUROPE = (
    (
        "AGO",
        "BEN",
        "BFA",
        "BWA",
        "CMR",
        "ETH",
        "GAB",
        "GHA",
        "GIN",
        "KEN",
        "MLI",
        "MOZ",
        "NAM",
        "NER",
        "RWA",
        "SEN",
    ),
    (
        "ALB",
        "AUT",
        "BEL",
        "BGR",
        "CHE",
        "DEU",
        "ESP",
        "FIN",
        "FRA",
        "GRC",
        "HUN",
        "ITA",
        "NLD",
        "NOR",
        "POL",
        "PRT",
    ),
)
CODES = [*AFRICA, *EUROPE]
LOOKED = CODES[::2] + CODES[1::4]  # three quarters of the countries
PATTERN = np.array([0.4, 0.1, -0.1, -0.4])
WORDS = ("country:age",)


@pytest.fixture(scope="module")
def world() -> un.World:
    cells = pd.MultiIndex.from_product(
        [CODES, ["female", "male"], AGES], names=["iso3", "sex", "age"]
    )
    return un.read_world(population=cells.to_frame(index=False).assign(**{"2020": 1e6}))


def card_of(*words: str, scale: float = 0.3) -> un.Card:
    priors = {
        "level": un.Prior("normal", (-1.5, 1.0)),
        "female": un.Prior("normal", (0.0, 0.5)),
        "sigma_age": un.Prior("half_normal", (0.7,)),
        "sigma_region": un.Prior("half_normal", (0.5,)),
        "sigma_country": un.Prior("half_normal", (0.7,)),
        "sigma_survey": un.Prior("half_normal", (0.3,)),
    } | {
        f"sigma_{word.replace(':', '_')}": un.Prior("half_normal", (scale,))
        for word in words
    }
    sampling = un.Sampling(chains=2, tune=400, draws=400, target_accept=0.9)
    place, people = ("region", "country"), ("sex", "age")
    return un.Card(
        title="Patterns", outcome="x", ages=AGES, year=2020, people=people, place=place, interactions=words,
        priors=priors, sampling=sampling,
    )  # fmt: skip


def truth_of(rng: np.random.Generator, sd: float) -> np.ndarray:
    """Return log odds (countries, ages): each country a level, and a pattern of its own
    that sums to zero.
    """
    own = rng.normal(0, sd, (len(CODES), len(AGES)))
    own -= own.mean(axis=1, keepdims=True)
    return -1.5 + rng.normal(0, 0.5, (len(CODES), 1)) + PATTERN + own


def table_of(
    rng: np.random.Generator, eta: np.ndarray, n: float = 600.0
) -> pd.DataFrame:
    rows = pd.MultiIndex.from_product(
        [LOOKED, [1, 2], AGES], names=["country", "wave", "age"]
    ).to_frame(index=False)
    survey = rows["country"] + rows["wave"].astype(str)
    error = rng.normal(0, 0.1, survey.nunique())[pd.factorize(survey)[0]]
    at = (
        [CODES.index(code) for code in rows["country"]],
        [AGES.index(age) for age in rows["age"]],
    )
    p = 1 / (1 + np.exp(-(eta[at] + error)))
    rows = rows.assign(
        survey=survey,
        year=2020,
        sex="both",
        n=n,
        y=rng.binomial(int(n), p).astype(float),
    )
    return rows.drop(columns="wave")


def evidence_of(rng: np.random.Generator, eta: np.ndarray) -> un.Evidence:
    return un.counts(table_of(rng, eta), "x")


def patterns(fit: un.Fit) -> np.ndarray:
    """Return log odds less their mean over ages (draws, countries, ages) of women."""
    p = (
        fit.p.sel(sex="female")
        .stack(sample=("chain", "draw"))
        .transpose("sample", "country", "age")
    )
    eta = np.log(p / (1 - p)).sel(country=CODES, age=list(AGES)).to_numpy()
    return eta - eta.mean(axis=2, keepdims=True)


def sampled(card: un.Card, world: un.World, evidence: un.Evidence, seed: int) -> un.Fit:
    return un.sample(un.build(card, world, evidence), seed=seed)


@pytest.mark.long
def test_intervals_of_patterns_hold_the_truth_and_without_the_word_they_do_not(world):
    """384 surveyed and 128 other numbers: 95 % intervals that hold have a standard
    error of 0.011 and 0.019.
    """
    inside: dict[tuple[bool, bool], list[np.ndarray]] = {}
    for seed in range(4):
        rng = np.random.default_rng(seed)
        eta = truth_of(rng, 0.25)
        evidence, true = evidence_of(rng, eta), eta - eta.mean(axis=1, keepdims=True)
        for words in (WORDS, ()):
            fit = sampled(card_of(*words), world, evidence, seed)
            low, high = np.quantile(patterns(fit), [0.025, 0.975], axis=0)
            holds = (low <= true) & (true <= high)
            for looked in (True, False):
                mine = np.isin(CODES, LOOKED) == looked
                inside.setdefault((bool(words), looked), []).append(holds[mine])
    share = {key: float(np.mean(found)) for key, found in inside.items()}
    assert share[True, True] > 0.95 - 5 * 0.011
    assert share[True, False] > 0.95 - 5 * 0.019
    assert share[False, True] < 0.5
    assert share[False, False] < 0.5


@pytest.mark.long
def test_patterns_that_do_not_differ_are_no_funnel(world):
    rng = np.random.default_rng(7)
    evidence = evidence_of(rng, truth_of(rng, 0.0))
    found = sampled(card_of(*WORDS), world, evidence, 7)
    assert int(found.stats["diverging"].sum()) == 0
    assert float(found.posterior["sigma_country_age"].quantile(0.5)) < 0.06


def test_a_survey_of_everybody_centres_no_pattern(world):
    rng, card = np.random.default_rng(3), card_of(*WORDS)
    table = table_of(rng, truth_of(rng, 0.3))
    first = table["country"].iloc[0]
    whole = (
        table[table["country"] == first]
        .assign(age="0-19")
        .groupby("survey", as_index=False)
        .first()
    )
    lam = {}
    for name, rows in {
        "ages": table,
        "mixed": pd.concat([table[table["country"] != first], whole]),
    }.items():
        seen = un.build(card, world, un.counts(rows, "x")).study.seen
        lam[name] = centring(card, world, seen)["country_age"]
    looked = np.isin(world.places.index, LOOKED)
    assert lam["ages"].shape == (len(CODES), len(AGES) - 1)
    assert (lam["ages"][looked] > 0.5).all()
    assert (lam["ages"][~looked] == 0).all()
    assert lam["mixed"][list(world.places.index).index(first)] == pytest.approx(
        0, abs=1e-9
    )


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("word", ["country:age", "country:sex"])
def test_deviations_sum_to_zero_and_leave_the_prior_law_to_centring(world, word, order):
    """λ reparametrises: whatever it is, deviations are N(0, σ) about the pattern above,
    and sum to zero.
    """
    rng = np.random.default_rng(1)
    card = replace(card_of(word, scale=0.5), age_order=order)
    model = un.build(card, world, evidence_of(rng, truth_of(rng, 0.2)))
    name = word.replace(":", "_")
    vector = model["centring"].get_value()
    with model:
        sizes = []
        for lam in (0.0, 1.0):
            pm.set_data({"centring": np.full_like(vector, lam)})
            effect, sigma = pm.draw(
                [model[f"{name}_effect"], model[f"sigma_{name}"]],
                draws=400,
                random_seed=2,
            )
            assert np.abs(effect.sum(axis=2)).max() < 1e-9
            sizes.append(effect.std(axis=(1, 2)) / sigma)
    # 400 draws of the sd of 32 countries: the mean of each has a standard error below
    # 0.01
    assert sizes[0].mean() == pytest.approx(sizes[1].mean(), abs=0.05)


def test_the_words_are_refused_where_they_cannot_be():
    with pytest.raises(un.UncountedError, match="exchangeable has 'country:age'"):
        replace(card_of(*WORDS), exchangeable=WORDS)
    with pytest.raises(un.UncountedError, match="sigma_country_age"):
        replace(card_of(), interactions=WORDS)
