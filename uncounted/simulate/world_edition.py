"""Edition: one simulated world with a survey programme, records, spells and judged
figures of it, and its truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.evidence.pooled_evidence import pooled
from uncounted.leaves.draws import CHILDREN
from uncounted.leaves.estimate import HALVES
from uncounted.leaves.estimate_card import (
    GROUPS,
    EstimateCard,
    LeafCard,
    read_estimate_card,
)
from uncounted.leaves.inputs import Edition, outside_figures, records_of, spells_of
from uncounted.leaves.leaf import by_group, stock_share
from uncounted.leaves.outside_figures import by_country
from uncounted.model.card import Card
from uncounted.model.survey_list import evidence_on
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

    def true(self, name: str, members: tuple[str, ...]) -> xr.DataArray:
        """Return the persons of a leaf or share, or of a sum, by the names of its
        leaves.
        """
        of = [
            self.persons[one]
            for one in (members if name not in self.persons else (name,))
        ]
        return sum(of[1:], of[0])


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
    card = card if isinstance(card, EstimateCard) else read_estimate_card(card)
    world = world or read_world()
    programme = simulate_programme(seed, scheme, world)
    spells = programme.truth.spells
    mean_years: dict[str, float] = dict(
        zip(SEXES, map(float, spells.mean_years), strict=True)
    )
    cases = simulate_cases(
        seed, world, generating, durations=(mean_years, float(spells.log_sd))
    )
    survey = survey_of(programme)
    cards = {one.name: one for one in programme.cards}
    judged = cases.state_imposed.table
    edition = Edition(
        card,
        cards,
        world,
        {name: pooled(evidence_on(one, survey, world)) for name, one in cards.items()},
        records_of(card, cases.records.table),
        spells_of(card, by_length(cases.spells)),
        {
            one.name: outside_figures(one.figures, one.name, judged)
            for one in card.leaf
            if one.figures
        },
    )
    return SimulatedEdition(
        edition, _persons(edition, programme, cases), programme, cases
    )


def _persons(
    edition: Edition, programme: Programme, cases: Cases
) -> dict[str, xr.DataArray]:
    """Return what is true of every leaf and share: the arithmetic of `leaves`, on one
    state of the world.
    """
    card, world, truth = edition.card, edition.world, programme.truth
    found: dict[str, xr.DataArray] = {}
    for one in card.leaf:
        if one.model:
            of = edition.cards[one.model]
            found[one.name] = by_group(
                truth.p[of.outcome] * truth.people[of.outcome], of
            )
            if one.stock:
                mu = xr.DataArray(
                    np.asarray(truth.spells.mean_years), {"sex": list(SEXES)}, ("sex",)
                )
                found[one.name] = found[one.name] * stock_share(one.stock, mu)
        elif one.ratio:
            other = found[one.ratio.of].sum("age")
            region = groups(world, "region").reindex(other["country"].values)
            log_ratio = cases.records.true.sel(ratio=one.ratio.which, drop=True)
            ratio = log_ratio.copy(data=np.exp(log_ratio.to_numpy()))
            ratio = ratio.sel(
                region=xr.DataArray(
                    region.to_numpy(), {"country": other["country"]}, ("country",)
                )
            )
            persons = (
                (other * ratio).drop_vars("region").expand_dims(age=[one.ratio.ages])
            )
            found[one.name] = persons.reindex(age=list(GROUPS)).fillna(0.0)
        else:
            found[one.name] = _of_places(one, edition, cases.state_imposed.truth)
    for share in card.share:
        of, part = edition.cards[card[share.of].model], edition.cards[share.model]
        found[share.name] = by_group(_shared(truth, of, part), of)
    return {
        name: of.transpose(*CELL).sel(sex=list(SEXES), age=list(GROUPS))
        for name, of in found.items()
    }


def _of_places(leaf: LeafCard, edition: Edition, truth: pd.Series) -> xr.DataArray:
    figures = edition.figures[leaf.name]
    of = truth.reindex(figures.table["place"])
    drawn = xr.DataArray(
        of.to_numpy()[None], {"place": of.index.to_numpy(str)}, ("sample", "place")
    )
    spread = (
        by_country(drawn, figures, edition.world, HALVES, edition.card.year)
        .isel(sample=0)
        .drop_vars("evidence")
    )
    return spread.assign_coords(
        age=[CHILDREN[str(age)] for age in spread["age"].values]
    )


def _shared(truth: Truth, of: Card, part: Card) -> xr.DataArray:
    """Return p·p′·N by the leaf's own ages; p′ = 1 in those of which the share says
    nothing.
    """
    share = (
        truth.p[part.outcome].reindex(age=truth.p[of.outcome]["age"].values).fillna(1.0)
    )
    return truth.p[of.outcome] * truth.people[of.outcome] * share
