"""Codebook: what the columns and codes of a file of respondents mean, and the SQL that
says so.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from uncounted.errors import UncountedError, did_you_mean
from uncounted.interviews.column import Column, double, identifier, literal
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.source import Source

ROLES = (
    "weight",
    "stratum",
    "psu",
    "fpc",
    "id",
)  # every other named column is a trait, to break down by
CROSSED = ("stratum", "psu", "id")  # roles that several columns may make together
CROSS = " × "
INSIDE = (*ROLES, "bucket", "half")  # names within the relation, taken for outcomes
RESULTS = (  # columns of the tables made of it, taken for traits
    *(
        "outcome",
        "n",
        "cases",
        "weighted",
        "weighted_cases",
        "squares",
        "squared_cases",
        "row",
        "domain",
    ),
    *(
        "prevalence",
        "se",
        "lower",
        "upper",
        "interval",
        "interval_method",
        "effective_n",
        "df",
        "total",
        "total_se",
    ),
    *(
        "deff_without_replacement",
        "deff_with_replacement",
        "deff_kish",
        "reliability",
        "reliability_because",
    ),
)
WHY, RAW, REPLICATE = "why ", "raw ", "replicate"  # prefixes within the relation
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # the reason of a value that nothing declares
BLANK = "blank"

Named = str | Sequence[str]  # a column, or several that are crossed


@dataclass(frozen=True)
class Codebook:
    """By trait or outcome: recodes value → value, missing code → reason, cuts label →
    (from, below).
    """

    recodes: Mapping[str, Mapping]
    missing: Mapping[str, Mapping[object, str]]
    cuts: Mapping[str, Mapping[str, tuple[float, float | None]]]
    constants: Mapping[str, str]


def parts(named: Named) -> tuple[str, ...]:
    """Return the columns that make a role together; most often one."""
    return (named,) if isinstance(named, str) else tuple(named)


def crossed(columns: Mapping[str, Named]) -> dict[str, tuple[str, ...]]:
    """Return role → columns of the roles that several columns make together."""
    return {
        role: parts(named) for role, named in columns.items() if len(parts(named)) > 1
    }


def check_words(
    columns: Mapping[str, Named], outcomes: Mapping[str, str], book: Codebook
) -> None:
    """Raise UncountedError for declarations that contradict each other, before any file
    is opened.
    """
    _check_crossed(columns)
    if not outcomes:
        raise UncountedError(
            "No outcome is named. Say which column holds it: outcomes='…'."
        )
    traits = {*columns, *book.constants} - set(ROLES)
    taken = {name for name in traits if name.lower() in (*INSIDE, *RESULTS)}
    taken |= {name for name in outcomes if name.lower() in INSIDE}
    taken |= {
        name
        for name in traits | {*outcomes}
        if name.lower().startswith((WHY, RAW, REPLICATE))
    }
    _refuse(taken, "has a meaning of its own here: call the trait or outcome otherwise")
    _refuse(
        set(book.constants) & ({*columns} | set(ROLES)),
        "is a constant and a column, or part of the design",
    )
    _refuse(
        set(outcomes) & ({*columns} | traits),
        "names an outcome and something else: keep them apart",
    )
    names = sorted([*columns, *outcomes, *book.constants])
    lower = [name.lower() for name in names]
    alike = {name for name in names if lower.count(name.lower()) > 1}
    _refuse(alike, "differs from another name by case alone: call it otherwise")
    for part in (book.recodes, book.missing, book.cuts):
        for name in sorted(set(part) - set(names)):
            near = did_you_mean(name, names)
            raise UncountedError(
                f"Codes are given for '{name}', which names no column.{near}"
            )
        _refuse(set(part) & set(ROLES), "is part of the design: it has no codes")
    _refuse(
        set(book.cuts) & ({*outcomes} | {*book.recodes}),
        "cannot be cut: only a trait without recodes can",
    )
    for outcome in sorted(set(outcomes) & set(book.recodes)):
        wrong = {
            str(value)
            for value in book.recodes[outcome].values()
            if value not in (0, 1)
        }
        _refuse(wrong, f"is no value of outcome '{outcome}': recode to 0 or 1")


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


def _refuse(names: Collection[str], why: str) -> None:
    if names:
        raise UncountedError(f"'{min(names)}' {why}.")


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
    found = {
        role: _column(source, role, named)
        for role, named in {**columns, **outcomes}.items()
    }
    sql = [
        f"{literal(str(value))} AS {identifier(trait)}"
        for trait, value in book.constants.items()
    ]
    for role, column in found.items():
        if role not in ROLES:
            sql += _answer(role, column, book, role in outcomes)
    weight, stratum = found.get("weight"), found.get("stratum")
    sql.append(f"{weight.number if weight else double(1.0)} AS weight")
    sql.append(f"{weight.text if weight else 'NULL'} AS {identifier(RAW + 'weight')}")
    sql.append(f"{stratum.text if stratum else literal('all')} AS stratum")
    sql += [f"{found[role].text} AS {role}" for role in ("psu", "id") if role in found]
    sql += [f"{found['fpc'].number} AS fpc"] if "fpc" in found else []
    sql += [_shown(source, role, names) for role, names in crossed(columns).items()]
    for i, name in enumerate(reps.columns if reps else ()):
        factor = "" if reps is None or reps.combined else " * weight"
        sql.append(
            f"({source.column(name, 'replicate weight').number}){factor} AS"
            f" {replicate(i)}"
        )
    return f"SELECT {', '.join(sql)} FROM {source.scan}"


def _column(source: Source, role: str, named: Named) -> Column:
    """Return a role's column; several are crossed to one text, NULL where one of them
    is blank.
    """
    columns = [source.column(name, role) for name in parts(named)]
    if len(columns) == 1:
        return columns[0]
    # a sign of crossing within a value is doubled, so that no two crossings read alike
    texts = [f"replace({column.text}, '×', '××')" for column in columns]
    return Column(f"({f' || {literal(CROSS)} || '.join(texts)})", "VARCHAR")


def _shown(source: Source, role: str, names: Sequence[str]) -> str:
    """Return the SQL of a crossed role's text with its blanks, for sentences."""
    texts = [
        f"coalesce({source.column(name, role).text}, {literal(BLANK)})"
        for name in names
    ]
    return f"{f' || {literal(CROSS)} || '.join(texts)} AS {identifier(RAW + role)}"


def replicate(i: int) -> str:
    """Return the name, in the relation, of the i-th replicate weight."""
    return f"{REPLICATE}{i}"


def _answer(role: str, column: Column, book: Codebook, outcome: bool) -> list[str]:
    """Return the SQL of a trait or outcome: why it is missing, else its value; and its
    text in the file.
    """
    cases, outside = _cases(role, column, book, outcome)
    told = [
        (column.equals(key), why) for key, why in book.missing.get(role, {}).items()
    ]
    told += [
        (column.between(low, high), why) for (low, high), why in column.missing.items()
    ]
    told += [(f"{column.text} IS NULL", BLANK), *outside]
    if cases:
        known = " OR ".join(f"({condition})" for condition, _ in cases)
        told.append((f"({known}) IS NOT TRUE", UNKNOWN))
    reason, value = (
        identifier(WHY + role),
        (f"CASE {_whens(cases)} END" if cases else column.text),
    )
    return [
        (
            f"CASE {_whens((condition, literal(str(why))) for condition, why in told)}"
            f" END AS {reason}"
        ),
        f"CASE WHEN {reason} IS NULL THEN {value} END AS {identifier(role)}",
        f"{column.text} AS {identifier(RAW + role)}",
    ]


def _cases(
    role: str, column: Column, book: Codebook, outcome: bool
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return (condition, value) of each declared value, and (condition, reason) of
    numbers in no group.
    """
    recodes, cuts = book.recodes.get(role, {}), book.cuts.get(role, {})
    if recodes:
        cases = [
            (column.equals(k), str(int(v)) if outcome else literal(str(v)))
            for k, v in recodes.items()
        ]
        conditions = [condition for condition, _ in cases]
        twice = {
            str(k)
            for k, c in zip(recodes, conditions, strict=True)
            if conditions.count(c) > 1
        }
        _refuse(twice, f"is recoded twice for '{role}', in two spellings: keep one")
        return cases, []
    if cuts:
        _refuse_overlap(role, cuts)
        cases = [
            (_within(column, *bounds), literal(label)) for label, bounds in cuts.items()
        ]
        outside = " AND ".join(
            [f"({column.number}) IS NOT NULL", *(f"NOT ({c})" for c, _ in cases)]
        )
        return cases, [(outside, f"outside the groups of {role}")]
    return (
        [(f"{column.number} = {value}", f"{value}") for value in (0, 1)]
        if outcome
        else []
    ), []


def _whens(cases: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"WHEN {condition} THEN {value}" for condition, value in cases)


def _refuse_overlap(role: str, cuts: Mapping[str, tuple[float, float | None]]) -> None:
    groups = sorted(
        (low, inf if below is None else below, label)
        for label, (low, below) in cuts.items()
    )
    empty = {label for low, below, label in groups if below <= low}
    _refuse(
        empty,
        f"is an empty group of {role}: it goes from its first number to below its"
        " second",
    )
    for (_, below, label), (low, _, other) in pairwise(groups):
        if low < below:
            overlap = f"The groups '{label}' and '{other}' of {role} overlap"
            raise UncountedError(
                f"{overlap}: a group goes from its first number to below its second."
            )


def _within(column: Column, low: float, below: float | None) -> str:
    above = f"({column.number}) >= {double(float(low))}"
    return (
        above
        if below is None
        else f"{above} AND ({column.number}) < {double(float(below))}"
    )
