"""An estimate of some people of some countries: nothing of others is written."""

import re

import numpy as np
import pandas as pd
import pytest

import uncounted as un

COUNTRIES = ("GHA", "KEN", "NGA", "EGY", "MAR", "SEN", "MLI", "UGA", "RWA", "TUN")
CARD = """
title    = "Cervical screening"
outcome  = "screening"
evidence = ["survey"]
ages     = ["15-24", "25-49"]
people   = ["age"]
place    = ["subregion", "country"]
year     = 2020
show     = "percent"
who      = { sex = "female", age = "15-49" }
where    = { un_region = ["Africa"] }
grouping = "m49"
world    = { en = "the African continent", fr = "continent africain" }
persons  = { many = "women aged 15–49", affected = "women ever screened" }
[sampling]
tune = 300
draws = 300
target_accept = 0.9
seed = 1
[priors]
level = { normal = [-1.5, 1.0] }
sigma_subregion = { half_normal = 0.5 }
sigma_country = { half_normal = 0.7 }
sigma_age = { half_normal = 0.5 }
sigma_survey = { half_normal = 0.2 }
"""
SURVEY = """
title = "Screening"
kind = "figures"
outcomes = { screening = "estimate" }
file = "table.csv"
unit = "percent"
age = "15-49"
deff = 1.5
[columns]
survey = "survey"
country = "country"
year = "year"
sex = "sex"
age = "age"
n = "n"
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """An estimate of a card in a folder, whose survey lies beside it."""
    folder = tmp_path_factory.mktemp("women")
    rng = np.random.default_rng(3)
    rows = []
    for country in (*COUNTRIES, "FRA"):
        for sex in ("female", "male", "both"):
            for age in ("15-24", "25-49"):
                row = {"survey": f"survey {country}", "country": country, "year": 2019}
                share = rng.binomial(400, 0.2) / 4
                row |= {"sex": sex, "age": age, "n": 400, "estimate": share}
                rows.append(row)
    (folder / "survey").mkdir()
    pd.DataFrame(rows).to_csv(folder / "survey" / "table.csv", index=False)
    (folder / "survey" / "survey.toml").write_text(SURVEY)
    (folder / "women.toml").write_text(CARD)
    progress = un.Progress(show=False)
    return un.estimate(folder / "women.toml", folder / "out", progress=progress)


def test_rows_are_of_these_people_alone(finished):
    rows = finished.rows
    assert set(rows["sex"]) == {"all"}
    africa = finished.fit.world.places["un_region"]
    assert set(africa) == {"Africa"}
    of_world = rows[(rows["grouping"] == "world") & (rows["age"] == "all")].iloc[0]
    assert of_world["name"] == "the African continent"
    everywhere = un.persons(un.read_world(), ["15-49"], 2020)
    women = everywhere.sel(sex="female", country=africa.index.to_numpy()).sum()
    assert of_world["population"] == pytest.approx(float(women), rel=1e-6)


def test_the_ledger_names_who_was_left_out(finished):
    lines = finished.fit.evidence.ledger.lines
    reasons = lines.groupby("why")["respondents"].sum()
    assert reasons["countries outside those of the estimate"] > 0
    assert "FRA" not in set(finished.fit.evidence.rows["country"])


def test_headline_and_page_name_these_people(finished):
    assert "of women aged 15–49 in the African continent in 2020" in finished.headline
    page = (finished.folder / "report.html").read_text(encoding="utf-8")
    assert "women ever screened" in page
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    for word in ("worldwide", "Both sexes", "Males", "By sex and age"):
        assert word not in text, word


def test_other_languages_have_their_own_words(finished, tmp_path):
    (file,) = un.write_report(finished.fit, tmp_path / "report.html", language="fr")
    page = file.read_text(encoding="utf-8")
    assert "continent africain" in page
    assert "femmes âgées de 15 à 49 ans" in page
    assert "dans le monde" not in page


def test_codes_of_the_exchange_format_are_of_these_people(finished, tmp_path):
    files = un.write_report(finished.fit, tmp_path, "sdmx")
    table = pd.read_csv(files[0], dtype=str)
    assert set(table["SEX"]) == {"F"}
    assert "001" not in set(table["REF_AREA"])


def test_the_fit_read_again_is_of_these_people(finished):
    again = un.read_fit(finished.folder / "fit.nc")
    assert again.card.universe == finished.fit.card.universe
    assert again.world.digest == finished.fit.world.digest
