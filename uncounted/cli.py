"""The command line: each command calls one public function."""

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from typer import Argument, Option

import uncounted as un
from uncounted.checks.held_out import read_held_out
from uncounted.leaves.draws_folder import read_draws
from uncounted.run.new_folder import cards, init, inspect
from uncounted.run.recheck import findings_of, held_out_of, read_finished, recheck
from uncounted.run.simulation import simulate
from uncounted.run.terminal import (
    budget_shares,
    check_out,
    console,
    items,
    print_error,
    print_findings,
    print_line,
    print_plain,
    print_table,
    time_sentence,
    write_table,
)

app = typer.Typer(
    help="Prevalence for every country, surveyed or not.",
    invoke_without_command=True,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(simulate, name="simulate")
app.command()(init)
app.command()(inspect)
app.command()(cards)
PublishAnyway = Annotated[
    bool,
    Option(help="Exit with 0 though a check stops publication; files say so."),
]
Finished = Annotated[
    str,
    Argument(help="A card that was estimated, or the path of a fit.nc."),
]
Folder = Annotated[Path, Option(help="The folder in which NAME lies.")]
OUT = Path("out")


@app.callback()
def about(
    version: Annotated[
        bool, Option("--version", help="Print the version.", is_eager=True)
    ] = False,
) -> None:
    """Prevalence for every country, surveyed or not."""
    if version:
        print_plain(f"uncounted {metadata.version('uncounted')}")
        raise typer.Exit


@app.command()
def estimate(
    name: Annotated[
        str,
        Argument(
            help="A card in models/ (such as stunting), or the path of a .toml file."
        ),
    ],
    out: Annotated[
        Path, Option(help="The folder in which a folder NAME is written.")
    ] = OUT,
    seed: Annotated[int | None, Option(help="Else the card's own seed.")] = None,
    draws: Annotated[
        int | None, Option(help="Draws per chain, else the card's.")
    ] = None,
    tune: Annotated[
        int | None, Option(help="Tuning steps per chain, else the card's.")
    ] = None,
    population: Annotated[
        Path | None, Option(help="A table of persons, else the card's or the UN's.")
    ] = None,
    covariates: Annotated[
        Path | None, Option(help="A table of covariates, else the card's or ours.")
    ] = None,
    geography: Annotated[
        Path | None, Option(help="A table of countries, else the card's or ours.")
    ] = None,
    grouping: Annotated[
        str | None, Option(help="ilo, m49, who, income or a table of regions.")
    ] = None,
    publish_anyway: PublishAnyway = False,
) -> None:
    """Fit a card and write its estimates, draws, findings and report. Exits with 1 if a
    check stops publication.
    """
    settings: dict[str, Any] = {}
    if draws is not None:
        settings["draws"] = draws
    if tune is not None:
        settings["tune"] = tune
    finished = un.estimate(
        name,
        out,
        seed=seed,
        tables={
            "population": population,
            "covariates": covariates,
            "geography": geography,
            "grouping": grouping,
        },
        **settings,
    )
    print_plain(finished.headline)
    print_findings(finished.findings)
    print_plain(time_sentence(finished.seconds))
    names = sorted(file.name for file in finished.folder.iterdir())
    shown = [name for name in names if not name.startswith(".")]
    files = ", ".join(shown)
    console.print(f"Written to {finished.folder}/: {files}", highlight=False)
    _exit(finished.findings, publish_anyway)


def _exit(findings: un.Findings, publish_anyway: bool) -> None:
    """Exit with 1 if a check stops publication."""
    if findings.stopped and not publish_anyway:
        raise typer.Exit(1)


@app.command()
def report(
    name: Finished,
    formats: Annotated[
        str,
        Option(
            "--format",
            help=(
                "Of html, pdf, xlsx, docx, csv, parquet, sdmx, gather, draws: html,pdf."
            ),
        ),
    ] = "html",
    place: Annotated[
        str,
        Option(
            "--country",
            "--region",
            help="Two pages on a country (GHA, Ghana) or region instead.",
        ),
    ] = "",
    out: Annotated[
        Path, Option(help="The folder in which NAME lies, and is written into.")
    ] = OUT,
    language: Annotated[str, Option(help="en or fr.")] = "en",
    gather: Annotated[
        Path | None,
        Option(help="The analyst's gather.toml, else what ships with the card."),
    ] = None,
    held_out: Annotated[
        Path | None,
        Option(
            help="A table of hold_out, else what was last held out of this estimate."
        ),
    ] = None,
    publish_anyway: PublishAnyway = False,
) -> None:
    """Write the report of a finished estimate. Exits with 1 if a check stops
    publication.
    """
    if name.endswith(".nc"):
        folder = Path(name).parent
        result = un.read_fit(name)
    else:
        folder = out / name
        result = read_finished(folder)
    if held_out:
        held = read_held_out(held_out)
        findings = findings_of(result, held)
    else:
        held = held_out_of(result, folder)
        findings = findings_of(result, held, folder)
    words: dict[str, Any] = {
        "findings": findings,
        "language": language,
    }
    if place:
        files = [
            un.write_place(
                result,
                place,
                folder / f"{place}.pdf",
                **words,
            )
        ]
    else:
        words["held_out"] = None if held is None else held.table
        words["account"] = gather
        budget = folder / "budget.csv"
        if budget.is_file():
            words["budget"] = pd.read_csv(budget)
        files = un.write_report(
            result,
            folder,
            items(formats),
            **words,
        )
    for file in files:
        print_line(str(file))
    if findings.stopped and not publish_anyway:
        console.print("A check stops publication: the files say so.", highlight=False)
    _exit(findings, publish_anyway)


@app.command()
def check(
    name: Annotated[str, Argument(help="A card that was estimated.")],
    hold_out: Annotated[
        str | None,
        Option(help="Hold evidence out by country, region, survey, latest or random."),
    ] = None,
    sensitivity: Annotated[
        bool,
        Option(
            help=(
                "Write scenarios.csv and power.csv: what had been published had it been"
                " otherwise."
            )
        ),
    ] = False,
    scheduler: Annotated[
        str | None,
        Option(help="The address of a Dask scheduler, else workers on this machine."),
    ] = None,
    workers: Annotated[
        int | None, Option(help="Workers on this machine, else as many as cores.")
    ] = None,
    seed: Annotated[
        int | None, Option(help="Of the hold-out, else the fit's own.")
    ] = None,
    out: Folder = OUT,
    publish_anyway: PublishAnyway = False,
) -> None:
    """Check a finished estimate, write findings.json (and held-out.csv) and stamp its
    files.

    Exits with 1 if a check stops publication. A hold-out that was interrupted goes on
    where it was.
    """
    checked = recheck(
        name,
        out,
        by=hold_out,
        seed=seed,
        sensitivity=sensitivity,
        scheduler=scheduler,
        workers=workers,
    )
    print_findings(checked.findings)
    if checked.held_out is not None:
        print_table(checked.held_out.coverage, 3)
        print_table(checked.held_out.errors, 4)
    if checked.budget is not None:
        shares = budget_shares(checked.budget)
        sentence = f"Of the variance of the world's number: {shares}."
        console.print(sentence, highlight=False)
    _exit(checked.findings, publish_anyway)


@app.command()
def totals(
    name: Finished,
    by: Annotated[
        str,
        Option(
            help=(
                "world, region, country, who_region, income_group, … or a CSV of iso3"
                " and a group."
            )
        ),
    ],
    out: Folder = OUT,
    file: Annotated[
        Path | None, Option(help="Write a CSV instead of printing.")
    ] = None,
) -> None:
    """Add the draws of a finished estimate up to another grouping, without fitting
    again.
    """
    folder = out / name / "draws"
    if folder.is_dir():
        rows = un.breakdown(read_draws(folder), [by])
    else:
        path = Path(name) if name.endswith(".nc") else out / name / "fit.nc"
        rows = un.estimates(un.read_fit(path), [by])
    if file is None:
        sys.stdout.write(rows.to_csv(index=False))
    else:
        rows.to_csv(file, index=False)


@app.command()
def direct(
    survey: Annotated[
        str, Argument(help="A folder with a survey.toml that declares respondents.")
    ],
    by: Annotated[
        str,
        Option(help="Traits to break down by, as country,sex; else the whole sample."),
    ] = "",
    outcome: Annotated[
        str | None, Option(help="One of the card's outcomes, else all.")
    ] = None,
    method: Annotated[
        str, Option(help="Of the interval: logit, or beta (Korn–Graubard).")
    ] = "logit",
    interval: Annotated[
        float, Option("--interval", "--level", help="The interval's level.")
    ] = 0.95,
    single_psu: Annotated[
        str | None,
        Option(
            help=(
                "Strata with a single PSU: error, adjust, average, certainty; else the"
                " card's."
            )
        ),
    ] = None,
    variance: Annotated[
        str | None,
        Option(help="linearised, jackknife or replicates; else as the card declares."),
    ] = None,
    missing: Annotated[
        str,
        Option(
            help=(
                "Degrees of freedom are of those who answered (subset), or of everybody"
                " (remove)."
            )
        ),
    ] = "subset",
    scale_to: Annotated[
        str | None,
        Option(
            help=(
                "What countries count in one number for several: weights, population"
                " (the world's) or equal."
            )
        ),
    ] = None,
    out: Annotated[
        Path | None,
        Option(help="Write a .csv or .parquet file instead of printing CSV."),
    ] = None,
) -> None:
    """Estimate prevalence from interviews, their weights and design alone: no model, no
    other country.
    """
    options: dict[str, Any] = {}
    if scale_to == "population":
        options["population"] = un.read_world()
    check_out(out)
    rows = un.direct(
        un.read_survey(survey),
        items(by),
        outcome,
        method=method,
        interval=interval,
        single_psu=single_psu,
        variance=variance,
        missing=missing,
        scale_to=scale_to,
        **options,
    )
    write_table(rows, out)


def main() -> None:
    """Run the command line; errors of an analyst are sentences, not tracebacks."""
    try:
        app()
    except un.UncountedError as error:
        print_error(str(error))
        sys.exit(2)
