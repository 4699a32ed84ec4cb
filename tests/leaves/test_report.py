"""The report of an estimate of leaves: its parts add up, it says what it is made of,
and what was simulated.
"""

import json
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest
from docx import Document

import uncounted as un
from uncounted.charts.drawings import draw
from uncounted.charts.map import coloured, of_whom, plot_map
from uncounted.equation.arithmetic import arithmetic
from uncounted.formats.page import page
from uncounted.formats.paper import contents, printed
from uncounted.formats.press import Press, write_formats
from uncounted.formats.profile import place_of, profile
from uncounted.formats.workbook import sheets
from uncounted.leaves.inputs import records_of, spells_of
from uncounted.notation.typeset import typeset
from uncounted.release import outline, survey_summary
from uncounted.release.account import Account, read_account
from uncounted.release.choice import choices
from uncounted.release.gather import gather
from uncounted.release.headline import headline
from uncounted.release.leaf_estimates import leaves
from uncounted.release.release import Release
from uncounted.run.combination import GROUPINGS, release_of_estimate, write_addition
from uncounted.tables.published_editions import read_published, set_beside
from uncounted.wording import numerals
from uncounted.wording.words import read_words

NOTE = (
    "simulated: rests on sources that were made up, no total here is of the real world"
)


@pytest.fixture(scope="module")
def rows(estimate) -> pd.DataFrame:
    return un.breakdown(estimate, GROUPINGS)


@pytest.fixture(scope="module")
def release(estimate, rows) -> Release:
    return release_of_estimate(estimate, rows, un.Findings(()))


@pytest.fixture(scope="module")
def simulated(release) -> Release:
    """Return the release as if interviews had been made up."""
    parts = tuple(
        replace(part, source="Simulated surveys: nobody was asked")
        for part in release.parts
    )
    return replace(release, parts=parts)


@pytest.fixture(scope="module")
def html(release) -> str:
    return page(release)


def test_printed_parts_add_up_to_their_sum_and_regions_to_the_same(release):
    *parts, total = leaves(release)
    assert sum(row["printed"] for row in parts) == total["printed"]
    world, *regions = outline.regions(release)
    assert world["printed"] == total["printed"]
    assert (
        sum(row["printed"] for row in regions if row["depth"] == 1) == world["printed"]
    )
    assert sum(row["share"] for row in parts) == pytest.approx(1)


def test_the_page_says_how_parts_are_made_and_on_which_card(html, estimate):
    assert "How the parts are made and added up" in html
    assert "within 5 years" in html
    assert "[[leaf]]" in html
    assert estimate.card.digest[:12] in html
    assert "a share of a leaf" in html  # the share is marked as no part of the sum
    assert 'class="banner' not in html


def test_rows_without_evidence_of_their_own_are_marked(release, html):
    countries = {row["group"]: row for row in outline.countries(release)}
    assert countries["TGO"]["evidence"] == "imputed"
    assert countries["TGO"]["country_evidence"] == 0
    assert countries["KEN"]["country_evidence"] > 0.5
    assert "Own evidence" in html
    assert (
        "Own-data share" not in html
    )  # leaves have the share of evidence in their countries instead


def test_a_survey_that_several_models_ask_counts_once(release):
    told = survey_summary.data(release)
    assert (told["surveys"], told["lines"], told["surveyed"]) == (2, 6, 2)
    assert [row["surveys"] for row in told["table"]] == [1, 0, 1]
    assert (
        told["respondents"]
        == survey_summary.surveys(release)
        .drop_duplicates("survey")["respondents"]
        .sum()
    )


def test_every_line_of_the_sum_is_mathematics(estimate):
    for language in ("en", "fr"):
        lines = arithmetic(
            replace(estimate.card, lkj=2.0, durations={"family": "log_normal"}),
            read_words(language),
        )
        assert (
            len(lines) == 1 + 1 + 5 + 2 + 1
        )  # the sum, its correlation, the parts, the records, the share
        assert all(
            line.math.startswith("<math") and typeset(line.formula) for line in lines
        )


def test_every_format_says_that_it_is_simulated(simulated, estimate, tmp_path):
    assert simulated.stamps == ["simulated"]
    assert simulated.failures == []
    assert headline(simulated).startswith("Simulated. Forced labour and marriage: ")
    write_formats(
        Press(simulated, estimate),
        tmp_path,
        ["html", "pdf", "xlsx", "docx", "csv", "parquet", "sdmx"],
    )
    html = (tmp_path / "report.html").read_text()
    assert '<div class="banner mild" role="alert">' in html
    assert "not for publication" not in html
    rows = pd.read_csv(tmp_path / "estimates.csv", keep_default_na=False)
    assert rows["note"].str.endswith(NOTE).all()
    assert (
        rows.loc[rows["leaf"] == "Married before 18", "note"]
        .str.startswith("a share of a leaf")
        .all()
    )
    assert set(pd.read_parquet(tmp_path / "estimates.parquet")["leaf"]) == set(
        rows["leaf"]
    )
    sdmx = pd.read_csv(tmp_path / "sdmx.csv")
    assert set(sdmx["OBS_STATUS"]) == {"U"}
    assert sdmx["COMMENT_OBS"].str.endswith(NOTE).all()
    book = openpyxl.load_workbook(tmp_path / "tables.xlsx", read_only=True)
    assert all(sheet["A2"].value.startswith("Simulated. ") for sheet in book)
    assert {"Parts", "Countries, parts", "Selection of records"} <= set(book.sheetnames)
    told = [
        paragraph.text
        for paragraph in Document(str(tmp_path / "brief.docx")).paragraphs
    ]
    assert told[1] == "Simulated"


def test_one_simulated_source_beside_real_surveys_is_stamped(estimate, rows, release):
    sources = ("records", "spells", "figures of State")
    assert (
        release_of_estimate(
            replace(estimate, simulated=sources), rows, un.Findings(())
        ).made_up
        == sources
    )
    assert release.stamps == []
    for source in sources:
        one = replace(release, made_up=(source,))
        assert one.stamps == ["simulated"]
        assert one.note == NOTE
        assert source.removeprefix("figures of ") in one.banner[0]
        assert "surveys" not in one.banner[0]


def test_sources_that_say_so_of_themselves_are_simulated():
    figures = {
        "place": "GHA",
        "low": 1,
        "best": 2,
        "high": 3,
        "date": "2020",
        "judged_by": "us",
        "basis": "memory",
    }
    how = {
        "distribution": "pert",
        "between_place_correlation": 0.0,
        "share_female": 0.5,
        "share_children": 0.1,
    }
    cell = {
        "year": 2015,
        "country": "GHA",
        "sex": "female",
        "age": "adult",
        "labour": 1,
    }
    spell = {"duration": 2, "ongoing": 1}
    for told, is_so in (("Simulated by us", True), ("", False)):
        assert (
            un.read_outside_figures(
                pd.DataFrame([figures | {"source": told or "a book"}]), **how
            ).simulated
            is is_so
        )
        assert (
            un.read_records(
                pd.DataFrame([cell | {"note": told}, cell | {"note": ""}])
            ).simulated
            is is_so
        )
        assert (
            un.read_spells(pd.DataFrame([spell | {"note": told}]), 5).simulated is is_so
        )
    assert not un.read_records(pd.DataFrame([cell])).simulated
    shipped = un.read_estimate_card("modern-slavery")
    assert records_of(shipped).simulated
    assert spells_of(shipped).simulated


def test_parts_that_may_be_chosen_say_on_the_map_what_their_rows_say(release, estimate):
    made = choices(release)
    assert list(made) == [
        "all",
        "Labour",
        *estimate.leaves,
    ]  # no share: it has no prevalence
    drawn = plot_map(estimate)
    for name, alone in made.items():
        rows = release.table[
            release.table["leaf"] == ("total" if name == "all" else name)
        ]
        assert (
            alone.of_world["persons_mean"]
            == outline.records(rows[rows["grouping"] == "world"])[-1]["persons_mean"]
        )
        lands = coloured(
            of_whom(alone.totals),
            alone.world,
            alone.show,
            ["prevalence"],
            alone.say,
            drawn,
        ).lands
        assert set(lands) == set(release.world.places.index)
        for row in outline.countries(alone):
            title, is_open, colour = lands[row["group"]]
            assert (
                numerals.bare(row["prevalence_median"], alone.show, alone.say) in title
            )
            assert row["evidence"] in title
            assert is_open == (row["evidence"] != "surveyed")
            assert "-q" in colour or drawn.key in colour


def test_what_check_would_add_is_told_until_it_is_there(release, html):
    assert "uncounted check small --hold-out country" in html
    assert "`uncounted check small` divides it" in html
    shares = pd.DataFrame({"component": ["sampling", "durations"], "share": [0.6, 0.4]})
    at = {
        "country": "KEN",
        "survey": "ken-2018",
        "year": 2018,
        "by": "random",
        "observed": 0.01,
        "median": 0.02,
    }
    held = pd.DataFrame([at | {"lower": 0.005, "upper": 0.03, "covered": True}])
    whole = replace(release, budget=shares, held_out=held)
    told = page(whole)
    assert "uncounted check" not in told
    assert "Countries, some of them at a time, were taken out" in told
    assert "1 lie inside" in told
    assert whole.lacking == []
    sections = contents(whole, draw(whole))["sections"]
    budget = next(section for section in sections if section["id"] == "budget")
    *_, chart, shares = budget["blocks"]
    assert chart["picture"]["label"].endswith(
        "sampling 60\u00a0%, durations 40\u00a0%."
    )
    assert [row["cells"] for row in shares["rows"]] == [
        [["sampling"], ["60\u00a0%"]],
        [["durations"], ["40\u00a0%"]],
    ]
    assert {"Held out", "Uncertainty"} <= {sheet.name for sheet in sheets(whole)}
    checks = next(sheet for sheet in sheets(release) if sheet.name == "Checks")
    assert "--hold-out country" in checks.note


def test_the_account_that_ships_leaves_missing_only_who_paid(release):
    for language in ("en", "fr"):
        account = read_account("modern-slavery").inside(language)
        told = gather(replace(release, account=account, language=language))
        assert [item.number for item in told if item.missing] == [2]
    card = un.read_estimate_card("modern-slavery")
    titles = {un.read_card(name).title for name in card.models}
    assert (
        set(account.names)
        == {one.name for one in (*card.leaf, *card.sum, *card.share)} | titles
    )


def test_names_of_parts_are_told_in_the_language_of_the_account(estimate, rows):
    account = Account(languages={"fr": Account(names={"Marriage": "Mariage"})})
    told = page(
        release_of_estimate(
            estimate, rows, un.Findings(()), account=account, language="fr"
        )
    )
    assert '<th role="rowheader" scope="row">Mariage</th>' in told
    assert "Marriage</th>" not in told


def test_a_folder_holds_the_sums_and_what_selection_does(estimate, rows, tmp_path):
    write_addition(estimate, rows, un.Findings(()), tmp_path / "out", ["csv"])
    assert set(pd.read_csv(tmp_path / "out" / "estimates.csv")["leaf"]) == set(
        rows["leaf"]
    )
    assert len(pd.read_csv(tmp_path / "out" / "selection.csv")) == 7
    assert not (
        tmp_path / "out" / "beside-published.csv"
    ).exists()  # other parts than the published editions have
    assert json.loads((tmp_path / "out" / "findings.json").read_text())["publishable"]


def test_published_numbers_stand_beside_and_are_told(release, estimate, rows):
    published = read_published().head(1).assign(leaf="total", persons=1e6)
    told = page(replace(release, beside=set_beside(published, rows, estimate.names)))
    assert "Beside published numbers" in told
    assert "Of 1 published numbers" in told


def test_figures_of_a_notebook_take_an_estimate(estimate, tmp_path):
    drawn = [
        un.plot.components(estimate),
        un.plot.assistance(un.by_selection(estimate, [0.0, 0.7])),
        un.plot.map(estimate),
    ]
    drawn += [
        un.plot.forest(estimate, "country"),
        un.plot.age_sex(estimate, "East"),
        un.plot.interval_widths(estimate),
    ]
    for i, figure in enumerate(drawn):
        assert (
            un.plot.write(figure, tmp_path / f"{i}.svg").read_text().startswith("<svg")
        )


def test_a_profile_is_two_pages_and_tells_its_parts(simulated):
    place = place_of(simulated, "KEN")
    told = profile(simulated, place)
    assert told["leaves"]["rows"][-1]["cells"][0] == ["All together"]
    assert len(told["surveys"]["rows"]) == 3  # one survey, asked by three models
    assert b"/Count 2" in printed("profile.typ", simulated, told)


def test_a_french_page_of_parts(estimate, rows):
    told = page(release_of_estimate(estimate, rows, un.Findings(()), language="fr"))
    assert "Comment les parties sont faites et additionnées" in told
    assert "Données propres" in told
