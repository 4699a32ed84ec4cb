"""Effective draws a second on the pooling reference: ours beside Stan's, and centred by
information beside neither.

`python tests/bench/pooling_bench.py` needs ../shared and R with brms. Sampling time
alone, warm-up included, four chains on two cores; worst bulk ESS over hyperparameters.
Writes docs/bench-sampling.csv.
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm

import uncounted as un
from uncounted.infer.sampler import prepare
from uncounted.model.belief import flat
from uncounted.model.centring import centring
from uncounted.run.estimation import evidence_of

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "model"))
import test_pooling as reference  # noqa: E402  the reference's own model

SHARED = HERE.parents[2] / "shared" / "reference" / "pooling" / "cells.csv"
DOCS = HERE.parents[1] / "docs"
HYPER = ("level", "female", "beta", "trend", "sigma_")
RARE = un.Prior("normal", (-5.3, 1.0))


def stan() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "stan.csv"
        subprocess.run(
            ["Rscript", str(HERE / "pooling_bench.R"), str(SHARED), str(out)],
            check=True,
        )
        row = pd.read_csv(out).iloc[0]
    return told(
        "pooling reference",
        "Stan (brms, non-centred)",
        *row[["seconds", "ess", "divergences"]],
    )


def ours(
    what: str, model: pm.Model, how: un.Sampling, ways: tuple[str, ...]
) -> list[dict[str, object]]:
    """Sample one compiled model with λ by information, all 1 (centred) and all 0 (not
    centred).
    """
    study = model.study
    by_information = centring(study.card, study.world, study.seen)
    lam = {
        "by information": by_information,
        "all centred": {
            name: np.ones_like(value) for name, value in by_information.items()
        },
        "none centred": {
            name: np.zeros_like(value) for name, value in by_information.items()
        },
    }
    ready, rows = prepare(model), []
    for way in ways:
        start = time.perf_counter()
        draws, stats = ready.with_data(centring=flat(lam[way])).run(7, how)
        seconds = time.perf_counter() - start
        names = [name for name in draws.data_vars if str(name).startswith(HYPER)]
        ess = min(
            float(az.ess(draws[[name]], method="bulk")[name].min()) for name in names
        )
        rows.append(
            told(what, f"uncounted, {way}", seconds, ess, int(stats["diverging"].sum()))
        )
        print(rows[-1], flush=True)
    return rows


def told(
    what: str, how: str, seconds: float, ess: float, divergences: int
) -> dict[str, object]:
    return {
        "model": what,
        "parametrisation": how,
        "sampling_seconds": round(float(seconds), 1),
        "worst_bulk_ess": round(ess),
        "ess_per_second": round(ess / float(seconds), 1),
        "divergences": int(divergences),
    }


def stunting(rate: float | None) -> pm.Model:
    """Return the stunting model, or the same surveys with simulated cases of a rare
    outcome, alike at all ages.
    """
    card = un.read_card("stunting")
    evidence = evidence_of(card)
    if rate is not None:
        rng, rows = np.random.default_rng(1), evidence.rows
        of_country, of_survey = (
            rows[key].map(
                dict(
                    zip(
                        rows[key].unique(),
                        rng.normal(0, sd, rows[key].nunique()),
                        strict=True,
                    )
                )
            )
            for key, sd in (("country", 0.6), ("survey", 0.3))
        )
        y = np.minimum(
            rng.poisson(rows["n"] * rate * np.exp(of_country + of_survey)), rows["n"]
        )
        evidence = replace(evidence, rows=rows.assign(y=y.astype(float)))
        card = replace(card, priors=dict(card.priors) | {"level": RARE})
    return un.build(card, un.read_world(), evidence)


def main() -> None:
    cases = pd.read_csv(SHARED)
    build = reference.model_of.__wrapped__(cases)  # the fixture's own function
    model = build(("region", "age", "sex:age"))
    how = un.Sampling(chains=4, tune=1000, draws=1000, target_accept=0.95)
    ways = ("by information", "all centred", "none centred")
    rows = [stan(), *ours("pooling reference", model, how, ways)]
    short = un.Sampling(chains=4, tune=600, draws=500, target_accept=0.9)
    rows += ours("stunting", stunting(None), short, ways[:2])
    shorter = un.Sampling(
        chains=2, tune=250, draws=150, target_accept=0.9
    )  # none centred: 800 draws take 500 s
    rows += ours(
        "stunting, 2 × (250 + 150)", stunting(None), shorter, (ways[0], ways[2])
    )
    rows += ours("stunting's surveys, outcome of 0.5 %", stunting(0.005), short, ways)
    table = pd.DataFrame(rows)
    table.to_csv(DOCS / "bench-sampling.csv", index=False)
    print(table.to_string())


if __name__ == "__main__":
    main()
