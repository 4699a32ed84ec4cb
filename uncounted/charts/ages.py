"""Ages: prevalence by age and sex, with intervals, of one place or of several."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.palette import MARK, SECOND, styled
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.leaves.estimate import Estimate
from uncounted.model.vocabulary import SHOW
from uncounted.tables.breakdown import together
from uncounted.wording.numerals import band, heading, level
from uncounted.wording.words import Words, read_words
from uncounted.world.codes import hint

COLUMNS, WIDE, HIGH = 3, 170, 130
PLACES = ("world", "region", "subregion", "country")


def plot_age_sex(
    fit: Fit | Estimate,
    places: str | Sequence[str] = "World",
    interval: float = 0.95,
    language: str = "en",
) -> alt.FacetChart:
    """Draw prevalence by age and sex of the world, of regions or countries by name or
    code.

    Raises UncountedError for a place that the fit does not know.
    """
    wanted = [places] if isinstance(places, str) else list(places)
    rows = together(fit, PLACES, interval)
    known = {*rows["name"], *rows["group"]}
    for place in wanted:
        if place not in known:
            raise UncountedError(
                f"There is no country, region or world '{place}' in this"
                f" fit.{hint(place, fit.world.places, known)}"
            )
    chosen = rows[rows["name"].isin(wanted) | rows["group"].isin(wanted)]
    return styled(
        age_sex(chosen, fit.card.show, read_words(language)), read_words(language)
    )


def age_sex(rows: pd.DataFrame, show: str, say: Words, columns: int = COLUMNS) -> Any:
    """Return the chart of rows of estimates by sex and age, unstyled: a panel for each
    place.
    """
    banded = rows[rows["age"] != "all"]
    rows = rows if banded.empty else banded
    divided = rows[rows["sex"] != "all"]
    rows = (rows if divided.empty else divided).drop_duplicates(["name", "sex", "age"])
    table = pd.DataFrame(
        {
            stat: rows[f"prevalence_{stat}"] * SHOW[show]
            for stat in ("median", "lower", "upper")
        }
    )
    sexes = [
        say(f"people.{sex}")
        for sex in (("all",) if divided.empty else ("female", "male"))
    ]
    table = table.assign(
        name=[say.term(name) for name in rows["name"]],
        age=[band(age, say) for age in rows["age"]],
        sex=[say(f"people.{sex}") for sex in rows["sex"]],
    )
    ages, names = list(dict.fromkeys(table["age"])), list(dict.fromkeys(table["name"]))
    colour = alt.Color(
        "sex:N", title=None, scale=alt.Scale(domain=sexes, range=[MARK, SECOND])
    )
    shape = alt.Shape(
        "sex:N", title=None, scale=alt.Scale(domain=sexes, range=["circle", "square"])
    )
    y = alt.Y(
        "lower:Q",
        title=f"{heading(show, say)}, {level(rows['interval'].iloc[0], say)}",
        scale=alt.Scale(zero=True),
    )
    base = alt.Chart(table).encode(
        x=alt.X(
            "age:N", sort=ages, title=None, axis=alt.Axis(labelAngle=-40, labelLimit=90)
        ),
        xOffset=alt.XOffset("sex:N", sort=sexes),
        color=colour,
    )
    rule = base.mark_rule(strokeWidth=1.6).encode(y=y, y2="upper:Q")
    point = base.mark_point(filled=True, size=34, opacity=1).encode(
        y="median:Q", shape=shape
    )
    layers = (rule + point).properties(width=WIDE, height=HIGH)
    return layers.facet(
        facet=alt.Facet("name:N", title=None, sort=names), columns=columns
    )
