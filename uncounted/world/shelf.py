"""Shelf: where the tables and cards that ship with the package lie."""

from pathlib import Path

from uncounted.errors import UncountedError, did_you_mean

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = ("data", "models")


def shelf(*parts: str) -> Path:
    """Return the path of a file or folder that ships, such as "data", "population.csv".

    In an installed package they lie inside it, in a checkout beside it. Raises
    UncountedError for what isn't there.
    """
    asked = Path(*parts).as_posix()
    if not parts or Path(asked).parts[:1] not in [(folder,) for folder in FOLDERS]:
        raise UncountedError(
            f"'{asked}' is on no shelf. Tables ship in data/, cards in models/."
        )
    root = next(
        (root for root in (PACKAGE, PACKAGE.parent) if (root / parts[0]).is_dir()),
        PACKAGE.parent,
    )
    path = root / asked
    if path.exists():
        return path
    known = [
        file.relative_to(root).as_posix()
        for file in sorted((root / parts[0]).rglob("*.*"))
    ]
    raise UncountedError(
        f"Nothing named '{asked}' ships with uncounted.{did_you_mean(asked, known)}"
    )


def shipped(name: str | Path) -> Path:
    """Return a path as it is if something is there, else what ships below data/ by that
    name ("cases/records.csv").
    """
    path = Path(name)
    if path.exists() or path.is_absolute():
        return path
    return shelf("data", *[part for part in path.parts if part != "data"])
