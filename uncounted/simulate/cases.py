"""Cases: simulated records, spells and outside figures together, with their truth, as
the files that ship.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

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
    given = read_generating() if generating is None else generating
    seeds = [int(one) for one in np.random.SeedSequence(seed).generate_state(4)]
    mean_years, log_sd = durations or duration_truth(seeds[0], given["durations"])
    of = {
        word: given["durations"][word] for word in ("spells", "window_years", "asked")
    }
    return Cases(
        seed,
        registrations(seeds[1], world, given["records"]),
        spells(seeds[2], mean_years, log_sd, **of),
        mean_years,
        log_sd,
        state_imposed(seeds[3], world, given["state_imposed"]),
    )


def write_cases(cases: Cases, data: Path, truth: Path) -> None:
    """Write records.csv, durations.csv and state-imposed.csv, each saying "simulated",
    and what is true of them.
    """
    for folder in (data, truth):
        folder.mkdir(parents=True, exist_ok=True)
    cases.records.table.to_csv(data / "records.csv", index=False)
    cases.spells.round(3).to_csv(data / "durations.csv", index=False)
    cases.state_imposed.table.to_csv(data / "state-imposed.csv", index=False)
    ratios = {"true": cases.records.true, "registered": cases.records.registered}
    told = pd.DataFrame({name: of.to_series() for name, of in ratios.items()}).round(4)
    told.to_csv(truth / "ratios.csv")
    lengths = (
        pd.Series(cases.mean_years, name="mean_years")
        .rename_axis("group")
        .reset_index()
    )
    lengths.assign(log_sd=cases.log_sd).round(4).to_csv(
        truth / "durations.csv", index=False
    )
    cases.state_imposed.truth.rename("persons").round(1).to_csv(
        truth / "state-imposed.csv"
    )
