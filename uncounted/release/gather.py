"""Gather: the eighteen items by which a global health estimate is reported [Stevens et
al. 2016, GATHER].
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from uncounted.release import check_list, provenance, survey_summary
from uncounted.release.account import ITEMS
from uncounted.release.limits import limits_of
from uncounted.release.release import Release
from uncounted.wording.numerals import fraction, heading, whole


@dataclass(frozen=True)
class Item:
    """One item: what is asked, what is answered, and whether nobody answered."""

    number: int
    asked: str
    answer: str
    missing: bool


def gather(release: Release) -> list[Item]:
    """Return the items as the estimate itself fills them and as the analyst's account
    does; others are missing.
    """
    say, told = release.say, []
    for number in ITEMS:
        own, written = FILLED.get(number), release.account.items.get(number, "")
        answer = " ".join(
            part for part in (own(release) if own else "", written) if part
        )
        told.append(
            Item(
                int(number),
                say(f"gather.asked_{number}"),
                answer or say("gather.missing"),
                not answer,
            )
        )
    return told


def _indicator(release: Release) -> str:
    countries = int((release.totals["grouping"] == "country").sum())
    axes = ", ".join(release.say.term(axis) for axis in release.axes)
    unit = heading(release.show, release.say)
    told = {
        "title": release.title,
        "unit": unit,
        "whom": release.whom,
        "axes": axes,
        "year": release.year,
    }
    return release.say("gather.item_1", **told, countries=countries)


def _criteria(release: Release) -> str:
    say, cards = release.say, [part.card for part in release.parts]
    years = [
        f"{card.years[0]}–{card.years[1]}" if card.years else say("gather.years")
        for card in cards
    ]
    of = {card.name: f", {card.name}" if len(cards) > 1 else "" for card in cards}
    fates = [
        say(
            "gather.fate",
            why=say.term(fate["why"]) + of[fate["of"]],
            rows=whole(fate["rows"], say),
            surveys=whole(fate["surveys"], say),
        )
        for fate in provenance.fates(release)
    ]
    return say(
        "gather.item_4",
        years=", ".join(dict.fromkeys(years)),
        fates="; ".join(fates) or say("gather.none"),
    )


def _sources(release: Release) -> str:
    data = survey_summary.data(release)
    years = list(data["years"]) or [release.year]
    told = {name: data[name] for name in ("surveys", "surveyed", "source")}
    return release.say("gather.item_5", **told, first=min(years), last=max(years))


def _biases(release: Release) -> str:
    say = release.say
    errs = any("sigma_survey" in part.card.priors for part in release.parts)
    kinds = ", ".join(say.term(kind) for kind in survey_summary.data(release)["kinds"])
    return say(
        "gather.item_6",
        kinds=kinds,
        told=say("gather.biased" if errs else "gather.unbiased"),
    )


def _others(release: Release) -> str:
    say = release.say
    names = dict.fromkeys(
        say.term(name.replace("_", " "))
        for part in release.parts
        for name in part.card.covariates
    )
    tables = "; ".join(
        f"{one['what']} ({one['source']})" for one in provenance.sources(release)
    )
    return say(
        "gather.item_7",
        covariates=", ".join(names) or say("gather.none"),
        tables=tables,
    )


def _inputs(release: Release) -> str:
    return release.say(
        "gather.item_8",
        rows=whole(sum(len(part.inputs) for part in release.parts), release.say),
    )


def _steps(release: Release) -> str:
    return release.say("gather.item_10", section=release.say("equation.title"))


def _choice(release: Release) -> str:
    return release.say("gather.item_11")


def _performance(release: Release) -> str:
    say, rows = release.say, check_list.held_out(release)
    section = {"checks": len(release.findings), "section": say("checks.title")}
    if not rows:
        return say("gather.item_12", told=say("checks.missing"), **section)
    known = [row["covered"] for row in rows if not _unknown(row["covered"])]
    share = fraction(sum(map(bool, known)) / len(known) if known else math.nan, say)
    return say(
        "gather.item_12",
        told=say("gather.tested", n=len(known), share=share, level=release.level),
        **section,
    )


def _unknown(covered: object) -> bool:
    return covered is None or (isinstance(covered, float) and math.isnan(covered))


def _uncertainty(release: Release) -> str:
    told = limits_of(release)
    return release.say(
        "gather.item_13",
        holds="; ".join(told["holds"]),
        misses="; ".join(told["misses"]),
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
