"""Press: a report written in any format, its drawings made once."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import xarray as xr

from uncounted.charts.drawings import Drawings, draw
from uncounted.errors import UncountedError, did_you_mean
from uncounted.formats.document import write_brief, write_gather
from uncounted.formats.exchange import AREAS, write_sdmx
from uncounted.formats.page import write_page
from uncounted.formats.paper import write_paper
from uncounted.formats.workbook import write_workbook
from uncounted.infer.fit import Fit
from uncounted.leaves.estimate import Estimate
from uncounted.release.release import Release
from uncounted.tables.breakdown import breakdown, shown
from uncounted.tables.estimates import estimates

ENGINE = "h5netcdf"
FILES = ("html", "csv")  # what an estimate is written in; `write_report` has more


@dataclass(frozen=True)
class Press:
    """A release about to be written."""

    release: Release
    # its draws: a fit, or an estimate of leaves
    of: Fit | Estimate | None = None

    @cached_property
    def drawings(self) -> Drawings:
        """The charts and maps."""
        return draw(self.release)

    @cached_property
    def areas(self) -> pd.DataFrame | None:
        """The rows of M49's own regions, added up from the draws."""
        interval = float(self.release.of_world["interval"])
        if isinstance(self.of, Estimate):
            return shown(self.of, breakdown(self.of, AREAS, interval))
        return None if self.of is None else estimates(self.of, AREAS, interval)


def write_formats(
    press: Press, folder: str | Path, formats: Collection[str]
) -> list[Path]:
    """Write a report into a folder in some of FORMATS; return the files.

    html: report.html; pdf: report.pdf; xlsx: tables.xlsx; docx: brief.docx; csv:
    estimates.csv, surveys.csv, ledger.csv and, where there are such, trend.csv,
    held-out.csv, budget.csv, selection.csv and beside-published.csv; parquet:
    estimates.parquet; sdmx: sdmx.csv; gather: gather.docx and inputs.csv; draws:
    draws.nc. Raises UncountedError for a format that isn't known.
    """
    check_formats(formats)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for name, write in FORMATS.items():
        if name in formats:
            paths += write(press, folder)
    return paths


def check_formats(formats: Collection[str]) -> None:
    """Refuse a format that isn't known."""
    for name in formats:
        if name not in FORMATS:
            hint = did_you_mean(name, FORMATS)
            raise UncountedError(f"There is no format '{name}'.{hint}")


def _page(press: Press, folder: Path) -> Iterator[Path]:
    yield write_page(press.release, folder / "report.html", press.drawings)


def _paper(press: Press, folder: Path) -> Iterator[Path]:
    yield write_paper(press.release, folder / "report.pdf", press.drawings)


def _workbook(press: Press, folder: Path) -> Iterator[Path]:
    yield write_workbook(press.release, folder / "tables.xlsx")


def _brief(press: Press, folder: Path) -> Iterator[Path]:
    yield write_brief(press.release, folder / "brief.docx", press.drawings)


def _tables(press: Press, folder: Path) -> Iterator[Path]:
    """Write the tidy tables; each says in a column `note` if it is not for
    publication.
    """
    release = press.release
    surveys = _all(release, [part.surveys.reset_index() for part in release.parts])
    ledger = _all(release, [part.ledger.lines for part in release.parts])
    yield _csv(release.noted, folder / "estimates.csv")
    yield _csv(release.stamped(surveys), folder / "surveys.csv")
    yield _csv(ledger, folder / "ledger.csv")
    tables = {
        "trend.csv": release.trend,
        "held-out.csv": release.held_out,
        "budget.csv": release.budget,
        "selection.csv": release.selection,
        "beside-published.csv": release.beside,
    }
    for name, table in tables.items():
        if table is not None:
            yield _csv(release.stamped(table), folder / name)


def _parquet(press: Press, folder: Path) -> Iterator[Path]:
    path = folder / "estimates.parquet"
    press.release.noted.to_parquet(path, index=False)
    yield path


def _exchange(press: Press, folder: Path) -> Iterator[Path]:
    yield write_sdmx(press.release, folder / "sdmx.csv", press.areas)


def _gather(press: Press, folder: Path) -> Iterator[Path]:
    release = press.release
    yield write_gather(release, folder / "gather.docx")
    inputs = _all(release, [part.inputs for part in release.parts])
    yield _csv(inputs, folder / "inputs.csv")


def _draws(press: Press, folder: Path) -> Iterator[Path]:
    """Write every draw of every cell: modelled, so not masked.

    Of a fit p, and persons to add it up with; of an estimate the persons affected, by
    leaf.
    """
    source = press.of
    release = press.release
    if source is None:
        raise UncountedError(
            f"The draws of '{release.name}' are not in its tables. Write them from its"
            " fit."
        )
    path = folder / "draws.nc"
    if isinstance(source, Estimate):
        draws = _affected(source)
    else:
        draws = source.p.to_dataset(name="p").assign(persons=source.people)
    draws = draws.assign_attrs(
        title=release.title,
        year=release.year,
        note=release.note,
        seed=source.seed,
    )
    drawn = [name for name in draws.data_vars if "draw" in draws[name].dims]
    encoding = {name: {"zlib": True, "complevel": 1} for name in drawn}
    draws.to_netcdf(path, engine=ENGINE, encoding=encoding)
    yield path


def _affected(estimate: Estimate) -> xr.Dataset:
    leaves = pd.Index(list(estimate.leaves), name="leaf")
    persons = xr.concat([estimate.persons(name) for name in estimate.leaves], leaves)
    return xr.Dataset({"affected": persons, "persons": estimate.people})


def _csv(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False)
    return path


def _all(release: Release, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the tables of several models as one, with a column of the outcome."""
    if len(tables) == 1:
        return tables[0]
    named = [
        table.assign(outcome=part.card.outcome)
        for table, part in zip(tables, release.parts, strict=True)
    ]
    return pd.concat(named, ignore_index=True)


FORMATS: dict[str, Callable[[Press, Path], Iterator[Path]]] = {
    "html": _page,
    "pdf": _paper,
    "xlsx": _workbook,
    "docx": _brief,
    "csv": _tables,
    "parquet": _parquet,
    "sdmx": _exchange,
    "gather": _gather,
    "draws": _draws,
}
BY_SUFFIX = {
    ".html": "html",
    ".pdf": "pdf",
    ".xlsx": "xlsx",
    ".docx": "docx",
    ".parquet": "parquet",
}
