"""Shelf: paths of the tables and cards that ship with the package."""

from pathlib import Path

from uncounted.errors import UncountedError, did_you_mean

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = ("data", "models")


def shelf(*parts: str) -> Path:
    """Return the path of a file or folder that ships, such as "data", "population.csv".

    In an installed package they lie inside it, in a checkout beside it. Raises
    UncountedError for what isn't there.
    """
    name = Path(*parts).as_posix()
    if not set(FOLDERS).intersection(Path(name).parts[:1]):
        raise UncountedError(
            f"'{name}' is on no shelf. Tables ship in data/, cards in models/."
        )
    root = PACKAGE if (PACKAGE / parts[0]).is_dir() else PACKAGE.parent
    path = root / name
    if path.exists():
        return path
    files = sorted((root / parts[0]).rglob("*.*"))
    names = [file.relative_to(root).as_posix() for file in files]
    raise UncountedError(
        f"Nothing named '{name}' ships with uncounted.{did_you_mean(name, names)}"
    )


def shipped(name: str | Path) -> Path:
    """Return a path as it is if it exists, else the path below data/ of the file that
    ships by that name ("cases/records.csv").
    """
    path = Path(name)
    if path.exists() or path.is_absolute():
        return path
    return shelf("data", *[part for part in path.parts if part != "data"])
