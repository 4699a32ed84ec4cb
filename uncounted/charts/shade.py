"""Shade: by what a map colours its countries: prevalence, width of its interval,
evidence class, number of surveys.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.vocabulary import SHOW
from uncounted.wording.numerals import short, with_unit
from uncounted.wording.words import Words

CLASSES = 6
STEPS = (
    1.0,
    1.5,
    2.0,
    3.0,
    4.0,
    5.0,
    6.0,
    8.0,
)  # where classes may begin, times a power of ten
EVIDENCE = {
    "surveyed": 4,
    "reported from elsewhere": 2,
    "outside figure": 3,
    "imputed": 1,
}  # dark: most is known
SURVEYS = (1, 2, 3, 5, 8)  # where classes of the number of surveys begin, but none


@dataclass(frozen=True)
class Shade:
    """What colours a map: the colour of each country (ISO3 → 0 … CLASSES − 1), and the
    classes' names by colour.
    """

    name: str
    title: str
    colours: Mapping[str, int]
    labels: Mapping[int, str]


def shade(what: str, rows: pd.DataFrame, show: str, say: Words) -> Shade:
    """Return what colours a map of countries' rows by "prevalence", "width", "evidence"
    or "surveys".

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
    values = ((rows["prevalence_upper"] - rows["prevalence_lower"]) * SHOW[show]).round(
        9
    )
    return _numbers("width", say("map.by_width"), values, show, say)


def _numbers(name: str, title: str, values: pd.Series, show: str, say: Words) -> Shade:
    edges = breaks(values.to_numpy())
    at = np.searchsorted(edges, values, side="right")
    classes = len(edges) + 1
    colours = {
        str(code): _colour(int(i), classes)
        for code, i in zip(values.index, at, strict=True)
    }
    return Shade(
        name,
        title,
        colours,
        {_colour(i, classes): _told(i, edges, show, say) for i in range(classes)},
    )


def _evidence(rows: pd.DataFrame, show: str, say: Words) -> Shade:
    del show
    colours = {
        str(code): EVIDENCE.get(told, 0) for code, told in rows["evidence"].items()
    }
    labels = {
        colour: say.term(name)
        for name, colour in EVIDENCE.items()
        if colour in colours.values()
    }
    return Shade("evidence", say("map.by_evidence"), colours, labels)


def _surveys(rows: pd.DataFrame, show: str, say: Words) -> Shade:
    del show
    at = np.searchsorted(SURVEYS, rows["surveys"], side="right")
    colours = {str(code): int(i) for code, i in zip(rows.index, at, strict=True)}
    ends = [(low, high - 1) for low, high in pairwise(SURVEYS)]
    told = [f"{low}" if low == high else f"{low}–{high}" for low, high in ends]
    labels = ["0", *told, say("map.or_more", n=SURVEYS[-1])]
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
    near = min((*STEPS, 10.0), key=lambda step: abs(math.log(step * power / value)))
    return float(f"{near * power:.3g}")


def _colour(at: int, classes: int) -> int:
    """Spread classes over the colours, the highest always the last."""
    return CLASSES - 1 if classes == 1 else round(at * (CLASSES - 1) / (classes - 1))


def _told(at: int, edges: list[float], show: str, say: Words) -> str:
    if not edges:
        return say("map.any")
    if at == 0:
        return say("map.under", upper=with_unit(short(edges[0], say), show, say))
    if at == len(edges):
        return say("map.over", lower=with_unit(short(edges[-1], say), show, say))
    upper = with_unit(short(edges[at], say), show, say)
    return say("map.between", lower=short(edges[at - 1], say), upper=upper)
