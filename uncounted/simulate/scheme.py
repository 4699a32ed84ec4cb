"""Scheme: the card that simulated survey programmes are drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import outline
from uncounted.model.priors import Prior, parse_prior
from uncounted.world.card_file import read_toml
from uncounted.world.shelf import shelf


@dataclass(frozen=True)
class Worlds:
    """Where true worlds come from: model cards drawn jointly, countries correlated by
    LKJ(lkj), and shares `among`.
    """

    jointly: tuple[str, ...]
    lkj: float
    among: tuple[str, ...]


@dataclass(frozen=True)
class Durations:
    """Priors of how long a spell lasts, lognormal: its mean in years, by sex; the sd of
    its log, for both.
    """

    mean_years: Prior
    log_sd: Prior

    def draw(
        self,
        rng: np.random.Generator,
        groups: int,
    ) -> tuple[np.ndarray, float]:
        """Return the mean of each group, in years, and the sd of the log."""
        median, spread = self.mean_years.numbers
        mean_years = median * np.exp(spread * rng.normal(size=groups))
        median, spread = self.log_sd.numbers
        log_sd = median * np.exp(spread * rng.normal())
        return mean_years, float(log_sd)


@dataclass(frozen=True)
class Fieldwork:
    """How a programme's surveys are planned and its families are made: the words of
    [survey].
    """

    countries: int
    size_power: float
    smallest: float
    again: int
    years: tuple[int, ...]
    respondents: tuple[int, int]
    sources: Mapping[str, float]
    take: int
    strata: tuple[float, ...]
    couples: int
    psus: int
    clustering: Mapping[str, float]

    __repr__ = outline


@dataclass(frozen=True)
class Scheme:
    """A generating card: `world`, `durations` and `survey` are its tables."""

    title: str
    why: str
    world: Worlds
    durations: Durations
    survey: Fieldwork

    __repr__ = outline


def read_scheme(path: str | Path | None = None) -> Scheme:
    """Read a generating card: a TOML file, or the one that ships,
    data/truth/generating.toml.

    Raises UncountedError for a word that is missing or that the card hasn't. Further
    tables are left to others.
    """
    file = shelf("data", "truth", "generating.toml") if path is None else Path(path)
    words = read_toml(file)
    priors = {}
    for key, value in words.get("durations", {}).items():
        priors[key] = parse_prior(key, value)
    world = _read_table(Worlds, words.get("world", {}), f"{file}, [world]")
    durations = _read_table(Durations, priors, f"{file}, [durations]")
    _check_durations(durations, file)
    survey = _read_table(Fieldwork, words.get("survey", {}), f"{file}, [survey]")
    _check_survey(survey, file)
    title = str(words.get("title", file.stem))
    return Scheme(title, str(words.get("why", "")), world, durations, survey)


def _read_table[T](kind: type[T], words: Mapping[str, Any], place: str) -> T:
    """Read a table of the card as a dataclass: its fields are the table's words."""
    vocabulary = [field.name for field in fields(kind)]  # pyright: ignore[reportArgumentType] all kinds are dataclasses
    for word in words:
        if word not in vocabulary:
            raise UncountedError(
                f"{place} has the word '{word}', which means nothing"
                f" there.{did_you_mean(word, vocabulary)}"
            )
    values = {}
    for word in vocabulary:
        if word not in words:
            raise UncountedError(
                f"{place} lacks `{word}`. Copy the line of the card that ships, and"
                " change it."
            )
        value = words[word]
        values[word] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def _check_durations(durations: Durations, file: Path) -> None:
    for word in ("mean_years", "log_sd"):
        if getattr(durations, word).family != "log_normal":
            raise UncountedError(
                f"{file}, [durations]: {word} is above 0. Write {word} = {{ log_normal"
                " = [2.0, 0.3] }."
            )


def _check_survey(survey: Fieldwork, file: Path) -> None:
    tables = {"strata": survey.strata, "sources": [*survey.sources.values()]}
    for word, shares in tables.items():
        if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
            raise UncountedError(
                f"{file}, [survey]: {word} are shares above 0 that sum to 1, and not"
                f" {list(shares)}."
            )
    share = sum(survey.clustering.values())
    if set(survey.clustering) != {"psu", "family"} or not 0 <= share < 1:
        raise UncountedError(
            f"{file}, [survey]: clustering = {dict(survey.clustering)} should give psu"
            " and family shares of the variance, below 1 together."
        )
    if survey.again > survey.countries:
        raise UncountedError(
            f"{file}, [survey]: {survey.again} of {survey.countries} countries can't be"
            " surveyed again."
        )
