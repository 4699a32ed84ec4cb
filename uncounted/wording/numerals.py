"""Numerals: how numbers, intervals and ages are written in a language."""

import math
import re
from collections.abc import Sequence

from uncounted.wording.words import Words
from uncounted.world.age import Band

# what prevalence is shown in: how many of those make 1
SHOW = {"per 1,000": 1000.0, "percent": 100.0}
UNIT = {"percent": "percent", "per 1,000": "per_1000"}
SCALES = ((1e9, "billion"), (1e6, "million"), (1e4, "thousand"), (1.0, ""))
BESIDE = {"billion": 1e9, "million": 1e6, "thousand": 1e3, "": 1.0}
GROWN = 12 * 15  # months: from here females are called women
FEW = 99.5  # persons: below, a modelled number says no more than "fewer than 100"
NOTHING = "–"
BAND = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+))?(?P<over>\+)?(?P<months> months)?")


def figures(value: float, decimals: int, say: Words) -> str:
    """Write a number with a language's signs: 1234.5 is "1,234.5" in English and
    "1 234,5" in French.
    """
    return with_signs(f"{value:,.{decimals}f}", say)


def with_signs(number: str, say: Words) -> str:
    """Write the signs of a number, as Python writes it, as a language does."""
    signs = {",": say("number.group"), ".": say("number.point"), "-": "−"}
    return "".join(signs.get(sign, sign) for sign in number)


def short(value: float, say: Words) -> str:
    """Write a number with six figures at most, for a scale or a threshold: "2.5"."""
    return f"{value:g}".replace(".", say("number.point"))


def bare(p: float, show: str, say: Words) -> str:
    """Write a proportion in the card's unit, one decimal, without the unit: 0.219 in
    percent is "21.9".
    """
    if not math.isfinite(p):
        return NOTHING
    value = p * SHOW[show]
    if 0 < value < 0.05:
        return f"<{figures(0.1, 1, say)}"
    return figures(value, 1, say)


def unit(show: str, say: Words) -> str:
    """Write the unit of a prevalence in a sentence: "in percent", "per 1,000
    persons".
    """
    return say(f"unit.{UNIT[show]}")


def heading(show: str, say: Words) -> str:
    """Write the unit at the head of a column: "percent", "per 1,000"."""
    return say(f"unit.head_{UNIT[show]}")


def with_unit(number: str, show: str, say: Words) -> str:
    """Add the unit to a written number: "21.9 %", "3.4 per 1,000"."""
    return say(f"number.{UNIT[show]}", n=number)


def rate(p: float, show: str, say: Words) -> str:
    """Write a proportion with its unit: "21.9 %", "3.4 per 1,000", "fewer than 0.1 per
    1,000".
    """
    number = bare(p, show, say)
    if number == NOTHING:
        return NOTHING
    if not number.startswith("<"):
        return with_unit(number, show, say)
    bound = with_unit(number.removeprefix("<"), show, say)
    return say(f"number.less_{UNIT[show]}", rate=bound)


def rates(lower: float, upper: float, show: str, say: Words) -> str:
    """Write the bounds of an interval of proportions: "21.1–22.7 %"."""
    bounds = f"{bare(lower, show, say)}–{bare(upper, show, say)}"
    return with_unit(bounds, show, say)


def level(interval: float, say: Words) -> str:
    """Write the level of an interval: "95 % interval"."""
    percent = short(round(interval * 100, 6), say)
    return say("number.level", percent=percent)


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
    number = persons(n, say)
    if not math.isfinite(n) or n < FEW:
        return say("number.people", n=number)
    _, scale = _scaled(n, say)
    return say("number.people_of" if scale else "number.people", n=number)


def persons_between(lower: float, upper: float, say: Words) -> str:
    """Write the bounds of an interval of persons: "145–152 million", "980 thousand to
    1.02 million".
    """
    low = persons(lower, say)
    high = persons(upper, say)
    if low == high:
        return low
    if NOTHING in (low, high):
        return NOTHING
    if upper < FEW:
        return high
    if lower < FEW:
        return say("number.between", low="0", high=high)
    low_number, low_scale = _scaled(lower, say)
    high_number, scale = _scaled(upper, say)
    if low_scale.removesuffix("s") != scale.removesuffix("s"):
        return say("number.between", low=low, high=high)
    number = f"{low_number}–{high_number}"
    return say(f"number.{scale}", n=number) if scale else number


def _scaled(n: float, say: Words) -> tuple[str, str]:
    """Return three significant figures, and the name of their scale, with an s from two
    on: languages differ there.

    A scale that a language has no word for, as French has none for thousands, is
    written out.
    """
    rounded = float(f"{n:.3g}")
    scale = _scale(rounded, say)
    value = rounded / BESIDE[scale]
    if not scale:
        return figures(value, 0, say), ""
    decimals = max(0, 2 - math.floor(math.log10(value)))
    plural = "s" if value >= 2 else ""
    return figures(value, decimals, say), f"{scale}{plural}"


def _scale(rounded: float, say: Words) -> str:
    """Return the largest scale that a number reaches and that the language names."""
    for least, scale in SCALES:
        if rounded >= least and (not scale or say(f"number.{scale}s", n="")):
            return scale
    raise AssertionError(f"{rounded} persons are less than one.")


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
    number = "<1" if 0 < x < 0.005 else figures(x * 100, 0, say)
    return with_unit(number, "percent", say)


def band(label: str, say: Words) -> str:
    """Write an age band as prose does: "6–11 months"; another name of ages stays as it
    is.
    """
    match = BAND.fullmatch(label)
    if not match:
        return say.term(label)
    number = match["first"]
    if match["last"]:
        number = f"{number}–{match['last']}"
    if match["over"]:
        number = say("number.over", n=number)
    return say("number.months" if match["months"] else "number.years", n=number)


def whom(bands: Sequence[Band], sex: str, say: Words) -> str:
    """Write the persons of a card: "persons aged under 5 years", "women aged 15 years
    and over", "persons of all ages"; sex: the one that they have, or "".
    """
    lower = bands[0].lower
    upper = bands[-1].upper
    persons = sex or "persons"
    if sex and lower >= GROWN:
        persons = "women" if sex == "female" else "men"
    words = {
        "persons": say(f"whom.{persons}"),
        "aged": say("whom.aged_male" if persons == "men" else "whom.aged"),
    }
    if upper is None and not lower:
        return say("whom.all", **words)
    if upper is None:
        return say("whom.over", age=_age(lower, say), **words)
    if not lower:
        return say("whom.under", age=_age(upper, say), **words)
    if lower % 12 or upper % 12:
        return say("whom.months", first=lower, last=upper - 1, **words)
    return say("whom.years", first=lower // 12, last=upper // 12 - 1, **words)


def _age(months: int, say: Words) -> str:
    if months % 12:
        return say("whom.age_months", n=months)
    return say("whom.age_years", n=months // 12)


def shares(names: Sequence[str], parts: Sequence[float], say: Words) -> str:
    """Write the shares of named parts: "sampling 20 %, imputation 30 %"."""
    return ", ".join(
        f"{say.term(name)} {fraction(part, say)}"
        for name, part in zip(names, parts, strict=True)
    )
