"""Cell: numbers, intervals, years, ages and sexes as published tables print them.

A reader takes the text of one cell and returns the plain texts that stand for it, or
raises a Doubt where the text can be read in more than one way, or in none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from uncounted.errors import UncountedError
from uncounted.world.age import parse_band

GAPS = ("", "na", "nan", "n/a", "n.a.", "..", "...", "…", ":", "<na>", "none", "nat")
DASHES = ("-", "–", "—")
BOTH = "both"  # decimal points and decimal commas in one table
SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f", " ") | {"−": "-"})
SIGNS = re.compile("[*†‡§¶#⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉ]+")
UNIT = re.compile(r"\s*(?:(?P<percent>%|per\s?cent\b)|‰)", re.IGNORECASE)
PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
# numerals of one reading: pattern, sign of thousands, sign of decimals, how it is read
NUMERALS = [
    (r"[+-]?\d{1,3}(?:[ '’]\d{3})+(?:\.\d+)?", " '’", ".", "thousands apart"),
    (r"[+-]?\d{1,3}(?:[ '’]\d{3})+,\d+", " '’", ",", "thousands apart, decimal comma"),
    (r"[+-]?\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?", ",", ".", "commas of thousands"),
    (r"[+-]?\d{1,3},\d{3}\.\d+", ",", ".", "comma of thousands"),
    (r"[+-]?\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?", ".", ",", "points of thousands"),
    (r"[+-]?\d{1,3}\.\d{3},\d+", ".", ",", "point of thousands, decimal comma"),
    (r"[+-]?\d+,\d+", "", ",", "decimal comma"),
]
# a sign before three digits is of thousands or of decimals
THREE_DIGITS = re.compile(r"[+-]?[1-9]\d{0,2}(?P<sign>[.,])\d{3}")
SHOWN = re.compile(
    r"(?<![\d.,])(?:0(?P<zero>[.,])\d+|\d+(?P<sign>[.,])(?:\d{1,2}|\d{4,}))(?![\d.,])"
)
BESIDE = re.compile(r"(?P<number>[^(\[{]+?)[\s,;]*[(\[{]\s*(?P<beside>.+?)\s*[)\]}]")
ALONE = re.compile(r"[(\[{]\s*(?P<number>[^()\[\]{}]+?)\s*[)\]}]")
BELOW = re.compile(r"(?:<|≤|less than|under|below)\s*(?P<number>.+)", re.IGNORECASE)
LEVEL = re.compile(r"(?:\d+(?:[.,]\d+)?\s*)?(?:CI|UI|CrI|IC|HDI)\s*[:=,]?\s*", re.I)
LEVEL_IN_PERCENT = re.compile(
    r"\d+(?:[.,]\d+)?\s*%\s*(?=(?:CI|UI|CrI|IC|HDI|conf|unc|cred)\w*)"
)
LABEL = re.compile(r"(?P<role>n|se|s\.e\.)\s*[:=]\s*(?P<number>.+)", re.IGNORECASE)
BETWEEN = re.compile(r"\s*(?:[-‐‑–—/;,]|\bto\b)\s*|\s+")
YEAR = r"(?P<year>(?:1[89]|20|21)\d\d)"
YEARS = [
    (rf"{YEAR}(?:[.,]0+)?", ""),
    (rf"{YEAR}[.,]\d+", "the year that holds a decimal date"),
    (rf"{YEAR}-[01]\d-[0-3]\d(?:[ T].*)?", "the year of a date"),
    (rf"{YEAR}\s*[-‐‑–—/]\s*(?P<until>(?:1[89]|20|21)\d\d)", "fieldwork of years"),
    (rf"{YEAR}\s*[-‐‑–—/]\s*(?P<short>\d\d)", "fieldwork of years"),
]
LONGEST = 20  # years of fieldwork
DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[ T].*)?")
AGED = re.compile(r"(?:ages?|aged)\s+", re.IGNORECASE)
EVERY_AGE = ("all", "all ages", "total", "_t")
SEXES = {
    "female": ("female", "females", "f", "women", "woman", "girls", "girl"),
    "male": ("male", "males", "m", "men", "man", "boys", "boy"),
    "both": (
        *("both", "both sexes", "total", "t", "_t", "all", "persons"),
        *("male and female", "female and male", "men and women", "women and men"),
    ),
}
SEX_OF = {word: sex for sex, words in SEXES.items() for word in words}


class Doubt(Exception):
    """Why a text cannot be read; `proposal` is the text to write in its place."""

    def __init__(self, reason: str, proposal: str = ""):
        super().__init__(reason)
        self.reason = reason
        self.proposal = proposal


@dataclass(frozen=True)
class Convention:
    """How a table prints its numbers.

    decimal: "." or ",", BOTH where its cells show both, "" where they show neither.
    marks: letters of its footnotes. parentheses: what a single number in parentheses
    beside an estimate is, "se" or "n"; "" where nothing says.
    """

    decimal: str = ""
    marks: tuple[str, ...] = ()
    parentheses: str = ""


@dataclass(frozen=True)
class Reading:
    """What one cell says.

    texts: role → plain text; how: how it was read, "" where it stood as it is read;
    unit: that the cell itself names; marks: of footnotes; half: half of the width of
    what it leaves open, in its unit, as "0.05" for "<0.1".
    """

    texts: dict[str, str] = field(default_factory=dict)
    how: str = ""
    unit: str = ""
    marks: tuple[str, ...] = ()
    half: str = ""


type CellReader = Callable[[str, Convention], Reading]


def shown_decimal(text: str) -> set[str]:
    """Return the signs of decimals that a text shows beyond doubt: "31,6" a comma."""
    return {match["sign"] or match["zero"] for match in SHOWN.finditer(text)}


def numeral(
    text: str,
    convention: Convention,
    counted: bool = False,
) -> tuple[str, str]:
    """Return a number as a plain numeral, to the digit, and how it was read.

    counted: whole numbers are expected, so that a comma before three digits is of
    thousands. Raises Doubt.
    """
    if THREE_DIGITS.fullmatch(text):
        return _three_digits(text, convention, counted)
    if PLAIN.fullmatch(text):
        return text, ""
    for pattern, thousands, decimal, how in NUMERALS:
        if re.fullmatch(pattern, text):
            digits = text.translate(dict.fromkeys(map(ord, thousands)))
            return digits.replace(decimal, "."), how
    raise Doubt("is no number")


def _three_digits(
    text: str,
    convention: Convention,
    counted: bool,
) -> tuple[str, str]:
    """Return "5,680" or "5.680", whose sign is of thousands or of decimals."""
    comma = "," in text
    decimals = text.replace(",", ".")
    joined = decimals.replace(".", "")
    decimal = convention.decimal
    if not comma and (decimal == "." or (not decimal and not counted)):
        return text, ""
    if decimal == ("." if comma else ","):
        return joined, "sign of thousands"
    if comma and decimal == "," and not counted:
        return decimals, "decimal comma"
    if comma and decimal != "," and counted:
        return joined, "comma of thousands"
    raise Doubt(f"is {joined} or {decimals}", joined if counted else decimals)


def read_estimate(text: str, convention: Convention) -> Reading:
    """Read an estimate with what stands beside it: "24.1% (22.0–26.3)", "<0.1"."""
    core, unit, marks = _stripped(text, convention)
    if not core and marks:
        return Reading({}, "a mark alone: no figure", unit, marks)
    _refuse_unclear(core)
    below = BELOW.fullmatch(core)
    if below:
        bound, _ = numeral(below["number"], convention)
        half = f"{Decimal(bound) / 2:f}"
        how = "anything from 0 to it"
        return Reading({"estimate": half}, how, unit, marks, half)
    alone = ALONE.fullmatch(core)
    if alone:
        plain, _ = numeral(alone["number"], convention)
        return Reading({"estimate": plain}, "a figure in parentheses", unit, marks)
    beside = BESIDE.fullmatch(core)
    if not beside:
        plain, how = numeral(core, convention)
        return Reading({"estimate": plain}, _how(how, unit, marks), unit, marks)
    plain, how = numeral(beside["number"], convention)
    texts = _beside(beside["beside"], convention)
    named = f"with {' and '.join(texts)}"
    how = f"{how}, {named}" if how else named
    return Reading({"estimate": plain, **texts}, how, unit, marks)


def _how(how: str, unit: str, marks: tuple[str, ...]) -> str:
    """Return how a number was read, of whose cell more was set aside."""
    if how or not marks:
        return how or unit
    return f"without its mark {' '.join(marks)}"


def _refuse_unclear(core: str) -> None:
    if core in DASHES:
        raise Doubt("is a dash, which may stand for no figure or for zero")
    if "±" in core:
        raise Doubt("does not say whether ± is a SE or a margin of error")


def _beside(text: str, convention: Convention) -> dict[str, str]:
    """Return what parentheses beside an estimate hold: bounds, a SE or n."""
    bounds = LEVEL.match(text)
    if bounds:
        return _bounds(text[bounds.end() :], convention, unnamed=False)
    label = LABEL.fullmatch(text)
    if label:
        role = "n" if label["role"].lower() == "n" else "se"
        plain, _ = _number_of(role, label["number"], convention)
        return {role: plain}
    return _bounds(text, convention, unnamed=True)


def _bounds(
    text: str,
    convention: Convention,
    unnamed: bool,
) -> dict[str, str]:
    """Return the two bounds that a text has; unnamed: it may be one number instead.

    The text is divided wherever both sides are numbers; there must be one such place.
    """
    pairs = []
    for match in BETWEEN.finditer(text):
        lower, upper = text[: match.start()], text[match.end() :]
        try:
            pair = (numeral(lower, convention)[0], numeral(upper, convention)[0])
        except Doubt:
            continue
        pairs.append(pair)
    role = convention.parentheses
    number = _single(role, text, convention) if unnamed else ""
    if number and role:
        return {role: number}
    if len(pairs) == 1 and not number:
        lower, upper = pairs[0]
        return {"lower": lower, "upper": upper}
    if number and not pairs:
        raise Doubt(
            "has a number in parentheses that nothing names; write parentheses ="
            ' "se" or "n" on the card'
        )
    raise Doubt("has parentheses that hold no two bounds, or more than two")


def _single(role: str, text: str, convention: Convention) -> str:
    try:
        return _number_of(role, text, convention)[0]
    except Doubt as doubt:
        return doubt.proposal if role != "n" else ""


def _number_of(
    role: str,
    text: str,
    convention: Convention,
) -> tuple[str, str]:
    """Return a SE, or n, whose signs those of the estimates do not tell."""
    if role == "n":
        return numeral(text, replace(convention, decimal=""), counted=True)
    return numeral(text, convention)


def read_bounds(text: str, convention: Convention) -> Reading:
    """Read both bounds from one cell: "22.0–26.3", "(22.0, 26.3)"."""
    core, unit, marks = _stripped(text, convention)
    _refuse_unclear(core)
    alone = ALONE.fullmatch(core)
    inner = alone["number"] if alone else core
    level = LEVEL.match(inner)
    inner = inner[level.end() :] if level else inner
    texts = _bounds(inner, convention, unnamed=False)
    return Reading(texts, "two bounds", unit, marks)


def number_reader(role: str, counted: bool) -> CellReader:
    """Return the reader of a column of plain numbers, such as n (counted) or se."""

    def read(text: str, convention: Convention) -> Reading:
        core, unit, marks = _stripped(text, convention)
        if not core and marks:
            return Reading({}, "a mark alone: no figure", unit, marks)
        _refuse_unclear(core)
        alone = ALONE.fullmatch(core)
        core = alone["number"] if alone else core
        plain, how = numeral(core, convention, counted)
        if alone and not how:
            how = "a figure in parentheses"
        return Reading({role: plain}, _how(how, unit, marks), unit, marks)

    return read


def _stripped(
    text: str,
    convention: Convention,
) -> tuple[str, str, tuple[str, ...]]:
    """Return a text without its unit and the marks of its footnotes, and these."""
    text = LEVEL_IN_PERCENT.sub("", text)
    unit = UNIT.search(text)
    named = ""
    if unit:
        named = "percent" if unit["percent"] else "per 1,000"
    core = UNIT.sub("", text)
    marks = tuple(SIGNS.findall(core))
    core = SIGNS.sub("", core).strip()
    if convention.marks:
        letters = "|".join(map(re.escape, convention.marks))
        lettered = re.compile(rf"(?<=[\d)\]])\s?({letters})(?=\s*$|\s*[(\[])")
        marks += tuple(lettered.findall(core))
        core = lettered.sub("", core).strip()
    return core, named, marks


def read_years(text: str, convention: Convention) -> Reading:
    """Read the years of fieldwork: 2015, "2011/12", "2015-16", 2017.92, a date."""
    core, _, marks = _stripped(text, convention)
    if re.fullmatch(r"[+-]?\d{1,3}|[+-]?\d{5,}", core):
        return Reading({"year": core}, marks=marks)
    for pattern, how in YEARS:
        match = re.fullmatch(pattern, core)
        if match:
            texts = {"year": match["year"]}
            groups = match.groupdict()
            if groups.get("short"):
                texts["until"] = _last_year(match["year"], match["short"])
            elif groups.get("until"):
                texts["until"] = match["until"]
            return Reading(texts, _how(how, "", marks), marks=marks)
    years = re.findall(YEAR, core)
    raise Doubt("is no year", years[0] if len(set(years)) == 1 else "")


def _last_year(first: str, short: str) -> str:
    """Return the year in which "2011/12" ends; "2005/08" may be a month."""
    last = str(int(first) - int(first) % 100 + int(short))
    if int(last) < int(first):
        last = str(int(last) + 100)
    years = int(last) - int(first)
    if years > LONGEST:
        raise Doubt("is no time of fieldwork", first)
    if years != 1 and int(short) <= 12:
        raise Doubt("may be a month or the years of fieldwork", f"{first}-{last}")
    return last


def read_until(text: str, convention: Convention) -> Reading:
    """Read the last year of fieldwork."""
    reading = read_years(text, convention)
    last = reading.texts.get("until", reading.texts["year"])
    return Reading({"until": last}, reading.how, marks=reading.marks)


def read_age(text: str, _convention: Convention) -> Reading:
    """Read an age band, as its label, or "all"; "15plus", "15_24" and "Y15T49" too."""
    if text.lower() in EVERY_AGE:
        return Reading({"age": "all"})
    if DATE.fullmatch(text):
        month, day = int(text[5:7]), int(text[8:10])
        proposal = f"{min(month, day)}-{max(month, day)}"
        raise Doubt("is a date, which spreadsheets make of ages", proposal)
    try:
        band = parse_band(AGED.sub("", text))
    except UncountedError as error:
        sentence = str(error).rstrip(".")
        raise Doubt(f"is no age: {sentence}. For all ages write 'all'") from error
    label = band.label
    return Reading({"age": label}, "" if text == label else "the band")


def read_sex(text: str, _convention: Convention) -> Reading:
    """Read female, male or both from the usual words and letters."""
    sex = SEX_OF.get(text.lower())
    if sex is None:
        raise Doubt("is not female, male or both; say on the card which it is")
    return Reading({"sex": sex}, "" if text == sex else "a word for it")
