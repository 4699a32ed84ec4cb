"""Layout: which column of a file of victim records holds what, and what its words
mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from uncounted.errors import UncountedError, did_you_mean

NEEDED = ("year", "country", "sex")
ROLES = (
    *NEEDED,
    "age",
    "majority",
    "form",
    "citizenship",
    "programme",
    "count",
    "noise_sd",
)
BLANK = "blank"


@dataclass(frozen=True)
class Layout:
    """Columns of a file of victim records, and what their texts mean.

    columns: role → column; forms: form of exploitation → its column of 1 and 0; values:
    role → {text → our word}; unknown: text that stands for an unknown value in any
    column → reason.
    """

    columns: Mapping[str, str]
    forms: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)

    def present(self, headers: Mapping[str, object], where: str) -> "Layout":
        """Return the layout of the columns that a file has; raises UncountedError where
        it lacks one that is needed.
        """
        columns = _present(self.columns, headers)
        forms = _present(self.forms, headers)
        for role in NEEDED:
            _need(role in columns, role, self.columns.get(role, role), headers, where)
        has_age = "age" in columns or "majority" in columns
        age = self.columns.get("age", self.columns["majority"])
        _need(has_age, "age or majority", age, headers, where)
        has_form = bool(forms) or "form" in columns
        form = next(iter(self.forms.values()), "form")
        _need(has_form, "form", form, headers, where)
        return replace(
            self,
            columns=columns,
            forms=forms,
        )


LAYOUTS = {
    "own": Layout(
        {role: role for role in ROLES},
        {form: form for form in ("labour", "sexual", "other")},
    ),
    "public case data": Layout(
        {
            "year": "yearOfRegistration",
            "country": "CountryOfExploitation",
            "sex": "gender",
            "majority": "majorityStatusAtExploit",
            "citizenship": "citizenship",
        },
        {
            "labour": "isForcedLabour",
            "sexual": "isSexualExploit",
            "other": "isOtherExploit",
        },
        {
            "sex": {"Woman": "female", "Man": "male"},
            "majority": {"Adult": "adult", "Minor": "child"},
        },
        {
            "-99": "not stated in the source",
            "00": "masked in the source",
            "Unknown": "not stated in the source",
        },
    ),
}


def layout_of(
    name: str,
    columns: Mapping[str, str] | None,
    forms: Mapping[str, str] | None,
    values: Mapping[str, Mapping[str, str]] | None,
    unknown: Mapping[str, str] | None,
) -> Layout:
    """Return a layout that ships with changes; raises UncountedError for an unknown
    layout or role.
    """
    if name not in LAYOUTS:
        raise UncountedError(
            f"There is no layout '{name}' of victim"
            f" records.{did_you_mean(name, LAYOUTS)}"
        )
    layout = LAYOUTS[name]
    columns = {**layout.columns, **(columns or {})}
    forms = layout.forms if forms is None else forms
    values = values or {}
    roles = {*ROLES, *layout.forms, *forms}
    for role in (*columns, *values):
        if role not in roles:
            raise UncountedError(
                f"Victim records have no role '{role}'.{did_you_mean(role, ROLES)}"
            )
    words = dict(layout.values)
    for role, translations in values.items():
        words[role] = {**words.get(role, {}), **translations}
    return Layout(
        columns=columns,
        forms=forms,
        values=words,
        unknown={**layout.unknown, **(unknown or {})},
    )


def _present(
    columns: Mapping[str, str], headers: Mapping[str, object]
) -> dict[str, str]:
    return {role: column for role, column in columns.items() if column in headers}


def _need(
    present: bool,
    role: str,
    column: str,
    headers: Mapping[str, object],
    where: str,
) -> None:
    if not present:
        raise UncountedError(
            f"{where} has no column for {role} (looked for"
            f" '{column}').{did_you_mean(column, headers)} Say which columns hold what:"
            " columns={…} and forms={…}, or the layout of the public case data."
        )
