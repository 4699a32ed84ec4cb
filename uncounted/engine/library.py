"""Library: the machine, compiled from C, in this process."""

import ctypes
import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCES = ("machine.c", "kernels.h", "special.h")
FLAGS = (
    "-std=c99",
    "-O3",
    "-shared",
    "-fvisibility=hidden",
    "-fno-math-errno",
    "-fno-trapping-math",
)
# for x86-64 processors of 2013 and later, which work on four numbers at once
FASTER = "-v3"
FASTER_FLAGS = ("-march=x86-64-v3", "-ffp-contract=fast")
SUFFIX = {
    "win32": ".dll",
    "darwin": ".dylib",
}.get(sys.platform, ".so")
X86 = platform.machine().lower() in ("x86_64", "amd64")


@dataclass(frozen=True, eq=False)
class Library:
    """The machine's functions, and the numbers of its kernels and kinds of instruction
    by their names.
    """

    path: Path
    density: Callable[..., int]
    expand: Callable[..., int]
    forget: Callable[[int], None]
    density_address: int
    expand_address: int
    program_bytes: int
    register_count: int
    kernels: dict[str, int]
    kinds: dict[str, int]


@cache
def library(folder: Path = HERE) -> Library | None:
    """Return the machine that lies in a folder, the one for this processor; None where
    there is none, or none loads.
    """
    variants = [FASTER, ""] if X86 and _is_fast() else [""]
    for variant in variants:
        try:
            return load(folder / f"machine{variant}{SUFFIX}")
        except OSError:
            continue
    return None


def load(path: Path) -> Library:
    """Load the machine from a file; raises OSError for a file that is none, or that is
    of other sources than those beside this module.
    """
    machine = ctypes.CDLL(str(path))
    machine.sources.restype = ctypes.c_char_p
    if machine.sources() != digest().encode():
        raise OSError(
            f"{path} was compiled from other sources. Run python -m uncounted.engine."
        )
    machine.density.argtypes = [ctypes.c_uint64, *[ctypes.c_void_p] * 4]
    machine.expand.argtypes = [ctypes.c_uint64, ctypes.c_uint64, *[ctypes.c_void_p] * 3]
    machine.density.restype = machine.expand.restype = ctypes.c_int64
    machine.forget.argtypes = [ctypes.c_void_p]
    machine.forget.restype = None
    machine.program_bytes.restype = machine.register_count.restype = ctypes.c_int64
    return Library(
        path=path,
        density=machine.density,
        expand=machine.expand,
        forget=machine.forget,
        density_address=_address(machine.model_density),
        expand_address=_address(machine.model_expand),
        program_bytes=machine.program_bytes(),
        register_count=machine.register_count(),
        kernels=_names(machine.kernel_name),
        kinds=_names(machine.kind_name),
    )


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def build(folder: Path = HERE) -> list[Path]:
    """Compile the machine into a folder, for any processor and for faster ones; return
    the files, if any.

    Without a compiler there are none. A file appears when it is whole. Raises
    subprocess.CalledProcessError where a compiler is there and fails.
    """
    command = compiler()
    if command is None:
        return []
    files = [_compiled(command, folder / f"machine{SUFFIX}", ())]
    if X86:
        faster = folder / f"machine{FASTER}{SUFFIX}"
        files.append(_compiled(command, faster, FASTER_FLAGS))
    return files


def digest() -> str:
    """Return the digest of the machine's sources."""
    content = b"".join((HERE / name).read_bytes() for name in SOURCES)
    return hashlib.sha256(content).hexdigest()[:16]


def compiler() -> list[str] | None:
    """Return the command of the system's C compiler, else of the one in the wheel
    `ziglang`, else None.
    """
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path:
            return [path]
    if find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    return None


def _compiled(command: Sequence[str], path: Path, flags: Sequence[str]) -> Path:
    """Compile the machine to a file, which appears when it is complete."""
    position, mathematics = ["-fPIC"], ["-lm"]
    if sys.platform == "win32":
        position, mathematics = [], []
    if "ziglang" in command:
        flags = [flag.replace("x86-64-v3", "x86_64_v3") for flag in flags]
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        output = Path(folder) / path.name
        arguments = [
            *command,
            *FLAGS,
            f'-DSOURCES="{digest()}"',
            *position,
            *flags,
            str(HERE / SOURCES[0]),
            "-o",
            str(output),
            *mathematics,
        ]
        subprocess.run(
            arguments,
            check=True,
            capture_output=True,
            text=True,
        )
        output.replace(path)
    return path


def _is_fast() -> bool:
    """Whether the processor has what the faster variant uses, as numpy found it."""
    umath: Any = import_module("numpy._core._multiarray_umath")
    features: dict[str, bool] = getattr(umath, "__cpu_features__", {})
    both = features.get("AVX2", False) and features.get("FMA3", False)
    return features.get("X86_V3", both)


def _names(function: Any) -> dict[str, int]:
    """Return the number of each name that the machine's function gives, until it gives
    none.
    """
    function.argtypes = [ctypes.c_int64]
    function.restype = ctypes.c_char_p
    names: dict[str, int] = {}
    name = function(0)
    while name is not None:
        names[name.decode()] = len(names)
        name = function(len(names))
    return names
