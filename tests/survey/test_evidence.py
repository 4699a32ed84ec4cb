"""Evidence from published figures: sizes, repairs, the common factor, and that no
respondent counts twice.
"""

import itertools
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from uncounted.errors import UncountedError
from uncounted.figures import sizes
from uncounted.figures.figure_source import read_figures
from uncounted.observations.evidence import counts, evidence
from uncounted.observations.pooled_evidence import pooled
from uncounted.world.age import Band
from uncounted.world.shelf import shelf
from uncounted.world.world import read_world

BANDS = [
    "0-5 months",
    "6-11 months",
    "12-23 months",
    "24-35 months",
    "36-47 months",
    "48-59 months",
]
LACKED = {"MHL", "NRU", "TCA", "TUV"}


def national(survey: str, country: str = "GHA", **told: object) -> dict:
    row = {
        "survey": survey,
        "country": country,
        "year": 2014,
        "kind": "",
        "sex": "both",
        "age": "all",
    }
    return (
        row
        | {"estimate": 0.2, "se": None, "n": None, "n_weighted": None, "deff": None}
        | told
    )


def by_sex(
    survey: str,
    p: tuple[float, float],
    n: tuple[float, float],
    se: float | None,
    **told: object,
) -> list[dict]:
    """A survey's total with its SE, and its figures of either sex with their n; every
    design effect is 2.
    """
    whole = national(
        survey,
        estimate=(p[0] * n[0] + p[1] * n[1]) / sum(n),
        n=sum(n),
        se=se,
        deff=2.0,
        **told,
    )
    sexes = zip(("female", "male"), p, n, strict=True)
    return [whole] + [
        national(survey, sex=s, estimate=q, n=m, deff=2.0, **told) for s, q, m in sexes
    ]


def shrunk(p: np.ndarray, n: np.ndarray, share: np.ndarray) -> np.ndarray:
    """p̃ = (n p̂ + 4m) / (n + 4), m = (N p̄ + 2) / (N + 4), of one survey's rows."""
    m = (n.sum() * (share * p).sum() + 2) / (n.sum() + 4)
    return (n * p + 4 * m) / (n + 4)


def only(seen) -> pd.Series:
    assert len(seen.rows) == 1
    return seen.rows.iloc[0]


NO_DEFF = (
    "n without a design effect, nor any figure with one: taken as 1; write deff on the"
    " survey's card"
)


def why(seen, survey: str) -> list[str]:
    return seen.ledger.lines.loc[seen.ledger.lines["survey"] == survey, "why"].tolist()


@pytest.fixture(scope="module")
def seen(stunting):
    return evidence(stunting, "stunting")


@pytest.fixture(scope="module")
def table(stunting) -> pd.DataFrame:
    return stunting.tables["stunting"]


def keys(rows: pd.DataFrame) -> list[tuple]:
    """Return survey, sex, age of the figures that rows of evidence stand for."""
    ages = [
        covers[0].label if "age" in breakdown else "all"
        for covers, breakdown in zip(rows["covers"], rows["breakdown"], strict=True)
    ]
    return list(zip(rows["survey"], rows["sex"], ages, strict=True))


# --- what a row's size is taken from --------------------------------------------------


def test_a_total_with_n_and_se_has_the_variance_that_it_published(figures_of):
    row = only(evidence(figures_of([national("1", n=1000, se=0.02)]), "wasting"))
    p = shrunk(np.array([0.2]), np.array([1000.0]), np.array([1.0]))[0]
    assert p * (1 - p) / row["n"] == pytest.approx(
        0.02**2, rel=0.005
    )  # the one survey there is sets its kind
    assert row["y"] == pytest.approx(0.2 * row["n"])
    assert (row["respondents"], row["cases"]) == (1000, 200)
    assert row["deff"] == pytest.approx(1000 / row["n"])


def test_an_se_without_n_is_an_effective_n(figures_of):
    row = only(evidence(figures_of([national("1", se=0.02)]), "wasting"))
    p = shrunk(np.array([0.2]), np.array([0.16 / 0.02**2]), np.array([1.0]))[0]
    assert row["n"] == pytest.approx(p * (1 - p) / 0.02**2)
    assert np.isnan(row["respondents"])


def test_a_published_design_effect_deflates_n(figures_of):
    row = only(evidence(figures_of([national("1", n=1000, deff=2.5)]), "wasting"))
    assert (row["n"], row["y"]) == (pytest.approx(400), pytest.approx(80))


def test_a_plausible_weighted_n_stands_in_for_a_missing_one(figures_of):
    seen = evidence(figures_of([national("1", n_weighted=800.5)]), "wasting")
    assert only(seen)["n"] == pytest.approx(800.5)
    assert why(seen, "1") == ["n missing: the weighted n stands in", NO_DEFF]


def test_a_weighted_n_beside_an_n_is_not_used(figures_of):
    seen = evidence(figures_of([national("1", n=500, n_weighted=800)]), "wasting")
    assert only(seen)["n"] == 500
    assert why(seen, "1") == [NO_DEFF]


def test_n_without_a_design_effect_takes_others_else_the_card_s_and_the_ledger_says_which(
    figures_of,
):
    others = [national(f"{i}", estimate=0.2, n=1000, se=0.02) for i in range(3)]
    seen = evidence(
        figures_of([*others, national("bare", n=1000)]), "wasting"
    ).rows.set_index("survey")
    assert seen.loc["bare", "deff"] == pytest.approx(0.02**2 * 1000 / 0.16, rel=0.01)
    bare = [
        national("bare", n=1000),
        national("bare", sex="female", n=500),
        national("bare", sex="male", n=500),
    ]
    declared = evidence(figures_of(bare, deff=1.6), "wasting")
    np.testing.assert_allclose(declared.rows["deff"], 1.6)
    lines = declared.ledger.lines[declared.ledger.lines["action"] == "repaired"]
    assert lines["why"].tolist() == [
        "n without a design effect: 1.6, as its card says"
    ]  # one line a survey
    assert why(evidence(figures_of(others + bare), "wasting"), "bare")[0].endswith(
        "smoothed over other figures"
    )


@pytest.mark.parametrize("absurd", [1e12, 100_001])
def test_an_absurd_weighted_n_is_set_aside(figures_of, absurd):
    read = figures_of(
        [
            national("1", n_weighted=absurd, se=0.02),
            national("2", n_weighted=0.4, se=0.02),
        ]
    )
    seen = evidence(read, "wasting")
    assert seen.rows["n"].tolist() == [seen.rows["n"][0]] * 2
    assert why(seen, "1") == [
        "weighted n above 100,000 is no count of respondents: set aside"
    ]
    assert why(seen, "2") == []


def test_what_is_plausible_is_the_cards_word(figures_of):
    seen = evidence(
        figures_of([national("1", n_weighted=5000, se=0.02)], plausible_n=1000),
        "wasting",
    )
    assert why(seen, "1") == [
        "weighted n above 1,000 is no count of respondents: set aside"
    ]
    assert only(seen)["n"] == pytest.approx(0.16 / 0.02**2, rel=0.02)


def test_an_error_that_implies_too_many_respondents_caps_its_survey_and_no_other_s_stands_in(
    figures_of,
):
    cells = [
        national("1", se=1e-4),
        national("1", sex="female", se=2e-4),
        national("1", sex="male", se=2e-4),
    ]
    read = figures_of([*cells, national("2", se=0.02), national("3", se=0.0, n=600)])
    seen = evidence(read, "wasting")
    rows = seen.rows.set_index("survey")
    assert rows.loc["1", "n"].sum() == pytest.approx(100_000, rel=0.5)
    assert (rows.loc["1", "n"] > rows.loc["2", "n"]).all()
    assert (
        sum("over 100,000 effective respondents" in reason for reason in why(seen, "1"))
        == 3
    )
    assert rows.loc["3", "n"] == pytest.approx(600)


def test_the_largest_surveys_keep_more_effective_respondents_than_smaller_ones(
    figures_of,
):
    read = figures_of(
        [
            national("NFHS4", "IND", estimate=0.286, se=0.00305),
            national("NFHS5", "IND", estimate=0.282, se=0.001416),
            national("NFHS3", "IND", estimate=0.329, se=0.00989),
        ]
    )
    rows = evidence(read, "wasting").rows.set_index("survey")["n"]
    assert rows["NFHS5"] == pytest.approx(100_000, rel=0.02)
    assert rows["NFHS5"] > rows["NFHS4"] > rows["NFHS3"]


def test_neither_n_nor_se_borrows_the_countrys_largest_se_else_the_median_of_the_largest(
    figures_of,
):
    """SEs compare on the logit scale, se / p(1−p)."""
    read = figures_of(
        [
            national("1", se=0.016, estimate=0.2),  # 0.1
            national("2", se=0.025, estimate=0.5),  # 0.1
            national("3", se=0.05, estimate=0.5),  # 0.2: Ghana's largest
            national("4", "TGO", se=0.1, estimate=0.5),  # 0.4: Togo's
            national("5", "KEN", se=0.075, estimate=0.5),  # 0.3: Kenya's
            national("ghana", estimate=0.1),
            national("stranger", "NAM", estimate=0.1),
        ]
    )
    seen = evidence(read, "wasting")
    told = [
        "neither n nor SE: the country's largest SE, else the median of the largest"
    ]
    assert why(seen, "ghana") == why(seen, "stranger") == told
    for survey, largest in {"ghana": 0.2, "stranger": 0.3}.items():
        se = largest * 0.09
        p = shrunk(np.array([0.1]), np.array([0.09 / se**2]), np.array([1.0]))[0]
        assert seen.rows.set_index("survey").loc[survey, "n"] == pytest.approx(
            p * (1 - p) / se**2
        )


def test_with_no_se_anywhere_neither_n_nor_se_is_excluded(figures_of):
    seen = evidence(figures_of([national("1"), national("2", n=100)]), "wasting")
    assert list(seen.rows["survey"]) == ["2"]
    assert why(seen, "1") == ["no n, SE or interval"]


@pytest.mark.parametrize("p", [0, 1])
def test_exactly_none_or_all_with_neither_n_nor_se_has_the_fewest_respondents_of_its_country(
    figures_of, p
):
    """A survey left out for finding nobody would take prevalence up."""
    others = [
        national("2", se=0.02),
        national("4", se=0.01),
        national("3", estimate=p, n=50),
    ]
    seen = evidence(figures_of([national("1", estimate=p), *others]), "wasting")
    rows = seen.rows.set_index("survey")
    assert rows.loc["1", "n"] == pytest.approx(0.16 / 0.02**2)
    assert rows.loc["1", "y"] == p * rows.loc["1", "n"]
    assert why(seen, "1") == [
        "neither n nor SE: the country's largest SE, else the median of the largest"
    ]
    assert rows.loc["3", "y"] == p * rows.loc["3", "n"]
    alone = figures_of([national("1", estimate=p), national("2", estimate=p)])
    unknown = evidence(alone, "wasting", unknown_n=500)
    assert unknown.rows["n"].tolist() == [500, 500]


def test_a_zero_beside_a_se_has_the_respondents_of_others_of_its_kind(figures_of):
    """A margin of error printed beside a zero is made by a rule that nobody
    declares.
    """
    rows = [
        national("A", estimate=0.0, se=0.001),
        national("B", "UGA", estimate=0.01, se=0.0029),
    ]
    seen = evidence(figures_of(rows), "wasting").rows.set_index("survey")
    assert seen.loc["A", "n"] == pytest.approx(1177, rel=0.01)
    assert seen.loc["A", "y"] == 0


def test_no_survey_is_left_out_for_a_zero_with_an_interval(figures_of):
    """60 surveys of 8 cells of 400, exact intervals, no n: all stay, and pool to what
    was drawn.
    """
    rng = np.random.default_rng(4)
    cells = [
        (sex, age)
        for sex in ("female", "male")
        for age in ("15-24", "25-34", "35-44", "45-54")
    ]
    table, cases = [], 0
    for survey in range(60):
        for sex, age in cells:
            y = rng.binomial(400, 0.005)
            cases += y
            lower, upper = beta.ppf([0.025, 0.975], [y, y + 1], [401 - y, 400 - y])
            bounds = {
                "lower": 0.0 if y == 0 else lower,
                "upper": upper,
                "estimate": y / 400,
            }
            table.append(national(f"{survey:02d}", sex=sex, age=age) | bounds)
    seen = evidence(figures_of(table, age="15-54"), "wasting").rows
    assert seen["survey"].nunique() == 60
    assert len(seen) == 480
    assert seen["y"].sum() / seen["n"].sum() == pytest.approx(
        cases / (480 * 400), rel=0.005
    )


# --- the common factor ----------------------------------------------------------------


def factor(p: tuple[float, float], n: tuple[float, float], se: float) -> float:
    p, n = np.array(p), np.array(n, float)
    share = n / n.sum()
    q = shrunk(p, n, share)
    return se**2 / (share**2 * q * (1 - q) * 2 / n).sum()


def test_rows_of_one_survey_share_the_factor_that_gives_the_total_its_published_variance(
    figures_of,
):
    p, n, se = (0.1, 0.3), (400, 600), 0.025
    rows = evidence(figures_of(by_sex("1", p, n, se)), "wasting").rows
    assert list(rows["breakdown"]) == ["sex", "sex"]
    np.testing.assert_allclose(rows["n"], np.array(n) / 2 / factor(p, n, se), rtol=0.01)
    np.testing.assert_allclose(rows["y"], rows["n"] * np.array(p))
    q = shrunk(np.array(p), np.array(n, float), np.array([0.4, 0.6]))
    # the only survey sets its kind
    assert (np.array([0.4, 0.6]) ** 2 * q * (1 - q) / rows["n"]).sum() == pytest.approx(
        se**2, rel=0.01
    )


def test_shares_are_weighted_where_weights_are_known(figures_of):
    table = by_sex("1", (0.1, 0.3), (400, 600), 0.025)
    for row, weight in zip(table, (1000, 700, 300), strict=True):
        row["n_weighted"] = weight
    rows = evidence(figures_of(table), "wasting").rows
    share, p, n = np.array([0.7, 0.3]), np.array([0.1, 0.3]), np.array([400.0, 600.0])
    q = shrunk(p, n, share)
    assert (share**2 * q * (1 - q) / rows["n"]).sum() == pytest.approx(
        0.025**2, rel=0.01
    )


def test_an_unknown_total_takes_the_mean_of_the_other_surveys(figures_of):
    """Also where its total borrowed a largest SE: that is no variance that the survey
    published.
    """
    first, second, n = ((0.1, 0.3), 0.025), ((0.2, 0.25), 0.03), (400, 600)
    unknown, borrowed = (
        by_sex("3", (0.2, 0.3), n, None),
        by_sex("4", (0.2, 0.3), n, None),
    )
    borrowed[0]["n"] = None
    read = figures_of(
        by_sex("1", first[0], n, first[1])
        + by_sex("2", second[0], n, second[1])
        + unknown
        + borrowed
    )
    rows = evidence(read, "wasting").rows
    both = [factor(p, n, se) for p, se in (first, second)]
    for survey in "34":
        found = np.array(n) / 2 / rows.loc[rows["survey"] == survey, "n"]
        assert ((min(both) < found) & (found < max(both))).all()
        assert found.iloc[0] == pytest.approx(np.mean(both), rel=0.03)


def test_without_any_total_the_factor_is_one(figures_of):
    rows = evidence(
        figures_of(by_sex("1", (0.1, 0.3), (400, 600), None)), "wasting"
    ).rows
    np.testing.assert_allclose(rows["n"], [200, 300])


def test_small_rows_of_a_rare_outcome_are_worth_no_more_than_their_survey(figures_of):
    """2,000 respondents in 80 rows, 20 cases: the effective n is p(1−p)/V, not twice
    that.
    """
    whole = national("1", estimate=0.01, n=2000, se=np.sqrt(0.01 * 0.99 / 2000 * 1.5))
    cells = itertools.product(("female", "male"), range(15, 55))
    rows = [
        national("1", sex=sex, age=str(age), estimate=0.04 if i % 4 == 0 else 0.0, n=25)
        for i, (sex, age) in enumerate(cells)
    ]
    seen = evidence(figures_of([whole, *rows]), "wasting").rows
    assert (len(seen), (seen["y"] > 0).sum()) == (80, 20)
    assert seen["n"].sum() == pytest.approx(2000 / 1.5, rel=0.05)


def test_twenty_surveys_all_alike_in_n_and_rows_are_still_smoothed(figures_of):
    surveys = [
        by_sex(
            f"{i:02d}", (0.1, 0.3), (400, 600), 0.02 + 0.0005 * (i % 5), country="GHA"
        )
        for i in range(25)
    ]
    seen = evidence(
        figures_of(sum(surveys, by_sex("unknown", (0.1, 0.3), (400, 600), None))),
        "wasting",
    )
    known = [factor((0.1, 0.3), (400, 600), 0.02 + 0.0005 * (i % 5)) for i in range(25)]
    found = seen.rows.loc[seen.rows["survey"] == "unknown", "deff"] / 2
    np.testing.assert_allclose(found, np.mean(known), rtol=0.02)


def variances(seen, table) -> pd.DataFrame:
    """Return, of each real survey, the variance of its weighted sum over that of its
    published total, and its cases.
    """
    whole = table.query("sex == 'both' and age == 'all' and se > 0").set_index("survey")
    origin = seen.origin[0]
    chosen = sizes.deflated(origin.chosen, sizes.totals_of(origin.figures, ()))
    chosen = chosen[(chosen["shared"] == 1) & chosen["survey"].isin(whole.index)]
    share, p = chosen["share"], chosen["estimate"]
    by = chosen["survey"]
    n = chosen["respondents"].fillna(chosen["n"])
    mean, size = (
        (share * p).groupby(by).transform("sum"),
        n.groupby(by).transform("sum"),
    )
    q = (n * p + 4 * (size * mean + 2) / (size + 4)) / (n + 4)
    sums = (share**2 * q * (1 - q) / chosen["n"]).groupby(by).sum()
    cases = (n * np.minimum(p, 1 - p)).groupby(by).sum()
    table = pd.DataFrame(
        {"ratio": sums / whole["se"] ** 2, "cases": cases, "rows": by.value_counts()}
    ).dropna()
    return table[table["ratio"] > 0]


def test_real_surveys_of_many_cases_have_about_their_published_variance(seen, table):
    """Σ W_h² p̃_h(1−p̃_h)/n_eff,h is near SE² of the survey's total, the more so the
    more cases that rests on.
    """
    found = variances(seen, table)
    spread = [
        np.log(found.loc[found["cases"].between(*cases), "ratio"]).std()
        for cases in ((0, 50), (1000, 1e9))
    ]
    assert (found["cases"] > 1000).sum() > 300
    assert abs(np.log(found["ratio"]).median()) < 0.05
    assert spread[1] < 0.2 < spread[0]


def test_the_mean_common_factor_of_real_surveys(seen):
    """Rows of several surveys vary together: the median of own factors was 1.45."""
    rows = seen.origin[0].chosen
    found = seen.rows[seen.rows["respondents"].notna()]
    f = found.merge(
        rows[["survey", "sex", "smooth_deff"]].drop_duplicates(["survey", "sex"]),
        on=["survey", "sex"],
    )
    several = f.groupby("survey").filter(lambda part: len(part) > 4)
    assert (several["deff"] / several["smooth_deff"]).median() == pytest.approx(
        1.42, abs=0.08
    )


# --- that every row is accounted for once ---------------------------------------------


@pytest.mark.parametrize(
    ("by", "years"),
    [
        (("sex", "age"), None),
        ("age", None),
        (["sex"], None),
        ((), (1990, 1990)),
        (("age", "sex"), (2010, 2023)),
    ],
)
def test_every_row_is_used_or_in_the_ledger_once(stunting, table, by, years):
    seen = evidence(stunting, "stunting", by=by, years=years)
    lines = seen.ledger.lines[seen.ledger.lines["action"] != "repaired"]
    which = ["survey", "sex", "age"]
    assert not lines.duplicated(which).any()
    chosen = {int(str(row).split(" ")[0]) for row in seen.origin[0].chosen.index}
    used = table.loc[sorted(chosen)]
    used = used if years is None else used[used["year"].between(*years)]
    both = Counter(used[which].itertuples(index=False, name=None))
    both += Counter(lines[which].itertuples(index=False, name=None))
    assert both == Counter(table[which].itertuples(index=False, name=None))
    if years is not None:
        assert seen.rows["year"].between(*years).all()


def test_rows_without_an_estimate_are_accounted_for_also_outside_the_years(figures_of):
    table = [
        national("1", n=100),
        national("2", estimate=None, n=9),
        national("3", year=1990, estimate=None),
    ]
    table += [
        national("4", year=1990, n=100),
        national("4", year=1990, sex="female", estimate=None),
    ]
    seen = evidence(
        figures_of([row | {"year": row["year"]} for row in table]),
        "wasting",
        years=(2010, 2020),
    )
    lines = (
        seen.ledger.lines.query("action != 'repaired'")[["survey", "sex", "why"]]
        .to_numpy()
        .tolist()
    )
    assert list(seen.rows["survey"]) == ["1"]
    assert sorted(lines) == [
        ["2", "both", "no estimate"],
        ["3", "both", "no estimate"],
        ["4", "both", "fieldwork outside 2010–2020"],
        ["4", "female", "fieldwork outside 2010–2020"],
    ]


def test_no_respondent_counts_twice_and_none_is_lost(seen):
    """Each sex and month of a survey is in one row; the rows keep 98 % of the
    respondents of its largest figure.
    """
    chosen = seen.origin[0].chosen
    persons = chosen["persons"].fillna(0.0).groupby(chosen["choice"]).sum()
    largest = seen.origin[0].figures.groupby("part")["persons"].max()
    sure = chosen.groupby("choice")["persons"].agg(lambda part: part.notna().all())
    for choice, rows in chosen.groupby("choice"):
        held = Counter()
        for row in rows.itertuples():
            gaps = {
                (sex, month)
                for sex, _, bands in row.less
                for band in bands
                for month in range(*months(band))
            }
            for sex in ("female", "male") if row.sex == "both" else (row.sex,):
                held.update(
                    {(sex, m) for band in row.covers for m in range(*months(band))}
                    - gaps
                )
        assert max(held.values()) == 1, choice
        if sure[choice]:
            assert persons[choice] >= 0.98 * largest[int(choice.split("/")[0])] - 1, (
                choice
            )


def months(band: Band) -> tuple[int, int]:
    return band.lower, 1200 if band.upper is None else band.upper


def test_what_is_used_is_the_finest_that_every_survey_has(seen):
    assert seen.surveys["breakdown"].value_counts().to_dict() == {
        "sex × age": 835,
        "national": 204,
        "sex + age": 28,  # margins without a cross, both used, each for a half
        "sex": 27,
        "age": 3,
    }


def test_an_adjusted_total_speaks_for_the_whole_age(figures_of):
    table = [
        national("1", n=900),
        *(
            national("1", age=age, n=n)
            for age, n in (("6-23 months", 300), ("2-4", 590))
        ),
    ]
    seen = evidence(figures_of(table, age="0-59 months"), "wasting").rows
    assert list(seen["covers"]) == [(Band(6, 24),), (Band(24, 60),)]
    table = [national("1", n=900), national("1", age="6-59 months")]
    assert only(evidence(figures_of(table, age="0-59 months"), "wasting"))[
        "covers"
    ] == (Band(6, 60),)
    adjusted = [row | {"kind": "Adjusted"} for row in table]
    read = figures_of(adjusted, age="0-59 months", whole=["Adjusted"])
    assert only(evidence(read, "wasting"))["covers"] == (Band(0, 60),)


# --- numbers that a likelihood can read -----------------------------------------------


def test_counts_are_finite_never_floored_and_zero_stays_zero(seen):
    rows = seen.rows
    assert np.isfinite(rows[["n", "y", "estimate"]]).all(axis=None)
    assert (rows["n"] > 0).all()
    np.testing.assert_allclose(rows["y"], rows["n"] * rows["estimate"], rtol=1e-12)
    none = rows["estimate"] == 0
    assert none.sum() > 50
    assert (rows.loc[none, "y"] == 0).all()
    inner = (rows["estimate"] > 0) & (rows["estimate"] < 1)
    assert (rows.loc[inner, "y"] % 1 != 0).all()
    assert rows["n"].min() < 1  # a tenth of a respondent is a tenth, not nobody


def test_rows_in_any_order_are_the_same_evidence(seen, tmp_path):
    raw = pd.read_csv(
        shelf("data", "surveys", "stunting", "figures.csv"),
        dtype="str",
        keep_default_na=False,
    )
    card = shelf("data", "surveys", "stunting", "survey.toml").read_text(
        encoding="utf-8"
    )
    (tmp_path / "survey.toml").write_text(card, encoding="utf-8")
    raw.sample(frac=1, random_state=5).to_csv(tmp_path / "figures.csv", index=False)
    other = evidence(read_figures(tmp_path), "stunting")
    assert other.digest == seen.digest
    pd.testing.assert_frame_equal(other.rows, seen.rows, check_exact=True)
    pd.testing.assert_frame_equal(other.ledger.lines, seen.ledger.lines)


def test_the_digest_sees_every_number(figures_of):
    words = {
        "estimate": 0.201,
        "n": 101,
        "country": "TGO",
        "year": 2015,
        "survey": "2",
        "age": "5-9",
        "kind": "x",
    }
    changes = [{}] + [{word: value} for word, value in words.items()]
    digests = {
        evidence(figures_of([national("1", n=100) | change]), "wasting").digest
        for change in changes
    }
    assert len(digests) == 7  # the kind alone changes nothing


def test_surveys_and_the_page(seen):
    of = seen.surveys
    assert len(of) == 1097
    first = seen.rows[seen.rows["survey"] == of.index[0]]
    assert of.iloc[0]["rows"] == len(first)
    assert of["effective_n"].sum() == pytest.approx(seen.rows["n"].sum())
    assert "10,216 rows of 1,097 surveys in 159 countries, 1983–2023" in " ".join(
        repr(seen).split()
    )


# --- what cannot be done --------------------------------------------------------------


def test_what_cannot_be_evidence_is_a_sentence(figures_of):
    read = figures_of([national("1", n=100)])
    with pytest.raises(
        UncountedError, match=r"has no outcome 'wastin'\. Did you mean 'wasting'\?"
    ):
        evidence(read, "wastin")
    with pytest.raises(
        UncountedError,
        match=r"read by sex and age; 'ages' is none of them. Did you mean 'age'\?",
    ):
        evidence(read, "wasting", by=["sex", "ages"])
    with pytest.raises(
        UncountedError, match=r"No figure of .* on 'wasting' can be used"
    ):
        evidence(read, "wasting", years=(1990, 2000))


def test_a_figure_for_all_ages_must_say_which(figures_of):
    read = figures_of([national("1", n=100)], age=None)
    with pytest.raises(
        UncountedError,
        match=r"survey '1' for all ages doesn't say which .* on its card, as age =",
    ):
        evidence(read, "wasting")
    band = figures_of([national("1", n=100), national("1", age="5-17")], age=None)
    assert only(evidence(band, "wasting"))["covers"] == (Band(60, 216),)


def test_countries_without_population_are_in_the_ledger(seen):
    placed = seen.placed(read_world())
    lines = placed.ledger.lines[
        placed.ledger.lines["why"] == "the population table lacks the country"
    ]
    assert set(lines["country"]) == LACKED
    assert (lines["action"] == "excluded").all()
    assert not set(placed.rows["country"]) & LACKED
    assert len(placed.rows) + len(lines) == len(seen.rows)
    assert len(placed.ledger.lines) == len(seen.ledger.lines) + len(lines)
    assert list(placed.rows.index) == list(range(len(placed.rows)))


def test_an_unknown_country_is_an_error_with_what_was_meant(figures_of):
    seen = evidence(
        figures_of([national("1", "Viet Nam", n=100), national("2", "XYZ", n=100)]),
        "wasting",
    )
    with pytest.raises(
        UncountedError,
        match=r"The evidence 'A small survey' has codes .*: XYZ",
    ):
        seen.placed(read_world())
    # a name that is a country's exactly was read as its code
    assert "VNM" in set(seen.rows["country"])


# --- counts and pooling ---------------------------------------------------------------

COUNTS = pd.DataFrame(
    {"survey": ["b", "a", "a"], "country": ["TGO", "GHA", "GHA"], "year": 2014, "sex": ["both", "male", "female"],
     "age": ["15-24", "15-24", "15-24"], "n": [100.0, 10.5, 20.0], "y": [1.0, 0.0, 3.25]}
)  # fmt: skip


def test_counts_are_taken_as_they_are():
    seen = counts(COUNTS, "work")
    assert seen.rows[["survey", "sex", "n", "y"]].to_numpy().tolist() == [
        ["a", "female", 20.0, 3.25],
        ["a", "male", 10.5, 0.0],
        ["b", "both", 100.0, 1.0],
    ]
    assert set(seen.rows["covers"]) == {(Band(180, 300),)}
    assert set(seen.rows["source"]) == {"survey"}
    assert counts(COUNTS[::-1], "work").digest == seen.digest


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"y": -1.0}, "3 row(s) in which not 0 ≤ y ≤ n, n > 0"),
        ({"n": 0.0}, "in which not 0 ≤ y ≤ n"),
        ({"y": np.nan}, "in which not 0 ≤ y ≤ n"),
        ({"sex": "women"}, "a sex that is not female, male or both in 3 row(s)"),
        ({"sex": "both"}, "the same survey, sex and age twice in 2 row(s)"),
        ({"age": "young"}, "'young' is no age band"),
    ],
)
def test_counts_that_cannot_be_are_a_sentence(change, sentence):
    with pytest.raises(UncountedError, match=re.escape(sentence)):
        counts(COUNTS.assign(**change), "work")


def test_counts_lacking_a_column_are_a_sentence():
    with pytest.raises(
        UncountedError, match=r"has no column 'country'\. Did you mean 'countri'\?"
    ):
        counts(COUNTS.rename(columns={"country": "countri"}), "work")


def test_pooled_evidence_is_the_same_in_any_order_and_never_twice(seen):
    some = counts(COUNTS, "work", source="others")
    both, back = pooled([seen, some]), pooled([some, seen])
    assert both.digest == back.digest
    assert len(both.rows) == len(seen.rows) + 3
    assert len(both.ledger.lines) == len(seen.ledger.lines)
    assert pooled([seen]) is seen
    with pytest.raises(
        UncountedError, match=r"share the survey\(s\) a of GHA, b of TGO\."
    ):
        pooled([some, counts(COUNTS, "work")])


def test_figures_without_n_or_se_are_left_out_unless_an_unknown_n_is_said(figures_of):
    rows = [{"survey": "a", "country": "GHA", "year": 2010, "sex": sex, "estimate": p} for sex, p in
            (("both", 0.2), ("female", 0.15), ("male", 0.25))]  # fmt: skip
    survey = figures_of(rows)
    with pytest.raises(UncountedError, match="can be used"):
        evidence(survey, "wasting", by=["sex"])
    seen = evidence(survey, "wasting", by=["sex"], unknown_n=500)
    assert seen.rows["n"].tolist() == [500, 500]
    assert seen.rows["y"].tolist() == [75, 125]
    assert seen.rows[["respondents", "cases", "deff"]].isna().all(axis=None)
    assert seen.ledger.lines["why"].str.contains("unknown effective n, 500").sum() == 3


def test_counts_of_tables_put_together_are_read_whatever_their_index():
    both = pd.concat([COUNTS, COUNTS.assign(survey=["x", "y", "y"])])
    seen = counts(both, "work")
    assert sorted(seen.rows["survey"]) == ["a", "a", "b", "x", "y", "y"]
    assert counts(both.reset_index(drop=True), "work").digest == seen.digest
