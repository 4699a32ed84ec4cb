"""Origin: what rows of evidence were made from, and how they are made again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import pandas as pd


class Origin(Protocol):
    """What rows of effective counts were made from."""

    def without(
        self, surveys: Collection[str], countries: Collection[str]
    ) -> pd.DataFrame:
        """Return the rows, those of `Evidence.rows`, as if some surveys, all that some
        countries had, were not made.
        """
        ...


@dataclass(frozen=True)
class AsTheyAre:
    """The origin of rows that do not depend on each other."""

    rows: pd.DataFrame

    def without(
        self,
        surveys: Collection[str],
        countries: Collection[str] = (),
    ) -> pd.DataFrame:
        """Return the rows of the other surveys."""
        del countries
        return self.rows.loc[~self.rows["survey"].isin(surveys)]


@dataclass(frozen=True)
class Renamed:
    """An origin whose surveys have other ids in the evidence.

    names: id in the origin → id in the evidence.
    """

    origin: Origin
    names: Mapping[str, str]

    def without(
        self,
        surveys: Collection[str],
        countries: Collection[str] = (),
    ) -> pd.DataFrame:
        """Return the rows of the other surveys, under the evidence's ids."""
        originals = {name: survey for survey, name in self.names.items()}
        ids = [originals.get(survey, survey) for survey in surveys]
        rows = self.origin.without(ids, countries)
        return rows.assign(survey=rows["survey"].replace(self.names))
