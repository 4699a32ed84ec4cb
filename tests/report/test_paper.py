"""The paper and the profiles: what they print, that they can be typeset, and that no
text is markup.
"""

from dataclasses import replace

import pytest
import typst

import uncounted as un
from uncounted.equation.equation import equation
from uncounted.formats.paper import TEMPLATE, common, contents, write_paper
from uncounted.formats.profile import place_of, profile, write_profile
from uncounted.notation.typeset import typeset
from uncounted.release.fit_release import release_of

BAD = un.Finding(
    "tail ESS of published numbers",
    "stop",
    312,
    400,
    "The smallest is 312; at least 400 is asked.",
)
HOSTILE = '#panic("x") $x$ *_`@<"\\'


def texts(told) -> str:
    if isinstance(told, dict):
        return "\n".join(texts(one) for one in told.values())
    return (
        "\n".join(texts(one) for one in told)
        if isinstance(told, list | tuple)
        else str(told)
    )


def tables(report, section: str) -> list:
    """Return the tables of a section, by its id."""
    found = next(one for one in report["sections"] if one["id"] == section)
    return [block for block in found["blocks"] if block["kind"] == "table"]


def test_a_paper_is_typeset_with_every_section(small, drawings, tmp_path):
    path = write_paper(small, tmp_path / "report.pdf", drawings)
    assert path.read_bytes()[:5] == b"%PDF-"
    told = contents(small, drawings)
    printed = texts(told)
    countries = tables(told, "countries")
    assert len(countries) == 5
    assert sum(len(region["rows"]) for region in countries) == 200
    assert "should not be ranked" in printed
    assert small.parts[0].digests["evidence"] in printed
    (gather,) = tables(told, "gather")
    numbers = [row["cells"][0][0] for row in gather["rows"]]
    assert numbers == [str(number) for number in range(1, 19)]


def test_regions_are_drawn_on_a_scale_that_holds_them(small, drawings):
    (regions,) = tables(contents(small, drawings), "regions")
    drawn = regions["kinds"].index("interval")
    assert len(regions["rows"]) > 5
    for row in regions["rows"]:
        low, middle, high, _ = row["cells"][drawn]
        assert 0 <= low <= middle <= high <= 1


def test_a_paper_that_is_not_for_publication_says_so(fit, few):
    told = common(release_of(fit, few, [BAD]))
    assert told["stamps"] == ["Not converged"]
    assert told["failures"] == [(BAD.name, BAD.sentence)]
    assert "told.stamps" in (TEMPLATE / "print.typ").read_text()


def test_no_text_is_markup(fit, few, drawings, tmp_path):
    names = few["name"].mask(few["group"] == "KEN", HOSTILE)
    bad = replace(
        release_of(fit, few.assign(name=names), [replace(BAD, sentence=HOSTILE)]),
        title=HOSTILE,
        why=HOSTILE,
    )
    assert write_paper(bad, tmp_path / "report.pdf", drawings).stat().st_size > 10_000
    assert HOSTILE in texts(contents(bad, drawings))


@pytest.mark.parametrize("name", ["stunting", "stunting-trend"])
def test_every_formula_is_mathematics_to_typst(name):
    lines = equation(un.read_card(name))
    formulas = [typeset(line.formula) for line in lines] + [
        typeset(f) for line in lines for _, f in line.brings
    ]
    source = "".join(f"$ {formula} $\n" for formula in formulas)
    assert typst.compile(source.encode(), format="pdf")[:5] == b"%PDF-"


def test_typst_formulas_by_hand():
    assert (
        typeset("q'[j] = Σ[c,s] W[j,c] p")
        == "q'_(j) = sum_(c comma s) W_(j comma c) thin p"
    )
    assert typeset("y ~ Binomial(n, {1}/{2})") == 'y ∼ "Binomial"(n comma (1)/(2))'
    assert typeset("sigma_country √(rho)") == 'σ_("country") thin sqrt(ρ)'


def test_a_country_is_found_by_code_and_name_and_a_region_by_name(small):
    assert place_of(small, "KEN").name == "Kenya"
    assert place_of(small, "Kenya").group == "KEN"
    assert len(place_of(small, "Arab States").countries) == 12
    assert place_of(small, "Eastern Europe").grouping == "subregion"
    with pytest.raises(un.UncountedError, match="Did you mean 'Kenya'"):
        place_of(small, "Kenia")


@pytest.mark.parametrize("place", ["KEN", "Africa"])
def test_a_profile_is_two_pages(small, place, tmp_path):
    course = small.totals[small.totals["group"] == place_of(small, place).group].iloc[
        [0, 0]
    ]
    course = course.assign(year=[2010, 2020], weights=[2010, 2020])
    path = write_profile(small, place, tmp_path / "place.pdf", course)
    assert path.read_bytes()[:5] == b"%PDF-"


def test_a_profile_tells_what_is_known_of_the_place(small, fit):
    surveyed, imputed = (
        profile(small, place_of(small, code)) for code in fit.world.places.index[:2]
    )
    assert "1 surveys entered" in surveyed["told"][0]
    assert any("Nobody was interviewed there" in told for told in imputed["told"])
    assert len(surveyed["surveys"]["rows"]) == 1
    assert imputed["surveys"]["told"] == "No survey entered."
    names = [row["cells"][0][0] for row in surveyed["beside"][0]["rows"]]
    assert names == ["World", "Americas", "Latin America and the Caribbean", "Aruba"]


def test_a_profile_is_a_pdf(fit, tmp_path):
    with pytest.raises(un.UncountedError, match=r"doesn't end in \.pdf"):
        un.write_place(fit, "KEN", tmp_path / "KEN.html")


def test_figures_are_vectors(drawings):
    assert drawings.ages.count("<path") > 20
    assert "<image" not in drawings.map.still + drawings.ages
