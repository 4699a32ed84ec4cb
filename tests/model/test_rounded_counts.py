"""Rounded figures: the probability of what is printed, draws that are printed, and
prevalence without bias.
"""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pymc as pm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit, logit, logsumexp
from scipy.stats import binom

import uncounted as un
from uncounted.checks.fold_score import lattice
from uncounted.checks.scores import pit
from uncounted.errors import UncountedError
from uncounted.infer.recipe import Recipe
from uncounted.infer.refit import counted, refit, without
from uncounted.model.belief import Belief, flat
from uncounted.model.build import Study
from uncounted.model.card import Card, Sampling
from uncounted.model.centring import centring
from uncounted.model.density import draw_binomial
from uncounted.model.distribution import KINDS, kind_of, log_choose, rounded
from uncounted.model.likelihood import LIKELIHOODS
from uncounted.model.priors import Prior
from uncounted.model.rounded_counts import node_count, nodes, printed
from uncounted.model.row_density import row_density
from uncounted.model.seen import look
from uncounted.world.world import World
from uncounted.world.world import read_world as read_world_anew

read_world = cache(read_world_anew)
HALVES = (0.00005, 0.0005, 0.005, 0.05)  # of 0.01, 0.1, 1 and 10 %


def log_probability(
    y: float, n: float, half: float, expected: np.ndarray
) -> np.ndarray:
    """Return the log probability of what is printed by the nodes, at expected
    counts.
    """
    size = node_count(np.array([n]), np.array([half]))
    node, weight = (
        each[0] for each in nodes(np.array([y]), np.array([n]), np.array([half]), size)
    )
    eta = logit(expected / n)[:, None]
    density = node * eta - n * np.log1p(np.exp(eta)) + log_choose(n, node)
    return logsumexp(density + weight, axis=1)


@given(
    n=st.integers(100, 100_000),
    half=st.sampled_from(HALVES),
    place=st.integers(0, 20),
    expected=st.floats(0.1, 50.0),
)
@settings(max_examples=400, deadline=None)
def test_of_whole_respondents_it_is_the_sum_over_the_counts_that_are_printed_so(
    n, half, place, expected
):
    y = 2 * half * n * place
    if y > n or expected >= n:
        return
    lower, upper = max(y - n * half, 0.0), min(y + n * half, float(n))
    counts = np.arange(
        np.ceil(lower - 1e-6), np.ceil(upper - 1e-6) if upper < n - 1e-6 else n + 1
    )
    if not len(counts):
        return
    exact = logsumexp(binom.logpmf(counts, n, expected / n))
    found = log_probability(y, float(n), half, np.array([expected]))[0]
    assert found == pytest.approx(exact, abs=0.01)


def test_nothing_printed_is_fewer_than_five_of_ten_thousand():
    found = np.exp(log_probability(0.0, 10_000.0, 0.0005, np.array([0.5, 3.0, 20.0])))
    np.testing.assert_allclose(
        found, binom.cdf(4, 10_000, np.array([0.5, 3.0, 20.0]) / 10_000), rtol=1e-9
    )


def test_effective_counts_are_integrated_with_half_the_mass_at_nobody():
    n, half, expected = 4210.37, 0.0005, 1.7

    def density(y: float) -> float:
        return np.exp(
            y * logit(expected / n) + n * np.log1p(-expected / n) + log_choose(n, y)
        )

    for y, mass in ((0.0, density(0.0) / 2), (2 * half * n, 0.0)):
        wanted = (
            quad(density, max(y - n * half, 0), y + n * half, epsabs=1e-12)[0] + mass
        )
        found = log_probability(y, n, half, np.array([expected]))[0]
        assert found == pytest.approx(np.log(wanted), abs=1e-6)


def test_effective_counts_give_what_whole_ones_give_on_average():
    """Over many n near 5,000 the sum over whole counts and the integral say the same of
    prevalence.
    """
    expected, off = np.array([1.0, 4.0]), []
    for n in range(4000, 6000, 10):
        whole, part = (
            log_probability(0.0, float(size), 0.0005, expected)
            for size in (n, n + 0.001)
        )
        off.append((whole - part)[1] - (whole - part)[0])
    assert abs(np.mean(off)) < 0.03


def test_what_is_printed():
    y, n, half = (
        np.array([0.0, 4.0, 5.0, 14.0, 10.0]),
        np.full(5, 10_000.0),
        np.array([5e-4, 5e-4, 5e-4, 5e-4, 0.0]),
    )
    np.testing.assert_allclose(printed(y, n, half), [0, 0, 10, 10, 10])
    np.testing.assert_allclose(
        printed(np.array([[97.0, 3.0]]), np.array([100.0, 100.0]), np.full(2, 0.02)),
        [[96, 4]],
    )


def belief() -> Belief:
    card = SimpleNamespace(
        link="logit", priors={"deff_excess": Prior("half_normal", (1.0,))}
    )
    return Belief(cast(Card, card), cast(World, None), {"deff_excess": [1.0]}, {})  # pyright: ignore[reportArgumentType]


ETA, Y, N = (
    np.array([-7.0, -2.0, -6.5]),
    np.array([10.0, 40.3, 0.0]),
    np.array([10_000.0, 300.5, 5_000.0]),
)
HALF = np.array([0.0005, 0.0, 0.0005])


def model_of(word: str, rounding: np.ndarray | None) -> pm.Model:
    with pm.Model(coords={"row": range(3)}) as model:
        LIKELIHOODS[word](pm.Data("eta", ETA), Y, N, belief(), rounding=rounding)
    return pm.do(model, {"deff_excess": 0.7}) if word == "beta_binomial" else model


@pytest.mark.parametrize("word", ["binomial", "beta_binomial"])
def test_the_model_and_its_predictions_read_the_same_density(word):
    """Of rows that are not rounded it is the likelihood's own; of the others the
    probability of what is printed.
    """
    found, plain = (
        one.compile_logp(vars=[one["y"]], sum=False, mode="FAST_COMPILE")({})[0]
        for one in (model_of(word, HALF), model_of(word, None))
    )
    assert found[1] == plain[1]
    assert (found[[0, 2]] > plain[[0, 2]]).all()
    kind = rounded(KINDS[word], N, HALF)
    extra = [np.full((1, 1, 3), 0.7)] * len(kind.takes)
    of_predictions = row_density(kind, False)(
        Y, ETA[None, None], *extra, *kind.known(Y, N).values()
    )
    np.testing.assert_allclose(of_predictions[0, 0], found)


def test_printed_counts_have_the_probability_that_is_read():
    kind = rounded(KINDS["binomial"], N, HALF)
    size = (40_000, 3)
    drawn = kind.draw(
        np.broadcast_to(ETA, size),
        *kind.known(Y, N).values(),
        rng=np.random.default_rng(1),
        size=size,
    )
    steps = 2 * HALF * N
    assert set(np.unique(drawn[:, 0]) % steps[0]) == {0.0}
    for row in (0, 2):
        values = np.arange(4) * steps[row]
        shares = np.array([(drawn[:, row] == value).mean() for value in values])
        wanted = [
            np.exp(
                log_probability(value, N[row], HALF[row], N[row] * expit(ETA[[row]]))
            )[0]
            for value in values
        ]
        np.testing.assert_allclose(shares, wanted, atol=5 * np.sqrt(0.25 / len(drawn)))


def test_a_model_without_rounded_rows_is_as_before():
    zero = np.zeros(3)
    assert rounded(KINDS["binomial"], N, zero) is KINDS["binomial"]
    assert {data.name for data in model_of("binomial", zero).data_vars} == {
        data.name for data in model_of("binomial", None).data_vars
    }


def test_pit_of_printed_counts_is_even():
    """Draws and what was observed are spread over the cells that are printed alike."""
    rng = np.random.default_rng(5)
    n, half = np.array([4000.0]), np.array([0.0005])
    rows = pd.DataFrame({"rounding": half, "n": n, "deff": 1.0, "unknown": 0.0})
    assert lattice(rows) == (4.0, 4.0)
    assert lattice(rows.assign(rounding=0.0, deff=2.0)) == (1.0, 0.5)
    eta = rng.normal(logit(0.001), 0.6, size=(800, 400, 1))
    drawn = printed(draw_binomial(eta, n, n, rng, eta.shape), n, half)[..., 0]
    values = np.array([pit(one[1:], one[0], rng, *lattice(rows)) for one in drawn])
    for level in (0.1, 0.5, 0.9):
        assert abs((values < level).mean() - level) < 5 * np.sqrt(
            level * (1 - level) / len(values)
        )


CARD = un.Card(
    title="Rare", outcome="rare", ages=("18+",), year=2020, people=(), place=("country",),
    priors={"level": Prior("normal", (-7.5, 1.5)), "sigma_country": Prior("half_normal", (0.3,))},
    sampling=Sampling(chains=2, tune=400, draws=400, target_accept=0.95),
)  # fmt: skip


def rare(half: float, seed: int, surveys: int = 60, p: float = 0.0003) -> pd.DataFrame:
    """Return surveys of 2,000 to 10,000 that print what they found to ±half; at 0 they
    print all.
    """
    rng = np.random.default_rng(seed)
    n = rng.integers(2_000, 10_001, surveys).astype(float)
    codes = np.sort(rng.choice(read_world().places.index, surveys, replace=False))
    y = printed(rng.binomial(n.astype(int), p).astype(float), n, np.full(surveys, half))
    table = pd.DataFrame(
        {
            "survey": codes,
            "country": codes,
            "year": 2020,
            "sex": "both",
            "age": "18+",
            "n": n,
            "y": y,
        }
    )
    return table.assign(rounding=half)


def test_the_rows_of_a_model_carry_their_rounding_to_its_refits():
    table = rare(0.0005, 1, surveys=6)
    table.loc[:2, "rounding"] = 0.0
    evidence = un.counts(table, "rare")
    world = read_world()
    study = Study(CARD, world, evidence, look(CARD, world, evidence))
    np.testing.assert_array_equal(study.seen.rounding, evidence.rows["rounding"])
    out = np.arange(6) == 5
    numbers = without({"": study}, {"": out})
    model = un.build(CARD, world, evidence)
    for name, value in numbers.items():
        assert np.shape(value) == model[name].get_value().shape
    assert numbers["row_weight"].tolist() == [1, 1, 1, 1, 1, 0]
    kind = kind_of(CARD, study.seen)
    assert kind.name == "RoundedEffectiveBinomial"


def test_rounded_rows_speak_less_loudly():
    exact, rough = (
        centring(
            CARD, read_world(), look(CARD, read_world(), un.counts(table, "rare"))
        )["country"]
        for table in (rare(0.0, 2), rare(0.0, 2).assign(rounding=0.005))
    )
    assert (rough <= exact).all()
    assert rough.max() < exact.max()


@pytest.mark.parametrize("word", ["logit_normal", "fay_herriot"])
def test_likelihoods_of_estimates_refuse_rounded_rows(word):
    card = replace(CARD, likelihood=word)
    table = rare(0.0005, 3, surveys=5).assign(y=10.0)
    with pytest.raises(
        UncountedError, match=r'5 row\(s\).*Write likelihood = "binomial"'
    ):
        look(card, read_world(), un.counts(table, "rare"))


def pooled_by_grid(table: pd.DataFrame, rounding: bool) -> float:
    """Return the likeliest prevalence that all surveys share."""
    y, n = table["y"].to_numpy(), table["n"].to_numpy()
    half = table["rounding"].to_numpy() * rounding
    kind = rounded(KINDS["binomial"], n, half)
    eta = logit(np.geomspace(0.0001, 0.0009, 160))[:, None, None] + np.zeros(len(y))
    density = row_density(kind, False)(y, eta, *kind.known(y, n).values()).sum(axis=-1)[
        :, 0
    ]
    return float(expit(eta[density.argmax(), 0, 0]))


def test_prevalence_of_printed_zeros_is_not_biased():
    """Of 0.03 %, printed to 0.1 %: on average over 60 worlds of 60 surveys; by the
    printed values it is.
    """
    ratios = {
        rounding: (
            np.array(
                [
                    pooled_by_grid(rare(0.0005, 100 + world), rounding)
                    for world in range(60)
                ]
            )
            / 0.0003
        )
        for rounding in (True, False)
    }
    error = ratios[True].std() / np.sqrt(60)
    assert abs(ratios[True].mean() - 1) < 5 * error
    assert abs(ratios[False].mean() - 1) > 10 * error


@pytest.mark.long
def test_sampled_prevalence_of_printed_zeros_is_not_biased():
    """One compiled model, six worlds: the mean of the posteriors' level, and a fold
    held out.
    """
    world = read_world()
    first = un.counts(rare(0.0005, 0), "rare")
    again = refit(Recipe((CARD,), (first,), world))
    study = again.studies[""]
    levels = []
    for seed in range(6):
        table = rare(0.0005, 1000 + seed).assign(
            survey=first.rows["survey"], country=first.rows["country"]
        )
        rows = un.counts(table, "rare").rows
        y, n = rows["y"].to_numpy(), rows["n"].to_numpy()
        lam = centring(CARD, world, replace(study.seen, y=y, n=n))
        draws, _ = again.sample(
            counted(study, y, n) | {"centring": flat(lam)}, seed, CARD.sampling
        )
        levels.append(float(draws["level"].mean()))
    error = np.std(levels) / np.sqrt(len(levels))
    assert abs(np.mean(levels) - logit(0.0003)) < 5 * max(error, 0.03)
    quiet = {"workers": 1, "progress": un.Progress(show=False)}
    held = un.hold_out(
        un.build(CARD, world, first), by="random", folds=2, seed=3, **quiet
    )
    assert held.table["log_score"].notna().all()
    assert held.coverage.query("of == 'all' and level == 0.95")["inside"].item() > 0.83
