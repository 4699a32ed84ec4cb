"""Respondents become evidence by the path of published figures."""

import pandas as pd
import pytest

import uncounted as un
from uncounted.figures import factors
from uncounted.interviews.weighted_totals import cells as cells_of

COLUMNS = {
    "country": "country",
    "sex": "sex",
    "age": "age",
    "weight": "weight",
    "stratum": "stratum",
    "psu": "psu",
}
CODES = {"AAA": "FRA", "BBB": "DEU", "CCC": "IND"}


@pytest.fixture(scope="module")
def table(shared):
    rows = pd.read_csv(shared / "reference/design/survey.csv", keep_default_na=False)
    return rows.assign(country=rows["country"].map(CODES))


@pytest.fixture(scope="module")
def respondents(table):
    return un.read_respondents(
        table, COLUMNS, "outcome", constants={"year": "2019"}, name="reference"
    )


def independent(rows: pd.DataFrame, size: pd.DataFrame) -> float:
    """Return Σ W² p̃(1−p̃)/n_eff of a survey's rows; size: weighted and unweighted
    respondents (rows, 2).
    """
    share = (size["sum"] / size["sum"].sum()).to_numpy()
    n = size["size"].to_numpy(float)
    inner = ((share * rows["estimate"]).sum() * n.sum() + 2) / (n.sum() + 4)
    p = (rows["estimate"].to_numpy() * n + 4 * inner) / (n + 4)
    return float((share**2 * p * (1 - p) / rows["n"]).sum())


def test_weighted_sum_of_a_survey_s_rows_has_the_variance_of_its_smoothed_factor(
    respondents, table, monkeypatch
):
    """Where its own factor counted fully, Σ W² p̃(1−p̃)/n_eff would be its own total's
    design variance.
    """
    sizes = table.groupby(["country", "sex", "age"])["weight"].agg(["sum", "size"])
    kept = {}

    def smoothed(surveys: pd.DataFrame) -> pd.Series:
        kept["surveys"], kept["factor"] = surveys, factors_smoothed(surveys)
        return kept["factor"]

    factors_smoothed = factors.smoothed
    monkeypatch.setattr(factors, "smoothed", smoothed)
    seen = un.evidence(respondents, "outcome", single_psu="adjust")
    own = un.direct(respondents, ["country"], single_psu="adjust").set_index("country")
    by_country = (
        kept["surveys"].set_index("country").assign(factor=kept["factor"].to_numpy())
    )
    assert len(by_country) == seen.rows["country"].nunique() == 3
    for country, rows in seen.rows.groupby("country"):
        keys = [
            (row.country, row.sex, row.covers[0].label) for row in rows.itertuples()
        ]
        survey = by_country.loc[country]
        assert survey["variance"] == pytest.approx(
            own.loc[country, "se"] ** 2, rel=1e-9
        )
        expected = survey["independent"] * survey["factor"]
        assert independent(rows, sizes.loc[keys]) == pytest.approx(expected, rel=1e-9)


def test_respondents_and_their_published_figures_give_identical_evidence(
    respondents, tmp_path
):
    from_people = un.evidence(respondents, "outcome", single_psu="adjust")
    cells, whole = (
        un.direct(respondents, by, single_psu="adjust")
        for by in (["country", "sex", "age"], ["country"])
    )
    figures = pd.concat([cells, whole.assign(sex="both", age="all")]).assign(year=2019)
    weights = pd.concat(
        [cells_of(respondents, by) for by in (["country", "sex", "age"], ["country"])]
    )
    figures = figures.assign(
        survey=figures["country"] + "-2019", weighted=weights["weighted"].to_numpy()
    )
    figures.to_csv(tmp_path / "figures.csv", index=False)
    names = {"n_weighted": "weighted"} | {
        name: name for name in ("survey", "country", "year", "sex", "age", "se", "n")
    }
    (tmp_path / "survey.toml").write_text(
        'title = "t"\nkind = "figures"\nfile = "figures.csv"\noutcomes = { outcome ='
        ' "prevalence" }\n[columns]\n'
        + "\n".join(f'{ours} = "{theirs}"' for ours, theirs in names.items())
    )
    from_table = un.evidence(un.read_survey(tmp_path), "outcome")
    columns = ["survey", "country", "sex", "covers", "n", "y", "respondents"]
    pd.testing.assert_frame_equal(
        from_people.rows[columns], from_table.rows[columns], rtol=1e-12
    )


def test_a_card_of_respondents(table, tmp_path):
    table.assign(years=table["age"].str[:2].astype(int)).to_csv(
        tmp_path / "people.csv", index=False
    )
    (tmp_path / "survey.toml").write_text(
        'title = "t"\nkind = "respondents"\nfile = "people.csv"\noutcomes = { outcome ='
        ' "outcome" }\nconstants = { year = "2019" }\ncuts = { age = { "15-39" = [15,'
        ' 40], "40+" = [40] } }\n[columns]\n'
        + "\n".join(
            f'{ours} = "{theirs}"'
            for ours, theirs in (COLUMNS | {"age": "years"}).items()
        )
    )
    seen = un.evidence(un.read_survey(tmp_path), "outcome", single_psu="adjust")
    assert sorted({band.label for bands in seen.rows["covers"] for band in bands}) == [
        "15-39",
        "40+",
    ]
    assert seen.rows["respondents"].sum() == len(table)


def test_respondents_without_a_year_are_a_sentence(table):
    people = un.read_respondents(table, COLUMNS, "outcome", name="reference")
    with pytest.raises(un.UncountedError, match="have no year"):
        un.evidence(people, "outcome", single_psu="adjust")


def test_without_age_the_rows_speak_for_all_ages_of_the_respondents(respondents, table):
    rows = un.evidence(respondents, "outcome", by=["sex"], single_psu="adjust").rows
    assert {band.label for bands in rows["covers"] for band in bands} == {"15+"}
    assert set(rows["sex"]) == {"female", "male"}
    gap = table[table["age"].isin(["15-24", "65+"])]
    apart = un.read_respondents(
        gap,
        COLUMNS,
        "outcome",
        constants={"year": "2019"},
        nested=True,
        name="reference",
    )
    of_gap = un.evidence(apart, "outcome", by=["sex"], single_psu="adjust").rows
    assert {tuple(band.label for band in bands) for bands in of_gap["covers"]} == {
        ("15-24", "65+")
    }
    columns = {role: column for role, column in COLUMNS.items() if role != "age"}
    ageless = un.read_respondents(
        table, columns, "outcome", constants={"year": "2019"}, name="reference"
    )
    with pytest.raises(un.UncountedError, match="have no age"):
        un.evidence(ageless, "outcome", by=["sex"], single_psu="adjust")
