"""Build hook: the engine's library is compiled into the package where there is a C
compiler.
"""

import importlib.util
import platform
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY = Path("uncounted", "engine", "library.py")


class LibraryHook(BuildHookInterface):
    """Compiles the library; a wheel that carries it is of one platform, any other of
    all.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say which files the wheel takes; without a compiler, or where it
        fails, none.
        """
        try:
            made = _module(Path(self.root) / LIBRARY).build()
        except subprocess.CalledProcessError as error:
            self.app.display_warning(
                "The engine's library was not compiled, models take numba:"
                f" {error.stderr}"
            )
            return
        build_data["artifacts"] += [str(path.relative_to(self.root)) for path in made]
        if made and version != "editable":
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform(made)}"


def _module(path: Path) -> ModuleType:
    """Load library.py alone: the package itself needs what isn't installed yet."""
    spec = importlib.util.spec_from_file_location("library", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _platform(made: list[Path]) -> str:
    """Return the platform of a wheel: on Linux with glibc, by the newest version of it
    that the library asks for.
    """
    name = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    needed = [
        int(minor)
        for path in made
        for minor in re.findall(rb"GLIBC_2\.(\d+)", path.read_bytes())
    ]
    return (
        f"manylinux_2_{max(needed)}_{platform.machine()}"
        if sys.platform == "linux" and needed
        else name
    )
