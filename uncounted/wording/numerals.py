"""Numerals: how numbers, intervals and ages are written, in the words and with the
signs of a language.
"""

import math
import re
from collections.abc import Sequence

from uncounted.model.vocabulary import SHOW
from uncounted.wording.words import Words
from uncounted.world.age import Band

UNIT = {"percent": "percent", "per 1,000": "per_1000"}
SCALES = ((1e9, "billion"), (1e6, "million"), (1e4, "thousand"), (1.0, ""))
BESIDE = {"billion": 1e9, "million": 1e6, "thousand": 1e3, "": 1.0}
FEW = 99.5  # persons: below, a modelled number says no more than "fewer than 100"
NOTHING = "–"
BAND = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+))?(?P<over>\+)?(?P<months> months)?")


def figures(value: float, decimals: int, say: Words) -> str:
    """Write a number with a language's signs: 1234.5 is "1,234.5" in English and "1
    234,5" in French.
    """
    signs = {",": say("number.group"), ".": say("number.point"), "-": "−"}
    return "".join(signs.get(sign, sign) for sign in f"{value:,.{decimals}f}")


def short(value: float, say: Words) -> str:
    """Write a number with six figures at most: "2.5"; of classes, scales, levels and
    thresholds.
    """
    return f"{value:g}".replace(".", say("number.point"))


def bare(p: float, show: str, say: Words) -> str:
    """Write a proportion in the card's unit, one decimal, without the unit: 0.219 in
    percent is "21.9".
    """
    if not math.isfinite(p):
        return NOTHING
    value = p * SHOW[show]
    return f"<{figures(0.1, 1, say)}" if 0 < value < 0.05 else figures(value, 1, say)


def unit(show: str, say: Words) -> str:
    """Write in what a prevalence is given: "in percent", "per 1,000 persons"."""
    return say(f"unit.{UNIT[show]}")


def heading(show: str, say: Words) -> str:
    """Write the unit as the head of a column does: "percent", "per 1,000"."""
    return say(f"unit.head_{UNIT[show]}")


def with_unit(number: str, show: str, say: Words) -> str:
    """Write a number that is written already with its unit: "21.9 %", "3.4 per
    1,000".
    """
    return say(f"number.{UNIT[show]}", n=number)


def rate(p: float, show: str, say: Words) -> str:
    """Write a proportion with its unit: "21.9 %", "3.4 per 1,000", "fewer than 0.1 per
    1,000".
    """
    number = bare(p, show, say)
    if number == NOTHING:
        return NOTHING
    told = with_unit(number.removeprefix("<"), show, say)
    return say(f"number.less_{UNIT[show]}", rate=told) if number[0] == "<" else told


def rates(lower: float, upper: float, show: str, say: Words) -> str:
    """Write the bounds of an interval of proportions: "21.1–22.7 %"."""
    return with_unit(f"{bare(lower, show, say)}–{bare(upper, show, say)}", show, say)


def level(interval: float, say: Words) -> str:
    """Write what an interval is: "95 % interval"."""
    return say("number.level", percent=short(round(interval * 100, 6), say))


def persons(n: float, say: Words) -> str:
    """Write a number of persons to three significant figures: "149 million", "4,560",
    "fewer than 100".
    """
    if not math.isfinite(n):
        return NOTHING
    if n < FEW:
        return say("number.few") if n > 0 else "0"
    number, scale = _scaled(n, say)
    return say(f"number.{scale}", n=number) if scale else number


def people(n: float, say: Words) -> str:
    """Write a number of persons with the word: "149 million persons"."""
    of = math.isfinite(n) and n >= FEW and _scaled(n, say)[1]
    return say("number.people_of" if of else "number.people", n=persons(n, say))


def persons_between(lower: float, upper: float, say: Words) -> str:
    """Write the bounds of an interval of persons: "145–152 million", "980 thousand to
    1.02 million".
    """
    low, high = persons(lower, say), persons(upper, say)
    if NOTHING in (low, high) or low == high:
        return low if low == high else NOTHING
    if lower < FEW:
        return say("number.between", low="0", high=high) if upper >= FEW else high
    (short_, scale), (long_, other) = _scaled(lower, say), _scaled(upper, say)
    if scale.removesuffix("s") != other.removesuffix("s"):
        return say("number.between", low=low, high=high)
    return (
        say(f"number.{other}", n=f"{short_}–{long_}") if other else f"{short_}–{long_}"
    )


def _scaled(n: float, say: Words) -> tuple[str, str]:
    """Return three significant figures, and the name of their scale, with an s from two
    on: languages differ there.

    A scale that a language has no word for, as French has none for thousands, is
    written out.
    """
    rounded = float(f"{n:.3g}")
    name = next(
        name
        for least, name in SCALES
        if rounded >= least and (not name or say(f"number.{name}s", n=""))
    )
    value = rounded / BESIDE[name]
    decimals = max(0, 2 - math.floor(math.log10(value))) if name else 0
    return figures(value, decimals, say), f"{name}{'s' if value >= 2 and name else ''}"


def whole(n: float, say: Words) -> str:
    """Write a count in full: "4,911"; unknown: "–"."""
    return figures(n, 0, say) if math.isfinite(n) else NOTHING


def decimal(x: float, say: Words, decimals: int = 2) -> str:
    """Write a number with decimals: "1.85"; unknown: "–"."""
    return figures(x, decimals, say) if math.isfinite(x) else NOTHING


def fraction(x: float, say: Words) -> str:
    """Write a share in whole percent: "88 %", "<1 %"; unknown: "–"."""
    if not math.isfinite(x):
        return NOTHING
    return with_unit(
        "<1" if 0 < x < 0.005 else figures(x * 100, 0, say), "percent", say
    )


def band(label: str, say: Words) -> str:
    """Write an age band as prose does: "6–11 months"; another name of ages stays as it
    is.
    """
    found = BAND.fullmatch(label)
    if not found:
        return say.term(label)
    number = found["first"] + (f"–{found['last']}" if found["last"] else "")
    number = say("number.over", n=number) if found["over"] else number
    return say("number.months" if found["months"] else "number.years", n=number)


def whom(bands: Sequence[Band], say: Words) -> str:
    """Write whom a card speaks of: "aged under 5 years", "aged 15 years and over", "of
    all ages".
    """
    first, last = bands[0].lower, bands[-1].upper
    if last is None:
        return say("whom.over", age=_age(first, say)) if first else say("whom.all")
    if not first:
        return say("whom.under", age=_age(last, say))
    if first % 12 or last % 12:
        return say("whom.months", first=first, last=last - 1)
    return say("whom.years", first=first // 12, last=last // 12 - 1)


def _age(months: int, say: Words) -> str:
    return (
        say("whom.age_months", n=months)
        if months % 12
        else say("whom.age_years", n=months // 12)
    )
