"""Lists: capture tables, models without an estimate, totals beside published ones, and
totals as evidence.
"""

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit, logsumexp
from scipy.stats import beta, multivariate_t, norm

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.lists import list_total as capture
from uncounted.lists import loglinear
from uncounted.lists.capture_lists import Lists
from uncounted.lists.list_total import ListTotal, effective_counts
from uncounted.model.seen import look
from uncounted.world.age import Band

SPARSE = "A,B,C,n\n1,0,0,40\n0,1,0,30\n0,0,1,20\n1,1,0,6\n"


@pytest.fixture
def written(tmp_path):
    """Return a function that reads a capture table from its text."""

    def read(text: str = SPARSE, what: str = "stock", **told: object) -> Lists:
        (tmp_path / "some.csv").write_text(text, encoding="utf-8")
        return un.read_lists(
            tmp_path / "some.csv",
            **({"country": "GBR", "year": 2013, "what": what} | told),
        )

    return read


@pytest.fixture(scope="module")
def reference(shared):
    """Return a function that reads a table of the reference answers."""
    return lambda name: un.read_lists(
        shared / "reference" / "lists" / f"{name}.csv", "GBR", 2013, "flow", 1
    )


def method(total: ListTotal, name: str) -> np.ndarray:
    return (
        total.methods.set_index("method")
        .loc[name, ["total", "lower", "upper"]]
        .to_numpy(float)
    )


def model(total: ListTotal, *interactions: str) -> pd.Series:
    return total.models.set_index("interactions").loc[", ".join(interactions) or "none"]


# --- reading


def test_a_table_is_read_whatever_the_order_of_its_rows_and_columns(written):
    lists = written("b,a,n\n0,1,7\n1,1,2\n1,0,3\n")
    same = written("a,b,n\n1,1,2\n0,1,3\n1,0,7\n")
    assert lists.lists == ("a", "b")
    assert lists.observed == 12
    pd.testing.assert_frame_equal(lists.table, same.table)
    assert lists.table.to_numpy().tolist() == [[0, 1, 3], [1, 0, 7], [1, 1, 2]]


def test_histories_that_are_not_listed_count_zero(written):
    histories, counts = written().histories()
    assert histories.shape == (7, 3)
    assert dict(zip(map(tuple, histories.tolist()), counts, strict=True)) == {
        (1, 0, 0): 40, (0, 1, 0): 30, (0, 0, 1): 20, (1, 1, 0): 6, (1, 0, 1): 0, (0, 1, 1): 0, (1, 1, 1): 0,
    }  # fmt: skip


def test_what_a_total_is_goes_with_it(written):
    assert written().states == "stock"
    flow = written(what="flow", window_years=2)
    assert flow.states == "flow in a window of 2 year(s)"
    assert "some: GBR 2013, flow in a window of 2 year(s); 96 persons" in " ".join(
        repr(flow).split()
    )


def test_counts_may_stand_in_a_column_that_is_named(written):
    assert written("n,A,B\n5,1,0\n4,0,1\n3,1,1\n", count="n").observed == 12


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "A,B,n\n1,0,5\n2,1,4\n",
            (
                "has a value other than 0 or 1 in the column of a list in 1 row(s), at"
                " line 3. Mend"
            ),
        ),
        (
            "A,B,n\n1,0,5\n,1,4\n",
            (
                "has a value other than 0 or 1 in the column of a list in 1 row(s), at"
                " line 3."
            ),
        ),
        (
            "A,B,n\n1,0,5\n0,1,4.5\n",
            "has a count that is no whole number from 0 in 1 row(s), at line 3.",
        ),
        (
            "A,B,n\n1,0,-5\n0,1,\n1,1,x\n",
            "has a count that is no whole number from 0 in 3 row(s), at line 2, 3, 4.",
        ),
        (
            "A,B,n\n1,0,5\n0,0,4\n",
            (
                "has persons on no list, whose number is what is asked in 1 row(s), at"
                " line 3."
            ),
        ),
        (
            "A,B,n\n1,0,5\n0,1,4\n1,0,2\n",
            "has a history that is there before in 1 row(s), at line 4.",
        ),
        (
            "A,B,C,n\n1,0,0,5\n0,1,0,4\n",
            "has nobody on the list 'C'. Leave its column out.",
        ),
        ("A,n\n1,5\n", "has 1 list(s); 2 to 8 can be used. Add a list."),
        (
            "A,B,C,D,E,F,G,H,I,n\n1,0,0,0,0,0,0,0,0,5\n",
            "has 9 list(s); 2 to 8 can be used. Merge those that overlap",
        ),
        ("A,B,n\n", "has no rows"),
    ],
)
def test_what_a_table_may_not_say(written, text, sentence):
    with pytest.raises(
        UncountedError, match=re.escape(f"The capture table 'some' {sentence}")
    ):
        written(text)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            {"country": "UK"},
            "is of country 'UK'. Write its ISO 3166 alpha-3 code, such as GBR.",
        ),
        ({"year": 2013.5}, "is of year 2013.5. Write a whole year."),
        (
            {"what": "flows"},
            "is said to count a 'flows'. Say flow or stock. Did you mean 'flow'?",
        ),
        (
            {"what": "flow"},
            "counts a flow. Say in a window of how many years: window_years = 1.",
        ),
        (
            {"what": "flow", "window_years": 0},
            "counts a flow. Say in a window of how many years",
        ),
        (
            {"window_years": 1},
            "counts a stock, which has no window. Leave window_years out, or say flow.",
        ),
        ({"count": "m"}, "has no column 'm' of counts."),
    ],
)
def test_what_may_not_be_said_of_a_table(written, told, sentence):
    with pytest.raises(
        UncountedError, match=re.escape(f"The capture table 'some' {sentence}")
    ):
        written(**told)


# --- models


def test_models_without_an_estimate_are_left_out_and_named(reference):
    """A and C, B and C share nobody: [12,3] has no maximum, [12,13,23] is not
    identified, independence gives 539.
    """
    total = un.list_total(reference("Artificial_3"), seed=1)
    assert model(total)["total"] == pytest.approx(539.09, abs=0.01)
    assert dict(
        zip(total.left_out["interactions"], total.left_out["why"], strict=True)
    ) == {
        "A×B": "no maximum",
        "A×B, A×C": "no maximum",
        "A×B, B×C": "no maximum",
        "A×B, A×C, B×C": "not identified",
    }
    out = total.models[total.models["status"] == "left out"]
    assert out["total"].isna().all()
    assert (out["weight"] == 0).all()
    assert model(total, "A×C", "B×C")["total"] == pytest.approx(96 + 40 * 30 / 6)
    assert total.models["weight"].sum() == pytest.approx(1)


def test_a_table_is_refused_only_if_no_model_is_left(written):
    sentence = (
        "No model of the capture table 'some' has an estimate (no maximum, not"
        " identified): its lists overlap"
    )
    with pytest.raises(UncountedError, match=re.escape(sentence)):
        un.list_total(written("A,B,C,n\n1,0,0,40\n0,1,0,30\n0,0,1,20\n"), seed=1)
    two = un.list_total(written("A,B,n\n1,0,40\n0,1,30\n1,1,6\n"), seed=1)
    assert method(two, "independence")[0] == pytest.approx(46 * 36 / 6)
    assert two.left_out.empty


@pytest.mark.parametrize("seed", range(6))
def test_existence_found_by_inheritance_is_that_found_model_by_model(seed):
    """Every model of a sparse random table: no fit is taken for a proof, and no model
    answers for another.
    """
    rng = np.random.default_rng(seed)
    histories = np.array([h for h in np.ndindex(2, 2, 2, 2) if any(h)])
    y = rng.poisson(15 * 0.12 ** (histories.sum(1) - 1)).astype(float)
    these = loglinear.candidates(y, histories, 3)
    free, seen = loglinear.at_infinity(these)
    why = loglinear.why_left_out(these, free, seen, loglinear.fit(these, free, seen))
    for f, s, reason in zip(free, seen, why, strict=True):
        full = np.linalg.matrix_rank(these.x[np.ix_(s, f)]) == f.sum()
        exists = loglinear._has_maximum(these, f, s)
        assert reason == (
            "not identified" if not full else "" if exists else "no maximum"
        )


@pytest.mark.parametrize(
    ("lists", "order", "models"),
    [(3, 2, 8), (4, 2, 64), (4, 3, 113), (5, 3, 6212), (2, 2, 1)],
)
def test_candidates_are_all_hierarchical_models(lists, order, models):
    histories = np.array([h for h in np.ndindex(*[2] * lists) if any(h)])
    these = loglinear.candidates(np.ones(len(histories)), histories, order)
    assert len(np.unique(these.has, axis=0)) == len(these.has) == models
    place = {term: i for i, term in enumerate(these.terms)}
    for term, i in place.items():
        for part in combinations(term, len(term) - 1) if len(term) > 1 else ():
            assert (these.has[:, i] <= these.has[:, place[part]]).all()


def test_seven_lists_have_models_of_few_interactions():
    histories = np.array([h for h in np.ndindex(*[2] * 7) if any(h)])
    these = loglinear.candidates(np.ones(127), histories, 2)
    assert len(these.has) == 27_896
    assert these.has[:, these.interactions].sum(1).max() == 5


# --- totals


@pytest.mark.parametrize("name", ["UKdat_5", "Western", "Kosovo", "Korea"])
def test_independence_and_stepwise_totals_are_those_of_sparsemse(
    reference, shared, name
):
    told = (
        pd.read_csv(shared / "reference" / "lists" / "expected-stepwise.csv")
        .set_index("table")
        .loc[name]
    )
    total = un.list_total(reference(name), seed=1, order=2)
    assert total.lists.observed == told["observed"]
    assert round(method(total, "independence")[0]) == told["independence"]
    assert (
        method(total, "stepwise, p < 0.02").round().tolist()
        == told[["stepwise", "lower95", "upper95"]].tolist()
    )


@pytest.mark.parametrize(
    ("row", "name", "order"),
    [
        ("UK5 all models", "UKdat_5", 3),
        ("UK5 maxorder 2", "UKdat_5", 2),
        ("Kosovo all lists", "Kosovo", 3),
        ("Kosovo maxorder 2", "Kosovo", 2),
        ("Korea", "Korea", 2),
    ],
)
def test_totals_by_least_bic_are_the_published_ones(
    reference, shared, row, name, order
):
    told = pd.read_csv(
        shared / "reference" / "lists" / "expected-2024-table-6.csv"
    ).set_index("dataset")
    methods = capture.by_method(
        *capture._estimated(reference(name), order), {}
    ).set_index("method")
    assert (
        round(methods.loc["least BIC", "total"]) == told.loc[row, "allmodel_estimate"]
    )


def test_the_average_lies_among_its_models_and_says_how_they_spread(reference):
    total = un.list_total(reference("UKdat_5"), seed=1)
    low, high = total.interval()
    assert low < 11_313 < 23_000 < high  # the stepwise total and that of least BIC
    assert method(total, "average").tolist() == [np.median(total.draws), low, high]
    assert total.draws.min() > total.lists.observed
    assert total.models["weight"].is_monotonic_decreasing
    assert "1,024 models averaged, 0 left out" in " ".join(repr(total).split())


def test_the_same_table_in_any_order_gives_the_same_draws(reference):
    lists = reference("Korea")
    columns = [*reversed(lists.lists), "count"]
    again = un.read_lists(
        lists.table[::-1][columns], "GBR", 2013, "flow", 1, name="Korea"
    )
    one = un.list_total(lists, seed=4)
    np.testing.assert_array_equal(one.draws, un.list_total(again, seed=4).draws)
    assert (one.draws != un.list_total(lists, seed=5).draws).any()


@pytest.mark.parametrize("name", ["Artificial_3", "Korea"])
def test_weights_and_draws_are_the_posterior_by_importance_sampling(reference, name):
    """The marginal likelihood of every model, and quantiles of the total over all,
    without Laplace's approximation.
    """
    lists = reference(name)
    these, _, why = capture._estimated(lists, 2)
    left = why == ""
    modes, log_weight = capture._posterior(these, left, capture.SCALE)
    rng = np.random.default_rng(7)
    found = [
        importance(these, *one, rng)
        for one in zip(these.has[left], modes.beta, modes.hessian, strict=True)
    ]
    evidence = np.array([log_evidence for log_evidence, _ in found])
    exact = np.exp(evidence - logsumexp(evidence))
    np.testing.assert_allclose(
        np.exp(log_weight - logsumexp(log_weight)), exact, atol=0.02
    )
    alpha = np.concatenate(
        [
            rng.choice(some, round(40_000 * w))
            for w, (_, some) in zip(exact, found, strict=True)
        ]
    )
    theirs = lists.observed + rng.poisson(np.exp(alpha))
    ours = un.list_total(lists, seed=1, n_draws=20_000).draws
    at = [0.025, 0.25, 0.5, 0.75, 0.975]
    np.testing.assert_allclose(
        np.quantile(ours, at), np.quantile(theirs, at), rtol=0.03
    )


def importance(
    these,
    has: np.ndarray,
    mode: np.ndarray,
    hessian: np.ndarray,
    rng: np.random.Generator,
) -> tuple:
    """Return the log marginal likelihood of a model, up to what all share, and draws of
    its α, from a wide t.
    """
    around = multivariate_t(
        mode[has], 1.5 * np.linalg.inv(hessian[np.ix_(has, has)]), df=5, seed=rng
    )
    beta_, inter = around.rvs(60_000), these.interactions[has]
    eta = beta_ @ these.x[:, has].T
    prior = norm.logpdf(beta_[:, inter], scale=capture.SCALE).sum(1)
    log_p = eta @ these.y - np.exp(eta).sum(1) + prior - around.logpdf(beta_)
    share = np.exp(log_p - logsumexp(log_p))
    return logsumexp(log_p) - np.log(len(beta_)), rng.choice(
        beta_[:, 0], 60_000, p=share
    )


def test_intervals_cover_a_known_total():
    """Three lists, two of which attract each other: 40 tables of 2,000 persons."""
    covered = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        histories = np.array(list(np.ndindex(2, 2, 2)))
        odds = np.exp(
            histories @ logit([0.1, 0.15, 0.2])
            + 1.0 * histories[:, 0] * histories[:, 1]
        )
        counts = rng.multinomial(2000, odds / odds.sum())[1:]
        table = pd.DataFrame(histories[1:], columns=list("ABC")).assign(n=counts)
        low, high = un.list_total(
            un.read_lists(table, "GBR", 2013, "stock"), seed, n_draws=500
        ).interval()
        covered += low <= 2000 <= high
    assert covered >= 32  # the 99.9 % bound of 40 at 95 % is 32


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            {"scale": 0},
            "The prior scale of interactions is 0. Give one above 0, such as 1.5.",
        ),
        (
            {"order": 4},
            "Interactions of order 4 were asked of 3 lists. Ask for 1 to 3:",
        ),
    ],
)
def test_what_may_not_be_asked_of_a_total(written, told, sentence):
    with pytest.raises(UncountedError, match=re.escape(sentence)):
        un.list_total(written(), seed=1, **told)


# --- evidence


@pytest.mark.parametrize(("mean", "sd"), [(-8, 0.1), (-8, 0.5), (-2, 0.3), (0, 0.4)])
def test_effective_counts_have_the_mean_and_the_variance_of_the_logit(mean, sd):
    p = 1 / (1 + np.exp(-np.random.default_rng(1).normal(mean, sd, 20_000)))
    y, n = effective_counts(p)
    drawn = logit(beta.rvs(y, n - y, size=200_000, random_state=2))
    assert drawn.mean() == pytest.approx(logit(p).mean(), abs=0.005)
    assert drawn.std() == pytest.approx(logit(p).std(), rel=0.01)
    middle = p.mean()
    assert n == pytest.approx(1 / (middle * (1 - middle) * logit(p).var()), rel=0.3)


@pytest.mark.parametrize(
    ("name", "within"),
    [("Kosovo", 0.06), ("Korea", 0.13), ("Western", 0.15), ("UKdat_5", 0.22)],
)
def test_bounds_from_effective_counts_are_those_of_the_draws_but_for_their_skew(
    reference, name, within
):
    """The binomial leans the other way, so both bounds come out lower, never higher."""
    total = un.list_total(reference(name), seed=1)
    y, n = effective_counts(total.draws / 6e7)
    ratio = 6e7 * beta.ppf([0.025, 0.975], y, n - y) / np.array(total.interval())
    assert (ratio > 1 - within).all()
    assert (ratio < 1).all()


def test_a_total_becomes_a_row_of_evidence(reference):
    world = un.read_world()
    total = un.list_total(reference("Korea"), seed=1)
    seen = un.evidence_of_lists(total, "trafficking", world)
    row = seen.rows.iloc[0]
    people = float(
        un.persons(world, ["0+"], 2013, nearest=True).sel(country="GBR").sum()
    )
    assert row[["survey", "country", "year", "source", "sex"]].tolist() == [
        "Korea",
        "GBR",
        2013,
        "lists",
        "both",
    ]
    assert row["covers"] == (Band(0, None),)
    assert row["cases"] == 123
    assert np.isnan(row["respondents"])
    assert row["y"] / row["n"] * people == pytest.approx(total.draws.mean(), rel=0.02)
    assert seen.source == "lists: flow in a window of 1 year(s)"
    assert seen.outcome == "trafficking"


def test_evidence_is_of_the_people_that_the_lists_are_of(reference):
    world, total = un.read_world(), un.list_total(reference("Korea"), seed=1)
    women = un.evidence_of_lists(
        total, "trafficking", world, ages="15-49", sex="female"
    ).rows.iloc[0]
    people = float(
        un.persons(world, ["15-49"], 2013, nearest=True)
        .sel(country="GBR", sex="female")
        .sum()
    )
    assert women["sex"] == "female"
    assert women["covers"] == (Band(180, 600),)
    assert women["estimate"] * people == pytest.approx(total.draws.mean(), rel=0.02)


def test_evidence_of_lists_is_seen_by_a_model(reference):
    """In the matrix W it is the country's cells, by population."""
    world, card = un.read_world(), un.read_card("stunting")
    one = un.evidence_of_lists(
        un.list_total(reference("Korea"), seed=1), card.outcome, world, ages="0-4"
    )
    at = look(card, world, one).w.tocoo().coords[1] // (2 * len(card.bands))
    assert set(world.places.index[at]) == {"GBR"}
    assert len(at) == 2 * len(card.bands)


def test_totals_that_cannot_be_evidence_are_refused(written, reference):
    world = un.read_world()
    flow, stock = (
        un.list_total(reference("Korea"), seed=1),
        un.list_total(written(), seed=1),
    )
    with pytest.raises(
        UncountedError,
        match=r"different kinds: flow in a window of 1 year\(s\), stock. Give totals",
    ):
        un.evidence_of_lists([flow, stock], "trafficking", world)
    with pytest.raises(UncountedError, match="different kinds: there are none"):
        un.evidence_of_lists([], "trafficking", world)
    lost = replace(stock, lists=replace(stock.lists, country="XXX"))
    with pytest.raises(
        UncountedError,
        match="The population table lacks 'XXX', the country of the capture table",
    ):
        un.evidence_of_lists(lost, "trafficking", world)
    many = replace(stock, draws=stock.draws * 1_000_000)
    with pytest.raises(
        UncountedError,
        match=r"The total of 'some' reaches .* in GBR. Lists that overlap so little",
    ):
        un.evidence_of_lists(many, "trafficking", world)
