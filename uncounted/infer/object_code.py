"""Object code: a model's density compiled by numba, kept on disk for models of the same
structure.

numba keeps object code by its own version, the processor and the processor's features,
and replaces files whole. PyTensor tells numba the folder, which belongs to the user.
This module makes the key of the structure, the versions and the options. It also keeps
a digest of the files, so that damaged object code is not run. (The operations that
PyTensor keeps in the same folder have no digest.)
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
EXPAND = KINDS.int64(
    KINDS.uint64,
    KINDS.uint64,
    *[NUMBERS] * 3,
)
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
# The attributes that a function of numbers has besides its kind.
PLAIN = {
    "name",
    "output_types_preference",
    "bool",
    "o_type",
    "ctor",
}
PACKAGES = ("pytensor", "pymc", "nutpie", "numba", "llvmlite", "numpy")


@dataclass(frozen=True, eq=False)
class ObjectCode:
    """A model's density and expansion as C functions.

    kept: whether both were on disk.
    """

    density: CFunc
    expand: CFunc
    kept: bool

    @property
    def addresses(self) -> tuple[int, int]:
        """The addresses of the functions in memory."""
        density = self.density.address
        expand = self.expand.address
        assert density is not None
        assert expand is not None
        return density, expand


def object_code(
    model: pm.Model,
    layout: Layout,
    data: Packed,
) -> ObjectCode | None:
    """Load a model's functions from disk, or compile and keep them; they read the
    vector of `data`.

    Return None for a model whose structure has no key, or that reads other shared
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
    code = _kept(key, sizes)
    if code is not None:
        return code
    functions = _compiled(model, layout, data)
    if functions is None:
        return None
    compiled = {}
    for name, inner in functions.items():
        function: Any = _function(name, key, sizes, inner)
        function._cache.flush()  # the files there could not be read
        function.compile()
        # Where nothing can be kept, the function is compiled anew next time.
        with suppress(OSError):
            _seal(name, key)
        compiled[name] = function
    return ObjectCode(compiled["density"], compiled["expand"], kept=False)


def _compiled(
    model: pm.Model,
    layout: Layout,
    data: Packed,
) -> dict[str, Callable] | None:
    """Return the density and the expansion as functions of a point and of data; None
    for a model that reads other shared variables than `data`.
    """
    inside, vector = data.inside(model)
    expressions = expressions_of(inside, layout)
    point: Any = expressions.point
    outputs = {
        "density": [expressions.log_density, expressions.gradient],
        "expand": [expressions.expanded],
    }
    functions = {}
    for name, variables in outputs.items():
        function = pm.pytensorf.compile(
            [point],
            variables,
            mode="NUMBA",
        )
        reads = function.get_shared()
        if any(shared is not vector for shared in reads):
            return None
        inner = function.vm.jit_fn
        functions[name] = inner if reads else _without_data(inner)
    return functions


def _without_data(inner: Callable) -> Callable:
    """Return a function of a point and data that does not use the data."""

    @numba.njit
    def function(point, _data):
        return inner(point)

    return function


def _kept(
    key: str,
    sizes: dict[str, int],
) -> ObjectCode | None:
    """Return the functions that are on disk; None if one of them is not there, or is
    not as it was written.
    """
    if not all(_is_whole(name, key) for name in SOURCES):
        return None
    compiled = {name: _function(name, key, sizes) for name in SOURCES}
    try:
        for function in compiled.values():
            function.compile()
    # The object code may be of another processor: numba then compiles the source, which
    # has no `inner` yet.
    except Exception:
        return None
    return ObjectCode(compiled["density"], compiled["expand"], kept=True)


def _seal(name: str, key: str) -> None:
    """Write the digest of a function's files."""
    path = _seal_of(name, key)
    with tempfile.NamedTemporaryFile(
        "w",
        dir=path.parent,
        delete=False,
        encoding="ascii",
    ) as file:
        file.write(_content(name, key))
    Path(file.name).replace(path)


def _is_whole(name: str, key: str) -> bool:
    path = _seal_of(name, key)
    if not path.is_file():
        return False
    return path.read_text(encoding="ascii") == _content(name, key)


def _seal_of(name: str, key: str) -> Path:
    return Path(cache.NUMBA_CACHE_PATH) / f"{name}_{key}.sha256"


def _content(name: str, key: str) -> str:
    folder = Path(cache.NUMBA_CACHE_PATH)
    files = sorted(folder.glob(f"*-{name}_{key}.*"))
    content = b"".join(path.read_bytes() for path in files)
    return sha256(content).hexdigest()


def _function(
    name: str,
    key: str,
    sizes: dict[str, int],
    inner: Callable | None = None,
) -> CFunc:
    variables: dict[str, Any] = {
        "__name__": __name__,
        "carray": carray,
        "isfinite": np.isfinite,
        **sizes,
    }
    if inner is not None:
        variables["inner"] = inner
    function = compile_numba_function_src(
        SOURCES[name],
        name,
        variables,
        cache_key=f"{name}_{key}",
    )
    signature = {"density": DENSITY, "expand": EXPAND}[name]
    code = CFunc(
        function,
        (signature.args, signature.return_type),
        locals={},
        options={},
    )
    code.enable_caching()
    return code


def structure(
    model: pm.Model,
    layout: Layout,
    data: Packed,
) -> str | None:
    """Return a key of everything that is compiled: the operations and their graph,
    constants, shapes, versions and options.

    Return None where an operation cannot be distinguished from others.
    """
    inputs = [*(model.rvs_to_values[rv] for rv in model.free_RVs), *model.data_vars]
    log_density: Any = model.logp()
    graph = _key(inputs, [log_density, *following(model)])
    if graph is None:
        return None
    parts = [
        graph,
        sorted(data.places.items()),
        layout.names,
        layout.shapes,
        *(f"{name} {version(name)}" for name in PACKAGES),
        platform.python_version(),
        config.floatX,
        config.numba__fastmath,
        model.check_bounds,
    ]
    return _digest(parts)


def _key(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
) -> str | None:
    """Return the key of a graph between inputs and outputs; None where a part of it has
    no key.

    A variable's key follows from the operation that makes it and from the keys of the
    operation's inputs, so the order in which the operations stand does not matter.
    """
    keys: dict[Variable, str | None] = {}
    for index, variable in enumerate(inputs):
        keys[variable] = _digest(["input", index, str(variable.type)])
    for node in toposort(outputs, blockers=inputs):
        operation = _operation(node.op)
        for variable in node.inputs:
            if variable not in keys:
                keys[variable] = _value_key(variable)
        input_keys = [keys[variable] for variable in node.inputs]
        if operation is None or None in input_keys:
            return None
        for index, variable in enumerate(node.outputs):
            parts = [operation, input_keys, index, str(variable.type)]
            keys[variable] = _digest(parts)
    output_keys = [keys.get(variable) for variable in outputs]
    return None if None in output_keys else _digest(output_keys)


def _value_key(variable: Variable) -> str | None:
    """Return the key of a constant's or shared variable's value; None for any other
    variable.
    """
    kind = str(variable.type)
    if isinstance(variable, Constant):
        return _digest([kind, cache_key_for_constant(variable.data)])
    # It is the length of a dim; a model that reads any other one is not kept.
    if isinstance(variable, SharedVariable):
        value = cache_key_for_constant(variable.get_value())
        return _digest(["shared", kind, value])
    return None


def _digest(parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()[:32]


def _operation(op: Any) -> str | None:
    """Return an operation's kind and properties in words; None where a property cannot
    be written in words.
    """
    if isinstance(op, OpFromGraph):
        return _key(op.fgraph.inputs, op.fgraph.outputs)
    names = getattr(op, "__props__", None)
    if names is None:
        return None
    properties = [_property(getattr(op, name)) for name in names]
    return None if None in properties else f"{type(op)} {properties}"


def _property(value: Any) -> str | None:
    if isinstance(value, ScalarOp):
        # The types of its operation's outputs show what it returns.
        return str(type(value)) if set(vars(value)) <= PLAIN else None
    if isinstance(value, Op):
        return _operation(value)
    text = repr(value)
    return None if " at 0x" in text else text
