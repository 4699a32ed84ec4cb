"""The command line: each command calls one public function."""

import sys
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape

import uncounted as un

app = typer.Typer(
    help="Prevalence for every country, surveyed or not.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
simulate = typer.Typer(
    help="Write worlds whose truth is known, and surveys of them.", no_args_is_help=True
)
app.add_typer(simulate, name="simulate")
console = Console()


@app.command()
def estimate(
    name: Annotated[
        str,
        typer.Argument(
            help="A card in models/ (such as stunting), or the path of a .toml file."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="The folder in which a folder NAME is written.")
    ] = Path("out"),
    seed: Annotated[int | None, typer.Option(help="Else the card's own seed.")] = None,
    draws: Annotated[
        int | None, typer.Option(help="Draws per chain, else the card's.")
    ] = None,
    tune: Annotated[
        int | None, typer.Option(help="Tuning steps per chain, else the card's.")
    ] = None,
    publish_anyway: Annotated[
        bool,
        typer.Option(
            help="Exit with 0 though a check stops publication; files say so."
        ),
    ] = False,
) -> None:
    """Fit a card and write its estimates, draws, findings and report. Exits with 1 if a
    check stops publication.
    """
    given = {"draws": draws, "tune": tune}
    settings: dict[str, Any] = {
        key: value for key, value in given.items() if value is not None
    }
    done = un.estimate(name, out, seed=seed, **settings)
    console.print(done.headline, highlight=False, markup=False)
    _tell(done.findings)
    told = ", ".join(
        f"{what} {seconds:.0f} s" for what, seconds in done.seconds.items()
    )
    console.print(
        f"Time: {sum(done.seconds.values()):.0f} s ({told}).",
        highlight=False,
        markup=False,
    )
    files = ", ".join(
        sorted(
            file.name for file in done.folder.iterdir() if not file.name.startswith(".")
        )
    )
    console.print(f"Written to {done.folder}/: {files}", highlight=False)
    if done.findings.stopped and not publish_anyway:
        raise typer.Exit(1)


@app.command()
def report(
    name: Annotated[
        str, typer.Argument(help="A card that was estimated, or the path of a fit.nc.")
    ],
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            help=(
                "Of html, pdf, xlsx, docx, csv, parquet, sdmx, gather, draws: html,pdf."
            ),
        ),
    ] = "html",
    place: Annotated[
        str,
        typer.Option(
            "--country",
            "--region",
            help="Two pages on a country (GHA, Ghana) or region instead.",
        ),
    ] = "",
    out: Annotated[
        Path, typer.Option(help="The folder in which NAME lies, and is written into.")
    ] = Path("out"),
    language: Annotated[str, typer.Option(help="en or fr.")] = "en",
    gather: Annotated[
        Path | None,
        typer.Option(help="The analyst's gather.toml, else what ships with the card."),
    ] = None,
    held_out: Annotated[
        Path | None,
        typer.Option(
            help="A table of hold_out, else what was last held out of this estimate."
        ),
    ] = None,
    publish_anyway: Annotated[
        bool,
        typer.Option(
            help="Exit with 0 though a check stops publication; files say so."
        ),
    ] = False,
) -> None:
    """Write the report of a finished estimate. Exits with 1 if a check stops
    publication.
    """
    folder = Path(name).parent if name.endswith(".nc") else out / name
    of = un.read_fit(name) if name.endswith(".nc") else un.read_finished(folder)
    held = un.read_held_out(held_out) if held_out else un.held_out_of(of, folder)
    findings = un.findings_of(of, held, None if held_out else folder)
    asked = [one.strip() for one in formats.split(",") if one.strip()]
    if place:
        files = [
            un.write_place(
                of, place, folder / f"{place}.pdf", findings=findings, language=language
            )
        ]
    else:
        table, budget = None if held is None else held.table, folder / "budget.csv"
        told = {
            "findings": findings,
            "held_out": table,
            "account": gather,
            "language": language,
        }
        told |= {"budget": pd.read_csv(budget)} if budget.is_file() else {}
        files = un.write_report(of, folder, asked, **told)
    for file in files:
        console.print(str(file), highlight=False, markup=False)
    if findings.stopped and not publish_anyway:
        console.print("A check stops publication: the files say so.", highlight=False)
        raise typer.Exit(1)


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="A card that was estimated.")],
    hold_out: Annotated[
        str | None,
        typer.Option(
            help="Hold evidence out by country, region, survey, latest or random."
        ),
    ] = None,
    sensitivity: Annotated[
        bool,
        typer.Option(
            help=(
                "Write scenarios.csv and power.csv: what had been published had it been"
                " otherwise."
            )
        ),
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="The address of a Dask scheduler, else workers on this machine."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Workers on this machine, else as many as cores.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the hold-out, else the fit's own.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder in which NAME lies.")] = Path(
        "out"
    ),
    publish_anyway: Annotated[
        bool,
        typer.Option(
            help="Exit with 0 though a check stops publication; files say so."
        ),
    ] = False,
) -> None:
    """Check a finished estimate, write findings.json (and held-out.csv) and stamp its
    files.

    Exits with 1 if a check stops publication. A hold-out that was interrupted goes on
    where it was.
    """
    where: dict[str, Any] = {"scheduler": scheduler, "workers": workers}
    done = un.recheck(
        name, out, by=hold_out, seed=seed, sensitivity=sensitivity, **where
    )
    _tell(done.findings)
    if done.held_out is not None:
        console.print(
            done.held_out.coverage.query("of == 'all'").round(3).to_string(index=False),
            highlight=False,
        )
        console.print(
            done.held_out.errors.query("of == 'all'").round(4).to_string(index=False),
            highlight=False,
        )
    if (budget := done.budget) is not None:
        parts = zip(budget["component"], budget["share"], strict=True)
        shares = ", ".join(f"{component} {share:.0%}" for component, share in parts)
        console.print(
            f"Of the variance of the world's number: {shares}.", highlight=False
        )
    if done.findings.stopped and not publish_anyway:
        raise typer.Exit(1)


def _tell(findings: un.Findings) -> None:
    for finding in findings:
        console.print(
            f"  {finding.verdict:<4}  {finding.name}: {finding.sentence}",
            highlight=False,
            markup=False,
        )
    for what in findings.not_run:
        console.print(f"  {'—':<4}  {what}: not run", highlight=False, markup=False)


@app.command()
def totals(
    name: Annotated[
        str, typer.Argument(help="A card that was estimated, or the path of a fit.nc.")
    ],
    by: Annotated[
        str,
        typer.Option(
            help=(
                "world, region, country, who_region, income_group, … or a CSV of iso3"
                " and a group."
            )
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder in which NAME lies.")] = Path(
        "out"
    ),
    file: Annotated[
        Path | None, typer.Option(help="Write a CSV instead of printing.")
    ] = None,
) -> None:
    """Add the draws of a finished estimate up to another grouping, without fitting
    again.
    """
    folder = out / name / "draws"
    if folder.is_dir():
        rows = un.breakdown(un.read_draws(folder), [by])
    else:
        path = Path(name) if name.endswith(".nc") else out / name / "fit.nc"
        rows = un.estimates(un.read_fit(path), [by])
    if file is not None:
        rows.to_csv(file, index=False)
    else:
        sys.stdout.write(rows.to_csv(index=False))


@app.command()
def direct(
    survey: Annotated[
        str,
        typer.Argument(help="A folder with a survey.toml that declares respondents."),
    ],
    by: Annotated[
        str,
        typer.Option(
            help="Traits to break down by, as country,sex; else the whole sample."
        ),
    ] = "",
    outcome: Annotated[
        str | None, typer.Option(help="One of the card's outcomes, else all.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="Of the interval: logit, or beta (Korn–Graubard).")
    ] = "logit",
    interval: Annotated[
        float, typer.Option("--interval", "--level", help="The interval's level.")
    ] = 0.95,
    single_psu: Annotated[
        str | None,
        typer.Option(
            help=(
                "Strata with a single PSU: error, adjust, average, certainty; else the"
                " card's."
            )
        ),
    ] = None,
    variance: Annotated[
        str | None,
        typer.Option(
            help="linearised, jackknife or replicates; else as the card declares."
        ),
    ] = None,
    missing: Annotated[
        str,
        typer.Option(
            help=(
                "Degrees of freedom are of those who answered (subset), or of everybody"
                " (remove)."
            )
        ),
    ] = "subset",
    scale_to: Annotated[
        str | None,
        typer.Option(
            help=(
                "What countries count in one number for several: weights, population"
                " (the world's) or equal."
            )
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write a .csv or .parquet file instead of printing CSV."),
    ] = None,
) -> None:
    """Estimate prevalence from interviews, their weights and design alone: no model, no
    other country.
    """
    traits = [name.strip() for name in by.split(",") if name.strip()]
    asked: dict[str, Any] = {
        "method": method,
        "interval": interval,
        "single_psu": single_psu,
        "variance": variance,
    }
    asked |= {"missing": missing, "scale_to": scale_to}
    asked |= {"population": un.read_world()} if scale_to == "population" else {}
    _check_out(out)
    rows = un.direct(un.read_survey(survey), traits, outcome, **asked)
    if out is None:
        sys.stdout.write(rows.to_csv(index=False))
    elif out.suffix == ".parquet":
        rows.to_parquet(out, index=False)
    else:
        rows.to_csv(out, index=False)


@simulate.command("programme")
def simulate_programme(
    seed: Annotated[
        int, typer.Option(help="Another seed: another world, other countries surveyed.")
    ],
    out: Annotated[
        Path, typer.Option(help="The folder of survey.toml and its tables.")
    ] = Path("out/programme"),
    truth: Annotated[
        Path | None,
        typer.Option(help="The folder of what is true, else it isn't written."),
    ] = None,
    scheme: Annotated[
        Path | None, typer.Option(help="A generating card, else the one that ships.")
    ] = None,
) -> None:
    """Simulate surveys of families in dozens of countries: interviews that nobody gave,
    of a world that is known.
    """
    programme = un.simulate_programme(seed, scheme)
    un.write_programme(programme, out, truth)
    told = (
        f"Simulated {len(programme.surveys)} surveys of"
        f" {programme.surveys['country'].nunique()} countries"
    )
    console.print(f"{told}, seed {seed}. Written to {out}/.", highlight=False)


def _check_out(out: Path | None) -> None:
    """Refuse a file that could not be written, before the work is done."""
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise un.UncountedError(
            f"{out} ends in '{out.suffix}'. Name a file that ends in .csv or .parquet."
        )
    if out is not None and not out.parent.is_dir():
        raise un.UncountedError(
            f"There is no folder {out.parent} to write {out.name} into. Make it first."
        )


def main() -> None:
    """Run the command line; an error of the analyst's is a sentence, not a
    traceback.
    """
    try:
        app()
    except un.UncountedError as error:
        Console(stderr=True).print(
            f"[bold red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True
        )
        sys.exit(2)
