"""The pooling reference by uncounted, end to end: file in, worst bulk ESS out."""

import sys
from pathlib import Path

import arviz as az
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "model"))
import test_pooling as reference  # the reference's own model

import uncounted as un
from uncounted.infer.sampler import prepare

HYPER = ("level", "female", "beta", "sigma_")

if __name__ == "__main__":
    model = reference.model_of.__wrapped__(pd.read_csv(sys.argv[1]))(
        ("region", "age", "sex:age")
    )
    draws, stats = prepare(model).run(
        7, un.Sampling(chains=4, tune=1000, draws=1000, target_accept=0.95)
    )
    names = [name for name in draws.data_vars if str(name).startswith(HYPER)]
    ess = min(float(az.ess(draws[[name]], method="bulk")[name].min()) for name in names)
    print(ess, int(stats["diverging"].sum()))
