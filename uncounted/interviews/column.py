"""Column: SQL for a column of a file, whatever type the file gives it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from uncounted.glance import outline

NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
FLOATS = ("DOUBLE", "FLOAT")
WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "HUGEINT",
)


@dataclass(frozen=True)
class Column:
    """SQL that names the column, its DuckDB type, and the codes that the file declares.

    labels: code → label; missing: (lowest, highest) codes, as declared in the file →
    reason.
    """

    sql: str
    type: str
    labels: Mapping[object, str] = field(default_factory=dict)
    missing: Mapping[tuple[object, object], str] = field(default_factory=dict)

    __repr__ = outline

    @property
    def text(self) -> str:
        """SQL for the value as trimmed text, NULL where blank; 1.0 is '1', as in any
        other file.
        """
        if self.type == "VARCHAR":
            return f"nullif(trim({self.sql}), '')"
        if self.type in FLOATS:
            is_whole = f"{self.sql} = floor({self.sql}) AND abs({self.sql}) < 1e15"
            integer = f"CAST(CAST({self.sql} AS BIGINT) AS VARCHAR)"
            return (
                f"CASE WHEN isnan({self.sql}) THEN NULL WHEN {is_whole} THEN {integer}"
                f" ELSE CAST({self.sql} AS VARCHAR) END"
            )
        return f"CAST({self.sql} AS VARCHAR)"

    @property
    def number(self) -> str:
        """SQL for the value as a double, NULL where it isn't a plain decimal number."""
        if self.type == "VARCHAR":
            plain = f"regexp_full_match(trim({self.sql}), '{NUMBER}')"
            return f"CASE WHEN {plain} THEN TRY_CAST(trim({self.sql}) AS DOUBLE) END"
        if self.type in FLOATS:
            return (
                f"CASE WHEN isnan({self.sql}) THEN NULL ELSE CAST({self.sql} AS"
                " DOUBLE) END"
            )
        numeric = self.type in (*WHOLE, "BOOLEAN") or self.type.startswith("DECIMAL")
        value = self.sql if numeric else "NULL"
        return f"CAST({value} AS DOUBLE)"

    def equals(self, key: object) -> str:
        """SQL that is true where the value is `key`: a number however spelt, a text, or
        a code's label.
        """
        value = self._code(key)
        if isinstance(value, str):
            return f"{self.text} = {literal(value)}"
        return f"{self.number} = {double(float(value))}"

    def between(self, low: object, high: object) -> str:
        """SQL that is true where the value lies from `low` to `high`, both included."""
        if low == high:
            return self.equals(low)
        lower = double(float(str(low)))
        upper = double(float(str(high)))
        return f"{self.number} BETWEEN {lower} AND {upper}"

    def _code(self, key: object) -> float | str:
        value = code(key)
        if value in map(code, self.labels):
            return value
        for labelled, label in self.labels.items():
            if label == key:
                return code(labelled)
        return value


def code(key: object) -> float | str:
    """Return a code as a number where it reads as one, else as trimmed text: 1, 1.0 and
    '1' are one code.
    """
    if isinstance(key, bool | int | float):
        return float(key)
    text = str(key).strip()
    return float(text) if re.fullmatch(NUMBER, text) else text


def double(number: float) -> str:
    """Return a number as an SQL double; with its decimals alone it would be of another
    type.
    """
    return f"CAST('{number!r}' AS DOUBLE)"


def literal(text: str) -> str:
    """Return text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
