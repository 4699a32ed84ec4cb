"""Populations: the persons of every cell in a year, draw by draw where shares of traits
are uncertain.
"""

from collections.abc import Hashable, Mapping

import numpy as np
import xarray as xr

from uncounted.infer.fit import Fit
from uncounted.model.card import Card
from uncounted.world.shares import persons_drawn
from uncounted.world.world import World, persons


def people_in(
    fit: Fit,
    year: int,
) -> xr.DataArray:
    """Return persons of the card's ages in a year (country, sex, age, *traits).

    Where shares of a trait are uncertain, chain and draw stand first, and the draws of
    the shares are repeated over them.
    """
    return people_of(
        fit.card,
        fit.world,
        year,
        fit.p.sizes,
    )


def people_of(
    card: Card,
    world: World,
    year: int,
    sizes: Mapping[Hashable, int],
) -> xr.DataArray:
    """Return `people_in` for a card and the sizes of chain and draw."""
    drawn = persons_drawn(world, card.bands, year, card.traits)
    if drawn is None:
        return persons(
            world,
            card.bands,
            year,
            nearest=True,
            traits=card.traits,
        )
    shape = (sizes["chain"], sizes["draw"])
    place = np.arange(shape[0] * shape[1]).reshape(shape)
    index = place % drawn.sizes["draw"]
    return drawn.isel(draw=xr.DataArray(index, dims=("chain", "draw")))
