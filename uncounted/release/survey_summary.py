"""Survey summary: the surveys behind an estimate, by country, region and year."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncounted.observations.elsewhere import ELSEWHERE
from uncounted.release.outline import Record, plain
from uncounted.release.release import Release
from uncounted.world.world import groups


def surveys(release: Release) -> pd.DataFrame:
    """Return the surveys behind the estimate, by country and year, with the country's
    name; masked as released.
    """
    names = release.world.places["name"]
    tables = [
        part.surveys.reset_index().assign(outcome=part.card.outcome)
        for part in release.parts
    ]
    table = pd.concat(tables, ignore_index=True)
    words = [release.say.term(names.get(code, code)) for code in table["country"]]
    named = table.assign(name=words, plain=[plain(name) for name in words])
    order = ["plain", "year", "survey"]
    ordered = named.sort_values(order, ignore_index=True, kind="stable")
    return ordered.drop(columns="plain")


def data(release: Release) -> Record:
    """Return what the surveys are: by region and kind of source, by year, and how many
    persons their countries hold.

    A survey that several models ask counts once, but for `lines`, `rows` and `masked`.
    """
    lines = surveys(release)
    single = lines.drop_duplicates(["country", "survey"])
    national = single[single["source"] != ELSEWHERE]
    totals = release.totals
    countries = totals[totals["grouping"] == "country"].set_index("group")
    people = countries["population"]
    surveyed = people.index.isin(national["country"])
    kinds = sorted(single["source"].unique(), key=_other_last)
    years = Counter(int(year) for year in national["year"])
    return {
        "kinds": kinds,
        "table": _by_region(release, single, people, surveyed, kinds),
        "all": [int((single["source"] == kind).sum()) for kind in kinds],
        "lines": len(lines),
        "surveys": len(national),
        "surveyed": int(surveyed.sum()),
        "countries": len(people),
        "share": _share(people, surveyed),
        "years": dict(sorted(years.items())),
        "rows": int(lines["rows"].sum()),
        "respondents": float(single["respondents"].sum(min_count=1)),
        "counted": int(single["respondents"].notna().sum()),
        "masked": int((lines["masked"] != "").sum()),
        "source": source_of(release),
    }


def _other_last(kind: str) -> tuple[bool, str]:
    return kind == "other", kind


def source_of(release: Release) -> str:
    """Return the sources of the surveys behind an estimate, each once."""
    sources = [source for part in release.parts for source in part.source.split("; ")]
    return "; ".join(dict.fromkeys(sources))


def _by_region(
    release: Release,
    single: pd.DataFrame,
    people: pd.Series,
    surveyed: np.ndarray,
    kinds: Sequence[str],
) -> list[Record]:
    """Return, for each region, its surveys by kind of source, its surveyed countries
    and the share of its persons who live there.
    """
    regions = groups(release.world, "region")
    region_of_survey = single["country"].map(regions)
    table = []
    for region in sorted(regions.unique()):
        sources = single.loc[region_of_survey == region, "source"]
        members = people.index.isin(regions.index[regions == region])
        row = {
            "name": region,
            "kinds": [int((sources == kind).sum()) for kind in kinds],
            "share": _share(people[members], surveyed[members]),
            "surveyed": int(surveyed[members].sum()),
            "countries": int(members.sum()),
            "surveys": int((sources != ELSEWHERE).sum()),
        }
        table.append(row)
    return table


def _share(people: pd.Series, surveyed: np.ndarray) -> float:
    """Return the share of persons in surveyed countries; NaN where nobody lives."""
    total = float(people.sum())
    return float(people[surveyed].sum()) / total if total else math.nan
