"""Suggestion: a first model card for some evidence, with the reason of each word."""

import json
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from scipy.special import expit, logit

from uncounted.figures.extent import BOTH
from uncounted.model.card import Card, parse_card
from uncounted.observations.evidence import Evidence
from uncounted.world.age import Band, contains
from uncounted.world.world import World, read_world

MANY = 24  # surveyed countries from which regions and subregions are told apart
SEVERAL = 8
RARE = 0.02  # prevalence below which it is shown per 1,000
DOUBT = 1.5  # sd of the level's prior, log odds


def suggest_card(
    evidence: Evidence, world: World | None = None, paths: Iterable[str] = ()
) -> Card:
    """Return a first card for evidence: ages, sexes, places and years as its surveys
    have them, and wide priors.

        card = un.suggest_card(un.evidence(survey, "smoking"))
        print(card.text)

    The level's prior is centred on the mean of all surveys with an sd of 1.5 in log
    odds, so that 95 % of it spans odds of a twentieth to twenty times that: it keeps
    impossible sizes out and decides nothing. `suggested_text` says why each word is
    there. world: else the one that ships; paths: of the survey folders, for `evidence`.
    """
    return parse_card(suggested_text(evidence, world, paths), evidence.outcome)


def suggested_text(
    evidence: Evidence, world: World | None = None, paths: Iterable[str] = ()
) -> str:
    """Return the card of `suggest_card` as TOML with a comment on each word."""
    world = world or read_world()
    rows = evidence.placed(world).rows
    bands = _bands(evidence)
    sexes = set(rows["sex"])
    only = sexes if len(sexes) == 1 and BOTH not in sexes else set()
    people = ["sex"] if {"female", "male"} <= sexes else []
    people += ["age"] if len(bands) > 1 else []
    countries = rows["country"].nunique()
    place = ["region", "subregion", "country"]
    place = place if countries >= MANY else place[::2]
    place = place if countries >= SEVERAL else ["country"]
    mean = float(np.clip(rows["y"].sum() / rows["n"].sum(), 1e-4, 1 - 1e-4))
    years = [int(rows["year"].min()), int(rows["until"].fillna(rows["year"]).max())]
    about = len(set(rows["survey"]))
    lines = [
        _line("title", evidence.outcome, "what a report is headed"),
        _line("outcome", evidence.outcome, "as the survey cards name it"),
        _line("evidence", list(paths), "folders with a survey.toml"),
        _line("ages", [band.label for band in bands], "as surveys divide them"),
        _line("people", people, "told apart by most surveys"),
    ]
    if only:
        lines.append(f"who = {{ sex = {json.dumps(*only)} }}  # nobody else was asked")
    lines += [
        _line("place", place, f"{countries} countries have a survey"),
        _line("years", years, f"of the {about} surveys"),
        _line("year", years[1], "the year of the estimates: the last survey's"),
        _line("show", "per 1,000" if mean < RARE else "percent", "or the other"),
        "",
        "[sampling]",
        "seed = 1  # any number: the same seed gives the same draws",
        "",
        "[priors]  # log odds; sigma_… is the sd of what follows it",
        *_priors(mean, people, place),
    ]
    return "\n".join(lines) + "\n"


def _line(word: str, value: object, why: str) -> str:
    return f"{word} = {json.dumps(value, ensure_ascii=False)}  # {why}"


def _priors(mean: float, people: list[str], place: list[str]) -> list[str]:
    level = round(float(logit(mean)), 1)
    low, high = expit(level - 1.96 * DOUBT), expit(level + 1.96 * DOUBT)
    lines = [
        f"level = {{ normal = [{level}, {DOUBT}] }}"
        f"  # {low:.2%} to {high:.2%}; surveys find {mean:.2%}"
    ]
    if "sex" in people:
        lines.append("female = { normal = [0.0, 1.0] }  # odds 0.14 to 7 times")
    sizes = {"age": 0.7, "region": 0.7, "subregion": 0.5, "country": 0.7}
    for name in [*people, *place]:
        if name in sizes:
            lines.append(f"sigma_{name} = {{ half_normal = {sizes[name]} }}")
    error = "sigma_survey = { half_normal = 0.3 }"
    lines.append(f"{error}  # error of a survey beyond its sampling")
    return lines


def _bands(evidence: Evidence) -> list[Band]:
    """Return the bands between all ends of the surveys' bands, if some survey has
    several; else one of all their ages.
    """
    rows = evidence.rows
    every = {band for bands in rows["covers"] for band in bands}
    several = rows.groupby(["survey", "sex"])["covers"].nunique().max() > 1
    last = max(every, key=lambda band: band.end)
    if not several:
        return [Band(min(band.lower for band in every), last.upper)]
    ends = sorted({end for band in every for end in (band.lower, band.end)})
    bands = [Band(int(lower), int(upper)) for lower, upper in pairwise(ends[:-1])]
    bands.append(Band(int(ends[-2]), last.upper))
    # between bands there may be ages that nobody was asked about
    return [band for band in bands if any(contains(wide, band) for wide in every)]
