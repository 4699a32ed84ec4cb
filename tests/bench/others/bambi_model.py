"""The pooling reference by bambi (PyMC, nutpie), end to end."""

import sys

import arviz as az
import bambi as bmb
import pandas as pd

if __name__ == "__main__":
    cells = pd.read_csv(sys.argv[1])
    cells["s"] = cells["sex"] - 0.5
    cells["sexage"] = cells["sex"].astype(str) + "_" + cells["age"].astype(str)
    half = bmb.Prior("Normal", mu=0, sigma=bmb.Prior("HalfNormal", sigma=0.5))
    groups = ("region", "subregion", "country", "age", "sexage")
    priors = {"Intercept": bmb.Prior("Normal", mu=-5, sigma=1.5)}
    priors |= {
        name: bmb.Prior("Normal", mu=0, sigma=0.5) for name in ("s", "x1", "x2", "x3")
    }
    priors |= {f"1|{name}": half for name in groups}
    formula = "p(k, n) ~ s + x1 + x2 + x3 + " + " + ".join(
        f"(1|{name})" for name in groups
    )
    model = bmb.Model(
        formula, cells, family="binomial", priors=priors, center_predictors=False
    )
    way = sys.argv[2] if len(sys.argv) > 2 else "nutpie"
    found = model.fit(
        draws=1000, tune=1000, chains=4, cores=2, target_accept=0.95, random_seed=7, inference_method=way,
    )  # fmt: skip
    posterior = found["posterior"].dataset
    names = [
        str(name)
        for name in posterior
        if "|" not in str(name) or str(name).endswith("_sigma")
    ]
    ess = az.ess(posterior[[name for name in names if name != "p"]], method="bulk")
    diverging = int(found["sample_stats"]["diverging"].sum())
    print(min(float(ess[name].min()) for name in ess.data_vars), diverging)
