"""The map: its projection, its classes, and that every country can be found on it,
surveyed or imputed.
"""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.charts.geometry import equal_earth, is_dot, read_geometry, spread
from uncounted.charts.map import Map, world_map
from uncounted.charts.shade import breaks, shade
from uncounted.wording.words import read_words

SVG = "{http://www.w3.org/2000/svg}"
CAPE_VERDE, KENYA, CANADA = "CPV", "KEN", "CAN"


@pytest.fixture(scope="module")
def world():
    return un.read_world()


@pytest.fixture(scope="module")
def rows(world):
    p = np.linspace(0.005, 0.6, len(world.places))
    keys = {
        "grouping": "country",
        "group": world.places.index,
        "name": world.places["name"].to_numpy(),
    }
    numbers = {
        "prevalence_median": p,
        "prevalence_lower": p * 0.8,
        "prevalence_upper": p * 1.2,
        "interval": 0.95,
    }
    evidence = np.where(world.places.index == CANADA, "imputed", "surveyed")
    return pd.DataFrame(
        keys | {"sex": "all", "age": "all"} | numbers | {"evidence": evidence}
    )


def drawn(rows, world, *shades) -> Map:
    return world_map(rows, world, "percent", shades or ["prevalence"], read_words())


def map_svg(rows, world) -> str:
    return drawn(rows, world).svg


def shapes(svg: str) -> dict[str, ElementTree.Element]:
    """Return the shapes of a map by the name that their titles begin with."""
    tree = ElementTree.fromstring(svg)
    return {
        (one.findtext("title") or "").split(":")[0]: one
        for one in tree.iter()
        if one.find("title") is not None
    }


def test_the_projection_agrees_with_its_authors_table():
    """Poles 0.59247 times as long as the equator, height 0.48673 of the width [Šavrič
    et al. 2018].
    """
    pole, equator = equal_earth(np.array([[180.0, 90.0], [180.0, 0.0]]))
    assert pole[0] / equator[0] == pytest.approx(0.59247, abs=1e-4)
    assert pole[1] / equator[0] == pytest.approx(0.48673, abs=1e-4)


def test_it_keeps_areas():
    """A cell of 1° × 1° has the same area relative to cos φ everywhere."""
    for lat in (0.0, 35.0, 70.0):
        corners = equal_earth(
            np.array([[40.0, lat], [41.0, lat], [41.0, lat + 1], [40.0, lat + 1]])
        )
        x, y = corners[:, 0], corners[:, 1]
        area = 0.5 * abs(x @ np.roll(y, -1) - y @ np.roll(x, -1))
        sphere = np.radians(1) * (np.sin(np.radians(lat + 1)) - np.sin(np.radians(lat)))
        assert area == pytest.approx(sphere, rel=1e-3)


def test_every_country_is_on_the_map_with_its_numbers(world, rows):
    found = shapes(map_svg(rows, world))
    assert set(world.places["name"]) <= set(found)
    told = found["Kenya"].findtext("title").replace("\u00a0", " ")
    p = rows.set_index("group").loc[KENYA, "prevalence_median"] * 100
    assert (
        told
        == f"Kenya: {p:.1f} % (95 % interval {p * 0.8:.1f}–{p * 1.2:.1f} %), surveyed"
    )


def test_imputed_countries_are_hatched_and_small_ones_are_dots(world, rows):
    found = shapes(map_svg(rows, world))
    assert "hatch" in found["Canada"].get("fill", "")
    assert found["Kenya"].get("fill") is None
    assert found["Cape Verde"].tag.endswith("circle")
    assert "un-open" not in found["Cape Verde"].get("class")
    imputed = shapes(map_svg(rows.assign(evidence="imputed"), world))
    assert "un-open" in imputed["Cape Verde"].get("class")


def test_a_country_without_an_estimate_is_grey(world, rows):
    found = shapes(map_svg(rows[rows["group"] != KENYA], world))
    assert found["Kenya"].get("class") == "un-none"
    assert found["Kenya"].findtext("title") == "Kenya: no estimate"


def test_names_from_data_are_escaped(world, rows):
    hostile = rows.assign(
        name=rows["name"].mask(rows["group"] == KENYA, "<script>alert(1)</script>")
    )
    svg = map_svg(hostile, world)
    assert "<script" not in svg
    assert "&lt;script&gt;alert(1)" in svg


def test_a_world_without_points_is_drawn_by_its_outlines(world, rows):
    nowhere = replace(world, places=world.places.assign(lon=np.nan, lat=np.nan))
    found = shapes(map_svg(rows, nowhere))
    assert "nan" not in found["Kenya"].get("data-x")


def test_the_outlines_are_countries_of_the_world(world):
    geometry = read_geometry()
    known = set(world.places.index) | set(world.elsewhere.index)
    assert set(geometry.shapes) <= known
    ends = np.concatenate(
        [ring for rings in geometry.shapes.values() for ring in rings]
    )
    assert np.abs(ends[:, 0]).max() <= 180
    assert (
        max(np.ptp(ring[:, 0]) for rings in geometry.shapes.values() for ring in rings)
        < 180
    )
    assert is_dot("TUV", geometry)
    assert not is_dot("GUF", geometry)


def test_classes_are_round_and_few():
    assert breaks(np.geomspace(0.4, 60, 200)) == [1.0, 2.0, 5.0, 10.0, 30.0]
    assert breaks(np.array([])) == []
    assert breaks(np.full(5, 3.0)) == [3.0]


def test_dots_are_moved_apart():
    apart = spread(np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [50.0, 0.0]]), 4.0)
    gaps = [np.hypot(*(a - b)) for i, a in enumerate(apart) for b in apart[:i]]
    assert min(gaps) >= 3.99
    assert apart[3] == pytest.approx([50.0, 0.0])


def test_a_notebook_shows_the_map_and_its_legend(world, rows):
    shown = drawn(rows, world)
    assert shown.svg in shown._repr_html_()
    assert "imputed" in shown.legend
    assert "no estimate" in shown.legend


def test_two_maps_on_one_page_do_not_share_patterns(world, rows):
    one, other = (
        drawn(rows.assign(prevalence_median=rows["prevalence_median"] * f), world)
        for f in (1, 0.9)
    )
    names = [
        {part.split('"')[0] for part in shown.svg.split('<pattern id="')[1:]}
        for shown in (one, other)
    ]
    assert names[0]
    assert not names[0] & names[1]


def test_a_page_can_switch_what_colours_the_map(world, rows):
    found = shapes(drawn(rows, world, "prevalence", "width", "evidence").svg)
    kenya, canada, dot = (found[name] for name in ("Kenya", "Canada", "Cape Verde"))
    assert kenya.get("data-prevalence") in kenya.get("style")
    assert all(
        kenya.get(f"data-{one}").startswith("var(--un-q")
        for one in ("prevalence", "width", "evidence")
    )
    assert "hatch" in canada.get("data-evidence")
    assert (
        dot.get("data-evidence")
        == kenya.get("data-evidence")
        != canada.get("data-evidence")
    )


def test_width_and_surveys_colour_by_their_own_numbers(rows):
    say, counted = read_words(), rows.assign(surveys=[0, 1, 4, 9] * 50)
    width = shade("width", rows, "percent", say)
    order = [width.colours[code] for code in rows["group"]]
    assert order == sorted(
        order
    )  # the wider, the darker: in these rows width grows with prevalence
    surveys = shade("surveys", counted, "percent", say)
    assert [surveys.labels[surveys.colours[code]] for code in counted["group"][:4]] == [
        "0",
        "1",
        "3–4",
        "8 or more",
    ]
    with pytest.raises(un.UncountedError, match="Did you mean 'width'"):
        shade("widht", rows, "percent", say)


def test_a_still_map_has_plain_colours_and_its_legend(world, rows):
    still = drawn(rows, world).still
    assert "var(" not in still
    assert "@media" not in still
    told = [
        one.text
        for one in ElementTree.fromstring(still).iter()
        if one.tag == f"{SVG}text"
    ]
    assert {
        "surveyed",
        "imputed",
        "no estimate",
        "disputed or undetermined boundary",
    } <= set(told)
