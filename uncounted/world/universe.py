"""Universe: the part of a world's people that an estimate is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.codes import country_codes
from uncounted.world.grouping import LEVELS
from uncounted.world.population import SEXES
from uncounted.world.world import World, levels

Words = Mapping[str, Any]
COLUMNS = ("region", "subregion", *LEVELS)
EXCEPT = "except"
AGE = "age"
CALLED = ("many", "affected")  # words of `persons`


@dataclass(frozen=True)
class Universe:
    """The people that an estimate is about, and what they are called; without words,
    everybody in the world.

    who: levels of traits, {"sex": "female", "age": "15-49", "migrant": ["yes"]}. where:
    groups and countries, {"region": ["Africa"], "countries": ["BRA"], "except":
    ["ZAF"]}. persons: {"many": "women aged 15–49", "affected": "women ever screened"},
    by language too: {"fr": {"many": "femmes de 15 à 49 ans"}}. name: of all countries
    together, "sub-Saharan Africa", or {"en": …, "fr": …}.
    """

    who: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    persons: Mapping[str, Any] = field(default_factory=dict)
    name: str | Mapping[str, str] = ""

    @property
    def sex(self) -> str:
        """The one sex that its people have, "" for both."""
        sexes = listed(self.who.get("sex", SEXES))
        return sexes[0] if len(sexes) == 1 else ""

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits by which its people are chosen, besides age."""
        return tuple(axis for axis in self.who if axis != AGE)

    def called(self, word: str, language: str = "en") -> str:
        """Return what its people are called: `many` or `affected`; "" if no word is."""
        of_language = self.persons.get(language)
        if isinstance(of_language, Mapping):
            return str(of_language.get(word, ""))
        return str(self.persons.get(word, "")) if language == "en" else ""

    def named(self, language: str = "en") -> str:
        """Return the name of all its countries together; "" if it has none."""
        if isinstance(self.name, str):
            return self.name
        return str(self.name.get(language, next(iter(self.name.values()))))


def within(world: World, universe: Universe) -> World:
    """Return the world of a universe's people and countries alone.

    Other people count as none, other countries as without a population. Raises
    UncountedError for a level, a group or a code that the world lacks, and where no
    country is left.
    """
    return _of_countries(_of_people(world, universe.who), universe.where)


def in_countries(world: World, where: Words) -> pd.Series:
    """Return whether each place of a world, with a population or not, is one of `where`
    (index iso3); all are without words.
    """
    everywhere = pd.concat([world.places, world.elsewhere])
    if not where:
        return pd.Series(True, everywhere.index)
    positive = {word: names for word, names in where.items() if word != EXCEPT}
    is_within = pd.Series(not positive, everywhere.index)
    for word, names in positive.items():
        is_within |= _named(everywhere, word, listed(names))
    if EXCEPT in where:
        is_within &= ~_named(everywhere, "countries", listed(where[EXCEPT]))
    return is_within


def _of_people(world: World, who: Words) -> World:
    people = world.population
    for axis, names in who.items():
        if axis == AGE:
            continue  # the card's ages are within it
        labels = SEXES if axis == "sex" else levels(world, axis)
        for name in listed(names):
            if name not in labels:
                raise UncountedError(
                    f"`who` has the {axis} '{name}', which the population table"
                    f" lacks.{did_you_mean(name, labels)}",
                    "who",
                )
        is_within = xr.DataArray(
            [str(label) in listed(names) for label in people[axis].to_numpy()],
            dims=axis,
        )
        people = people.where(is_within, 0.0)
    attributes = world.population.attrs
    return replace(world, population=people.assign_attrs(attributes))


def _of_countries(world: World, where: Words) -> World:
    is_within = in_countries(world, where)
    kept = is_within.reindex(world.places.index)
    if kept.all():
        return world
    if not kept.any():
        raise UncountedError(
            f"`where` = {dict(where)} leaves no country with a population.", "where"
        )
    places = world.places[kept]
    return replace(
        world,
        places=places,
        population=world.population.sel(country=places.index.to_numpy()),
        covariates=world.covariates.reindex(places.index),
        elsewhere=pd.concat([world.elsewhere, world.places[~kept]]),
        shares=tuple(
            share.sel(country=places.index.to_numpy()) for share in world.shares
        ),
    )


def _named(places: pd.DataFrame, word: str, names: Sequence[str]) -> pd.Series:
    """Return the places of these groups of a column, or of these codes and names."""
    if word == "countries":
        codes = country_codes([name for name in names if name not in places.index])
        return pd.Series(places.index.isin([*names, *codes]), places.index)
    if word not in COLUMNS or word not in places:
        choice = ("countries", EXCEPT, *COLUMNS)
        raise UncountedError(
            f"`where` has '{word}', which is not one of its"
            f" words.{did_you_mean(word, choice)}",
            "where",
        )
    groups = sorted(set(places[word]))
    for name in names:
        if name not in groups:
            raise UncountedError(
                f"`where` names the {word} '{name}', which the geography table"
                f" lacks.{did_you_mean(name, groups)} It has {', '.join(groups)}.",
                "where",
            )
    return places[word].isin(names)


def listed(names: str | Sequence[str]) -> list[str]:
    """Return one name, or several, as a list."""
    return [names] if isinstance(names, str) else [str(name) for name in names]
