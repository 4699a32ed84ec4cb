"""Survey sections: what data there are, and what every survey found."""

from uncounted.release import survey_summary
from uncounted.release.outline import Record, records
from uncounted.release.release import Release
from uncounted.release.section import (
    DOCX,
    HTML,
    PDF,
    Bars,
    Column,
    Figure,
    Hidden,
    Row,
    Search,
    Section,
    Table,
    Text,
)
from uncounted.wording.numerals import fraction, whole


def data(release: Release) -> Section:
    """Return what the surveys are, by region and kind of source, by country and by
    year.
    """
    say = release.say
    surveys = survey_summary.data(release)
    years = surveys["years"]
    each_year = [say("data.year", year=year, n=n) for year, n in years.items()]
    blocks = [
        Text(data_told(surveys, release), formats=(HTML, PDF, DOCX)),
        _by_region(surveys, release),
        Figure(
            "map_of_surveys",
            say("data.map"),
            title=say("data.map"),
            width=0.74,
            formats=(HTML, PDF),
        ),
        Bars(
            say("data.years"),
            say("data.years_alt", told=", ".join(each_year)),
            years,
            formats=(HTML, PDF),
        ),
    ]
    return Section("data", say("data.title"), blocks)


def data_told(surveys: Record, release: Release) -> str:
    """Return what data there are, in one paragraph."""
    say = release.say
    years = list(surveys["years"]) or [release.year]
    introduction = say(
        "data.told",
        surveys=whole(surveys["surveys"], say),
        surveyed=surveys["surveyed"],
        first=min(years),
        last=max(years),
        rows=whole(surveys["rows"], say),
        respondents=whole(surveys["respondents"], say),
        counted=whole(surveys["counted"], say),
        share=fraction(surveys["share"], say),
        whom=release.whom,
    )
    source = say("data.source", source=surveys["source"])
    if not surveys["masked"]:
        return f"{introduction} {source}"
    masked = say("data.masked", n=surveys["masked"], lines=surveys["lines"])
    return f"{introduction} {source} {masked}"


def _by_region(surveys: Record, release: Release) -> Table:
    """Return how many surveys of each kind each region has, the world last."""
    say = release.say
    world = {
        "name": release.of_world["name"],
        "kinds": surveys["all"],
        **{key: surveys[key] for key in ("surveys", "surveyed", "countries", "share")},
    }
    rows = [_region_row(region, release) for region in surveys["table"]]
    rows.append(_region_row(world, release, "sum"))
    kinds = [
        Column(str(position), say.term(kind), "count")
        for position, kind in enumerate(surveys["kinds"])
    ]
    columns = [
        Column("region", say("data.region"), "name"),
        *kinds,
        Column("surveys", say("data.all"), "count"),
        Column("countries", say("data.countries"), "tally"),
        Column("share", say("data.share"), "share"),
    ]
    return Table("", columns, rows, say("data.by_region"), formats=(HTML, PDF))


def _region_row(region: Record, release: Release, mark: str = "") -> Row:
    say = release.say
    surveyed = say("data.of", some=region["surveyed"], all=region["countries"])
    cells = {str(i): count for i, count in enumerate(region["kinds"])}
    cells |= {
        "region": say.term(region["name"]),
        "surveys": region["surveys"],
        "countries": surveyed,
        "share": region["share"],
    }
    return Row(cells, mark=mark)


def surveys(release: Release) -> Section:
    """Return what every survey found by itself; small counts are masked."""
    say = release.say
    introduction = say("surveys.told", unit=release.in_unit)
    table = Table(
        "surveys",
        survey_columns(release),
        [survey_row(row, release) for row in records(survey_summary.surveys(release))],
        say("surveys.caption"),
        unseen=True,
        id="seen",
        sortable=True,
        search=Search(
            say("surveys.filter"),
            say("surveys.hint"),
            say("surveys.shown", n="{n}", total="{total}"),
            say("surveys.none"),
        ),
        tall=True,
        sheet=say("sheets.surveys"),
        note=introduction,
    )
    text = Text(introduction, screen=say("countries.sort"), formats=(HTML,))
    return Section("surveys", say("surveys.title"), [text, table])


def survey_columns(release: Release) -> list[Column]:
    """Return the columns of a table of surveys, of several models with the outcome."""
    say = release.say
    columns = [
        Column("country", say("surveys.country"), "name"),
        Column("survey", say("surveys.survey"), "text"),
        Column("year", say("surveys.year"), "year"),
        Column("kind", say("surveys.kind"), "text"),
        Column("breakdown", say("surveys.breakdown"), "text"),
        Column("respondents", say("surveys.asked"), "count"),
        Column("cases", say("surveys.cases"), "count"),
        Column("deff", say("surveys.deff"), "number"),
        Column("found", say("surveys.found", unit=release.unit), "rate"),
    ]
    if len(release.parts) > 1:
        columns.insert(5, Column("outcome", say("surveys.outcome"), "text"))
    return columns


def survey_row(row: Record, release: Release) -> Row:
    """Return the row of a survey, what may not be published hidden."""
    say = release.say
    cells = {
        "country": row["name"],
        "survey": str(row["survey"]),
        "year": row["year"],
        "kind": say.term(row["source"]),
        "breakdown": say.term(row["breakdown"]),
        "outcome": say.term(row["outcome"].replace("_", " ")),
        "respondents": row["respondents"],
        "cases": row["cases"],
        "deff": row["deff"],
        "found": row["prevalence"],
    }
    if row["masked"]:
        for name in ("cases", "deff", "found"):
            cells[name] = Hidden.MASKED
    if "respondents" in row["masked"]:
        cells["respondents"] = Hidden.MASKED
    return Row(cells)
