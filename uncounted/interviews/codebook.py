"""Codebook: the meaning of columns and codes of a file of respondents, and its SQL."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from uncounted.errors import UncountedError, did_you_mean
from uncounted.interviews.column import Column, double, identifier, literal
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.source import Source

# Every other named column is a trait, to break down by.
ROLES = ("weight", "stratum", "psu", "fpc", "id")
CROSSED = ("stratum", "psu", "id")  # roles that several columns may make together
CROSS = " × "
INSIDE = (*ROLES, "bucket", "half")  # names within the relation, taken for outcomes
# Columns of the tables made of the relation, taken for traits.
RESULTS = (
    *("outcome", "n", "cases", "weighted", "weighted_cases", "squares"),
    *("squared_cases", "row", "domain", "prevalence", "se", "lower", "upper"),
    *("interval", "interval_method", "effective_n", "df", "total", "total_se"),
    *("deff_without_replacement", "deff_with_replacement", "deff_kish"),
    *("reliability", "reliability_because"),
)
WHY, RAW, REPLICATE = "why ", "raw ", "replicate"  # prefixes within the relation
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # the reason of a value that nothing declares
BLANK = "blank"

type Named = str | Sequence[str]  # a column, or several that are crossed
type Cuts = Mapping[str, tuple[float, float | None]]  # label → (from, below)
type Cases = list[tuple[str, str]]  # SQL conditions and their SQL values or reasons


@dataclass(frozen=True)
class Codebook:
    """Codes by trait or outcome.

    recodes: value → value; missing: code → reason; cuts: label → (from, below);
    constants: trait → value.
    """

    recodes: Mapping[str, Mapping]
    missing: Mapping[str, Mapping[object, str]]
    cuts: Mapping[str, Cuts]
    constants: Mapping[str, str]


def parts(named: Named) -> tuple[str, ...]:
    """Return the columns that make a role together; most often one."""
    return (named,) if isinstance(named, str) else tuple(named)


def crossed(columns: Mapping[str, Named]) -> dict[str, tuple[str, ...]]:
    """Return role → columns of the roles that several columns make together."""
    names = {role: parts(named) for role, named in columns.items()}
    return {role: several for role, several in names.items() if len(several) > 1}


def check_words(
    columns: Mapping[str, Named],
    outcomes: Mapping[str, str],
    book: Codebook,
) -> None:
    """Raise UncountedError for declarations that contradict each other, before any file
    is opened.
    """
    _check_crossed(columns)
    if not outcomes:
        raise UncountedError(
            "No outcome is named. Say which column holds it: outcomes='…'."
        )
    _check_names(columns, outcomes, book)
    for codes in (book.recodes, book.missing, book.cuts):
        _check_coded(set(codes), {*columns, *outcomes, *book.constants})
    recoded = {*outcomes, *book.recodes}
    _refuse(
        recoded.intersection(book.cuts),
        "cannot be cut: only a trait without recodes can",
    )
    for outcome in sorted(outcomes):
        values = book.recodes.get(outcome, {}).values()
        wrong = {str(value) for value in values if value not in (0, 1)}
        _refuse(wrong, f"is no value of outcome '{outcome}': recode to 0 or 1")


def _check_names(
    columns: Mapping[str, Named],
    outcomes: Mapping[str, str],
    book: Codebook,
) -> None:
    traits = {*columns, *book.constants} - set(ROLES)
    taken = {name for name in traits if name.lower() in (*INSIDE, *RESULTS)}
    taken |= {name for name in outcomes if name.lower() in INSIDE}
    for name in traits.union(outcomes):
        if name.lower().startswith((WHY, RAW, REPLICATE)):
            taken.add(name)
    _refuse(taken, "has a meaning of its own here: call the trait or outcome otherwise")
    _refuse(
        {*columns, *ROLES}.intersection(book.constants),
        "is a constant and a column, or part of the design",
    )
    _refuse(
        {*columns, *traits}.intersection(outcomes),
        "names an outcome and something else: keep them apart",
    )
    lower = Counter(name.lower() for name in (*columns, *outcomes, *book.constants))
    alike = {
        name for name in traits.union(columns, outcomes) if lower[name.lower()] > 1
    }
    _refuse(alike, "differs from another name by case alone: call it otherwise")


def _check_coded(coded: set[str], names: set[str]) -> None:
    for name in sorted(coded - names):
        raise UncountedError(
            f"Codes are given for '{name}', which names no column."
            + did_you_mean(name, names)
        )
    _refuse(coded.intersection(ROLES), "is part of the design: it has no codes")


def _check_crossed(columns: Mapping[str, Named]) -> None:
    for role, named in columns.items():
        names = parts(named)
        if not names:
            raise UncountedError(
                f"No column is named as {role}. Name one, or leave {role} out."
            )
        if len(names) > 1 and role not in CROSSED:
            roles = ", ".join(CROSSED)
            raise UncountedError(
                f"{role} is given {len(names)} columns, {', '.join(names)}; only"
                f" {roles} can be crossed from several. Name one column."
            )
        if len(set(names)) < len(names):
            raise UncountedError(
                f"{role} is given a column twice: {', '.join(names)}. Name each once."
            )


def _refuse(names: Collection[str], fault: str) -> None:
    if names:
        raise UncountedError(f"'{min(names)}' {fault}.")


def relation(
    source: Source,
    columns: Mapping[str, Named],
    outcomes: Mapping[str, str],
    book: Codebook,
    reps: Replicates | None,
) -> str:
    """Return the SQL of the respondents: the design's columns, and every trait and
    outcome.

    Beside a trait or outcome, 'why …' is the reason where it is NULL and 'raw …' the
    text in the file.
    """
    declared = {
        role: _column(source, role, named)
        for role, named in {**columns, **outcomes}.items()
    }
    sql = [
        f"{literal(str(value))} AS {identifier(trait)}"
        for trait, value in book.constants.items()
    ]
    for role, column in declared.items():
        if role not in ROLES:
            sql += _answer(role, column, book, role in outcomes)
    sql += _design(declared)
    sql += [_shown(source, role, names) for role, names in crossed(columns).items()]
    if reps:
        factor = "" if reps.combined else " * weight"
        for index, name in enumerate(reps.columns):
            number = source.column(name, "replicate weight").number
            sql.append(f"({number}){factor} AS {replicate(index)}")
    return f"SELECT {', '.join(sql)} FROM {source.scan}"


def _design(columns: Mapping[str, Column]) -> list[str]:
    """Return the SQL of the design: weights of 1 and one stratum where none is
    declared.
    """
    raw_weight = identifier(RAW + "weight")
    if "weight" in columns:
        weight = columns["weight"]
        sql = [f"{weight.number} AS weight", f"{weight.text} AS {raw_weight}"]
    else:
        sql = [f"{double(1.0)} AS weight", f"NULL AS {raw_weight}"]
    stratum = columns["stratum"].text if "stratum" in columns else literal("all")
    sql.append(f"{stratum} AS stratum")
    for role in ("psu", "id"):
        if role in columns:
            sql.append(f"{columns[role].text} AS {role}")
    if "fpc" in columns:
        sql.append(f"{columns['fpc'].number} AS fpc")
    return sql


def _column(
    source: Source,
    role: str,
    named: Named,
) -> Column:
    """Return a role's column; several are crossed to one text, NULL where one of them
    is blank.
    """
    columns = [source.column(name, role) for name in parts(named)]
    if len(columns) == 1:
        return columns[0]
    # a sign of crossing within a value is doubled, so that no two crossings read alike
    texts = [f"replace({column.text}, '×', '××')" for column in columns]
    return Column(f"({f' || {literal(CROSS)} || '.join(texts)})", "VARCHAR")


def _shown(
    source: Source,
    role: str,
    names: Sequence[str],
) -> str:
    """Return the SQL of a crossed role's text with its blanks, for sentences."""
    texts = [
        f"coalesce({source.column(name, role).text}, {literal(BLANK)})"
        for name in names
    ]
    return f"{f' || {literal(CROSS)} || '.join(texts)} AS {identifier(RAW + role)}"


def replicate(index: int) -> str:
    """Return the name, in the relation, of a replicate weight, counted from 0."""
    return f"{REPLICATE}{index}"


def _answer(
    role: str,
    column: Column,
    book: Codebook,
    outcome: bool,
) -> list[str]:
    """Return the SQL of a trait or outcome: why it is missing, else its value; and its
    text in the file.
    """
    values, reasons = _cases(role, column, book, outcome)
    missing = []
    for key, why in book.missing.get(role, {}).items():
        missing.append((column.equals(key), literal(str(why))))
    for (low, high), why in column.missing.items():
        missing.append((column.between(low, high), literal(str(why))))
    missing.append((f"{column.text} IS NULL", literal(BLANK)))
    missing += reasons
    value = column.text
    if values:
        value = f"CASE {_whens(values)} END"
        declared = " OR ".join(f"({condition})" for condition, _ in values)
        missing.append((f"({declared}) IS NOT TRUE", literal(UNKNOWN)))
    reason = identifier(WHY + role)
    return [
        f"CASE {_whens(missing)} END AS {reason}",
        f"CASE WHEN {reason} IS NULL THEN {value} END AS {identifier(role)}",
        f"{column.text} AS {identifier(RAW + role)}",
    ]


def _cases(
    role: str,
    column: Column,
    book: Codebook,
    outcome: bool,
) -> tuple[Cases, Cases]:
    """Return (condition, value) of each declared value, and (condition, reason) of
    numbers in no group.
    """
    if book.recodes.get(role):
        return _recoded(role, column, book.recodes[role], outcome), []
    if book.cuts.get(role):
        return _cut(role, column, book.cuts[role])
    if outcome:
        return [(f"{column.number} = {value}", value) for value in ("0", "1")], []
    return [], []


def _recoded(
    role: str,
    column: Column,
    recodes: Mapping,
    outcome: bool,
) -> Cases:
    cases: dict[str, str] = {}
    twice = set()
    for code, value in recodes.items():
        condition = column.equals(code)
        if condition in cases:
            twice |= {str(key) for key in recodes if column.equals(key) == condition}
        cases[condition] = str(int(value)) if outcome else literal(str(value))
    _refuse(twice, f"is recoded twice for '{role}', in two spellings: keep one")
    return list(cases.items())


def _cut(
    role: str,
    column: Column,
    cuts: Cuts,
) -> tuple[Cases, Cases]:
    _refuse_overlap(role, cuts)
    cases = []
    outside = [f"({column.number}) IS NOT NULL"]
    for label, (low, below) in cuts.items():
        condition = _within(column, low, below)
        cases.append((condition, literal(label)))
        outside.append(f"NOT ({condition})")
    reason = literal(f"outside the groups of {role}")
    return cases, [(" AND ".join(outside), reason)]


def _whens(cases: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"WHEN {condition} THEN {value}" for condition, value in cases)


def _refuse_overlap(role: str, cuts: Cuts) -> None:
    rule = "from its first number to below its second"
    groups = []
    for label, (low, below) in cuts.items():
        groups.append((low, inf if below is None else below, label))
    empty = {label for low, below, label in groups if below <= low}
    _refuse(empty, f"is an empty group of {role}: it goes {rule}")
    for lower, upper in pairwise(sorted(groups)):
        if upper[0] < lower[1]:
            raise UncountedError(
                f"The groups '{lower[2]}' and '{upper[2]}' of {role} overlap: a group"
                f" goes {rule}."
            )


def _within(
    column: Column,
    low: float,
    below: float | None,
) -> str:
    above = f"({column.number}) >= {double(float(low))}"
    if below is None:
        return above
    return f"{above} AND ({column.number}) < {double(float(below))}"
