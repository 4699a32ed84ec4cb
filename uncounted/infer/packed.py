"""Packed: a model whose pm.Data lie in one vector, which compiles in two thirds of the
time.
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
    """Where a pm.Data lies in the vector, and what it is made of it again."""

    start: int
    shape: tuple[int, ...]
    dtype: str

    @property
    def stop(self) -> int:
        """The end of its numbers in the vector."""
        return self.start + int(np.prod(self.shape))

    def part(self, vector: TensorVariable) -> TensorVariable:
        """Return the pm.Data as a part of the vector."""
        return pt.cast(vector[self.start : self.stop].reshape(self.shape), self.dtype)


@dataclass(frozen=True)
class Packed:
    """The numbers of a model's pm.Data in one vector; places: where each of them lies
    in it.
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
        """Return a model that reads its pm.Data from the vector, its variables in the
        same order; and the vector.

        nutpie hands every pm.Data to the compiled density by code of its own, which
        takes half a second of compiling each.
        """
        if not self.places:
            return model, None
        vector = pt.as_tensor(shared(self.values, name=PACKED, shape=self.values.shape))
        graph, copies = fgraph_from_model(model)
        parts = [
            (copies[data].owner.inputs[0], self.places[str(data.name)].part(vector))
            for data in model.data_vars
        ]
        graph.replace_all(parts, import_missing=True)
        whole = model_from_fgraph(graph, mutate_fgraph=True)
        order = [rv.name for rv in model.free_RVs]
        whole.free_RVs.sort(
            key=lambda rv: order.index(rv.name)
        )  # the order of a point's coordinates
        return whole, vector


def check_data(model: pm.Model, data: Mapping[str, np.ndarray]) -> None:
    """Raise UncountedError for numbers of pm.Data that a model has not, or of other
    shapes than it was built with.
    """
    shapes = {
        str(variable.name): variable.get_value(borrow=True).shape
        for variable in model.data_vars
    }
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
    """Return a model's pm.Data in one vector; nothing without pm.Data.

    Counts and places are whole numbers below 2⁵³, which a vector of floats holds
    exactly. A model with initial values of its own, which PyMC cannot copy, keeps its
    data where they are.
    """
    if not model.data_vars or any(
        value is not None for value in model.rvs_to_initial_values.values()
    ):
        return Packed()
    built = {str(data.name): data.get_value() for data in model.data_vars}
    ends = np.cumsum([0, *(value.size for value in built.values())])
    places = {
        name: Place(int(start), built[name].shape, built[name].dtype.str)
        for name, start in zip(built, ends, strict=False)
    }
    return Packed(
        np.concatenate([value.ravel() for value in built.values()]).astype(float),
        places,
    )
