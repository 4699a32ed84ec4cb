"""From pm.Model to the first draw, and effective draws a second: the engine's programs
beside numba's object code.

`python tests/bench/engine_bench.py` runs each way in a process of its own, the two of a
model one after the other. It prints and, with `--keep`, writes docs/bench-engine.csv.
The pooling reference needs ../shared.
"""

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm

import uncounted as un
from uncounted.infer.sampler import Sampler, compiled_by_numba, prepare

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[2] / "shared" / "reference" / "pooling" / "cells.csv"
DOCS = HERE.parents[1] / "docs"
HYPER = ("level", "female", "beta", "trend", "sigma_")


def small() -> pm.Model:
    """Return a model of 50 rows: ten countries, one trait, no covariates."""
    codes = ["BRA", "CHL", "COL", "PER", "FRA", "DEU", "ITA", "ESP", "GHA", "KEN"]
    cells = pd.MultiIndex.from_product(
        [codes, ["female", "male"], ["15-64"]], names=["iso3", "sex", "age"]
    )
    world = un.read_world(
        population=cells.to_frame(index=False).assign(**{"2020": 1e6})
    )
    rng = np.random.default_rng(1)
    table = pd.MultiIndex.from_product(
        [codes, range(5)], names=["country", "survey"]
    ).to_frame(index=False)
    table = table.assign(
        survey=table["country"] + table["survey"].astype(str),
        year=2020,
        sex="both",
        age="15-64",
    )
    evidence = un.counts(
        table.assign(n=400.0, y=rng.binomial(400, 0.1, len(table)).astype(float)), "x"
    )
    priors = {
        "level": un.Prior("normal", (-2.0, 1.0)),
        "sigma_country": un.Prior("half_normal", (0.5,)),
        "sigma_survey": un.Prior("half_normal", (0.3,)),
    }
    card = un.Card(
        title="x",
        outcome="x",
        ages=("15-64",),
        year=2020,
        people=(),
        place=("country",),
        priors=priors,
    )
    return un.build(card, world, evidence)


def shipped(name: str) -> pm.Model:
    card, world = un.read_card(name), un.read_world()
    return un.build(card, world, un.evidence_of(card, world))


def joint() -> pm.Model:
    cards, world = (
        [un.read_card(name) for name in ("forced-labour", "forced-marriage")],
        un.read_world(),
    )
    return un.build_jointly(
        cards, world, [un.evidence_of(card, world) for card in cards], lkj=2.0
    )


def pooling() -> pm.Model:
    sys.path.insert(0, str(HERE.parent / "model"))
    import test_pooling as reference

    return reference.model_of.__wrapped__(pd.read_csv(SHARED))(
        ("region", "age", "sex:age")
    )


MODELS: dict[str, tuple[Callable[[], pm.Model], un.Sampling]] = {
    "small card, 50 rows": (small, un.Sampling(chains=2, tune=500, draws=500, target_accept=0.9)),
    "pooling reference": (pooling, un.Sampling(chains=4, tune=1000, draws=1000, target_accept=0.95)),
    "stunting": (lambda: shipped("stunting"), un.Sampling(chains=2, tune=500, draws=500, target_accept=0.9)),
    "stunting-trend": (lambda: shipped("stunting-trend"), un.Sampling(chains=2, tune=400, draws=300)),
    "modern-slavery, two outcomes": (joint, un.Sampling(chains=2, tune=400, draws=400, target_accept=0.9)),
}  # fmt: skip
WAYS: dict[str, Callable[[pm.Model], Sampler]] = {
    "engine": prepare,
    "numba": lambda model: Sampler(model, "nutpie", compiled_by_numba(model)),
}


def _measured(name: str, way: str, out: Connection) -> None:
    make, how = MODELS[name]
    model = make()
    began = time.perf_counter()
    sampler = WAYS[way](model)
    compiling = time.perf_counter() - began
    began = time.perf_counter()
    draws, stats = sampler.run(7, how)
    sampling = time.perf_counter() - began
    names = [
        name for name in draws.data_vars if str(name).split("::")[-1].startswith(HYPER)
    ]
    ess = min(float(az.ess(draws[[name]], method="bulk")[name].min()) for name in names)
    out.send(
        {
            "compiling_seconds": round(compiling, 2),
            "sampling_seconds": round(sampling, 1),
            "worst_bulk_ess": round(ess),
            "ess_per_second": round(ess / sampling, 1),
            "divergences": int(stats["diverging"].sum()),
            "gradients": int(stats["n_steps"].sum()),
            "gigabytes": round(
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2
            ),
        }
    )


def measured(name: str, way: str) -> dict[str, object]:
    inside, outside = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_measured, args=(name, way, outside)
    )
    process.start()
    outside.close()
    process.join()
    return {"model": name, "way": way, **(inside.recv() if inside.poll() else {})}


def main(words: list[str]) -> None:
    rows = []
    for name in MODELS:
        if name == "pooling reference" and not SHARED.exists():
            continue
        for way in WAYS:
            rows.append(measured(name, way))
            print(rows[-1], flush=True)
    if "--keep" in words:
        pd.DataFrame(rows).to_csv(DOCS / "bench-engine.csv", index=False)


if __name__ == "__main__":
    main(sys.argv[1:])
