"""Charts: small drawings beside numbers, as inline SVG: intervals as dot and whisker,
surveys by year.
"""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from uncounted.wording.numerals import short
from uncounted.wording.words import Words

WIDTH, HEIGHT = 160.0, 16.0
MARGIN = 4  # of a scale, on either side
YEARS_WIDTH, YEARS_HEIGHT = 640.0, 120.0


def whisker(
    low: float,
    middle: float,
    high: float,
    top: float,
    evidence: str,
) -> Markup:
    """Draw an interval and its point on a scale from 0 to top; hollow and dashed where
    nobody was surveyed.
    """
    numbers = (low, middle, high)
    if not all(map(math.isfinite, numbers)) or top <= 0:
        return Markup("")
    start, point, end = (f"{_place(min(number / top, 1)):.1f}" for number in numbers)
    mark = "whisker" if evidence == "surveyed" else "whisker open"
    return Markup(
        '<svg class="{}" viewBox="0 0 {:g} {:g}" aria-hidden="true">'
        '<path d="M{} 8H{}"/><circle cx="{}" cy="8" r="2.3"/></svg>'
    ).format(mark, WIDTH, HEIGHT, start, end, point)


def _place(share: float) -> float:
    """Return where a share of the scale lies."""
    return MARGIN + share * (WIDTH - 2 * MARGIN)


def axis(top: float, ticks: Sequence[float], say: Words) -> Markup:
    """Draw the scale of `whisker`: marks and their numbers, from 0 to top."""
    drawn = Markup("")
    for tick in ticks:
        x = _place(tick / top)
        anchor = "middle"
        if tick == 0:
            anchor = "start"
        elif tick == ticks[-1] and x > WIDTH - 12:
            anchor = "end"
        drawn += Markup(
            '<path d="M{x:.1f} 12V16"/><text x="{x:.1f}" y="9"'
            ' text-anchor="{anchor}">{tick}</text>'
        ).format(x=x, anchor=anchor, tick=short(tick, say))
    return Markup(
        '<svg class="axis" viewBox="0 0 {:g} {:g}" aria-hidden="true">{}</svg>'
    ).format(WIDTH, HEIGHT, drawn)


def ticks(highest: float) -> list[float]:
    """Return three to six round numbers from 0 to the end of the scale, at least the
    highest.
    """
    if not math.isfinite(highest) or highest <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(highest))
    sizes = (0.2, 0.5, 1.0, 2.0)
    step = next(size * power for size in sizes if highest <= 5 * size * power)
    count = math.ceil(highest / step - 1e-9)
    return [round(i * step, 9) for i in range(count + 1)]


def years(surveys: Mapping[int, int], label: str) -> Markup:
    """Draw the number of surveys of each year, as bars with their numbers."""
    if not surveys:
        return Markup("")
    begin, end = min(surveys), max(surveys)
    highest = max(surveys.values())
    step = YEARS_WIDTH / (end - begin + 1)
    bars = Markup("")
    for year in range(begin, end + 1):
        count = surveys.get(year, 0)
        x = (year - begin) * step
        height = count / highest * (YEARS_HEIGHT - 40)
        top = YEARS_HEIGHT - 20 - height
        bars += Markup(
            '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
        ).format(x + 2, top, max(step - 4, 1), height)
        if step > 22:
            bars += _text(x + step / 2, top - 5, count)
        if step > 34 or not (year - begin) % math.ceil(34 / step):
            bars += _text(x + step / 2, YEARS_HEIGHT - 4, year)
    return Markup(
        '<svg class="years" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">{}</svg>'
    ).format(YEARS_WIDTH, YEARS_HEIGHT, label, bars)


def _text(x: float, y: float, text: object) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
        x, y, text
    )
