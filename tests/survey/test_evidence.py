"""Evidence from published figures: sizes, repairs, the common factor, and that no respondent counts twice."""

import itertools
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from uncounted.errors import UncountedError
from uncounted.survey import effects
from uncounted.survey.evidence import counts, evidence, pooled
from uncounted.survey.figures import read_figures
from uncounted.world.age import Band, overlapping
from uncounted.world.shelf import shelf
from uncounted.world.world import read_world

BANDS = ["0-5 months", "6-11 months", "12-23 months", "24-35 months", "36-47 months", "48-59 months"]
LACKED = {"MHL", "NRU", "TCA", "TUV"}


def national(survey: str, country: str = "GHA", **told: object) -> dict:
    row = {"survey": survey, "country": country, "year": 2014, "kind": "", "sex": "both", "age": "all"}
    return row | {"estimate": 0.2, "se": None, "n": None, "n_weighted": None, "deff": None} | told


def by_sex(survey: str, p: tuple[float, float], n: tuple[float, float], se: float | None, **told: object) -> list[dict]:
    """A survey's total with its SE, and its figures of either sex with their n; every design effect is 2."""
    whole = national(survey, estimate=(p[0] * n[0] + p[1] * n[1]) / sum(n), n=sum(n), se=se, deff=2.0, **told)
    sexes = zip(("female", "male"), p, n, strict=True)
    return [whole] + [national(survey, sex=s, estimate=q, n=m, deff=2.0, **told) for s, q, m in sexes]


def shrunk(p: np.ndarray, n: np.ndarray, share: np.ndarray) -> np.ndarray:
    """p̃ = (n p̂ + 4m) / (n + 4), m = (N p̄ + 2) / (N + 4), of one survey's rows."""
    m = (n.sum() * (share * p).sum() + 2) / (n.sum() + 4)
    return (n * p + 4 * m) / (n + 4)


def only(seen) -> pd.Series:
    assert len(seen.rows) == 1
    return seen.rows.iloc[0]


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


# --- what a row's size is taken from ---------------------------------------------------------------------------------


def test_a_total_with_n_and_se_has_the_variance_that_it_published(figures_of):
    row = only(evidence(figures_of([national("1", n=1000, se=0.02)]), "wasting"))
    p = shrunk(np.array([0.2]), np.array([1000.0]), np.array([1.0]))[0]
    assert p * (1 - p) / row["n"] == pytest.approx(0.02**2)
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
    assert why(seen, "1") == ["n missing: the weighted n stands in"]


def test_a_weighted_n_beside_an_n_is_not_used(figures_of):
    seen = evidence(figures_of([national("1", n=500, n_weighted=800)]), "wasting")
    assert only(seen)["n"] == 500
    assert seen.ledger.lines.empty


@pytest.mark.parametrize("absurd", [1e12, 100_001])
def test_an_absurd_weighted_n_is_set_aside(figures_of, absurd):
    read = figures_of([national("1", n_weighted=absurd, se=0.02), national("2", n_weighted=0.4, se=0.02)])
    seen = evidence(read, "wasting")
    assert seen.rows["n"].tolist() == [seen.rows["n"][0]] * 2
    assert why(seen, "1") == ["weighted n above 100,000 is no count of respondents: set aside"]
    assert why(seen, "2") == []


def test_what_is_plausible_is_the_cards_word(figures_of):
    seen = evidence(figures_of([national("1", n_weighted=5000, se=0.02)], plausible_n=1000), "wasting")
    assert why(seen, "1") == ["weighted n above 1,000 is no count of respondents: set aside"]
    assert only(seen)["n"] == pytest.approx(0.16 / 0.02**2, rel=0.02)


def test_an_se_too_small_for_any_survey_is_set_aside(figures_of):
    read = figures_of([national("1", se=1e-6), national("2", se=0.02), national("3", se=0.0, n=600)])
    seen = evidence(read, "wasting")
    assert seen.rows.set_index("survey").loc["1", "n"] == pytest.approx(seen.rows.set_index("survey").loc["2", "n"])
    assert "SE without n that implies over 100,000 respondents: set aside" in why(seen, "1")
    assert seen.rows.set_index("survey").loc["3", "n"] == pytest.approx(600)


def test_neither_n_nor_se_borrows_the_countrys_largest_se_else_the_median_of_the_largest(figures_of):
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
    told = ["neither n nor SE: the country's largest SE, else the median of the largest"]
    assert why(seen, "ghana") == why(seen, "stranger") == told
    for survey, largest in {"ghana": 0.2, "stranger": 0.3}.items():
        se = largest * 0.09
        p = shrunk(np.array([0.1]), np.array([0.09 / se**2]), np.array([1.0]))[0]
        assert seen.rows.set_index("survey").loc[survey, "n"] == pytest.approx(p * (1 - p) / se**2)


def test_with_no_se_anywhere_neither_n_nor_se_is_excluded(figures_of):
    seen = evidence(figures_of([national("1"), national("2", n=100)]), "wasting")
    assert list(seen.rows["survey"]) == ["2"]
    assert why(seen, "1") == ["no complete breakdown of the survey has an n, an SE or an interval"]


@pytest.mark.parametrize("p", [0, 1])
def test_exactly_none_or_all_with_neither_n_nor_se_is_excluded(figures_of, p):
    read = figures_of([national("1", estimate=p), national("2", se=0.02), national("3", estimate=p, n=50)])
    seen = evidence(read, "wasting")
    assert list(seen.rows["survey"]) == ["2", "3"]
    assert why(seen, "1") == ["exactly 0 or 100 % with neither n nor SE"]
    assert seen.rows.set_index("survey").loc["3", ["n", "y"]].tolist() == [50, 50 * p]


# --- the common factor -----------------------------------------------------------------------------------------------


def factor(p: tuple[float, float], n: tuple[float, float], se: float) -> float:
    p, n = np.array(p), np.array(n, float)
    share = n / n.sum()
    q = shrunk(p, n, share)
    return se**2 / (share**2 * q * (1 - q) * 2 / n).sum()


def test_rows_of_one_survey_share_the_factor_that_gives_the_total_its_published_variance(figures_of):
    p, n, se = (0.1, 0.3), (400, 600), 0.025
    rows = evidence(figures_of(by_sex("1", p, n, se)), "wasting").rows
    assert list(rows["breakdown"]) == ["sex", "sex"]
    np.testing.assert_allclose(rows["n"], np.array(n) / 2 / factor(p, n, se))
    np.testing.assert_allclose(rows["y"], rows["n"] * np.array(p))
    q = shrunk(np.array(p), np.array(n, float), np.array([0.4, 0.6]))
    assert (np.array([0.4, 0.6]) ** 2 * q * (1 - q) / rows["n"]).sum() == pytest.approx(se**2)


def test_shares_are_weighted_where_weights_are_known(figures_of):
    table = by_sex("1", (0.1, 0.3), (400, 600), 0.025)
    for row, weight in zip(table, (1000, 700, 300), strict=True):
        row["n_weighted"] = weight
    rows = evidence(figures_of(table), "wasting").rows
    share, p, n = np.array([0.7, 0.3]), np.array([0.1, 0.3]), np.array([400.0, 600.0])
    q = shrunk(p, n, share)
    assert (share**2 * q * (1 - q) / rows["n"]).sum() == pytest.approx(0.025**2)


def test_an_unknown_total_takes_the_other_surveys_geometric_mean(figures_of):
    """Also where its total borrowed a largest SE: that is no variance that the survey published."""
    first, second, n = ((0.1, 0.3), 0.025), ((0.2, 0.25), 0.05), (400, 600)
    unknown, borrowed = by_sex("3", (0.2, 0.3), n, None), by_sex("4", (0.2, 0.3), n, None)
    borrowed[0]["n"] = None
    few = by_sex("5", (0.004, 0.006), n, 0.1, country="TGO")  # 5 cases: too few for V̂ to be believed
    read = figures_of(
        by_sex("1", first[0], n, first[1]) + by_sex("2", second[0], n, second[1]) + unknown + borrowed + few
    )
    rows = evidence(read, "wasting").rows
    mean = np.sqrt(factor(first[0], n, first[1]) * factor(second[0], n, second[1]))
    for survey in "345":
        np.testing.assert_allclose(rows.loc[rows["survey"] == survey, "n"], np.array(n) / 2 / mean)


def test_without_any_total_the_factor_is_one(figures_of):
    rows = evidence(figures_of(by_sex("1", (0.1, 0.3), (400, 600), None)), "wasting").rows
    np.testing.assert_allclose(rows["n"], [200, 300])


def test_small_rows_of_a_rare_outcome_are_worth_no_more_than_their_survey(figures_of):
    """2,000 respondents in 80 rows, 20 cases: the effective n is p(1−p)/V, not twice that."""
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
    surveys = [by_sex(f"{i:02d}", (0.1, 0.3), (400, 600), 0.02 + 0.0005 * (i % 5), country="GHA") for i in range(25)]
    seen = evidence(figures_of(sum(surveys, by_sex("unknown", (0.1, 0.3), (400, 600), None))), "wasting")
    known = [factor((0.1, 0.3), (400, 600), 0.02 + 0.0005 * (i % 5)) for i in range(25)]
    found = seen.rows.loc[seen.rows["survey"] == "unknown", "deff"] / 2
    np.testing.assert_allclose(np.log(found), np.log(known).mean(), atol=0.02)


def test_real_surveys_have_their_published_variance(seen, table):
    """Σ W_h² p̃_h(1−p̃_h)/n_eff,h = SE² of the survey's own total, in each survey where that rests on ten cases."""
    own = table.query("sex == 'both' and age == 'all' and se > 0").set_index("survey")
    n_own = own["n"].fillna(own["n_weighted"].where(own["n_weighted"].between(1, 1e5)))
    implied = own["estimate"] * (1 - own["estimate"]) / own["se"] ** 2
    n_own = n_own.fillna(implied.where(implied <= 1e5))
    cases = n_own * np.minimum(own["estimate"], 1 - own["estimate"])
    own = own[cases >= 10]
    rows = seen.rows.assign(age=[age for *_, age in keys(seen.rows)])
    rows = rows.merge(table[["survey", "sex", "age", "se", "n_weighted"]], on=["survey", "sex", "age"], validate="1:1")
    checked = 0
    for survey, at in rows[rows["survey"].isin(own.index)].groupby("survey"):
        weight = at["n_weighted"] if (at["n_weighted"] > 0).all() else at["respondents"]
        share = (weight / weight.sum()).to_numpy() if weight.notna().all() else np.full(len(at), 1 / len(at))
        p = at["estimate"].to_numpy()
        n = at["respondents"].fillna(at["estimate"] * (1 - at["estimate"]) / at["se"] ** 2).to_numpy()
        q = shrunk(p, n, share)
        assert (share**2 * q * (1 - q) / at["n"]).sum() == pytest.approx(own.loc[survey, "se"] ** 2, rel=1e-9), survey
        checked += 1
    assert checked == len(own) > 800


def test_the_median_common_factor_of_real_surveys(seen, table):
    """design.md says 1.47 of the 577 surveys that publish every row's SE; of all with a known total it is 1.45."""
    n = table["n"].where(table["n"] > 0).fillna(table["n_weighted"].where(table["n_weighted"].between(1, 1e5)))
    smooth = effects.smoothed(table.assign(n=n, se=table["se"].where(table["se"] > 0)))
    smooth = pd.Series(smooth, index=pd.MultiIndex.from_frame(table[["survey", "sex", "age"]]))
    rows = seen.rows[seen.rows["respondents"].notna()]
    f = (rows["deff"].to_numpy() / smooth.loc[keys(rows)]).groupby(level="survey")
    assert f.std().max() < 1e-9  # one factor for all rows of a survey
    whole = table.query("sex == 'both' and age == 'all' and se > 0")["survey"]
    several = f.size()[f.size() > 1].index.intersection(whole)
    assert len(several) > 800
    assert f.first()[several].median() == pytest.approx(1.45, abs=0.02)


# --- that every row is accounted for once ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "years"),
    [(("sex", "age"), None), ("age", None), (["sex"], None), ((), (1990, 1990)), (("age", "sex"), (2010, 2023))],
)
def test_every_row_is_used_or_in_the_ledger_once(stunting, table, by, years):
    seen = evidence(stunting, "stunting", by=by, years=years)
    lines = seen.ledger.lines[seen.ledger.lines["action"] != "repaired"]
    told = Counter(keys(seen.rows)) + Counter(lines[["survey", "sex", "age"]].itertuples(index=False, name=None))
    assert told == Counter(table[["survey", "sex", "age"]].itertuples(index=False, name=None))
    repaired = seen.ledger.lines[seen.ledger.lines["action"] == "repaired"]
    if years is not None:
        assert seen.rows["year"].between(*years).all()
        assert repaired["year"].between(*years).all()


def test_rows_without_an_estimate_are_accounted_for_also_outside_the_years(figures_of):
    table = [national("1", n=100), national("2", estimate=None, n=9), national("3", year=1990, estimate=None)]
    table += [national("4", year=1990, n=100), national("4", year=1990, sex="female", estimate=None)]
    seen = evidence(figures_of([row | {"year": row["year"]} for row in table]), "wasting", years=(2010, 2020))
    lines = seen.ledger.lines[["survey", "sex", "why"]].to_numpy().tolist()
    assert list(seen.rows["survey"]) == ["1"]
    assert sorted(lines) == [
        ["2", "both", "no estimate"],
        ["3", "both", "no estimate"],
        ["4", "both", "fieldwork outside 2010–2020"],
        ["4", "female", "no estimate"],
    ]


def test_no_respondent_counts_twice_and_none_is_lost(seen, table):
    """The rows of a survey hold each sex and month once, and together all bands that the survey lists."""
    known = table[
        ~((table["estimate"].isin([0, 1])) & table["n"].isna() & table["se"].isna() & table["n_weighted"].isna())
    ]
    listed = known[known["age"] != "all"].groupby("survey")["age"].agg(set)
    kind = table.groupby("survey")["kind"].first()
    for survey, rows in seen.rows.groupby("survey"):
        sexes = set(rows["sex"])
        assert sexes in ({"both"}, {"female", "male"}), survey
        for _, one in rows.groupby("sex"):
            bands = list(itertools.chain(*one["covers"]))
            assert len(set(bands)) == len(bands), survey
            assert overlapping(bands) is None, survey
            whole = survey not in listed or (kind[survey] == "Adjusted" and "age" not in one["breakdown"].iloc[0])
            assert {band.label for band in bands} == ({"0-4"} if whole else listed[survey]), survey


def test_what_is_used_is_the_finest_that_every_survey_has(seen):
    assert seen.surveys["breakdown"].value_counts().to_dict() == {
        "sex × age": 821,
        "national": 204,
        "age": 53,
        "sex": 19,
    }


def test_an_adjusted_total_speaks_for_the_whole_age(figures_of):
    table = [national("1", n=900), national("1", age="6-11 months")]
    assert only(evidence(figures_of(table, age="0-59 months"), "wasting"))["covers"] == (Band(6, 12),)
    adjusted = [row | {"kind": "Adjusted"} for row in table]
    read = figures_of(adjusted, age="0-59 months", whole=["Adjusted"])
    assert only(evidence(read, "wasting"))["covers"] == (Band(0, 60),)


# --- numbers that a likelihood can read ------------------------------------------------------------------------------


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
    raw = pd.read_csv(shelf("data", "surveys", "stunting", "figures.csv"), dtype="str", keep_default_na=False)
    card = shelf("data", "surveys", "stunting", "survey.toml").read_text(encoding="utf-8")
    (tmp_path / "survey.toml").write_text(card, encoding="utf-8")
    raw.sample(frac=1, random_state=5).to_csv(tmp_path / "figures.csv", index=False)
    other = evidence(read_figures(tmp_path), "stunting")
    assert other.digest == seen.digest
    pd.testing.assert_frame_equal(other.rows, seen.rows, check_exact=True)
    pd.testing.assert_frame_equal(other.ledger.lines, seen.ledger.lines)


def test_the_digest_sees_every_number(figures_of):
    words = {"estimate": 0.201, "n": 101, "country": "TGO", "year": 2015, "survey": "2", "age": "5-9", "kind": "x"}
    changes = [{}] + [{word: value} for word, value in words.items()]
    digests = {evidence(figures_of([national("1", n=100) | change]), "wasting").digest for change in changes}
    assert len(digests) == 7  # the kind alone changes nothing


def test_surveys_and_the_page(seen):
    of = seen.surveys
    assert len(of) == 1097
    first = seen.rows[seen.rows["survey"] == of.index[0]]
    assert of.iloc[0]["rows"] == len(first)
    assert of["effective_n"].sum() == pytest.approx(seen.rows["n"].sum())
    assert "10,092 rows of 1,097 surveys in 159 countries, 1983–2023" in seen._repr_html_()


# --- what cannot be done ---------------------------------------------------------------------------------------------


def test_what_cannot_be_evidence_is_a_sentence(figures_of):
    read = figures_of([national("1", n=100)])
    with pytest.raises(UncountedError, match=r"has no outcome 'wastin'\. Did you mean 'wasting'\?"):
        evidence(read, "wastin")
    with pytest.raises(UncountedError, match=r"read by sex and age; 'ages' is none of them. Did you mean 'age'\?"):
        evidence(read, "wasting", by=["sex", "ages"])
    with pytest.raises(UncountedError, match=r"No figure of .* on 'wasting' can be used"):
        evidence(read, "wasting", years=(1990, 2000))


def test_a_figure_for_all_ages_must_say_which(figures_of):
    read = figures_of([national("1", n=100)], age=None)
    with pytest.raises(UncountedError, match=r"survey '1' for all ages doesn't say which .* on its card, as age ="):
        evidence(read, "wasting")
    band = figures_of([national("1", n=100), national("1", age="5-17")], age=None)
    assert only(evidence(band, "wasting"))["covers"] == (Band(60, 216),)


def test_countries_without_population_are_in_the_ledger(seen):
    placed = seen.placed(read_world())
    lines = placed.ledger.lines[placed.ledger.lines["why"] == "the population table lacks the country"]
    assert set(lines["country"]) == LACKED
    assert (lines["action"] == "excluded").all()
    assert not set(placed.rows["country"]) & LACKED
    assert len(placed.rows) + len(lines) == len(seen.rows)
    assert len(placed.ledger.lines) == len(seen.ledger.lines) + len(lines)
    assert list(placed.rows.index) == list(range(len(placed.rows)))


def test_an_unknown_country_is_an_error_with_what_was_meant(figures_of):
    seen = evidence(figures_of([national("1", "Viet Nam", n=100), national("2", "XYZ", n=100)]), "wasting")
    with pytest.raises(UncountedError, match=r"The evidence 'A small survey' has codes .*Viet Nam → VNM; XYZ"):
        seen.placed(read_world())


# --- counts and pooling ----------------------------------------------------------------------------------------------

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
        ({"survey": "x"}, "a survey id that stands for more than one country or year in 3 row(s)"),
        ({"age": "young"}, "'young' is no age band"),
    ],
)
def test_counts_that_cannot_be_are_a_sentence(change, sentence):
    with pytest.raises(UncountedError, match=re.escape(sentence)):
        counts(COUNTS.assign(**change), "work")


def test_counts_lacking_a_column_are_a_sentence():
    with pytest.raises(UncountedError, match=r"has no column 'country'\. Did you mean 'countri'\?"):
        counts(COUNTS.rename(columns={"country": "countri"}), "work")


def test_pooled_evidence_is_the_same_in_any_order_and_never_twice(seen):
    some = counts(COUNTS, "work", source="others")
    both, back = pooled([seen, some]), pooled([some, seen])
    assert both.digest == back.digest
    assert len(both.rows) == len(seen.rows) + 3
    assert len(both.ledger.lines) == len(seen.ledger.lines)
    assert pooled([seen]) is seen
    with pytest.raises(UncountedError, match=r"share the survey\(s\) a, b\."):
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
