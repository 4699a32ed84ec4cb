"""Simulation: commands that write worlds whose truth is known, and surveys of them."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from uncounted.run.terminal import console
from uncounted.simulate.programme import simulate_programme, write_programme

simulate = typer.Typer(
    help="Write worlds whose truth is known, and surveys of them.", no_args_is_help=True
)


@simulate.callback()
def about() -> None:
    """Write worlds whose truth is known, and surveys of them."""


@simulate.command("programme")
def simulate_interviews(
    seed: Annotated[
        int, Option(help="Another seed: another world, other countries surveyed.")
    ],
    out: Annotated[
        Path, Option(help="The folder of survey.toml and its tables.")
    ] = Path("out/programme"),
    truth: Annotated[
        Path | None, Option(help="The folder of what is true, else it isn't written.")
    ] = None,
    scheme: Annotated[
        Path | None, Option(help="A generating card, else the one that ships.")
    ] = None,
) -> None:
    """Simulate surveys of families in dozens of countries: interviews that nobody gave,
    of a world that is known.
    """
    programme = simulate_programme(seed, scheme)
    write_programme(programme, out, truth)
    surveys = programme.surveys
    countries = surveys["country"].nunique()
    console.print(
        f"Simulated {len(surveys)} surveys of {countries} countries, seed {seed}."
        f" Written to {out}/.",
        highlight=False,
    )
