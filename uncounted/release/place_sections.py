"""Place sections: the map, the regions, and the countries."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from uncounted.release import outline
from uncounted.release.estimate_columns import (
    drawn_column,
    estimate_cells,
    estimate_rows,
    people_columns,
    persons_column,
    rate_column,
    share_columns,
)
from uncounted.release.leaf_estimates import part
from uncounted.release.outline import Record
from uncounted.release.release import LEAF, Release
from uncounted.release.section import (
    DOCX,
    HTML,
    PDF,
    XLSX,
    Block,
    Choice,
    Column,
    Figure,
    Figures,
    Fold,
    Heading,
    Row,
    Search,
    Section,
    Table,
    Text,
)
from uncounted.world.shelf import shelf

# classes of evidence, the most telling first
EVIDENCE = ("surveyed", "reported from elsewhere", "outside figure", "imputed")


def world_map(release: Release) -> Section:
    """Return the map of prevalence, what it shows, and what its borders mean."""
    say = release.say
    hatched = "map.hatched_leaves" if release.has_leaves else "map.hatched"
    caption = say("map.caption", year=release.year, whom=release.whom)
    source, licence = _outlines()
    outlines = say("map.outlines", source=source, licence=licence)
    shown = f"{caption} {say(hatched)}"
    figure = Figure(
        "map",
        say("map.label"),
        captions=(shown, f"{say('map.borders')} {outlines}"),
        screen=say("map.use"),
        controls=True,
        width=0.88,
        formats=(HTML, PDF),
    )
    brief = replace(figure, captions=(shown,), formats=(DOCX,))
    return Section("map", say("map.title"), [figure, brief])


@cache
def _outlines() -> tuple[str, str]:
    """Return the source and the licence of the outlines of countries."""
    text = shelf("data", "geometry", "world.json").read_text(encoding="utf-8")
    outlines = json.loads(text)
    return outlines["source"], outlines["licence"]


def regions(release: Release) -> Section:
    """Return the world, its regions and their subregions."""
    say = release.say
    places = outline.regions(release)
    columns = [
        Column("place", say("regions.place"), "name"),
        Column("level", say("sheets.grouping"), "text", formats=(XLSX,)),
        rate_column(release, "regions.rate"),
        drawn_column(release),
        persons_column(release, "regions.persons"),
        Column("printed", say("regions.printed"), "count", formats=(HTML, PDF, XLSX)),
        Column("covered", say("regions.covered"), "share"),
        *share_columns(
            release, own_data_share=(XLSX,), country_evidence=(HTML, PDF, XLSX)
        ),
    ]
    rows = [
        Row(
            estimate_cells(place, release) | {"level": say.term(place["grouping"])},
            depth=place["depth"],
        )
        for place in places
    ]
    caption = say(
        "regions.caption",
        unit=release.in_unit,
        level=release.level,
        year=release.year,
    )
    dots = say("regions.open_leaves" if release.has_leaves else "regions.open")
    adding = say("regions.adding")
    table = Table(
        "regions",
        columns,
        rows,
        caption=f"{caption} {dots} {adding}",
        stacked=True,
        highest=highest(places),
        sheet=say("sheets.regions"),
        note=f"{release.sheet_note} {adding}",
    )
    return Section("regions", say("regions.title"), [table])


def highest(rows: Sequence[Record]) -> float:
    """Return the highest finite upper bound of prevalence, a proportion; NaN if none
    is known.
    """
    bounds = [row["prevalence_upper"] for row in rows]
    return max(filter(math.isfinite, bounds), default=math.nan)


def countries(release: Release) -> Section:
    """Return every country by name; paper has those of each region, the highest
    first.
    """
    say = release.say
    introduction = say("countries.told", unit=release.in_unit, level=release.level)
    shares = say("countries.of_leaves" if release.has_leaves else "countries.shares")
    blocks: list[Block] = [
        Text(introduction, screen=say("countries.sort"), formats=(HTML,)),
        Text(f"{introduction} {shares}", quiet=True, formats=(PDF,)),
        countries_table(release),
        *_countries_by_region(release),
        Text(shares, quiet=True, formats=(HTML,)),
    ]
    if release.divided:
        rows = release.by("sex", "age")
        columns = [
            *people_columns(release),
            rate_column(release, "regions.rate"),
            persons_column(release, "regions.persons"),
        ]
        people = estimate_rows(rows[rows["grouping"] == "country"], release)
        blocks.append(
            Table(
                "people",
                columns,
                people,
                sheet=say("sheets.countries_people"),
                note=release.sheet_note,
                formats=(XLSX,),
            )
        )
    if release.has_leaves:
        blocks.append(_leaves_of_countries(release))
    return Section("countries", say("countries.title"), blocks)


def countries_table(release: Release) -> Table:
    """Return the table of countries by name, which a reader sorts and searches."""
    say = release.say
    places = outline.countries(release)
    return Table(
        "countries",
        _country_columns(release),
        _country_rows(places, release),
        caption=say("countries.caption", year=release.year),
        unseen=True,
        id="every",
        sortable=True,
        search=_search(places, release),
        stacked=True,
        highest=highest(places),
        sheet=say("sheets.countries"),
        note=release.sheet_note,
        formats=(HTML, XLSX),
    )


def _country_columns(release: Release) -> list[Column]:
    say = release.say
    evident = "country_evidence" in release.known_shares
    own_formats = (HTML, XLSX) if evident else (HTML, PDF, XLSX)
    return [
        Column("code", say("sheets.code"), "text", formats=(XLSX,)),
        Column("place", say("countries.name"), "name"),
        Column("region", say("countries.region"), "text", formats=(XLSX,)),
        rate_column(release, "countries.rate"),
        drawn_column(release),
        persons_column(release, "countries.persons"),
        Column("evidence", say("countries.evidence"), "evidence"),
        Column("surveys", say("countries.surveys"), "count"),
        Column("respondents", say("countries.asked"), "count"),
        Column("cases", say("surveys.cases"), "count", formats=(XLSX,)),
        *share_columns(release, own_data_share=own_formats),
    ]


def _country_rows(places: Sequence[Record], release: Release) -> list[Row]:
    say = release.say
    rows = []
    for place in places:
        words = {"code": place["group"], "region": say.term(place["region"])}
        row = Row(
            estimate_cells(place, release) | words,
            note=say.term(place["within"]),
            code=place["group"],
            region=place["region"],
            evidence=place["evidence"],
        )
        rows.append(row)
    return rows


def _search(places: Sequence[Record], release: Release) -> Search:
    """Return the field that finds countries, and the lists of regions and classes of
    evidence that any part's countries have.
    """
    say = release.say
    names = sorted({place["region"] for place in places})
    in_countries = release.rows["grouping"] == "country"
    present = set(release.rows.loc[in_countries, "evidence"])
    classes = [name for name in EVIDENCE if name in present]
    return Search(
        say("countries.filter"),
        say("countries.hint"),
        say("countries.shown", n="{n}", total="{total}"),
        say("countries.none"),
        [
            Choice(
                "region",
                say("countries.region"),
                say("countries.any_region"),
                [(name, say.term(name)) for name in names],
            ),
            Choice(
                "evidence",
                say("countries.evidence"),
                say("countries.any_evidence"),
                [(name, say.term(name)) for name in classes],
            ),
        ],
    )


def _countries_by_region(release: Release) -> list[Block]:
    """Return a table of the countries of each region, the highest median first, all on
    one scale.
    """
    places = outline.countries(release)
    places.sort(key=_from_the_highest)
    columns = _country_columns(release)
    blocks: list[Block] = []
    for region in sorted({place["region"] for place in places}):
        members = [place for place in places if place["region"] == region]
        rows = [replace(row, note="") for row in _country_rows(members, release)]
        table = Table(
            "countries",
            columns,
            rows,
            dense=True,
            highest=highest(places),
            formats=(PDF,),
        )
        blocks += [Heading(release.say.term(region), formats=(PDF,)), table]
    return blocks


def _from_the_highest(place: Record) -> float:
    median = place["prevalence_median"]
    return -median if math.isfinite(median) else math.inf


def _leaves_of_countries(release: Release) -> Table:
    """Return the parts of every country's number, for a workbook."""
    say = release.say
    columns = [
        Column("part", say("leaves.leaf"), "text"),
        Column("place", say("regions.place"), "name"),
        rate_column(release, "regions.rate"),
        persons_column(release, "regions.persons"),
        Column("evidence", say("countries.evidence"), "evidence"),
    ]
    rows = release.rows[release.rows["grouping"] == "country"]
    rows = rows[release.everybody(rows)]
    parts = [part(leaf, say) for leaf in rows[LEAF]]
    return Table(
        "leaves",
        columns,
        estimate_rows(rows.assign(part=parts), release),
        sheet=say("sheets.countries_leaves"),
        note=release.sheet_note,
        formats=(XLSX,),
    )


def forests(release: Release) -> Section:
    """Return a chart of the countries of each region, from the highest median down."""
    say = release.say
    blocks: list[Block] = [Text(say("forests.told", level=release.level))]
    drawn = release.totals[release.totals["grouping"] == "country"]
    regions = drawn["group"].map(release.world.places["region"])
    for position, region in enumerate(sorted(regions.dropna().unique())):
        name = say.term(region)
        figure = Figure("forests", say("forests.chart", region=name), key=str(region))
        blocks.append(Fold(name, [Figures([figure])], opened=position == 0))
    return Section("forests", say("forests.title"), blocks)
