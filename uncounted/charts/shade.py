"""Shade: the colours of a map by prevalence, width of its interval, evidence class or
number of surveys.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.wording.numerals import SHOW, short, with_unit
from uncounted.wording.words import Words

CLASSES = 6
# where classes may begin, times a power of ten
STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
# the colour of each evidence class: dark where most is known
EVIDENCE = {
    "surveyed": 4,
    "reported from elsewhere": 2,
    "outside figure": 3,
    "imputed": 1,
}
SURVEYS = (1, 2, 3, 5, 8)  # where classes of the number of surveys begin, but none


@dataclass(frozen=True)
class Shade:
    """The colour of each country on a map (ISO3 → 0 … CLASSES − 1), and the classes'
    names by colour.
    """

    name: str
    title: str
    colours: Mapping[str, int]
    labels: Mapping[int, str]


def shade(
    what: str,
    rows: pd.DataFrame,
    show: str,
    say: Words,
) -> Shade:
    """Return the shade of countries' rows by "prevalence", "width", "evidence" or
    "surveys".

    Raises UncountedError for another word.
    """
    if what not in SHADES:
        raise UncountedError(
            f"A map cannot be coloured by '{what}'.{did_you_mean(what, SHADES)}"
        )
    return SHADES[what](rows.set_index("group"), show, say)


def _prevalence(rows: pd.DataFrame, show: str, say: Words) -> Shade:
    values = (rows["prevalence_median"] * SHOW[show]).round(9)
    return _numbers("prevalence", say("map.by_prevalence"), values, show, say)


def _width(rows: pd.DataFrame, show: str, say: Words) -> Shade:
    width = rows["prevalence_upper"] - rows["prevalence_lower"]
    values = (width * SHOW[show]).round(9)
    return _numbers("width", say("map.by_width"), values, show, say)


def _numbers(
    name: str,
    title: str,
    values: pd.Series,
    show: str,
    say: Words,
) -> Shade:
    edges = breaks(values.to_numpy())
    classes = np.searchsorted(
        edges,
        values,
        side="right",
    ).tolist()
    palette = [_colour(index, len(edges) + 1) for index in range(len(edges) + 1)]
    colours = {}
    for code, index in zip(values.index, classes, strict=True):
        colours[str(code)] = palette[index]
    labels = {}
    for index, colour in enumerate(palette):
        labels[colour] = _label(index, edges, show, say)
    return Shade(name, title, colours, labels)


def _evidence(rows: pd.DataFrame, show: str, say: Words) -> Shade:
    del show
    colours = {}
    for code, evidence in rows["evidence"].items():
        colours[str(code)] = EVIDENCE.get(evidence, 0)
    labels = {}
    for name, colour in EVIDENCE.items():
        if colour in colours.values():
            labels[colour] = say.term(name)
    return Shade("evidence", say("map.by_evidence"), colours, labels)


def _surveys(rows: pd.DataFrame, show: str, say: Words) -> Shade:
    del show
    classes = np.searchsorted(
        SURVEYS,
        rows["surveys"],
        side="right",
    ).tolist()
    colours = dict(zip(map(str, rows.index), classes, strict=True))
    labels = ["0"]
    for low, above in pairwise(SURVEYS):
        high = above - 1
        labels.append(f"{low}" if low == high else f"{low}–{high}")
    labels.append(say("map.or_more", n=SURVEYS[-1]))
    return Shade("surveys", say("map.by_surveys"), colours, dict(enumerate(labels)))


SHADES = {
    "prevalence": _prevalence,
    "width": _width,
    "evidence": _evidence,
    "surveys": _surveys,
}


def breaks(values: np.ndarray) -> list[float]:
    """Return where classes begin (but the lowest): round numbers nearest to the
    quantiles, up to CLASSES classes.
    """
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return []
    cuts = np.quantile(values, np.arange(1, CLASSES) / CLASSES)
    rounded = sorted({_round(cut) for cut in cuts})
    return [edge for edge in rounded if edge > values.min()] or rounded[:1]


def _round(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    steps = (*STEPS, 10.0)
    nearest = min(steps, key=lambda step: abs(math.log(step * power / value)))
    return float(f"{nearest * power:.3g}")


def _colour(index: int, classes: int) -> int:
    """Return the colour of a class, spread over the colours; the highest class has the
    last.
    """
    if classes == 1:
        return CLASSES - 1
    return round(index * (CLASSES - 1) / (classes - 1))


def _label(
    index: int,
    edges: list[float],
    show: str,
    say: Words,
) -> str:
    if not edges:
        return say("map.any")
    if index == 0:
        return say("map.under", upper=with_unit(short(edges[0], say), show, say))
    lower = short(edges[index - 1], say)
    if index == len(edges):
        return say("map.over", lower=with_unit(lower, show, say))
    upper = short(edges[index], say)
    return say(
        "map.between",
        lower=lower,
        upper=with_unit(upper, show, say),
    )
