"""Check sections: verdicts, surveys held out, and where the uncertainty comes from."""

import math

import pandas as pd

from uncounted.release import check_list
from uncounted.release.outline import Record, records
from uncounted.release.release import Release
from uncounted.release.section import (
    HTML,
    PDF,
    XLSX,
    Block,
    Column,
    Figure,
    Figures,
    Hidden,
    Range,
    Row,
    Section,
    Table,
    Text,
)
from uncounted.wording.numerals import fraction, shares


def checks(release: Release) -> Section:
    """Return the verdict of each check, the worst first, and which were not run."""
    say = release.say
    columns = [
        Column("verdict", say("checks.verdict"), "verdict"),
        Column("name", say("checks.name"), "name"),
        Column("sentence", say("checks.sentence"), "long"),
    ]
    introduction = say("checks.told")
    table = Table(
        "checks",
        columns,
        [Row(finding) for finding in check_list.checks(release)],
        say("checks.caption"),
        unseen=True,
        sheet=say("sheets.checks"),
        note=" ".join([introduction, *release.lacking]),
    )
    lacking = [
        Text(sentence, quiet=True, formats=(HTML, PDF)) for sentence in release.lacking
    ]
    blocks: list[Block] = [Text(introduction, formats=(HTML, PDF)), table, *lacking]
    return Section("checks", say("checks.title"), blocks)


def held_out(release: Release) -> Section | None:
    """Return surveys' results beside what was predicted of them; None where none was
    held out.
    """
    if not release.tested:
        return None
    say = release.say
    has_several = len(release.tested) > 1
    columns = [
        Column("name", say("surveys.country"), "name"),
        Column("survey", say("surveys.survey"), "text"),
        Column("year", say("surveys.year"), "year"),
        Column("observed", say("held_out.head_observed"), "rate"),
        _predicted_column(release),
        Column("covered", say("beside.inside"), "answer"),
    ]
    if has_several:
        columns.insert(1, Column("what", say("held_out.what"), "text"))
    figures = [
        Figure(
            "held_out",
            f"{outcome}: {say('held_out.chart')}",
            key=outcome,
            title=outcome if has_several else "",
            width=1.0 if has_several else 0.62,
        )
        for outcome in release.tested
    ]
    caption = say("held_out.caption", unit=release.in_unit)
    table = Table(
        "",
        columns,
        [_held_out_row(row) for row in check_list.held_out(release)],
        caption,
        sortable=True,
        tall=True,
        sheet=say("sheets.held_out"),
        note=caption,
        formats=(HTML, XLSX),
    )
    blocks = [Text(_held_out_told(release)), Figures(figures), table]
    return Section("held_out", say("held_out.title"), blocks)


def _predicted_column(release: Release) -> Column:
    say = release.say
    head = say("held_out.head_predicted")
    split = (head, say("sheets.lower"), say("sheets.upper"))
    return Column("predicted", head, "estimate", split)


def _held_out_row(row: Record) -> Row:
    hidden = Hidden.MASKED if pd.isna(row["observed"]) else row["observed"]
    predicted = Range(row["median"], row["lower"], row["upper"])
    return Row(row | {"observed": hidden, "predicted": predicted})


def _held_out_told(release: Release) -> str:
    """Return what was held out, how many surveys' results lie inside their intervals,
    and what share of them.
    """
    say = release.say
    table = pd.concat(release.tested.values())
    covered = table["covered"].dropna().astype(bool)
    by = str(table["by"].iloc[0]) if "by" in table else "country"
    share = float(covered.mean()) if len(covered) else math.nan
    return say(
        "held_out.told",
        what=say(f"held_out.by_{by}"),
        level=release.level,
        n=len(covered),
        inside=int(covered.sum()),
        share=fraction(share, say),
    )


def budget(release: Release) -> Section | None:
    """Return the shares of the variance of the world's number; None where it was not
    divided.
    """
    if release.budget is None:
        return None
    say = release.say
    components = release.budget["component"]
    listed = shares(list(components), list(release.budget["share"]), say)
    columns = [
        Column("component", say("budget.component"), "name"),
        Column("share", say("budget.share"), "share"),
    ]
    rows = [
        Row(row | {"component": say.term(row["component"])})
        for row in records(release.budget)
    ]
    table = Table(
        "narrow",
        columns,
        rows,
        say("budget.title"),
        unseen=True,
        sheet=say("sheets.budget"),
        note=say("budget.told"),
    )
    chart = Figure("budget", say("budget.chart", told=listed), width=0.5)
    return Section(
        "budget", say("budget.title"), [Text(say("budget.told")), chart, table]
    )
