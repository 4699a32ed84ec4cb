"""Wording: how numbers, intervals and ages are written, and the sentences of the page."""

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.card import SHOW, Card

FOLDER = Path(__file__).parent / "words"
SUFFIX = {"percent": "\u00a0%", "per 1,000": " per\u00a01,000"}
SCALES = ((1e9, "billion"), (1e6, "million"), (1e4, "thousand"), (1.0, ""))
BESIDE = {"billion": 1e9, "million": 1e6, "thousand": 1e3, "": 1.0}
FEW = 99.5  # persons: below, a modelled number says no more than "fewer than 100"
NOTHING = "–"


@dataclass(frozen=True)
class Words:
    """The sentences of one language, by section and name; called with a name and the values that it mentions."""

    sentences: dict[str, str]

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a sentence with its values filled in; raises UncountedError for a name that has none."""
        if name not in self.sentences:
            raise UncountedError(f"There is no sentence '{name}'.{did_you_mean(name, self.sentences)}")
        return self.sentences[name].format(**values)


@cache
def read_words(language: str = "en") -> Words:
    """Read the message file of a language; raises UncountedError if it has none."""
    path = FOLDER / f"{language}.toml"
    if not path.is_file():
        known = [file.stem for file in FOLDER.glob("*.toml")]
        raise UncountedError(f"The page has no language '{language}'.{did_you_mean(language, known)}")
    sections = tomllib.loads(path.read_text(encoding="utf-8"))
    return Words({f"{section}.{name}": text for section, told in sections.items() for name, text in told.items()})


def bare(p: float, show: str) -> str:
    """Write a proportion in the card's unit, one decimal, without the unit: 0.219 in percent is "21.9"."""
    if not math.isfinite(p):
        return NOTHING
    value = p * SHOW[show]
    return "<0.1" if 0 < value < 0.05 else f"{value:,.1f}"


def unit(show: str) -> str:
    """Write in what a prevalence is given: "in percent", "per 1,000 persons"."""
    say = read_words()
    return say("unit.percent") if show == "percent" else say("unit.per_1000")


def rate(p: float, show: str) -> str:
    """Write a proportion with its unit: "21.9 %", "3.4 per 1,000", "fewer than 0.1 per 1,000"."""
    number, less = bare(p, show), "less than " if show == "percent" else "fewer than "
    return NOTHING if number == NOTHING else number.replace("<", less) + SUFFIX[show]


def rates(lower: float, upper: float, show: str) -> str:
    """Write the bounds of an interval of proportions: "21.1–22.7 %"."""
    return f"{bare(lower, show)}–{bare(upper, show)}{SUFFIX[show]}"


def level(interval: float) -> str:
    """Write what an interval is: "95 % interval"."""
    return f"{interval * 100:g}\u00a0% interval"


def persons(n: float) -> str:
    """Write a number of persons to three significant figures: "149 million", "4,560", "fewer than 100"."""
    if not math.isfinite(n):
        return NOTHING
    if n < FEW:
        return "fewer than 100" if n > 0 else "0"
    number, scale = _scaled(n)
    return f"{number}\u00a0{scale}".rstrip()


def persons_between(lower: float, upper: float) -> str:
    """Write the bounds of an interval of persons: "145–152 million", "980 thousand to 1.02 million"."""
    low, high = persons(lower), persons(upper)
    if NOTHING in (low, high) or low == high:
        return low if low == high else NOTHING
    if lower < FEW:
        return f"0 to {high}" if upper >= FEW else high
    (short, scale), other = _scaled(lower), _scaled(upper)[1]
    return f"{short}–{high}" if scale == other else f"{low} to {high}"


def _scaled(n: float) -> tuple[str, str]:
    """Return three significant figures and the word of their scale."""
    rounded = float(f"{n:.3g}")
    name = next(name for least, name in SCALES if rounded >= least)
    value = rounded / BESIDE[name]
    decimals = max(0, 2 - math.floor(math.log10(value))) if name else 0
    return f"{value:,.{decimals}f}", name


def whole(n: float) -> str:
    """Write a count in full: "4,911"; unknown: "–"."""
    return f"{n:,.0f}" if math.isfinite(n) else NOTHING


def fraction(x: float) -> str:
    """Write a share in whole percent: "88 %", "<1 %"; unknown: "–"."""
    if not math.isfinite(x):
        return NOTHING
    return "<1\u00a0%" if 0 < x < 0.005 else f"{x * 100:.0f}\u00a0%"


def band(label: str) -> str:
    """Write an age band as prose does: "6–11 months"."""
    return label.replace("-", "–")


def ages(card: Card) -> str:
    """Write whom a card speaks of: "aged under 5 years", "aged 15 years and over", "of all ages"."""
    first, last = card.bands[0].lower, card.bands[-1].upper
    if last is None:
        return f"aged {_age(first)} and over" if first else "of all ages"
    if not first:
        return f"aged under {_age(last)}"
    if first % 12 or last % 12:
        return f"aged {first}–{last - 1} months"
    return f"aged {first // 12}–{last // 12 - 1} years"


def _age(months: int) -> str:
    return f"{months} months" if months % 12 else f"{months // 12} years"


def headline(card: Card, row: pd.Series) -> str:
    """Return the headline of an estimate: prevalence and persons of a row of estimates, each with its interval."""
    return read_words()(
        "headline.sentence",
        title=card.title,
        year=card.year,
        whom=ages(card),
        where="worldwide" if row["grouping"] == "world" else f"in {row['name']}",
        rate=rate(row["prevalence_median"], card.show),
        rates=rates(row["prevalence_lower"], row["prevalence_upper"], card.show),
        persons=persons(row["persons_mean"]),
        between=persons_between(row["persons_lower"], row["persons_upper"]),
        level=level(row["interval"]),
    )
