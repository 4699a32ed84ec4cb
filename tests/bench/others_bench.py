"""The pooling reference end to end, from an empty process to effective draws: uncounted
beside other packages.

`python tests/bench/others_bench.py [--keep] [PYTHON]` needs ../shared; R with brms and
rstanarm for Stan; PYTHON is an interpreter that has bambi and numpyro. What is missing
is left out with a sentence. Four chains of 1,000 + 1,000 on two cores, target 0.95;
worst bulk ESS over hyperparameters. `--keep` writes docs/bench-others.csv.
"""

import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
CELLS = HERE.parents[2] / "shared" / "reference" / "pooling" / "cells.csv"
DOCS = HERE.parents[1] / "docs"
OTHERS = HERE / "others"


def commands(python: str) -> dict[str, list[str]]:
    """Return the command of each way."""
    cells, stan = str(CELLS), str(OTHERS / "stan_model.R")
    return {
        "uncounted": [sys.executable, str(OTHERS / "uncounted_model.py"), cells],
        "brms": ["Rscript", stan, cells, "brms"],
        "rstanarm": ["Rscript", stan, cells, "rstanarm"],
        "bambi, nutpie": [python, str(OTHERS / "bambi_model.py"), cells, "nutpie"],
        "bambi, PyMC": [python, str(OTHERS / "bambi_model.py"), cells, "pymc"],
        "numpyro": [python, str(OTHERS / "numpyro_model.py"), cells],
    }


def measured(way: str, command: list[str]) -> dict[str, object] | None:
    """Run one way in a process of its own; None, and a sentence, if it cannot run."""
    began = time.perf_counter()
    try:
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=1200
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(
            f"{way} was left out: {getattr(error, 'stderr', None) or error}"[-600:],
            flush=True,
        )
        return None
    seconds = time.perf_counter() - began
    ess, divergences = done.stdout.split()[-2:]
    row = {
        "way": way,
        "seconds": round(seconds, 1),
        "worst_bulk_ess": round(float(ess)),
    }
    return row | {
        "ess_per_second": round(float(ess) / seconds, 1),
        "divergences": int(divergences),
    }


def main(words: list[str]) -> None:
    python = next((word for word in words if not word.startswith("--")), sys.executable)
    rows = [measured(way, command) for way, command in commands(python).items()]
    table = pd.DataFrame([row for row in rows if row is not None])
    print(table.to_string())
    if "--keep" in words:
        table.to_csv(DOCS / "bench-others.csv", index=False)


if __name__ == "__main__":
    main(sys.argv[1:])
