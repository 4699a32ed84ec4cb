"""Proposal: the card of a table of figures that has none, from its header and cells."""

import re
from collections.abc import Mapping
from typing import Any

from uncounted.errors import UncountedError
from uncounted.figures.cell_text import (
    LEVEL_IN_PERCENT,
    Convention,
    Doubt,
    read_estimate,
)
from uncounted.figures.readings import conventions_of, toml_text
from uncounted.figures.sheet_block import Block, Row
from uncounted.figures.sheet_cells import Sheet

# role → the heads of its columns, without parentheses and in small letters
HEADS = {
    "lower": r".*\b(lower|low|lcl|lci|ll)\b.*",
    "upper": r".*\b(upper|high|ucl|uci|ul)\b.*",
    "se": r"(.*\b)?(se|s e|standard error|std err|stderr)",
    "deff": r"deff|design effect",
    "bounds": r"(ci|ui|confidence interval|uncertainty interval)s?",
    "n_weighted": r"n weighted|weighted n",
    "n": r"n|sample( size)?|(unweighted )?(n|number)|(number of )?(respondents|cases)",
    "sex": r"sex|gender",
    "age": r"ages?|age (group|range|band)s?",
    "until": r"until|end year|last year",
    "year": r"(survey |reference )?years?|time( period)?|year of survey",
    "country": r"country( name| code)?|iso ?[23]?|iso code|m49|(ref )?area|"
    r"country or (area|territory)",
    "survey": r"survey( name| id)?",
    "source": r"source|data source",
    "note": r"(foot)?notes?|remarks?|comments?",
    "estimate": r".*\b(prevalence|estimate|per ?cent(age)?|pct|proportion|rate|value)\b"
    ".*",
}
UNIT_WORDS = [
    ("per 100,000", r"(per|/)\s*100[, ]?000"),
    ("per 1,000", r"(per|/)\s*1[, ]?000|‰|per (mille|thousand)"),
    ("percent", r"%|per\s?cent|\bpct\b"),
]
LEVEL = re.compile(r"(\d\d(?:\.\d+)?)\s*%?\s*(?:CI|UI|confidence|uncertainty|credible)")
IN_PARENTHESES = {"se": r"\((se|s\.e\.|standard error)\)", "n": r"\(n\)"}
TITLE = 120  # letters of a title that are taken


def role_of(head: str) -> str:
    """Return the role of a column by its head, "" for none."""
    plain = LEVEL_IN_PERCENT.sub("", re.sub(r"[(\[].*?[)\]]", "", head))
    plain = plain.replace("%", " percent ")
    words = " ".join(re.findall(r"[a-z0-9]+", plain.casefold()))
    for role, pattern in HEADS.items():
        if words and re.fullmatch(pattern, words):
            return role
    return ""


def header_score(row: Row) -> int:
    """Return how many roles a row's cells name."""
    return len({role_of(text) for text in row} - {""})


def proposed_words(
    block: Block,
    sheet: Sheet,
    name: str,
    words: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the words of a card for a table: those given, and what its header, title
    and cells say of the others.
    """
    columns, estimates = _columns(block, words)
    outcomes = _outcomes(estimates, name, words)
    constants = dict(words.get("constants", {}))
    if "survey" not in columns and "survey" not in constants:
        constants["survey"] = name
        if "source" in columns:
            columns["survey"] = columns["source"]
            del constants["survey"]
    proposal = {
        "title": block.title[:TITLE] or name,
        "kind": "figures",
        "file": name,
        "outcomes": outcomes,
        "sheet": sheet.name,
        "header": block.header,
        "encoding": sheet.encoding.removeprefix("utf-8"),
        "constants": constants,
        **_conventions(block, columns, outcomes, words),
    }
    kept = {word: value for word, value in proposal.items() if value}
    return {**kept, **words, "outcomes": outcomes, "columns": columns}


def _columns(
    block: Block,
    words: Mapping[str, Any],
) -> tuple[dict[str, str], list[str]]:
    """Return role → column, and the columns of estimates."""
    columns: dict[str, str] = dict(words.get("columns", {}))
    estimates = []
    for head in block.positions:
        role = role_of(head)
        if role == "estimate":
            estimates.append(head)
        elif role and head not in columns.values():
            columns.setdefault(role, head)
    if not estimates:
        free = [head for head in block.positions if head not in columns.values()]
        estimates = [head for head in free if _are_estimates(block, head)]
        if len(estimates) > 1:
            estimates = []
    return columns, estimates


def _are_estimates(block: Block, column: str) -> bool:
    texts = [text for text in block.table[column].unique() if text]
    try:
        readings = [read_estimate(text, Convention()) for text in texts]
    except Doubt:
        return False
    return bool(readings)


def _outcomes(
    estimates: list[str],
    name: str,
    words: Mapping[str, Any],
) -> dict[str, str]:
    outcomes = words.get("outcomes", "")
    if isinstance(outcomes, dict):
        return outcomes
    if len(estimates) == 1:
        return {outcomes or slug(name): estimates[0]}
    if not estimates or outcomes:
        listed = ", ".join(f"'{head}'" for head in estimates) or "none by its name"
        raise UncountedError(
            f"{name} has columns of estimates: {listed}. Say which are, as outcomes ="
            ' {"smoking": "the column"}.'
        )
    return {slug(head): head for head in estimates}


def slug(text: str) -> str:
    """Return a text as the name of an outcome: small letters and underscores."""
    words = re.findall(r"[a-z0-9]+", text.rsplit(".", 1)[0].casefold())
    return "_".join(words) or "outcome"


def _conventions(
    block: Block,
    columns: Mapping[str, str],
    outcomes: Mapping[str, str],
    words: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the header, the cells and the title say of units and signs."""
    head = next(iter(outcomes.values()))
    roles = {**columns, "estimate": head}
    conventions = conventions_of(block, roles, words.get("decimal", ""))
    convention = conventions["estimate"]
    about = f"{head} {block.title}"
    level = LEVEL.search(about)
    parentheses = ""
    for role, pattern in IN_PARENTHESES.items():
        if re.search(pattern, head, re.IGNORECASE):
            parentheses = role
    return {
        "unit": words.get("unit") or _unit(block, head, convention),
        "interval": float(level[1]) / 100 if level else 0.95,
        "decimal": convention.decimal if convention.decimal == "," else "",
        "parentheses": parentheses,
    }


def _unit(block: Block, head: str, convention: Convention) -> str:
    """Return the unit that the head, the cells or the title name; else proportion, if
    no estimate is above 1.
    """
    texts = block.table[head].unique()
    for text in (head, " ".join(texts), block.title):
        plain = LEVEL_IN_PERCENT.sub("", text)
        for unit, pattern in UNIT_WORDS:
            if re.search(pattern, plain, re.IGNORECASE):
                return unit
    for text in texts:
        try:
            reading = read_estimate(text, convention)
        except Doubt:
            continue
        if float(reading.texts.get("estimate", 0)) > 1:
            raise UncountedError(
                f"The column '{head}' has estimates above 1, and nothing names their"
                ' unit. Say unit = "percent", "per 1,000" or "per 100,000".'
            )
    return "proportion"


def card_text(words: Mapping[str, Any]) -> str:
    """Return the words of a card as TOML."""
    tables = {word: value for word, value in words.items() if isinstance(value, dict)}
    lines = [
        f"{word} = {_value(value)}"
        for word, value in words.items()
        if word not in tables
    ]
    for word, table in tables.items():
        lines += _table(word, table)
    return "\n".join([*lines, ""])


def _table(name: str, table: Mapping[str, Any]) -> list[str]:
    lines = []
    nested = {key: value for key, value in table.items() if isinstance(value, dict)}
    plain = {key: value for key, value in table.items() if key not in nested}
    if plain:
        lines += ["", f"[{name}]"]
    lines += [f"{toml_text(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in nested.items():
        lines += _table(f"{name}.{toml_text(key)}", value)
    return lines


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return toml_text(value)
