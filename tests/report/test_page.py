"""The page: complete in itself, honest about failures, and safe whatever the names in
the data are.
"""

import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import uncounted as un
from uncounted.charts.drawings import draw
from uncounted.figures.ledger import Ledger
from uncounted.formats import page as pages
from uncounted.formats.page import write_page
from uncounted.release.fit_release import release_of

HOSTILE = "<script>alert(1)</script>"
VOID = {"meta", "input", "link", "br", "hr", "img"}
GOOD = un.Finding(
    "R-hat of the total and regions", "pass", 1.003, 1.01, "The largest is 1.003."
)
BAD = un.Finding(
    "tail ESS of published numbers",
    "stop",
    312,
    400,
    "The smallest is 312; at least 400 is asked.",
)
UNFIT = un.Finding("held-out coverage at 95 %", "stop", 0.7, 0.9, "It is 70 %.")


@pytest.fixture(scope="module")
def drawn(release):
    """Return the drawings, which are the same for all pages here but for one of other
    names or another language.
    """
    return draw(release)


@pytest.fixture(scope="module")
def page(drawn):
    def write(fit, rows, findings, **more):
        return pages.page(release_of(fit, rows, findings, **more), drawn)

    return write


@pytest.fixture(scope="module")
def html(page, fit, rows):
    return page(fit, rows, [GOOD])


class Reader(HTMLParser):
    """Reads tags, checks that they close in order, and keeps text, links to ids, and
    ids.
    """

    def __init__(self, html: str):
        super().__init__()
        self.open, self.text, self.links, self.ids, self.tags, self.attributes = (
            [],
            [],
            [],
            [],
            [],
            [],
        )
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        found = dict(attrs)
        self.links += [found["href"]] if "href" in found else []
        self.ids += [found["id"]] if "id" in found else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", "".join(Reader(html).text).replace("\u00a0", " "))


def test_the_page_asks_nothing_of_any_network(html):
    assert not re.search(
        r"""(?:src|href|action|poster|data|srcset)\s*=\s*["']?\s*(?:https?:)?//""",
        html,
        re.IGNORECASE,
    )
    assert not re.search(r"""url\(\s*["']?\s*(?!#)""", html, re.IGNORECASE)
    assert not re.search(
        r"@import|\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import\(",
        html,
    )
    assert not set(Reader(html).tags) & {
        "link",
        "iframe",
        "object",
        "embed",
        "img",
        "base",
    }


def test_it_is_well_formed_and_its_links_lead_somewhere(html):
    read = Reader(html)
    assert len(read.ids) == len(set(read.ids))
    assert set(read.links) <= {f"#{one}" for one in read.ids}
    named = {
        value
        for name, value in read.attributes
        if name in ("for", "aria-labelledby", "aria-controls")
    }
    assert named <= set(read.ids)


def test_it_is_small_and_soon_written(html, release, tmp_path):
    assert html  # what is loaded once is loaded
    start = time.perf_counter()
    out = write_page(release, tmp_path / "report.html")
    assert time.perf_counter() - start < 20  # 3 s on a quiet machine
    assert out.stat().st_size < 5_000_000


def test_every_country_is_in_the_table_with_its_class(html, fit):
    body = html[html.index('id="every"') :]
    found = re.findall(
        r'<th role="rowheader" scope="row">(.*?) <small>',
        body[: body.index("</table>")],
    )
    assert len(found) == len(fit.world.places)
    assert plain(html).count("○ imputed") == 100
    assert plain(html).count("● surveyed") == 100


def test_the_headline_is_said_with_its_interval(html, rows):
    world = rows[
        (rows["grouping"] == "world") & (rows["sex"] == "all") & (rows["age"] == "all")
    ].iloc[0]
    low, high = (
        f"{world[f'prevalence_{end}'] * 100:.1f}" for end in ("lower", "upper")
    )
    assert (
        f"{world['prevalence_median'] * 100:.1f} % of persons aged under 5 years"
        in plain(html)
    )
    assert f"95 % interval {low}–{high} %" in plain(html)


def test_no_banner_where_all_is_well_and_the_hold_out_is_not_run(html):
    assert 'class="banner"' not in html
    assert re.search(r"not run ?held-out coverage", plain(html))


@pytest.mark.parametrize(
    ("findings", "stamp"),
    [
        ([GOOD, BAD], "Not converged"),
        ([UNFIT], "Not validated"),
        ([BAD, UNFIT], "Not converged · Not validated"),
    ],
)
def test_a_stop_is_stamped_across_the_top(page, fit, rows, findings, stamp):
    told = page(fit, rows, findings)
    banner = told[told.index('class="banner"') : told.index("<header")]
    assert f"<strong>{stamp}</strong>" in banner
    assert all((f.sentence in banner) == (f.verdict == "stop") for f in findings)


def test_names_from_data_are_never_markup(fit, rows):
    names = (
        rows["name"]
        .mask(rows["group"] == "KEN", HOSTILE)
        .mask(rows["group"] == "NAM", "N/A")
    )
    places = fit.world.places.assign(
        region=fit.world.places["region"].replace("Africa", HOSTILE)
    )
    hostile = rows.assign(name=names, group=rows["group"].replace("Africa", HOSTILE))
    seen = fit.evidence.rows.assign(
        survey=HOSTILE + fit.evidence.rows["survey"], source=HOSTILE
    )
    lines = fit.evidence.ledger.lines.assign(
        why=HOSTILE, survey=HOSTILE, country=HOSTILE
    )
    card = replace(fit.card, title=HOSTILE, why=HOSTILE)
    bad = replace(
        fit,
        card=card,
        world=replace(fit.world, places=places),
        evidence=replace(fit.evidence, rows=seen, ledger=Ledger(lines), source=HOSTILE),
    )
    told = pages.page(
        release_of(bad, hostile, [replace(BAD, name=HOSTILE, sentence=HOSTILE)])
    )
    assert "<script>alert" not in told
    assert Reader(told).tags.count("script") == 1
    assert HOSTILE in plain(told)
    assert ">N/A <small>" in told


def test_the_record_is_complete(html, fit):
    told = plain(html)
    for part in (
        fit.world.digest,
        fit.evidence.digest,
        fit.card.digest,
        "no denominator",
        "x1 (2015)",
        "nutpie",
    ):
        assert part in told
    assert re.sub(r"\s+", " ", fit.card.text) in told
    assert "World Population Prospects" in told
    assert "Natural Earth" in told


def test_the_limits_follow_the_card(page, fit, rows):
    bare = {
        key: prior
        for key, prior in fit.card.priors.items()
        if "trend" not in key and key != "sigma_survey"
    }
    told = plain(page(replace(fit, card=replace(fit.card, priors=bare)), rows, [GOOD]))
    assert "this card has no trend" in told
    assert "this card has none, so the surveys are taken as true" in told


def test_estimates_that_lack_the_world_are_refused(page, fit, rows):
    with pytest.raises(un.UncountedError, match="no total of the grouping 'world'"):
        page(fit, rows[rows["grouping"] != "world"], [GOOD])
    with pytest.raises(un.UncountedError, match="no column evidence"):
        page(fit, rows.drop(columns="evidence"), [GOOD])


def test_nothing_needs_javascript_to_be_read(html):
    still = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert plain(still).count("95 % interval") > 20
    assert "onclick" not in still


def test_a_french_page_is_french(fit, few):
    told = pages.page(release_of(fit, few, [GOOD], language="fr"))
    assert 'lang="fr"' in told
    said = plain(told)
    assert "intervalle à 95 %" in said
    assert "Allemagne" in said
    assert "Germany" not in said
    assert "R-hat du total et des régions" in said
    assert "enquêté" in said


def test_notes_on_the_draws_are_shown(page, fit, few):
    noted = replace(fit, notes=("Draws were benchmarked to <b>2.5</b> million.",))
    assert "Draws were benchmarked to <b>2.5</b> million." in plain(
        page(noted, few, [GOOD])
    )
