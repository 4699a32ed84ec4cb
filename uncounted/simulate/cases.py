"""Cases: simulated records, spells and outside figures together, with their truth, as
the files that ship.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from uncounted.glance import outline
from uncounted.simulate.generating import read_generating
from uncounted.simulate.interviewed_spells import duration_truth, spells
from uncounted.simulate.state_imposed import Judged, state_imposed
from uncounted.simulate.victim_records import Registrations, registrations
from uncounted.world.world import World


@dataclass(frozen=True, eq=False)
class Cases:
    """Simulated tables and their truth; mean_years by group, log_sd of a spell's
    log.
    """

    seed: int
    records: Registrations
    spells: pd.DataFrame
    mean_years: Mapping[str, float]
    log_sd: float
    state_imposed: Judged

    __repr__ = outline


def simulate_cases(
    seed: int,
    world: World,
    generating: Mapping[str, Any] | None = None,
    durations: tuple[Mapping[str, float], float] | None = None,
) -> Cases:
    """Simulate all that an estimate adds to surveys: victim records, spells and
    state-imposed forced labour.

    generating: `read_generating()`. durations: mean years by group and sd of the log of
    spells, such as those of a simulated survey programme; drawn from [durations] where
    not given.
    """
    if generating is None:
        generating = read_generating()
    seeds = np.random.SeedSequence(seed).generate_state(4).tolist()
    duration_words = generating["durations"]
    mean_years, log_sd = durations or duration_truth(seeds[0], duration_words)
    drawn_spells = spells(
        seeds[2],
        mean_years,
        log_sd,
        spells=duration_words["spells"],
        window_years=duration_words["window_years"],
        asked=duration_words["asked"],
    )
    return Cases(
        seed,
        registrations(seeds[1], world, generating["records"]),
        drawn_spells,
        mean_years,
        log_sd,
        state_imposed(seeds[3], world, generating["state_imposed"]),
    )


def write_cases(
    cases: Cases,
    data: Path,
    truth: Path,
) -> None:
    """Write records.csv, durations.csv and state-imposed.csv, each saying "simulated",
    and the truth behind them.
    """
    for folder in (data, truth):
        folder.mkdir(parents=True, exist_ok=True)
    cases.records.table.to_csv(data / "records.csv", index=False)
    cases.spells.round(3).to_csv(data / "durations.csv", index=False)
    cases.state_imposed.table.to_csv(data / "state-imposed.csv", index=False)
    ratios = pd.DataFrame(
        {
            "true": cases.records.true.to_series(),
            "registered": cases.records.registered.to_series(),
        }
    )
    ratios.round(4).to_csv(truth / "ratios.csv")
    means = pd.Series(cases.mean_years, name="mean_years")
    lengths = means.rename_axis("group").reset_index().assign(log_sd=cases.log_sd)
    lengths.round(4).to_csv(truth / "durations.csv", index=False)
    persons = cases.state_imposed.truth.rename("persons")
    persons.round(1).to_csv(truth / "state-imposed.csv")
