"""Survey list: the surveys that a card names, read as evidence on its outcome."""

from collections.abc import Callable
from typing import Any

from uncounted.errors import UncountedError
from uncounted.figures.figure_table import Figures
from uncounted.interviews.families import Families
from uncounted.interviews.respondents import Respondents
from uncounted.model.card import Card
from uncounted.observations.elsewhere import reported_from_elsewhere
from uncounted.observations.evidence import Evidence, evidence
from uncounted.observations.exclusive import exclusive
from uncounted.observations.pooled_evidence import pooled
from uncounted.observations.survey_folder import read_survey
from uncounted.world.universe import within
from uncounted.world.world import World, read_world

Survey = Figures | Respondents | Families


def world_of(card: Card, **tables: Any) -> World:
    """Read the world of a card: of its people and countries, from the tables that it
    names, else those that ship.

    tables: population, geography, grouping or covariates in place of the card's, each a
    path or a DataFrame.
    """
    named: dict[str, Any] = {
        "population": card.population,
        "geography": card.geography,
        "grouping": card.grouping,
        "covariates": card.covariate_table,
    }
    given = {word: table for word, table in tables.items() if table is not None}
    chosen = {word: table for word, table in named.items() if table} | given
    return within(read_world(**chosen), card.universe)


def evidence_of(
    card: Card,
    world: World | None = None,
    read: Callable[[str], Survey] = read_survey,
) -> Evidence:
    """Read the surveys that a card names and return their evidence on its outcome,
    within its years.

    Where the card has a prior of kappa, what families report of events abroad is
    evidence of the countries where they happened. world: else the one that ships. read:
    how a folder is read, for cards that share surveys.
    """
    if not card.evidence:
        raise UncountedError(
            f"The card '{card.name}' names no evidence. Write evidence ="
            ' ["surveys/…"] on it.'
        )
    evidences: list[Evidence] = []
    for name in card.evidence:
        evidences += _named(card, name, world, read)
    return pooled(evidences)


def evidence_on(
    card: Card,
    survey: Survey,
    world: World | None = None,
) -> list[Evidence]:
    """Return a survey's evidence on a card's outcome, and what its families report from
    elsewhere if it has kappa.
    """
    years = (card.years[0], card.years[1]) if card.years else None
    if card.forms:
        parts = {}
        for form in card.forms:
            parts[form] = evidence(survey, form, card.people, years)
        return [exclusive(parts, card.outcome)]
    size = card.priors.get("unknown_n")
    unknown_n = size.numbers[0] if size else None
    by = list(dict.fromkeys([*card.people, *card.universe.traits]))
    of_survey = evidence(survey, card.outcome, by, years, unknown_n=unknown_n)
    if "kappa" not in card.priors or not isinstance(survey, Families):
        return [of_survey]
    of_relatives = reported_from_elsewhere(
        survey, card.outcome, world or read_world(), by=(), ages=list(card.ages)
    )
    return [of_survey, of_relatives]


def _named(
    card: Card,
    name: str,
    world: World | None,
    read: Callable[[str], Survey],
) -> list[Evidence]:
    try:
        return evidence_on(card, read(name), world)
    except UncountedError as error:
        raise UncountedError(
            f"`evidence` of the card '{card.name}' names {name}: {error}", "evidence"
        ) from error
