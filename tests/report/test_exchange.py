"""The exchange table: SDG columns, M49 codes, and the numbers of the estimates."""

from dataclasses import replace

import pandas as pd
import pytest

import uncounted as un
from uncounted.formats.exchange import AREAS, COLUMNS, M49, sdmx
from uncounted.release.account import Account
from uncounted.release.fit_release import release_of

BAD = un.Finding(
    "tail ESS of published numbers", "stop", 312, 400, "The smallest is 312."
)


@pytest.fixture(scope="module")
def table(fit, release):
    return sdmx(release, un.estimates(fit, AREAS))


def test_each_observation_has_a_key_of_its_own(table):
    assert list(table.columns) == COLUMNS
    key = COLUMNS[: COLUMNS.index("OBS_VALUE")]
    assert not table.duplicated(key).any()
    assert table.drop(columns=["CUST_BREAKDOWN_LB"]).notna().all(axis=None)


def test_areas_are_m49_codes(table, fit, rows):
    countries = set(fit.world.places.loc[fit.world.places["m49"] != "", "m49"])
    assert set(table["REF_AREA"]) == countries | set(M49.values())
    assert table["REF_AREA"].str.fullmatch(r"\d{3}").all()
    assert (rows["grouping"] == "region").any()  # the ILO's, which M49 has no codes for


def test_values_are_those_of_the_estimates(table, rows):
    kenya = rows[
        (rows["group"] == "KEN")
        & (rows["sex"] == "female")
        & (rows["age"] == "12-23 months")
    ].iloc[0]
    mine = table[
        (table["REF_AREA"] == "404")
        & (table["SEX"] == "F")
        & (table["AGE"] == "M12T23")
    ]
    rate, persons = (
        mine[mine["UNIT_MEASURE"] == unit].iloc[0] for unit in ("PT", "NUMBER")
    )
    assert rate["OBS_VALUE"] == pytest.approx(
        kenya["prevalence_median"] * 100, abs=1e-4
    )
    assert rate["LOWER_BOUND"] == pytest.approx(
        kenya["prevalence_lower"] * 100, abs=1e-4
    )
    assert persons["OBS_VALUE"] == round(kenya["persons_mean"])
    assert (rate["SERIES"], persons["SERIES"]) == ("SH_STA_STNT", "SH_STA_STNTN")
    everybody = table[
        (table["REF_AREA"] == "404")
        & (table["SEX"] == "_T")
        & (table["UNIT_MEASURE"] == "PT")
    ]
    assert set(everybody["AGE"]) >= {"Y0T4", "M0T5", "M48T59"}


def test_nature_and_status_say_what_was_surveyed(table, rows):
    seen = rows[
        (rows["grouping"] == "country")
        & (rows["sex"] == "all")
        & (rows["age"] == "all")
    ]
    total = table[
        (table["SEX"] == "_T")
        & (table["AGE"] == "Y0T4")
        & (table["UNIT_MEASURE"] == "PT")
    ]
    by_country = total[~total["REF_AREA"].isin(M49.values())]
    assert (by_country["NATURE"] == "E").sum() == (seen["evidence"] == "surveyed").sum()
    assert set(by_country.loc[by_country["NATURE"] == "M", "OBS_STATUS"]) == {"I"}


def test_numbers_that_are_not_for_publication_say_so(fit, rows):
    stopped = sdmx(release_of(fit, rows, [BAD]))
    assert set(stopped["OBS_STATUS"]) == {"U"}
    assert stopped["COMMENT_OBS"].str.contains("not converged").all()


def test_series_leaves_and_further_traits_have_codes(release):
    rows = pd.concat(
        [
            release.rows.assign(leaf=leaf, migrant="all")
            for leaf in ("all", "Forced labour")
        ]
    )
    extra = rows.head(1).assign(migrant="yes")
    named = Account(series={"prevalence": "SH_STA_STNT", "persons": "SH_STA_STNTN"})
    table = sdmx(replace(release, rows=pd.concat([rows, extra]), account=named))
    assert set(table["SERIES"]) == {"SH_STA_STNT", "SH_STA_STNTN"}
    codes = table.drop_duplicates("CUST_BREAKDOWN_LB").set_index("CUST_BREAKDOWN_LB")[
        "CUST_BREAKDOWN"
    ]
    assert dict(codes) == {"": "_T", "Forced labour": "C01", "migrant: yes": "C02"}


def test_years_of_a_trend_follow(release, rows):
    course = rows[
        (rows["grouping"] == "world") & (rows["sex"] == "all") & (rows["age"] == "all")
    ]
    table = sdmx(replace(release, trend=course.assign(year=2015, weights=2015)))
    assert (table["TIME_PERIOD"] == 2015).sum() == 1
