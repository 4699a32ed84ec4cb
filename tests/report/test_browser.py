"""The page in a real browser: it works, it is reached by everybody, and it asks nothing
of any network.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import uncounted as un
from uncounted.formats.page import write_page
from uncounted.release.fit_release import release_of
from uncounted.release.release import STATS

BROWSER = shutil.which("chromium")
HOSTILE = "<script>alert(1)</script>"
BAD = un.Finding(
    "tail ESS of published numbers",
    "stop",
    312,
    400,
    "The smallest is 312; at least 400 is asked.",
)
ACCESS = (Path(__file__).parent / "access.js").read_text(encoding="utf-8")
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def chromium():
    if BROWSER is None:
        told = (
            "There is no chromium on the path, so the page isn't opened in a browser."
        )
        pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def path(fit, few, tmp_path_factory):
    """Write a page with all that one can have: years, surveys held out, a budget,
    leaves, a banner, hostile names.
    """
    totals = (few["sex"] == "all") & (few["age"] == "all")
    years = [
        few[totals & few["grouping"].isin(["world", "region"])].assign(
            year=y, weights=y
        )
        for y in (2010, 2015, 2020)
    ]
    seen = fit.evidence.rows
    held = pd.DataFrame(
        {
            "country": seen["country"],
            "survey": seen["survey"],
            "year": 2015,
            "observed": 0.2,
        }
    )
    held = held.assign(median=0.22, lower=0.1, upper=0.4, below=0.5, covered=True)
    shares = pd.DataFrame(
        {"component": ["sampling", "between countries"], "share": [0.3, 0.7]}
    )
    numbers, parts = (
        [f"prevalence_{stat}" for stat in STATS],
        {
            "all": 1.0,
            "Forced labour": 0.6,
            HOSTILE: 0.4,
        },
    )
    rows = pd.concat(
        [
            few.assign(leaf=leaf, country_evidence=0.4, **few[numbers] * part)
            for leaf, part in parts.items()
        ]
    )
    rows["name"] = rows["name"].mask(rows["group"] == "NAM", HOSTILE)
    release = release_of(
        fit, rows, [BAD], trend=pd.concat(years), held_out=held, budget=shares
    )
    sums = [
        rows[rows["leaf"] == HOSTILE].assign(leaf=leaf, note=note)
        for leaf, note in (("Some", ""), ("Share", "x"))
    ]
    beside = pd.DataFrame(
        {
            "edition": 2017,
            "year": 2016,
            "leaf": ["total", HOSTILE],
            "sex": "all",
            "age": "all",
        }
    )
    beside = beside.assign(
        grouping="world",
        group="World",
        published=3e7,
        median=2.8e7,
        lower=2e7,
        upper=4e7,
    )
    by_sd = pd.DataFrame(
        {
            "world_sd": [0.0, 0.7],
            "median": 3e7,
            "mean": 3.1e7,
            "lower": 2e7,
            "upper": 4e7,
        }
    )
    of_leaves = {
        "adds": un.read_estimate_card("modern-slavery"),
        "table": pd.concat([rows.assign(note=""), *sums]),
        "selection": by_sd.assign(interval=0.95),
        "beside": beside.assign(ratio=0.93, inside=True),
    }
    whole = replace(release, notes=("A note.",), **of_leaves)
    return write_page(whole, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture
def opened(chromium, path):
    """Return a function that opens the page on a screen; at the end nothing must have
    been asked, said or thrown.
    """
    asked, said, pages = [], [], []

    def open_page(size=DESK, scheme="light"):
        page = chromium.new_page(viewport=size, color_scheme=scheme)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
        page.goto(path.as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert set(asked) == {path.as_uri()}
    assert said == []


def broken(page, rule: str) -> list:
    """Return what breaks a rule of accessibility (WCAG 2.2, level AA): contrast, names
    or structure.
    """
    return page.evaluate(f"(() => {{ {ACCESS}; return {rule}(); }})()")


def column(page, table: str, at: int) -> list[float]:
    script = (
        f"[...document.querySelectorAll('#{table} tbody tr')].map((row) =>"
        f" parseFloat(row.cells[{at}].dataset.v))"
    )
    return page.evaluate(script)


def shown(page, table: str) -> list[str]:
    rows = page.locator(f"#{table} tbody tr:visible th")
    return [text.split("\n")[0].strip() for text in rows.all_inner_texts()]


def test_a_country_is_chosen_by_click_and_leads_to_its_row(opened):
    page = opened()
    page.locator('#world-map [data-code="KEN"]').click()
    chosen = page.locator("#world-map .chosen")
    assert chosen.inner_text().startswith("Kenya: ")
    assert "95\u00a0% interval" in chosen.inner_text()
    chosen.locator("a").click()
    assert page.url.endswith("#c-KEN")
    assert page.locator("#c-KEN").is_visible()


def test_the_map_is_gone_through_with_arrow_keys(opened):
    page = opened()
    page.locator('#world-map [data-code="KEN"]').evaluate(
        "(land) => { land.tabIndex = 0; land.focus(); }"
    )
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.code") in {
        "UGA",
        "COD",
        "RWA",
        "BDI",
        "TZA",
    }
    page.keyboard.press("Enter")
    assert page.locator("#world-map .chosen").is_visible()


def test_the_map_is_switched(opened):
    page = opened()
    code = page.locator("#world-map path.un-land[style]").first.get_attribute(
        "data-code"
    )  # the others are hatched
    surveyed = page.locator(f'#world-map [data-code="{code}"]')
    before = surveyed.evaluate("(land) => land.style.fill")
    page.locator("label[for=shade-evidence]").click()
    assert (
        surveyed.evaluate("(land) => land.style.fill")
        == surveyed.get_attribute("data-evidence")
        != before
    )
    legends = page.locator("#world-map .un-legend")
    assert [
        legend.get_attribute("data-shade")
        for legend in legends.all()
        if legend.is_visible()
    ] == ["evidence"]


def seen(page) -> dict[str, str]:
    """Return what the map says of some countries, having seen that their rows say the
    same.
    """
    codes = ("KEN", "NAM", "MUS", "CHN")
    told = {
        code: (
            page.locator(f'#world-map [data-code="{code}"]').get_attribute("data-told")
        )
        for code in codes
    }
    for code, text in told.items():
        row = page.locator(f"#c-{code} td.rate")
        rate, bounds = (
            row.locator(tag).text_content() for tag in ("b", "small")
        )  # drawn or not: nobody scrolled there
        assert rate
        assert f": {rate}" in text
        assert all(bound in text for bound in bounds.split("–"))
        assert (
            page.locator(f"#c-{code} td.evidence")
            .text_content()
            .split(maxsplit=1)[1]
            .strip()
            in text
        )
    return told


def test_the_map_and_the_table_show_a_part_that_is_chosen(opened):
    page = opened()
    whole, colour = seen(page), "(land) => land.style.fill || land.getAttribute('fill')"
    land = page.locator('#world-map [data-code="CHN"]')
    before = land.evaluate(colour)
    page.locator("#every th[data-sort=number] button").first.click()
    page.locator(".parts select").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator(".parts select option:checked").inner_text() == "Forced labour"
    part = seen(page)
    assert all(part[code] != whole[code] for code in whole)
    assert land.evaluate(colour) == land.get_attribute("data-prevalence")
    values = column(page, "every", 1)
    assert values == sorted(values, reverse=True)
    assert page.locator("#world-map .shown").inner_text() == "Shown: Forced labour."
    assert page.locator("#world-map .un-legend:visible").count() == 1
    assert page.locator(".filter[data-table=every] select.part").input_value() == "2"
    page.locator(".filter[data-table=every] select.part").select_option("0")
    assert seen(page) == whole
    assert land.evaluate(colour) == before
    assert not page.locator(".shown").first.is_visible()


def test_tables_are_sorted_by_a_heading(opened):
    page = opened()
    head = page.locator("#every th[data-sort=number] button").first
    head.click()
    values = column(page, "every", 1)
    assert values == sorted(values, reverse=True)
    head.click()
    assert column(page, "every", 1) == sorted(values)
    assert page.locator("#every th[aria-sort=ascending]").count() == 1
    page.locator("#seen th[data-sort=number] button").first.click()
    years = column(page, "seen", 2)
    assert years == sorted(years, reverse=True)


def test_countries_are_found_and_filtered(opened):
    page = opened()
    bar = page.locator(".filter[data-table=every]")
    bar.locator("input").fill("cote d'iv")
    assert shown(page, "every") == []
    bar.locator("input").fill("keny")
    assert shown(page, "every") == ["Kenya"]
    assert bar.locator("output").inner_text() == "1 of 200 countries shown"
    bar.locator("input").fill("")
    bar.locator("select[data-key=evidence]").select_option("imputed")
    assert len(shown(page, "every")) == 100
    bar.locator("select[data-key=region]").select_option("Arab States")
    assert 0 < len(shown(page, "every")) < 12
    bar.locator("input").fill("nowhere")
    assert "No country matches" in bar.locator("output").inner_text()


def test_it_prints_with_everything_unfolded(opened):
    page = opened()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    assert not page.locator(".filter").first.is_visible()
    assert page.locator(".panel").evaluate_all(
        "(all) => all.every((one) => one.checkVisibility())"
    )
    assert page.pdf(format="A4")[:5] == b"%PDF-"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(opened, scheme):
    page = opened(scheme=scheme)
    page.evaluate(
        "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    assert broken(page, "contrast") == []


def test_everything_has_a_name_and_a_place(opened):
    page = opened()
    assert broken(page, "names") == []
    assert broken(page, "structure") == []


def test_nothing_sticks_out_on_a_phone(opened):
    page = opened(size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    small = page.locator("#every tbody tr").first.bounding_box()
    assert small
    assert small["width"] <= PHONE["width"]


def test_it_is_soon_there(opened):
    page = opened()
    assert (
        page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
        < 4000
    )  # 0.5 s on a quiet machine


def test_a_hostile_name_is_text(opened):
    page = opened()
    assert page.locator("#c-NAM th").text_content().strip().startswith(HOSTILE)
    assert page.locator(f"text={HOSTILE}").count() > 2
