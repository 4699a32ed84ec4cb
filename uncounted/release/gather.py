"""Gather: the eighteen items of a global health estimate [Stevens et al. 2016]."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from uncounted.release import check_list, provenance, survey_summary
from uncounted.release.account import ITEMS
from uncounted.release.limits import limits_of
from uncounted.release.release import Release
from uncounted.wording.numerals import fraction, whole


@dataclass(frozen=True)
class Item:
    """One item of GATHER."""

    number: int
    # what GATHER asks
    asked: str
    # what is reported
    answer: str
    # whether nobody answered
    missing: bool


def gather(release: Release) -> list[Item]:
    """Return the items as the estimate itself fills them and as the analyst's account
    does; others are missing.
    """
    say = release.say
    items = []
    for number in ITEMS:
        fill = FILLED.get(number)
        answers = [fill(release)] if fill else []
        answers.append(release.account.items.get(number, ""))
        answer = " ".join(filter(None, answers))
        question = say(f"gather.asked_{number}")
        shown = answer or say("gather.missing")
        items.append(Item(int(number), question, shown, not answer))
    return items


def _indicator(release: Release) -> str:
    countries = int((release.totals["grouping"] == "country").sum())
    axes = ", ".join(release.say.term(axis) for axis in release.axes)
    return release.say(
        "gather.item_1",
        title=release.title,
        unit=release.unit,
        whom=release.whom,
        axes=axes,
        year=release.year,
        countries=countries,
    )


def _criteria(release: Release) -> str:
    say = release.say
    cards = [part.card for part in release.parts]
    years = dict.fromkeys(
        f"{card.years[0]}–{card.years[1]}" if card.years else say("gather.years")
        for card in cards
    )
    fates = []
    for fate in provenance.fates(release):
        why = say.term(fate["why"])
        if len(cards) > 1:
            why = f"{why}, {fate['of']}"
        rows = whole(fate["rows"], say)
        surveys = whole(fate["surveys"], say)
        fates.append(say("gather.fate", why=why, rows=rows, surveys=surveys))
    listed = "; ".join(fates) or say("gather.none")
    return say("gather.item_4", years=", ".join(years), fates=listed)


def _sources(release: Release) -> str:
    data = survey_summary.data(release)
    years = list(data["years"]) or [release.year]
    return release.say(
        "gather.item_5",
        surveys=data["surveys"],
        surveyed=data["surveyed"],
        source=data["source"],
        first=min(years),
        last=max(years),
    )


def _biases(release: Release) -> str:
    say = release.say
    errs = any("sigma_survey" in part.card.priors for part in release.parts)
    kinds = [say.term(kind) for kind in survey_summary.data(release)["kinds"]]
    biased = say("gather.biased" if errs else "gather.unbiased")
    return say("gather.item_6", kinds=", ".join(kinds), told=biased)


def _others(release: Release) -> str:
    say = release.say
    names = dict.fromkeys(
        say.term(name.replace("_", " "))
        for part in release.parts
        for name in part.card.covariates
    )
    tables = [
        f"{table['what']} ({table['source']})" for table in provenance.sources(release)
    ]
    covariates = ", ".join(names) or say("gather.none")
    return say("gather.item_7", covariates=covariates, tables="; ".join(tables))


def _inputs(release: Release) -> str:
    rows = sum(len(part.inputs) for part in release.parts)
    return release.say("gather.item_8", rows=whole(rows, release.say))


def _steps(release: Release) -> str:
    return release.say("gather.item_10", section=release.say("equation.title"))


def _choice(release: Release) -> str:
    return release.say("gather.item_11")


def _performance(release: Release) -> str:
    say = release.say
    covered = [row["covered"] for row in check_list.held_out(release)]
    if covered:
        judged = [bool(inside) for inside in covered if not _is_unknown(inside)]
        share = sum(judged) / len(judged) if judged else math.nan
        tested = say(
            "gather.tested",
            n=len(judged),
            share=fraction(share, say),
            level=release.level,
        )
    else:
        tested = say("checks.missing")
    return say(
        "gather.item_12",
        told=tested,
        checks=len(release.findings),
        section=say("checks.title"),
    )


def _is_unknown(covered: object) -> bool:
    return covered is None or (isinstance(covered, float) and math.isnan(covered))


def _uncertainty(release: Release) -> str:
    sentences = limits_of(release)
    return release.say(
        "gather.item_13",
        holds="; ".join(sentences["holds"]),
        misses="; ".join(sentences["misses"]),
    )


def _code(release: Release) -> str:
    version = release.versions.get("uncounted", "")
    return release.say(
        "gather.item_14", version=version, section=release.say("record.title")
    )


def _estimates(release: Release) -> str:
    return release.say("gather.item_15")


def _intervals(release: Release) -> str:
    return release.say("gather.item_16", level=release.level)


def _limits(release: Release) -> str:
    return release.say("gather.item_18", told=" ".join(limits_of(release)["told"]))


FILLED: dict[str, Callable[[Release], str]] = {
    "1": _indicator,
    "4": _criteria,
    "5": _sources,
    "6": _biases,
    "7": _others,
    "8": _inputs,
    "10": _steps,
    "11": _choice,
    "12": _performance,
    "13": _uncertainty,
    "14": _code,
    "15": _estimates,
    "16": _intervals,
    "18": _limits,
}
