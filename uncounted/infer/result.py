"""Result: what a fit and an estimate of components both offer: a fit is an estimate
with one component.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import xarray as xr

from uncounted.infer.fit import TOTAL, Fit
from uncounted.world.world import World


class Result(Protocol):
    """Draws for every cell of the world, of one component or of several."""

    @property
    def card(self) -> Any:
        """The card of the model, or of the estimate."""

    @property
    def world(self) -> World:
        """The places, their people and covariates."""
        ...

    @property
    def people(self) -> xr.DataArray:
        """Persons of the reference year (country, sex, age, …): the denominators."""
        ...

    @property
    def seed(self) -> int:
        """The seed of all draws."""
        ...

    @property
    def versions(self) -> Mapping[str, str]:
        """The version of each package."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The total, then sums and components."""
        ...

    @property
    def fits(self) -> Mapping[str, Fit]:
        """The models behind it."""
        ...

    @property
    def inputs(self) -> Mapping[str, str]:
        """The content hash of each source."""
        ...

    def cells(self, name: str = TOTAL) -> tuple[xr.DataArray, xr.DataArray]:
        """Return values (chain, draw, country, sex, age, …) and weights whose product
        is persons affected, as `totals.affected` takes them.
        """
        ...
