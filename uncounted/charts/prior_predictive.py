"""Prior predictive: the prior of a country's and the world's prevalence, before any
data, in the card's unit.
"""

from dataclasses import dataclass, replace
from html import escape

import altair as alt
import numpy as np
import pandas as pd
import pymc as pm
import vl_convert
import xarray as xr

from uncounted.glance import outline
from uncounted.infer import totals
from uncounted.infer.derived import derived
from uncounted.infer.prior import draw_prior
from uncounted.model.build import build
from uncounted.model.card import Card
from uncounted.model.terms import OPTIONAL
from uncounted.observations.evidence import counts
from uncounted.observations.exclusive import exclusive
from uncounted.wording.numerals import SHOW, fraction, rate, unit
from uncounted.wording.words import read_words
from uncounted.world.world import World, persons

# More than a tenth of a country's prior beyond 90 % or 1 in 100,000 is worth a warning.
HIGH, LOW, MASS = 0.9, 1e-5, 0.1
# Priors of surveys' results, which say nothing of prevalence.
OF_COUNTS = (*OPTIONAL, "deff_excess")
BARS, SHOWN = 60, (0.002, 0.998)  # on the chart: bars, and the quantiles between them
COLOURS = {"world": "#b3541e", "country": "#1b6ca8"}


@dataclass(frozen=True)
class PriorPredictive:
    """A card's prior of prevalence, before any data: `summary`, `plot()`, and a
    `warning` if it is absurd (else empty).

    world (draw,) and country (draw, country): prevalence of all persons of the card's
    ages in the reference year, as proportions. summary: one row each for the world, for
    any country (every draw of every country), for the spread between countries within a
    draw, and for the world's sexes, ages, levels of traits and forms; median, lower,
    upper, interval, unit.
    """

    card: Card
    world: xr.DataArray
    country: xr.DataArray
    summary: pd.DataFrame
    warning: str
    seed: int

    __repr__ = outline

    def plot(self) -> alt.Chart:
        """Draw both priors in the card's unit, on a scale of ratios; the bars of each
        sum to one.
        """
        say = read_words()
        bars = pd.concat([_bars(self, name) for name in COLOURS], ignore_index=True)
        axis = alt.Axis(
            title=say("prior.axis", unit=unit(self.card.show, say)),
            format="~g",
            tickCount=6,
        )
        colours = alt.Scale(
            domain=[say(f"prior.{name}") for name in COLOURS],
            range=list(COLOURS.values()),
        )
        title = say("prior.title", title=self.card.title)
        base = alt.Chart(
            bars,
            width=520,
            height=180,
            title=title,
        )
        return base.mark_bar(opacity=0.45).encode(
            x=alt.X(
                "low:Q",
                scale=alt.Scale(type="log", nice=False),
                axis=axis,
            ),
            x2="high:Q",
            y=alt.Y(
                "share:Q",
                title=None,
                axis=None,
                stack=None,
            ),
            y2=alt.datum(0),
            color=alt.Color(
                "of:N",
                title=None,
                scale=colours,
            ),
        )

    def _repr_html_(self) -> str:
        warning = ""
        if self.warning:
            warning = f"<p><strong>{escape(self.warning)}</strong></p>"
        drawing = vl_convert.vegalite_to_svg(self.plot().to_json())
        table = self.summary.to_html(
            index=False,
            float_format="{:,.3g}".format,
        )
        return f"{warning}{drawing}{table}"

    def __str__(self) -> str:
        """Return the summary as a table, and the warning."""
        title = read_words()("prior.title", title=self.card.title)
        table = self.summary.to_string(
            index=False,
            float_format="{:,.3g}".format,
        )
        lines = [title, table]
        if self.warning:
            lines.append(self.warning)
        return "\n".join(lines)


def prior_predictive(
    card: Card,
    world: World,
    draws: int = 1000,
    *,
    seed: int,
    interval: float = 0.95,
) -> PriorPredictive:
    """Draw prevalence of all countries from the card's priors alone; nothing is fitted,
    so it takes seconds.

    The warning comes if more than a tenth of the prior of a country, all countries'
    draws together, lies above 90 % or below 1 in 100,000. Other priors than those of
    prevalence (of surveys' errors, of mistakes, of durations) are left out. Raises
    UncountedError for covariates that the world lacks.
    """
    model = _cells(card, world)
    drawn = draw_prior(model, seed, draws)
    cells = derived(model, drawn, ["p"])["p"].squeeze("chain", drop=True)
    people = persons(
        world,
        card.bands,
        card.year,
        nearest=True,
        traits=card.traits,
    )
    size = people.sum(totals.axes(people))
    country = (
        xr.dot(
            cells,
            people,
            dim=list(card.axes),
        )
        / size
    )
    country = country.dropna("country", how="all").transpose("draw", "country")
    by = _of_the_world(cells, people)
    everybody = by.sel(dict.fromkeys(card.axes, totals.ALL), drop=True)
    summary = _summary(card, by, everybody, country, interval)
    warning = _warning(card, country)
    return PriorPredictive(card, everybody, country, summary, warning, seed)


def _of_the_world(cells: xr.DataArray, people: xr.DataArray) -> xr.DataArray:
    """Return prevalence of the world by draw, sex, age and traits, with their sums."""
    world = pd.Series("World", index=people["country"].to_numpy())
    affected = totals.affected(cells, people, world)
    rates = affected / totals.population(people, world)
    return rates.sel(group="World", drop=True)


def _cells(card: Card, world: World) -> pm.Model:
    """Build the card's model of cells, without surveys' results.

    A model needs a row of evidence. This one's is of one person, and draws from the
    prior don't use it.
    """
    priors = {key: prior for key, prior in card.priors.items() if key not in OF_COUNTS}
    of_its_own = card.forms or card.link == "identity"
    bare = replace(
        card,
        priors=priors,
        likelihood=card.likelihood if of_its_own else "binomial",
        validation={},
    )
    row = {
        "survey": "none",
        "country": world.places.index[0],
        "year": card.year,
        "sex": "both",
        "age": card.ages[0],
        "n": 1.0,
        "y": 0.5 / max(len(card.forms), 1),
    }
    table = pd.DataFrame([row])
    if not card.forms:
        return build(bare, world, counts(table, card.outcome))
    evidences = {form: counts(table, form) for form in card.forms}
    return build(bare, world, exclusive(evidences, card.outcome))


def _summary(
    card: Card,
    by: xr.DataArray,
    everybody: xr.DataArray,
    country: xr.DataArray,
    interval: float,
) -> pd.DataFrame:
    """Return the rows of `PriorPredictive.summary`."""
    say, per = read_words(), SHOW[card.show]
    tenth = country.quantile([0.1, 0.9], "country")
    rows = [
        _row(say("prior.world"), everybody * per, interval, card.show),
        _row(say("prior.country"), country * per, interval, card.show),
        _row(say("prior.spread"), tenth[1] / tenth[0], interval),
    ]
    if "sex" in card.people:
        sexes = _by_axis(by, "sex")
        ratio = sexes.sel(sex="female") / sexes.sel(sex="male")
        rows.append(_row(say("prior.sex"), ratio, interval))
    for form in card.forms:
        name = say("prior.form", form=form.replace("_", " "))
        prevalence = _by_axis(by, "form").sel(form=form)
        rows.append(_row(name, prevalence * per, interval, card.show))
    for axis in ("age", *card.traits):
        levels = _by_axis(by, axis).drop_sel({axis: totals.ALL})
        if axis in card.people and levels.sizes[axis] > 1:
            word = "prior.age" if axis == "age" else "prior.level"
            name = say(word, trait=axis.replace("_", " "))
            rows.append(_row(name, levels.max(axis) / levels.min(axis), interval))
    return pd.DataFrame(rows)


def _by_axis(by: xr.DataArray, axis: str) -> xr.DataArray:
    """Return the world's prevalence by draw and one axis, of all levels of the
    others.
    """
    dims = [dim for dim in by.dims if dim not in ("draw", axis)]
    return by.sel(dict.fromkeys(dims, totals.ALL))


def _row(
    name: str,
    draws: xr.DataArray,
    interval: float,
    unit: str = "",
) -> dict[str, object]:
    """Return a row of the summary; without a unit it is of a ratio."""
    levels = [(1 - interval) / 2, 0.5, (1 + interval) / 2]
    lower, median, upper = np.quantile(draws.to_numpy().ravel(), levels)
    return {
        "what": name,
        "median": median,
        "lower": lower,
        "upper": upper,
        "interval": interval,
        "unit": unit or read_words()("prior.ratio"),
    }


def _warning(card: Card, country: xr.DataArray) -> str:
    above = float((country > HIGH).mean())
    below = float((country < LOW).mean())
    if above + below <= MASS:
        return ""
    say = read_words()
    return say(
        "prior.absurd",
        share=fraction(above + below, say),
        above=fraction(above, say),
        below=fraction(below, say),
        high=rate(HIGH, card.show, say),
        low=f"1 in {1 / LOW:,.0f}",
    )


def _bars(prior: PriorPredictive, name: str) -> pd.DataFrame:
    """Return the bars of one prior: from, to (the card's unit) and the share of its
    draws between.
    """
    low, high = np.quantile(_logs(prior, prior.country), SHOWN)
    edges = np.linspace(low, high, BARS + 1)
    logs = _logs(prior, getattr(prior, name))
    share = np.histogram(logs, edges)[0] / logs.size
    ends = np.exp(edges)
    return pd.DataFrame(
        {
            "of": read_words()(f"prior.{name}"),
            "low": ends[:-1],
            "high": ends[1:],
            "share": share,
        }
    )


def _logs(prior: PriorPredictive, prevalence: xr.DataArray) -> np.ndarray:
    """Return the logs of all draws in the card's unit."""
    positive = np.maximum(prevalence.to_numpy().ravel(), 1e-12)
    return np.log(positive * SHOW[prior.card.show])
