"""Object code: a model's density compiled by numba, kept on disk for models of the same
structure.

numba keeps object code by its own version, the processor and its features, and replaces
files whole. PyTensor tells it where, in a folder of the user's own; the key of the
structure, the versions and the options is made here, and a digest of the files, for
object code of ours that was damaged is not run. (What PyTensor keeps of its own
operations beside it has no digest.)
"""

import platform
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pymc as pm
from numba.core.ccallback import CFunc
from numba.np.numpy_support import carray
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.configdefaults import config
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.op import Op
from pytensor.graph.traversal import toposort
from pytensor.link.numba import cache
from pytensor.link.numba.cache import compile_numba_function_src
from pytensor.link.numba.dispatch.basic import cache_key_for_constant
from pytensor.scalar.basic import ScalarOp

from uncounted.engine.graph import expressions_of
from uncounted.engine.layout import Layout, following
from uncounted.infer.packed import Packed

KINDS: Any = numba.types
NUMBERS = KINDS.CPointer(KINDS.double)
DENSITY = KINDS.int64(KINDS.uint64, *[NUMBERS] * 4)
EXPAND = KINDS.int64(KINDS.uint64, KINDS.uint64, *[NUMBERS] * 3)
SOURCES = {
    "density": (
        """
def density(size, point_, gradient_, log_density_, data_):
    point = carray(point_, (DIMENSIONS,))
    data = carray(data_, (DATA,))
    log_density, gradient = inner(point, data)
    log_density_[0] = log_density[()]
    finite = True
    for i in range(DIMENSIONS):
        gradient_[i] = gradient[i]
        finite &= isfinite(gradient[i])
    if not finite:
        return 3
    return 0 if isfinite(log_density_[0]) else 4
"""
    ),
    "expand": (
        """
def expand(size, expanded, point_, output_, data_):
    point = carray(point_, (DIMENSIONS,))
    data = carray(data_, (DATA,))
    (output,) = inner(point, data)
    for i in range(EXPANDED):
        output_[i] = output[i]
    return 0
"""
    ),
}
PLAIN = {
    "name",
    "output_types_preference",
    "bool",
    "o_type",
    "ctor",
}  # what a function of numbers has besides its kind
PACKAGES = ("pytensor", "pymc", "nutpie", "numba", "llvmlite", "numpy")


@dataclass(frozen=True, eq=False)
class ObjectCode:
    """A model's density and expansion as functions of C; kept: whether both were on
    disk.
    """

    density: CFunc
    expand: CFunc
    kept: bool

    @property
    def addresses(self) -> tuple[int, int]:
        """Where the functions lie in memory."""
        density, expand = self.density.address, self.expand.address
        assert density is not None
        assert expand is not None
        return density, expand


def object_code(model: pm.Model, layout: Layout, data: Packed) -> ObjectCode | None:
    """Load a model's functions from disk, or compile and keep them; they read the
    vector of `data`.

    None for a model of whose structure there is no key, or that reads other shared
    variables than its pm.Data and the lengths of its dims.
    """
    key = structure(model, layout, data)
    if key is None:
        return None
    sizes = {
        "DIMENSIONS": layout.dimensions,
        "EXPANDED": layout.expanded,
        "DATA": data.values.size,
    }
    found = _kept(key, sizes)
    if found is not None:
        return found
    inside, vector = data.inside(model)
    made = expressions_of(inside, layout)
    point: Any = made.point
    functions = {
        "density": pm.pytensorf.compile(
            [point], [made.log_density, made.gradient], mode="NUMBA"
        ),
        "expand": pm.pytensorf.compile([point], [made.expanded], mode="NUMBA"),
    }
    if any(
        shared is not vector
        for function in functions.values()
        for shared in function.get_shared()
    ):
        return None
    code = {}
    for name, function in functions.items():
        inner = function.vm.jit_fn
        code[name] = _function(
            name, key, sizes, inner if function.get_shared() else _deaf(inner)
        )
        code[name]._cache.flush()  # what is there could not be read
        code[name].compile()
        with suppress(
            OSError
        ):  # where nothing can be kept it is compiled anew next time
            _seal(name, key)
    return ObjectCode(code["density"], code["expand"], kept=False)


def _deaf(inner: Callable) -> Callable:
    """Return a function of a point and data that takes no notice of data."""

    @numba.njit
    def function(point, _data):
        return inner(point)

    return function


def _kept(key: str, sizes: dict[str, int]) -> ObjectCode | None:
    """Return the functions that are on disk, None if one is not, or is not as it was
    written.
    """
    if not all(_is_whole(name, key) for name in SOURCES):
        return None
    code = {name: _function(name, key, sizes) for name in SOURCES}
    try:
        for function in code.values():
            function.compile()
    # of another processor, say: numba then compiles the source, which has no `inner`
    # yet
    except Exception:
        return None
    return ObjectCode(code["density"], code["expand"], kept=True)


def _seal(name: str, key: str) -> None:
    """Write down the digest of a function's files."""
    path = _seal_of(name, key)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, delete=False, encoding="ascii"
    ) as file:
        file.write(_content(name, key))
    Path(file.name).replace(path)


def _is_whole(name: str, key: str) -> bool:
    path = _seal_of(name, key)
    return path.is_file() and path.read_text(encoding="ascii") == _content(name, key)


def _seal_of(name: str, key: str) -> Path:
    return Path(cache.NUMBA_CACHE_PATH) / f"{name}_{key}.sha256"


def _content(name: str, key: str) -> str:
    files = sorted(Path(cache.NUMBA_CACHE_PATH).glob(f"*-{name}_{key}.*"))
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _function(
    name: str, key: str, sizes: dict[str, int], inner: Callable | None = None
) -> CFunc:
    known: dict[str, Any] = {
        "__name__": __name__,
        "carray": carray,
        "isfinite": np.isfinite,
        **sizes,
    }
    known |= {} if inner is None else {"inner": inner}
    function = compile_numba_function_src(
        SOURCES[name], name, known, cache_key=f"{name}_{key}"
    )
    signature = {"density": DENSITY, "expand": EXPAND}[name]
    code = CFunc(
        function, (signature.args, signature.return_type), locals={}, options={}
    )
    code.enable_caching()
    return code


def structure(model: pm.Model, layout: Layout, data: Packed) -> str | None:
    """Return a key of what is compiled: operations and how they hang together,
    constants, shapes, versions, options.

    None where an operation cannot be told from others.
    """
    inputs = [*(model.rvs_to_values[rv] for rv in model.free_RVs), *model.data_vars]
    log_density: Any = model.logp()
    graph = _key(inputs, [log_density, *following(model)])
    if graph is None:
        return None
    versions = [f"{name} {version(name)}" for name in PACKAGES]
    options = [
        config.floatX,
        config.numba__fastmath,
        model.check_bounds,
    ]  # pyright: ignore[reportAttributeAccessIssue]
    places = sorted(data.places.items())
    told = [
        graph,
        places,
        layout.names,
        layout.shapes,
        *versions,
        platform.python_version(),
        *options,
    ]
    return _digest(told)


def _key(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> str | None:
    """Return the key of a graph between inputs and outputs, None where a part of it has
    none.

    A variable's key is of the operation that makes it and of the keys of what that
    takes, so the order in which the operations stand is of no account.
    """
    keys = {
        each: _digest(["input", i, str(each.type)]) for i, each in enumerate(inputs)
    }
    for node in toposort(outputs, blockers=inputs):
        operation = _operation(node.op)
        for each in node.inputs:
            if isinstance(each, Constant):
                keys[each] = _digest(
                    [str(each.type), cache_key_for_constant(each.data)]
                )
            elif (
                isinstance(each, SharedVariable) and each not in keys
            ):  # a length of a dim, else nothing is kept
                keys[each] = _digest(
                    ["shared", str(each.type), cache_key_for_constant(each.get_value())]
                )
        if operation is None or any(each not in keys for each in node.inputs):
            return None
        taken = [keys[each] for each in node.inputs]
        keys |= {
            output: _digest([operation, taken, i, str(output.type)])
            for i, output in enumerate(node.outputs)
        }
    return (
        _digest([keys[each] for each in outputs])
        if all(each in keys for each in outputs)
        else None
    )


def _digest(told: object) -> str:
    return sha256(repr(told).encode()).hexdigest()[:32]


def _operation(op: Any) -> str | None:
    """Return an operation's kind and properties in words, None where they are not all
    told.
    """
    if isinstance(op, OpFromGraph):
        return _key(op.fgraph.inputs, op.fgraph.outputs)
    properties = getattr(op, "__props__", None)
    if properties is None:
        return None
    told = [_property(getattr(op, name)) for name in properties]
    return None if any(one is None for one in told) else f"{type(op)} {told}"


def _property(value: Any) -> str | None:
    if isinstance(
        value, ScalarOp
    ):  # what it gives is told by the types of its operation's outputs
        return str(type(value)) if set(vars(value)) <= PLAIN else None
    if isinstance(value, Op):
        return _operation(value)
    told = repr(value)
    return None if " at 0x" in told else told
