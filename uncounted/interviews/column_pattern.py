"""Pattern: globs and regular expressions that name several columns of a file."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from uncounted.errors import UncountedError

EXPLICIT = "re:"  # prefix of a regular expression that could be taken for a glob
SIGNS = "^$+(){}|\\"  # signs of regular expressions that mean nothing in a glob
SHOWN = 12  # names that a sentence lists; of more, the first and the last


def matching(pattern: str, names: Sequence[str]) -> list[str]:
    """Return the names that a pattern matches, in their order.

    A glob ('rw*', 'rw?', 'rw[0-9]') matches whole names. A text that begins with 're:',
    or has one of SIGNS, is a regular expression that is searched for in each name, as
    R's `repweights = "rw[0-9]+"` is; '^' and '$' bind it to the name's ends. Raises
    UncountedError for an expression after 're:' that is none.
    """
    if pattern.startswith(EXPLICIT):
        expression = _compiled(pattern)
    elif any(sign in pattern for sign in SIGNS):
        try:
            expression = re.compile(pattern)
        except re.error:
            return []
    else:
        return [name for name in names if fnmatchcase(name, pattern)]
    return [name for name in names if expression.search(name)]


def _compiled(pattern: str) -> re.Pattern:
    try:
        return re.compile(pattern.removeprefix(EXPLICIT))
    except re.error as error:
        raise UncountedError(
            f"'{pattern}' is no regular expression: {error}. Correct it, or give a"
            " list."
        ) from error


def left_out(matched: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the names that differ from matched ones only in a number in which matched
    names differ too.

    Of rw1 … rw20, 'rw?' leaves out rw10 … rw20. 'rw*_2019' does not leave out rw1_2020:
    all of its names end alike.
    """
    numbering: dict[str, list[tuple[str, ...]]] = {}
    for name in matched:
        numbering.setdefault(_stem(name), []).append(_numbers(name))
    fixed = {}
    alike = set()
    for stem, numbers in numbering.items():
        if len(numbers) > 1:
            fixed[stem] = [len(set(place)) == 1 for place in zip(*numbers, strict=True)]
            alike |= {(stem, _kept(number, fixed[stem])) for number in numbers}
    taken = set(matched)
    untaken = [name for name in names if name not in taken and _stem(name) in fixed]
    missed = []
    for name in untaken:
        stem = _stem(name)
        if (stem, _kept(_numbers(name), fixed[stem])) in alike:
            missed.append(name)
    return missed


def expression_for(matched: Sequence[str]) -> str:
    """Return a regular expression for all columns that are numbered like the first
    numbered column.
    """
    name = next((name for name in matched if _numbers(name)), matched[0])
    escaped = re.sub(r"([^A-Za-z0-9_])", r"\\\1", name)
    numbered = re.sub("[0-9]+", "[0-9]+", escaped)
    return f"{EXPLICIT}^{numbered}$"


def listed(names: Sequence[str]) -> str:
    """Return names for a sentence: all of a few, the first and the last of many."""
    if len(names) > SHOWN:
        return f"{names[0]} … {names[-1]}"
    return ", ".join(names)


def _stem(name: str) -> str:
    return re.sub("[0-9]+", "0", name)


def _numbers(name: str) -> tuple[str, ...]:
    return tuple(re.findall("[0-9]+", name))


def _kept(numbers: Sequence[str], fixed: Sequence[bool]) -> tuple[str, ...]:
    return tuple(number for number, kept in zip(numbers, fixed, strict=True) if kept)
