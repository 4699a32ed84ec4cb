"""Prior predictive: what a card believes about a country and about the world before any
data, in its own unit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape

import altair as alt
import numpy as np
import pandas as pd
import pymc as pm
import vl_convert
import xarray as xr

from uncounted.evidence.evidence import counts
from uncounted.evidence.exclusive import exclusive
from uncounted.infer import totals
from uncounted.infer.derived import derived
from uncounted.infer.prior import draw_prior
from uncounted.model.build import build
from uncounted.model.card import Card
from uncounted.model.vocabulary import OPTIONAL, SHOW
from uncounted.wording.numerals import fraction, rate, unit
from uncounted.wording.words import read_words
from uncounted.world.world import World, persons

HIGH, LOW, MASS = (
    0.9,
    1e-5,
    0.1,
)  # a tenth of a country's prior beyond 90 % or 1 in 100,000 is worth a warning
OF_COUNTS = (
    *OPTIONAL,
    "deff_excess",
)  # priors of what surveys show, which say nothing of prevalence
BARS, SHOWN = 60, (0.002, 0.998)
COLOURS = {"world": "#b3541e", "country": "#1b6ca8"}


@dataclass(frozen=True)
class PriorPredictive:
    """What a card believes before any data: `summary`, `plot()`, and a `warning` if it
    is absurd (else empty).

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

    def plot(self) -> alt.Chart:
        """Draw both priors in the card's unit, on a scale of ratios; the bars of each
        sum to one.
        """
        say, show = read_words(), self.card.show
        bars = pd.concat([_bars(self, name) for name in COLOURS], ignore_index=True)
        labels = [say(f"prior.{name}") for name in COLOURS]
        axis = alt.Axis(
            title=say("prior.axis", unit=unit(show, say)), format="~g", tickCount=6
        )
        base = alt.Chart(
            bars, width=520, height=180, title=say("prior.title", title=self.card.title)
        )
        of = alt.Color(
            "of:N",
            title=None,
            scale=alt.Scale(domain=labels, range=list(COLOURS.values())),
        )
        share = alt.Y("share:Q", title=None, axis=None, stack=None)
        x = alt.X("low:Q", scale=alt.Scale(type="log", nice=False), axis=axis)
        return base.mark_bar(opacity=0.45).encode(
            x=x, x2="high:Q", y=share, y2=alt.datum(0), color=of
        )

    def _repr_html_(self) -> str:
        drawing = vl_convert.vegalite_to_svg(self.plot().to_json())
        warning = (
            f"<p><strong>{escape(self.warning)}</strong></p>" if self.warning else ""
        )
        table = self.summary.to_html(index=False, float_format="{:,.3g}".format)
        return f"{warning}{drawing}{table}"

    def __str__(self) -> str:
        """Return the summary as a table, and the warning."""
        table = self.summary.to_string(index=False, float_format=lambda x: f"{x:,.3g}")
        return "\n".join(
            [
                read_words()("prior.title", title=self.card.title),
                table,
                *filter(None, [self.warning]),
            ]
        )


def prior_predictive(
    card: Card, world: World, draws: int = 1000, *, seed: int, interval: float = 0.95
) -> PriorPredictive:
    """Draw prevalence of all countries from the card's priors alone; nothing is fitted,
    so it takes seconds.

    The warning comes if more than a tenth of what is believed of a country, all
    countries' draws together, lies above 90 % or below 1 in 100,000. Other priors than
    those of prevalence (of surveys' errors, of mistakes, of durations) are left out.
    Raises UncountedError for covariates that the world lacks.
    """
    model = _cells(card, world)
    cells = derived(model, draw_prior(model, seed, draws), ["p"])["p"].squeeze(
        "chain", drop=True
    )
    people = persons(world, card.bands, card.year, nearest=True, traits=card.traits)
    of_country = xr.dot(cells, people, dim=list(card.axes)) / people.sum(
        totals.axes(people)
    )
    country = of_country.dropna("country", how="all").transpose("draw", "country")
    world_of = pd.Series("World", index=people["country"].to_numpy())
    by = (
        totals.affected(cells, people, world_of) / totals.population(people, world_of)
    ).sel(group="World", drop=True)
    every = by.sel(dict.fromkeys(card.axes, totals.ALL), drop=True)
    rows = pd.DataFrame(list(_rows(card, by, every, country, interval)))
    return PriorPredictive(card, every, country, rows, _warning(card, country), seed)


def _cells(card: Card, world: World) -> pm.Model:
    """Build the card's model of cells, without what surveys show.

    A model needs a row of evidence. This one's is of one person, and draws from the
    prior don't look at it.
    """
    kept = {key: prior for key, prior in card.priors.items() if key not in OF_COUNTS}
    kept_likelihood = card.forms or card.link == "identity"
    bare = replace(
        card,
        priors=kept,
        likelihood=card.likelihood if kept_likelihood else "binomial",
        validation={},
    )
    row = {
        "survey": "none",
        "country": world.places.index[0],
        "year": card.year,
        "sex": "both",
        "age": card.ages[0],
    }
    table = pd.DataFrame([row | {"n": 1.0, "y": 0.5 / max(len(card.forms), 1)}])
    if card.forms:
        return build(
            bare,
            world,
            exclusive({form: counts(table, form) for form in card.forms}, card.outcome),
        )
    return build(bare, world, counts(table, card.outcome))


def _rows(
    card: Card,
    by: xr.DataArray,
    every: xr.DataArray,
    country: xr.DataArray,
    interval: float,
) -> Iterator[dict[str, object]]:
    per, total = SHOW[card.show], totals.ALL
    tenth = country.quantile([0.1, 0.9], "country")
    say = read_words()
    yield _row(say("prior.world"), every.to_numpy() * per, interval, card.show)
    yield _row(
        say("prior.country"), country.to_numpy().ravel() * per, interval, card.show
    )
    yield _row(say("prior.spread"), (tenth[1] / tenth[0]).to_numpy(), interval)
    if "sex" in card.people:
        sexes = by.sel({dim: total for dim in by.dims if dim not in ("draw", "sex")})
        yield _row(
            say("prior.sex"),
            (sexes.sel(sex="female") / sexes.sel(sex="male")).to_numpy(),
            interval,
        )
    for form in card.forms:
        told = by.sel(
            {dim: total for dim in by.dims if dim not in ("draw", "form")}
        ).sel(form=form)
        yield _row(
            say("prior.form", form=form.replace("_", " ")),
            told.to_numpy() * per,
            interval,
            card.show,
        )
    for axis in ("age", *card.traits):
        levels = by.sel(
            {dim: total for dim in by.dims if dim not in ("draw", axis)}
        ).drop_sel({axis: total})
        if axis in card.people and levels.sizes[axis] > 1:
            what = say(
                "prior.age" if axis == "age" else "prior.level",
                trait=axis.replace("_", " "),
            )
            yield _row(what, (levels.max(axis) / levels.min(axis)).to_numpy(), interval)


def _row(
    what: str, draws: np.ndarray, interval: float, unit: str = ""
) -> dict[str, object]:
    low, middle, high = np.quantile(
        draws, [(1 - interval) / 2, 0.5, (1 + interval) / 2]
    )
    told = {"what": what, "median": middle, "lower": low, "upper": high}
    return told | {"interval": interval, "unit": unit or read_words()("prior.ratio")}


def _warning(card: Card, country: xr.DataArray) -> str:
    above, below = float((country > HIGH).mean()), float((country < LOW).mean())
    if above + below <= MASS:
        return ""
    say, parts = read_words(), {"share": above + below, "above": above, "below": below}
    shares = {name: fraction(share, say) for name, share in parts.items()}
    return say(
        "prior.absurd",
        **shares,
        high=rate(HIGH, card.show, say),
        low=f"1 in {1 / LOW:,.0f}",
    )


def _bars(prior: PriorPredictive, name: str) -> pd.DataFrame:
    """Return the bars of one prior: from, to (the card's unit) and the share of its
    draws between.
    """
    everything = np.log(
        np.maximum(prior.country.to_numpy().ravel(), 1e-12) * SHOW[prior.card.show]
    )
    low, high = np.quantile(everything, SHOWN)
    edges = np.linspace(low, high, BARS + 1)
    values = np.log(
        np.maximum(getattr(prior, name).to_numpy().ravel(), 1e-12)
        * SHOW[prior.card.show]
    )
    share = np.histogram(values, edges)[0] / values.size
    ends = np.exp(edges)
    return pd.DataFrame(
        {
            "of": read_words()(f"prior.{name}"),
            "low": ends[:-1],
            "high": ends[1:],
            "share": share,
        }
    )
