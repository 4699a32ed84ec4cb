"""World edition: one simulated world with a survey programme, records, spells and
judged figures of it, and its truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.glance import outline
from uncounted.leaves.draws import CHILDREN
from uncounted.leaves.estimate import HALVES
from uncounted.leaves.estimate_card import (
    GROUPS,
    EstimateCard,
    LeafCard,
    Ratio,
    read_estimate_card,
)
from uncounted.leaves.inputs import Edition, outside_figures, records_of, spells_of
from uncounted.leaves.leaf import by_group, stock_share
from uncounted.leaves.outside_figures import by_country
from uncounted.model.card import Card
from uncounted.model.survey_list import evidence_on
from uncounted.observations.pooled_evidence import pooled
from uncounted.simulate.cases import Cases, simulate_cases
from uncounted.simulate.interviewed_spells import by_length
from uncounted.simulate.programme import Programme, simulate_programme, survey_of
from uncounted.simulate.scheme import Scheme
from uncounted.simulate.truth import SEXES, Truth
from uncounted.world.world import World, groups, read_world

CELL = ("country", "sex", "age")


@dataclass(frozen=True, eq=False)
class SimulatedEdition:
    """An edition whose every source is simulated of one world, and what is true there.

    persons: leaf or share → persons affected (country, sex, age), ages children and
    adults.
    """

    edition: Edition
    persons: Mapping[str, xr.DataArray]
    programme: Programme
    cases: Cases

    __repr__ = outline

    def true(
        self,
        name: str,
        members: tuple[str, ...],
    ) -> xr.DataArray:
        """Return the persons of a leaf or share, or of a sum, by the names of its
        leaves.
        """
        leaves = (name,) if name in self.persons else members
        persons = self.persons[leaves[0]]
        for leaf in leaves[1:]:
            persons = persons + self.persons[leaf]
        return persons


def simulate_edition(
    seed: int,
    card: EstimateCard | str | Path,
    world: World | None = None,
    scheme: Scheme | None = None,
    generating: Mapping[str, Any] | None = None,
) -> SimulatedEdition:
    """Draw a true world and everything that an estimate card of it is made from; one
    seed gives one edition.

    The card's models are those of the scheme, its [records], [durations] and outside
    figures those of `generating`; what ships is edition 35. Nothing is read from the
    paths that the card names.
    """
    if not isinstance(card, EstimateCard):
        card = read_estimate_card(card)
    world = world or read_world()
    programme = simulate_programme(seed, scheme, world)
    spells = programme.truth.spells
    means = map(float, spells.mean_years)
    mean_years: dict[str, float] = dict(zip(SEXES, means, strict=True))
    durations = mean_years, float(spells.log_sd)
    cases = simulate_cases(seed, world, generating, durations=durations)
    survey = survey_of(programme)
    cards = {}
    evidence = {}
    for model_card in programme.cards:
        cards[model_card.name] = model_card
        evidence[model_card.name] = pooled(evidence_on(model_card, survey, world))
    figures = {}
    for leaf in card.leaf:
        if leaf.figures:
            judged = cases.state_imposed.table
            figures[leaf.name] = outside_figures(leaf.figures, leaf.name, judged)
    edition = Edition(
        card,
        cards,
        world,
        evidence,
        records_of(card, cases.records.table),
        spells_of(card, by_length(cases.spells)),
        figures,
    )
    persons = _persons(edition, programme, cases)
    return SimulatedEdition(edition, persons, programme, cases)


def _persons(
    edition: Edition,
    programme: Programme,
    cases: Cases,
) -> dict[str, xr.DataArray]:
    """Return what is true of every leaf and share: the arithmetic of `leaves`, on one
    state of the world.
    """
    card, truth = edition.card, programme.truth
    persons: dict[str, xr.DataArray] = {}
    for leaf in card.leaf:
        if leaf.model:
            persons[leaf.name] = _of_model(leaf, edition, truth)
        elif leaf.ratio:
            base = persons[leaf.ratio.of].sum("age")
            persons[leaf.name] = _of_ratio(leaf.ratio, edition.world, base, cases)
        else:
            places = cases.state_imposed.truth
            persons[leaf.name] = _of_places(leaf, edition, places)
    for share in card.share:
        leaf_card = edition.cards[card[share.of].model]
        share_card = edition.cards[share.model]
        persons[share.name] = by_group(_shared(truth, leaf_card, share_card), leaf_card)
    labels = {"sex": list(SEXES), "age": list(GROUPS)}
    return {name: cells.transpose(*CELL).sel(labels) for name, cells in persons.items()}


def _of_model(
    leaf: LeafCard,
    edition: Edition,
    truth: Truth,
) -> xr.DataArray:
    """Return the true persons of a leaf of surveys (country, sex, age)."""
    card = edition.cards[leaf.model]
    persons = by_group(truth.p[card.outcome] * truth.people[card.outcome], card)
    if not leaf.stock:
        return persons
    mean_years = np.asarray(truth.spells.mean_years)
    mu = xr.DataArray(mean_years, {"sex": list(SEXES)}, ("sex",))
    return persons * stock_share(leaf.stock, mu)


def _of_ratio(
    ratio: Ratio,
    world: World,
    base: xr.DataArray,
    cases: Cases,
) -> xr.DataArray:
    """Return the true persons of a leaf that is a ratio of the base (country, sex,
    age).
    """
    countries = base["country"]
    region = groups(world, "region").reindex(countries.values)
    log_ratio = cases.records.true.sel(ratio=ratio.which, drop=True)
    ratios = log_ratio.copy(data=np.exp(log_ratio.to_numpy()))
    coords = {"country": countries}
    of_country = xr.DataArray(region.to_numpy(), coords, ("country",))
    persons = (base * ratios.sel(region=of_country)).drop_vars("region")
    persons = persons.expand_dims(age=[ratio.ages])
    return persons.reindex(age=list(GROUPS)).fillna(0.0)


def _of_places(
    leaf: LeafCard,
    edition: Edition,
    truth: pd.Series,
) -> xr.DataArray:
    """Return the true persons of a leaf of outside figures (country, sex, age)."""
    figures = edition.figures[leaf.name]
    places = truth.reindex(figures.table["place"])
    labels = {"place": places.index.to_numpy(str)}
    sample = xr.DataArray(places.to_numpy()[None], labels, ("sample", "place"))
    cells = by_country(sample, figures, edition.world, HALVES, edition.card.year)
    cells = cells.isel(sample=0).drop_vars("evidence")
    ages = [CHILDREN[str(age)] for age in cells["age"].values]
    return cells.assign_coords(age=ages)


def _shared(
    truth: Truth,
    card: Card,
    share_card: Card,
) -> xr.DataArray:
    """Return p·p′·N by the leaf's own ages; p′ = 1 in those of which the share says
    nothing.
    """
    p = truth.p[card.outcome]
    share = truth.p[share_card.outcome].reindex(age=p["age"].values).fillna(1.0)
    return p * truth.people[card.outcome] * share
