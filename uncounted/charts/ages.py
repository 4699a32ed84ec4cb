"""Ages: prevalence by age and sex, with intervals, of one place or of several."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.chart_table import in_unit, unit_and_level
from uncounted.charts.palette import colour_of, panels, shape_of, styled
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.leaves.estimate import Estimate
from uncounted.tables.breakdown import together
from uncounted.wording.numerals import band
from uncounted.wording.words import Words, read_words
from uncounted.world.codes import hint

COLUMNS, WIDTH, HEIGHT = 3, 170, 130
PLACES = ("world", "region", "subregion", "country")


def plot_age_sex(
    fit: Fit | Estimate,
    places: str | Sequence[str] = "World",
    interval: float = 0.95,
    language: str = "en",
) -> alt.FacetChart:
    """Draw prevalence by age and sex of the world, of regions or countries by name or
    code.

    Raises UncountedError for a place that the fit does not have.
    """
    requested = [places] if isinstance(places, str) else list(places)
    rows = together(fit, PLACES, interval)
    names = {*rows["name"], *rows["group"]}
    for place in requested:
        if place not in names:
            advice = hint(place, fit.world.places, names)
            raise UncountedError(
                f"There is no country, region or world '{place}' in this fit.{advice}"
            )
    chosen = rows[rows["name"].isin(requested) | rows["group"].isin(requested)]
    say = read_words(language)
    return styled(age_sex(chosen, fit.card.show, say), say)


def age_sex(
    rows: pd.DataFrame,
    show: str,
    say: Words,
    columns: int = COLUMNS,
) -> Any:
    """Return the unstyled chart of rows of estimates by sex and age, a panel for each
    place.
    """
    rows = _divided(rows, "age")
    rows = _divided(rows, "sex").drop_duplicates(["name", "sex", "age"])
    keys = ("all",) if (rows["sex"] == "all").all() else ("female", "male")
    sexes = [say(f"people.{sex}") for sex in keys]
    table = in_unit(rows, show).assign(
        name=[say.term(name) for name in rows["name"]],
        age=[band(age, say) for age in rows["age"]],
        sex=[say(f"people.{sex}") for sex in rows["sex"]],
    )
    unit, level = unit_and_level(rows, show, say)
    x = alt.X(
        "age:N",
        sort=list(dict.fromkeys(table["age"])),
        title=None,
        axis=alt.Axis(labelAngle=-40, labelLimit=90),
    )
    y = alt.Y(
        "lower:Q",
        title=f"{unit}, {level}",
        scale=alt.Scale(zero=True),
    )
    offset = alt.XOffset("sex:N", sort=sexes)
    colour = colour_of("sex:N", sexes)
    base = alt.Chart(table).encode(
        x=x,
        xOffset=offset,
        color=colour,
    )
    rule = base.mark_rule(strokeWidth=1.6).encode(
        y=y,
        y2="upper:Q",
    )
    point = base.mark_point(
        filled=True,
        size=34,
        opacity=1,
    )
    point = point.encode(
        y="median:Q",
        shape=shape_of("sex:N", sexes, "square"),
    )
    layers = (rule + point).properties(
        width=WIDTH,
        height=HEIGHT,
    )
    return panels(layers, "name:N", columns, list(dict.fromkeys(table["name"])))


def _divided(rows: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Return the rows by sex or age, or all rows where none is divided by it."""
    divided = rows[rows[axis] != "all"]
    return rows if divided.empty else divided
