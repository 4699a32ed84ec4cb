"""Charts: small drawings beside numbers, as inline SVG: intervals as dot and whisker,
surveys by year.
"""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from uncounted.wording.numerals import short
from uncounted.wording.words import Words

WIDE, HIGH = 160.0, 16.0
YEARS_WIDE, YEARS_HIGH = 640.0, 120.0


def whisker(
    low: float, middle: float, high: float, top: float, evidence: str
) -> Markup:
    """Draw an interval and its point on a scale from 0 to top; hollow and dashed where
    nobody was surveyed.
    """
    if not all(map(math.isfinite, (low, middle, high))) or top <= 0:
        return Markup("")
    a, m, b = (
        f"{4 + min(value / top, 1) * (WIDE - 8):.1f}" for value in (low, middle, high)
    )
    mark = "whisker" if evidence == "surveyed" else "whisker open"
    return Markup(
        '<svg class="{}" viewBox="0 0 {:g} {:g}" aria-hidden="true">'
        '<path d="M{} 8H{}"/><circle cx="{}" cy="8" r="2.3"/></svg>'
    ).format(mark, WIDE, HIGH, a, b, m)


def axis(top: float, ticks: Sequence[float], say: Words) -> Markup:
    """Draw the scale of `whisker`: marks and their numbers, from 0 to top."""
    drawn = []
    for tick in ticks:
        x = 4 + tick / top * (WIDE - 8)
        anchor = (
            "start"
            if tick == 0
            else "end"
            if tick == ticks[-1] and x > WIDE - 12
            else "middle"
        )
        drawn.append(
            Markup(
                '<path d="M{x:.1f} 12V16"/><text x="{x:.1f}" y="9"'
                ' text-anchor="{anchor}">{tick}</text>'
            ).format(x=x, anchor=anchor, tick=short(tick, say))
        )
    return Markup(
        '<svg class="axis" viewBox="0 0 {:g} {:g}" aria-hidden="true">{}</svg>'
    ).format(WIDE, HIGH, Markup("").join(drawn))


def ticks(highest: float) -> list[float]:
    """Return three to six round numbers from 0 to at least the highest, the last being
    the end of the scale.
    """
    if not math.isfinite(highest) or highest <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(highest))
    step = next(s * power for s in (0.2, 0.5, 1.0, 2.0) if highest <= 5 * s * power)
    return [round(i * step, 9) for i in range(math.ceil(highest / step - 1e-9) + 1)]


def years(surveys: Mapping[int, int], label: str) -> Markup:
    """Draw how many surveys there are of each year, as bars with their numbers."""
    if not surveys:
        return Markup("")
    first, last, most = min(surveys), max(surveys), max(surveys.values())
    step = YEARS_WIDE / (last - first + 1)
    bars = []
    for year in range(first, last + 1):
        n, x = surveys.get(year, 0), (year - first) * step
        tall = n / most * (YEARS_HIGH - 40)
        top = YEARS_HIGH - 20 - tall
        bar = Markup(
            '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
        ).format(x + 2, top, max(step - 4, 1), tall)
        if step > 22:
            bar += _text(x + step / 2, top - 5, n)
        if step > 34 or not (year - first) % math.ceil(34 / step):
            bar += _text(x + step / 2, YEARS_HIGH - 4, year)
        bars.append(bar)
    return Markup(
        '<svg class="years" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">{}</svg>'
    ).format(YEARS_WIDE, YEARS_HIGH, label, Markup("").join(bars))


def _text(x: float, y: float, told: object) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
        x, y, told
    )
