"""Press: writes a report in any format; what several formats show is made once."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.fit import Fit
from uncounted.report.document import write_brief, write_gather
from uncounted.report.drawings import Drawings, draw
from uncounted.report.exchange import AREAS, write_sdmx
from uncounted.report.page import write_page
from uncounted.report.paper import write_paper
from uncounted.report.release import Release
from uncounted.report.tables import estimates
from uncounted.report.workbook import write_workbook

ENGINE = "h5netcdf"


@dataclass(frozen=True)
class Press:
    """A release about to be written; its fit, where there is one, for what needs draws. Figures are drawn once."""

    release: Release
    fit: Fit | None = None

    @cached_property
    def drawings(self) -> Drawings:
        """The charts and maps."""
        return draw(self.release)

    @cached_property
    def areas(self) -> pd.DataFrame | None:
        """The rows of M49's own regions, added up from the fit's draws."""
        return None if self.fit is None else estimates(self.fit, AREAS, float(self.release.of_world["interval"]))


def write_formats(press: Press, folder: str | Path, formats: Collection[str]) -> list[Path]:
    """Write a report into a folder in some of FORMATS; return the files.

    html: report.html; pdf: report.pdf; xlsx: tables.xlsx; docx: brief.docx; csv: estimates.csv, surveys.csv,
    ledger.csv and, where there are such, trend.csv and held-out.csv; parquet: estimates.parquet; sdmx: sdmx.csv;
    gather: gather.docx and inputs.csv; draws: draws.nc. Raises UncountedError for a format that isn't known.
    """
    check_formats(formats)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return [path for name, write in FORMATS.items() if name in formats for path in write(press, folder)]


def check_formats(formats: Collection[str]) -> None:
    """Refuse a format that isn't known."""
    for name in formats:
        if name not in FORMATS:
            raise UncountedError(f"There is no format '{name}'.{did_you_mean(name, FORMATS)}")


def _page(press: Press, folder: Path) -> Iterator[Path]:
    yield write_page(press.release, folder / "report.html", press.drawings)


def _paper(press: Press, folder: Path) -> Iterator[Path]:
    yield write_paper(press.release, folder / "report.pdf", press.drawings)


def _workbook(press: Press, folder: Path) -> Iterator[Path]:
    yield write_workbook(press.release, folder / "tables.xlsx")


def _brief(press: Press, folder: Path) -> Iterator[Path]:
    yield write_brief(press.release, folder / "brief.docx", press.drawings)


def _tables(press: Press, folder: Path) -> Iterator[Path]:
    """Write the tidy tables; each says in a column `note` if it is not for publication."""
    release = press.release
    yield _csv(release.noted, folder / "estimates.csv")
    yield _csv(
        release.stamped(_all(release, [part.surveys.reset_index() for part in release.parts])), folder / "surveys.csv"
    )
    yield _csv(_all(release, [part.ledger.lines for part in release.parts]), folder / "ledger.csv")
    for name, table in {"trend.csv": release.trend, "held-out.csv": release.held_out}.items():
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
    yield _csv(_all(release, [part.inputs for part in release.parts]), folder / "inputs.csv")


def _draws(press: Press, folder: Path) -> Iterator[Path]:
    """Write prevalence of every cell in every draw, and the persons to add it up with: modelled, so not masked."""
    fit, release = press.fit, press.release
    if fit is None:
        raise UncountedError(f"The draws of '{release.name}' are not in its tables. Write them from its fit.")
    path = folder / "draws.nc"
    note = "; ".join(f"not {stamp}: not for publication" for stamp in release.stamps)
    about = {"title": release.title, "year": release.year, "note": note, "seed": fit.seed}
    draws = fit.p.to_dataset(name="p").assign(persons=fit.people).assign_attrs(about)
    draws.to_netcdf(path, engine=ENGINE, encoding={"p": {"zlib": True, "complevel": 1}})
    yield path


def _csv(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False)
    return path


def _all(release: Release, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the tables of several models as one, each row saying of which outcome it is."""
    if len(tables) == 1:
        return tables[0]
    named = [table.assign(outcome=part.card.outcome) for table, part in zip(tables, release.parts, strict=True)]
    return pd.concat(named, ignore_index=True)


FORMATS: dict[str, Callable[[Press, Path], Iterator[Path]]] = {
    "html": _page, "pdf": _paper, "xlsx": _workbook, "docx": _brief, "csv": _tables, "parquet": _parquet,
    "sdmx": _exchange, "gather": _gather, "draws": _draws,
}  # fmt: skip
BY_SUFFIX = {".html": "html", ".pdf": "pdf", ".xlsx": "xlsx", ".docx": "docx", ".parquet": "parquet"}
