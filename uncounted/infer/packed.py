"""Packed: a model whose pm.Data lie in one vector, so that it compiles in two thirds of
the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.model.fgraph import fgraph_from_model, model_from_fgraph
from pytensor.compile.sharedvalue import shared
from pytensor.tensor.variable import TensorVariable

from uncounted.errors import UncountedError, did_you_mean

PACKED = "packed_data"


@dataclass(frozen=True)
class Place:
    """Where a pm.Data lies in the vector, and its shape and dtype in the model."""

    start: int
    shape: tuple[int, ...]
    dtype: str

    @property
    def stop(self) -> int:
        """The end of its numbers in the vector."""
        return self.start + int(np.prod(self.shape))

    def part(self, vector: TensorVariable) -> TensorVariable:
        """Return the pm.Data as a part of the vector."""
        numbers = vector[self.start : self.stop]
        return pt.cast(numbers.reshape(self.shape), self.dtype)


@dataclass(frozen=True)
class Packed:
    """The numbers of a model's pm.Data in one vector.

    places: where each pm.Data lies in the vector.
    """

    values: np.ndarray = field(default_factory=lambda: np.empty(0))
    places: Mapping[str, Place] = field(default_factory=dict)

    def with_data(self, data: Mapping[str, np.ndarray]) -> "Packed":
        """Return the vector with other numbers of some pm.Data, in their shapes."""
        values = self.values.copy()
        for name, numbers in data.items():
            place = self.places[name]
            values[place.start : place.stop] = np.ravel(numbers)
        return replace(self, values=values)

    def inside(self, model: pm.Model) -> tuple[pm.Model, TensorVariable | None]:
        """Return a model that reads its pm.Data from the vector, with its variables in
        the same order, and the vector.

        nutpie hands each pm.Data to the compiled density by separate code, which takes
        half a second to compile for each.
        """
        if not self.places:
            return model, None
        vector = pt.as_tensor(shared(self.values, name=PACKED, shape=self.values.shape))
        graph, copies = fgraph_from_model(model)
        parts = []
        for data in model.data_vars:
            variable = copies[data].owner.inputs[0]
            place = self.places[str(data.name)]
            parts.append((variable, place.part(vector)))
        graph.replace_all(parts, import_missing=True)
        copy = model_from_fgraph(graph, mutate_fgraph=True)
        # A point's coordinates follow the order of the variables.
        order = [rv.name for rv in model.free_RVs]
        copy.free_RVs.sort(key=lambda rv: order.index(rv.name))
        return copy, vector


def check_data(
    model: pm.Model,
    data: Mapping[str, np.ndarray],
) -> None:
    """Raise UncountedError for numbers of a pm.Data that the model lacks, or that has
    another shape in the model.
    """
    shapes = {}
    for variable in model.data_vars:
        value = variable.get_value(borrow=True)
        shapes[str(variable.name)] = value.shape
    for name, numbers in data.items():
        if name not in shapes:
            raise UncountedError(
                f"The model has no pm.Data '{name}'.{did_you_mean(name, shapes)}"
            )
        if np.shape(numbers) != shapes[name]:
            raise UncountedError(
                f"The pm.Data '{name}' was compiled with the shape {shapes[name]} and"
                f" is given {np.shape(numbers)}. Give as many numbers, or build and"
                " compile the model anew."
            )


def packed(model: pm.Model) -> Packed:
    """Return a model's pm.Data in one vector, which is empty for a model without
    pm.Data.

    Counts and indices are whole numbers below 2⁵³, which a vector of floats holds
    exactly. PyMC cannot copy a model that sets initial values; such a model keeps its
    data where they are.
    """
    initial = model.rvs_to_initial_values.values()
    if not model.data_vars or any(value is not None for value in initial):
        return Packed()
    places = {}
    numbers = []
    start = 0
    for data in model.data_vars:
        value = data.get_value()
        place = Place(start, value.shape, value.dtype.str)
        places[str(data.name)] = place
        numbers.append(value.ravel())
        start = place.stop
    return Packed(np.concatenate(numbers).astype(float), places)
