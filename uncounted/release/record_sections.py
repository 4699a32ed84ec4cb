"""Record sections: what is to be known of an estimate, cards, ledger, and citation."""

from uncounted.release import provenance
from uncounted.release.headline import headline
from uncounted.release.limits import limits_of
from uncounted.release.outline import Record
from uncounted.release.release import Release
from uncounted.release.section import (
    HTML,
    PDF,
    XLSX,
    Block,
    Cards,
    Column,
    Facts,
    Fold,
    Heading,
    Row,
    Section,
    Table,
    Text,
)


def about(release: Release) -> Section:
    """Return all that is said of the estimate in words, a row each, for a workbook."""
    say = release.say
    shares = "countries.of_leaves" if release.has_leaves else "countries.shares"
    facts = [f"{name}: {fact}" for name, fact in provenance.facts(release)]
    sentences = [
        headline(release),
        release.why,
        *release.notes,
        *limits_of(release)["told"],
        say("regions.adding"),
        say(shares),
        say("map.borders"),
        provenance.citation(release),
        *facts,
    ]
    table = Table(
        "about",
        [Column("told", say("sheets.told"), "long")],
        [Row({"told": sentence}) for sentence in sentences if sentence],
        sheet=say("sheets.about"),
        note=release.sheet_note,
    )
    return Section("about", say("sheets.about"), [table])


def record(release: Release) -> Section:
    """Return cards, ledger, versions, sources and citation."""
    say = release.say
    blocks: list[Block] = [
        Heading(say("record.card")),
        Text(say("record.card_told"), formats=(HTML,)),
        Cards(say("record.card"), provenance.cards(release)),
        Heading(say("record.ledger")),
        *_ledger(release),
        Heading(say("record.versions")),
        Facts(provenance.facts(release)),
        Heading(say("record.sources")),
        Text(say("record.own"), formats=(HTML,)),
        Text(say("record.own"), quiet=True, formats=(PDF,)),
        _sources(release),
        Heading(say("record.cite")),
        Text(provenance.citation(release), framed=True),
    ]
    return Section("record", say("record.title"), blocks)


def _ledger(release: Release) -> list[Block]:
    """Return which rows of the sources did not enter as they stood, and why."""
    say = release.say
    fates = provenance.fates(release)
    columns = [
        Column("action", say("record.action"), "text"),
        Column("why", say("record.why"), "long"),
        Column("rows", say("record.rows"), "count"),
        Column("surveys", say("record.surveys"), "count"),
    ]
    words: list[Record] = []
    for fate in fates:
        action = say.term(fate["action"])
        words.append(fate | {"action": action, "why": _why(fate, release)})
    table = Table(
        "ledger",
        columns,
        [Row(fate) for fate in words],
        say("record.ledger"),
        unseen=True,
        sheet=say("sheets.ledger"),
        note=say("record.ledger_told"),
        formats=(HTML, PDF, XLSX) if fates else (XLSX,),
    )
    introduction = say("record.ledger_told" if fates else "record.ledger_none")
    folds = [
        Fold(
            say("record.which", why=fate["why"]),
            [Facts(fate["by"], style="which")],
            formats=(HTML,),
        )
        for fate in words
    ]
    return [Text(introduction), table, *folds]


def _why(fate: Record, release: Release) -> str:
    """Return why rows did not enter, with the model where there are several."""
    why = release.say.term(fate["why"])
    return f"{why} ({fate['of']})" if len(release.parts) > 1 else why


def _sources(release: Release) -> Table:
    say = release.say
    columns = [
        Column("what", say("record.what"), "long"),
        Column("source", say("record.source"), "long"),
        Column("licence", say("record.licence"), "long"),
    ]
    rows = [Row(source) for source in provenance.sources(release)]
    title = say("record.sources")
    return Table("sources", columns, rows, title, unseen=True, formats=(HTML, PDF))


def citation(release: Release) -> Section:
    """Return how to cite the estimate, for a brief."""
    text = Text(provenance.citation(release))
    return Section("cite", release.say("record.cite"), [text])
