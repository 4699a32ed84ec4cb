"""Age bands, in completed months, read from and written as the field writes them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uncounted.errors import UncountedError

BAND = re.compile(r"(\d+)(?:\s*(?:-|–|to)\s*(\d+)|(\+)|\s+(and (?:over|older|above)))?\s*(months?|m|years?|y)?", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Band:
    """Ages from `lower` up to but not including `upper`, in months; upper None: no end."""

    lower: int
    upper: int | None

    @property
    def label(self) -> str:
        """The band as it is written: "15-24", "65+" in years, "6-11 months" where it doesn't fall on whole years."""
        unit, name = (12, "") if self.lower % 12 == 0 and (self.upper or 0) % 12 == 0 and not self._infant else (1, " months")
        if self.upper is None:
            return f"{self.lower // unit}+{name}"
        last = self.upper // unit - 1
        return f"{self.lower // unit}-{last}{name}" if last > self.lower // unit else f"{last}{name}"

    @property
    def _infant(self) -> bool:
        """Under fives are written in months unless the band is five whole years."""
        return self.upper is not None and self.upper <= 60 and (self.lower, self.upper) != (0, 60)


def parse_band(text: str) -> Band:
    """Read "0-5 months", "12 to 23 months", "15-24", "7", "65+", "80 and over"; whole years unless it says months."""
    match = BAND.fullmatch(str(text).strip())
    if not match:
        raise UncountedError(f"'{text}' is no age band. Write it as '15-24', '65+', '6-11 months' or '0-59 months'.")
    unit = 1 if (match[5] or "").lower().startswith("m") else 12
    first, last = int(match[1]), match[2]
    if match[3] or match[4]:
        return Band(first * unit, None)
    if last is not None and int(last) < first:
        raise UncountedError(f"The age band '{text}' ends before it begins. Write the younger age first.")
    return Band(first * unit, (int(last or first) + 1) * unit)


def contains(band: Band, other: Band) -> bool:
    """Say whether every age of `other` is in `band`."""
    return band.lower <= other.lower and (band.upper is None or (other.upper is not None and other.upper <= band.upper))


def shares(bands: Sequence[Band], groups: Sequence[Band]) -> np.ndarray:
    """Return the share of each group's people who are in each band (bands, groups), spread evenly over a group's months.

    Raises UncountedError for a band that cuts a group without end, or that reaches beyond the groups.
    """
    found = np.zeros((len(bands), len(groups)))
    for i, band in enumerate(bands):
        for j, group in enumerate(groups):
            if contains(band, group):
                found[i, j] = 1.0
            elif group.upper is not None:
                both = min(band.upper or group.upper, group.upper) - max(band.lower, group.lower)
                found[i, j] = max(both, 0) / (group.upper - group.lower)
            elif band.upper is None or band.upper > group.lower:
                raise UncountedError(f"The age band '{band.label}' cuts the group '{group.label}', which has no end. Use it whole.")
        _reaches(band, groups, found[i])
    return found


def _reaches(band: Band, groups: Sequence[Band], share: np.ndarray) -> None:
    ends = [group.upper for group in groups]
    months = sum(s * (g.upper - g.lower) for s, g in zip(share, groups, strict=True) if g.upper is not None)
    closed = band.upper if band.upper is not None else max((g.lower for g in groups if g.upper is None), default=None)
    if closed is None or round(months) != closed - band.lower and None not in ends or round(months) < closed - band.lower:
        known = f"{groups[0].label} to {groups[-1].label}"
        raise UncountedError(f"The age band '{band.label}' cannot be made of the population table's groups, {known}.")
