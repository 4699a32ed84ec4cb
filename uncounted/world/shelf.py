"""Shelf: where the tables and cards that ship with the package lie."""

from pathlib import Path

from uncounted.errors import UncountedError, did_you_mean

PACKAGE = Path(__file__).resolve().parents[1]


def shelf(*parts: str) -> Path:
    """Return the path of a file or folder below `data/` or `models/`: of the installed package, else of the checkout."""
    for root in (PACKAGE, PACKAGE.parent):
        if (path := root.joinpath(*parts)).exists():
            return path
    folder = next((p for p in (PACKAGE / parts[0], PACKAGE.parent / parts[0]) if p.is_dir()), PACKAGE.parent)
    here = [str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.*")]
    asked = str(Path(*parts[1:]).with_suffix(""))
    raise UncountedError(f"Nothing named '{asked}' ships in {parts[0]}/.{did_you_mean(asked, here)}")
