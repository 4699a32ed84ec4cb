"""What is printed is what was asked: no row, chart or line of a sex or age that the
model knows no effect of.
"""

import re
from dataclasses import replace

import pytest

import uncounted as un
from uncounted.charts.drawings import draw
from uncounted.formats import page as pages
from uncounted.formats.paper import write_paper
from uncounted.formats.profile import write_profile
from uncounted.formats.workbook import sheets
from uncounted.release.fit_release import release_of

LEFT_OUT = {
    ("age",): ("female", "sigma_sex_age", "sigma_region_sex"),
    ("sex",): (
        "sigma_age", "sigma_sex_age", "sigma_region_age", "sigma_country_age", "sigma_source_age", "spread_age",
    ),
    (): (
        "female", "sigma_age", "sigma_sex_age", "sigma_region_sex", "sigma_region_age", "sigma_country_age",
        "sigma_source_age", "spread_age",
    ),
}  # fmt: skip


def of_people(fit: un.Fit, people: tuple[str, ...]) -> un.Fit:
    card = fit.card
    products = tuple(
        one
        for one in card.interactions
        if set(one.split(":")) & {"sex", "age"} <= set(people)
    )
    priors = {
        key: prior for key, prior in card.priors.items() if key not in LEFT_OUT[people]
    }
    return replace(
        fit, card=replace(card, people=people, interactions=products, priors=priors)
    )


@pytest.mark.parametrize("people", LEFT_OUT)
def test_tables_have_no_rows_of_what_was_not_asked(fit, people):
    rows = un.estimates(of_people(fit, people), ["world", "region"])
    assert set(rows["sex"]) == (
        {"all", "female", "male"} if "sex" in people else {"all"}
    )
    assert (rows["age"].nunique() > 1) == ("age" in people)
    whole = un.estimates(fit, ["world", "region"])
    everybody = whole[(whole["sex"] == "all") & (whole["age"] == "all")].reset_index(
        drop=True
    )
    mine = rows[(rows["sex"] == "all") & (rows["age"] == "all")].reset_index(drop=True)
    assert (mine["prevalence_mean"] == everybody["prevalence_mean"]).all()


def test_asking_for_it_is_a_sentence(fit):
    with pytest.raises(un.UncountedError, match="The card names no sex under people"):
        un.prevalence(of_people(fit, ("age",)), ["world", "sex"])


def test_a_page_without_sexes_says_nothing_of_women_and_men(fit):
    some = of_people(fit, ("age",))
    release = release_of(some, un.estimates(some), [])
    page = re.sub(
        r"<script.*?</script>|<style.*?</style>",
        "",
        pages.page(release, draw(release)),
        flags=re.S,
    )
    assert "0–5 months" in page
    assert (
        re.findall(r"[^.>]*\b(?:women|females?|girls|boys)\b[^.<]*", page, flags=re.I)
        == []
    )
    assert "Both sexes</label>" not in page  # nothing to choose from
    assert "Choose whom the table speaks of" not in page


def test_nothing_is_told_apart_where_a_card_names_no_people(fit, tmp_path):
    some = of_people(fit, ())
    release, whole = (
        release_of(some, un.estimates(some), []),
        release_of(fit, un.estimates(fit), []),
    )
    drawings = draw(release)
    assert [one.divided for one in (release, whole)] == [False, True]
    page = pages.page(release, drawings)
    assert 'id="people"' not in page
    assert 'href="#people"' not in page
    assert 'id="people"' in pages.page(whole, draw(whole))
    assert len(list(sheets(whole))) - len(list(sheets(release))) == 2
    assert (
        write_paper(release, tmp_path / "paper.pdf", drawings)
        .read_bytes()
        .startswith(b"%PDF")
    )
    assert (
        write_profile(release, "Kenya", tmp_path / "kenya.pdf")
        .read_bytes()
        .startswith(b"%PDF")
    )
