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
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
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
    """Load the machine from a file; raises OSError for what is none, or one of other
    sources than those beside this.
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
    machine.forget.argtypes, machine.forget.restype = [ctypes.c_void_p], None
    machine.program_bytes.restype = machine.register_count.restype = ctypes.c_int64
    return Library(
        path=path,
        density=machine.density,
        expand=machine.expand,
        forget=machine.forget,
        density_address=ctypes.cast(machine.model_density, ctypes.c_void_p).value or 0,
        expand_address=ctypes.cast(machine.model_expand, ctypes.c_void_p).value or 0,
        program_bytes=machine.program_bytes(),
        register_count=machine.register_count(),
        kernels=_names(machine.kernel_name),
        kinds=_names(machine.kind_name),
    )


def build(folder: Path = HERE) -> list[Path]:
    """Compile the machine into a folder, for any processor and for faster ones; return
    the files, if any.

    Without a compiler there are none. A file appears when it is whole. Raises
    subprocess.CalledProcessError where a compiler is there and fails.
    """
    command = compiler()
    if command is None:
        return []
    made = [_compiled(command, folder / f"machine{SUFFIX}", ())]
    if X86:
        made.append(
            _compiled(command, folder / f"machine{FASTER}{SUFFIX}", FASTER_FLAGS)
        )
    return made


def digest() -> str:
    """Return the digest of the machine's sources."""
    content = b"".join((HERE / name).read_bytes() for name in SOURCES)
    return hashlib.sha256(content).hexdigest()[:16]


def compiler() -> list[str] | None:
    """Return the command of the system's C compiler, else of the one in the wheel
    `ziglang`, else None.
    """
    for name in ("cc", "gcc", "clang"):
        if path := shutil.which(name):
            return [path]
    return [sys.executable, "-m", "ziglang", "cc"] if find_spec("ziglang") else None


def _compiled(command: Sequence[str], path: Path, flags: Sequence[str]) -> Path:
    position = () if sys.platform == "win32" else ("-fPIC",)
    mathematics = () if sys.platform == "win32" else ("-lm",)
    if "ziglang" in command:
        flags = [flag.replace("x86-64-v3", "x86_64_v3") for flag in flags]
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        named = f'-DSOURCES="{digest()}"'
        whole = [
            *command,
            *FLAGS,
            named,
            *position,
            *flags,
            str(HERE / SOURCES[0]),
            "-o",
            str(made),
            *mathematics,
        ]
        subprocess.run(whole, check=True, capture_output=True, text=True)
        made.replace(path)
    return path


def _is_fast() -> bool:
    """Whether the processor has what the faster variant uses, as numpy found it."""
    umath: Any = import_module("numpy._core._multiarray_umath")
    features: dict[str, bool] = getattr(umath, "__cpu_features__", {})
    return features.get(
        "X86_V3", features.get("AVX2", False) and features.get("FMA3", False)
    )


def _names(function: Any) -> dict[str, int]:
    function.argtypes, function.restype = [ctypes.c_int64], ctypes.c_char_p
    names: dict[str, int] = {}
    while (name := function(len(names))) is not None:
        names[name.decode()] = len(names)
    return names
