"""Headline: an estimate's number in one sentence, with its intervals."""

import pandas as pd

from uncounted.release import outline
from uncounted.release.release import Release
from uncounted.wording.numerals import fraction, people, persons_between, rate, rates

HALF = 0.5  # of the people of a group in surveyed countries


def headline(release: Release, row: pd.Series | None = None) -> str:
    """Return prevalence and persons of a row of estimates in words, with their
    intervals; the world's if not given.
    """
    say, row = release.say, release.of_world if row is None else row
    of_world = row["grouping"] == "world"
    told = f"{say('banner.simulated')}. " if release.simulated else ""
    told += say(
        "headline.sentence",
        title=release.title,
        year=release.year,
        whom=release.whom,
        where=(
            say("headline.worldwide")
            if of_world
            else say("headline.in", name=say.term(row["name"]))
        ),
        rate=rate(row["prevalence_median"], release.show, say),
        rates=rates(
            row["prevalence_lower"], row["prevalence_upper"], release.show, say
        ),
        people=people(row["persons_mean"], say),
        between=persons_between(row["persons_lower"], row["persons_upper"], say),
        level=release.level,
    )
    return " ".join([told, mostly_imputed(release, row)]).rstrip()


def mostly_imputed(release: Release, row: pd.Series) -> str:
    """Return a sentence on a group of which less than half the people live in surveyed
    countries, "" for others.
    """
    key = (row["grouping"], row["group"])
    shares = [
        one["covered"]
        for one in outline.regions(release)
        if (one["grouping"], one["group"]) == key
    ]
    return (
        release.say("headline.few", share=fraction(shares[0], release.say))
        if shares and shares[0] < HALF
        else ""
    )
