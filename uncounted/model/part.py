"""Part: a model inside another one, such as an outcome or a form of it, with names of
its own.
"""

from typing import Any

import pymc as pm


class Part(pm.Model):
    """A model inside another one: its dims bear its name ("forced_labour::row"), as its
    variables do.

    Inside it, pieces of the model use both without: PyMC's own nested models share
    dims, and each part has its own.
    """

    @property
    def coords(self) -> dict[str, tuple | None]:
        """The labels of dims, its own under their names without the part's."""
        return {self.name_of(dim): labels for dim, labels in super().coords.items()}

    @property
    def dim_lengths(self) -> dict[str, Any]:
        """The lengths of dims, by the same names."""
        lengths = super().dim_lengths
        return {self.name_of(dim): length for dim, length in lengths.items()}

    def add_coord(self, name: str, *labels: Any, **length: Any) -> None:
        """Register a dim under its name with the part's."""
        super().add_coord(self.name_for(name), *labels, **length)

    def add_named_variable(
        self,
        var: Any,
        dims: tuple[str | None, ...] | None = None,
    ) -> None:
        """Register a variable, and its dims by the names they have outside."""
        super().add_named_variable(var, dims)
        if dims is not None:
            names = (dims,) if isinstance(dims, str) else dims
            outside = [dim and self.name_for(dim) for dim in names]
            self.named_vars_to_dims[var.name] = tuple(outside)
