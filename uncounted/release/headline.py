"""Headline: an estimate's number in one sentence, with its intervals."""

import pandas as pd

from uncounted.release import outline
from uncounted.release.release import Release
from uncounted.wording.numerals import fraction, people, persons_between, rate, rates

HALF = 0.5  # of the people of a group in surveyed countries


def headline(release: Release, row: pd.Series | None = None) -> str:
    """Return prevalence and persons of a row of estimates in words, with their
    intervals; of the world without a row.
    """
    say = release.say
    row = release.of_world if row is None else row
    if row["grouping"] == "world" and not release.universe.name:
        where = say("headline.worldwide")
    else:
        where = say("headline.in", name=say.term(row["name"]))
    bounds = (row["prevalence_lower"], row["prevalence_upper"])
    sentence = say(
        "headline.sentence",
        title=release.title,
        year=release.year,
        whom=release.whom,
        where=where,
        rate=rate(row["prevalence_median"], release.show, say),
        rates=rates(*bounds, release.show, say),
        people=people(row["persons_mean"], say),
        between=persons_between(row["persons_lower"], row["persons_upper"], say),
        level=release.level,
    )
    stamp = f"{say('banner.simulated')}. " if release.simulated else ""
    return f"{stamp}{sentence} {mostly_imputed(release, row)}".rstrip()


def mostly_imputed(release: Release, row: pd.Series) -> str:
    """Return a sentence on a group of which less than half the people live in surveyed
    countries, "" for others.
    """
    for place in outline.regions(release):
        is_same = place["group"] == row["group"]
        if place["grouping"] == row["grouping"] and is_same and place["covered"] < HALF:
            share = fraction(place["covered"], release.say)
            return release.say("headline.few", share=share)
    return ""
