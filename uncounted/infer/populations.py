"""People: the persons of every cell in a year, draw by draw where shares of their
traits are uncertain.
"""

from collections.abc import Hashable, Mapping

import numpy as np
import xarray as xr

from uncounted.infer.fit import Fit
from uncounted.model.card import Card
from uncounted.world.shares import persons_drawn
from uncounted.world.world import World, persons


def people_in(fit: Fit, year: int) -> xr.DataArray:
    """Return persons of the card's ages in a year (country, sex, age, *traits).

    With chain and draw first where shares of a trait are uncertain: the draws of the
    shares, over and over.
    """
    card, world = fit.card, fit.world
    return people_of(
        card, world, year, {dim: fit.p.sizes[dim] for dim in ("chain", "draw")}
    )


def people_of(
    card: Card, world: World, year: int, sizes: Mapping[Hashable, int]
) -> xr.DataArray:
    """Return `people_in` for a card and so many chains and draws."""
    drawn = persons_drawn(world, card.bands, year, card.traits)
    if drawn is None:
        return persons(world, card.bands, year, nearest=True, traits=card.traits)
    at = (
        np.arange(sizes["chain"] * sizes["draw"]).reshape(sizes["chain"], sizes["draw"])
        % drawn.sizes["draw"]
    )
    return drawn.isel(draw=xr.DataArray(at, dims=("chain", "draw")))
