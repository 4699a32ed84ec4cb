"""Method sections: the equation, what intervals include, and the items of GATHER."""

from uncounted.equation.arithmetic import arithmetic
from uncounted.equation.equation import equation
from uncounted.release.gather import gather
from uncounted.release.limits import limits_of
from uncounted.release.release import Release
from uncounted.release.section import (
    DOCX,
    HTML,
    PDF,
    XLSX,
    Block,
    Column,
    Fold,
    Formulas,
    Heading,
    Lists,
    Row,
    Section,
    Table,
    Text,
)


def equations(release: Release) -> Section:
    """Return every model line by line; of an estimate of parts, their sum first."""
    say = release.say
    label = say("equation.priors")
    introduction = f"{say('equation.told')} {say('equation.conventions')}"
    blocks: list[Block] = [Text(introduction)]
    if release.adds:
        lines = arithmetic(release.adds, say)
        blocks += [Heading(say("arithmetic.title")), Formulas(lines, label)]
    for part in release.parts:
        card = part.card
        if len(release.parts) > 1 or release.adds:
            title = say.term(card.title)
            heading = say("arithmetic.of", model=card.name, title=title)
            blocks.append(Heading(heading))
        blocks.append(Formulas(equation(card, release.language), label))
    return Section("equation", say("equation.title"), blocks)


def limits(release: Release) -> Section:
    """Return what the intervals include and what not, and how to read the numbers."""
    say = release.say
    cautions = limits_of(release)
    lists = [
        (say("limits.holds"), cautions["holds"]),
        (say("limits.misses"), cautions["misses"]),
    ]
    blocks: list[Block] = [Lists(lists, formats=(HTML, PDF))]
    blocks += [Text(sentence) for sentence in cautions["told"]]
    return Section("limits", say("limits.title"), blocks)


def gather_items(release: Release) -> Section:
    """Return the eighteen items of GATHER, those without an answer marked."""
    say = release.say
    introduction = Text(say("gather.told"), formats=(HTML,))
    small = Text(say("gather.told"), quiet=True, formats=(PDF,))
    fold = Fold(say("gather.caption"), [gather_table(release)], formats=(HTML,))
    table = gather_table(release, (PDF, XLSX))
    blocks = [introduction, small, fold, table]
    return Section("gather", say("gather.title"), blocks)


def gather_table(release: Release, formats: tuple[str, ...] = (HTML, DOCX)) -> Table:
    """Return the table of the items: what is asked, and what is reported."""
    say = release.say
    columns = [
        Column("number", say("gather.item"), "item"),
        Column("asked", say("gather.asked"), "middle"),
        Column("answer", say("gather.answer"), "long"),
    ]
    rows = [
        Row(vars(item), mark="missing" if item.missing else "")
        for item in gather(release)
    ]
    return Table(
        "gather",
        columns,
        rows,
        say("gather.caption"),
        unseen=True,
        sheet=say("sheets.gather"),
        note=say("gather.told"),
        formats=formats,
    )
