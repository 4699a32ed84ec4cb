"""The pooling reference by numpyro (JAX), written by hand, not centred, end to end."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pandas as pd
from numpyro.diagnostics import effective_sample_size
from numpyro.infer import MCMC, NUTS

GROUPS = ("region", "subregion", "country", "age", "sexage")


def model(cells, index):
    eta = numpyro.sample("level", dist.Normal(-5, 1.5))
    for name in ("s", "x1", "x2", "x3"):
        eta = eta + numpyro.sample(f"beta_{name}", dist.Normal(0, 0.5)) * cells[name]
    for name in GROUPS:
        sd = numpyro.sample(f"sigma_{name}", dist.HalfNormal(0.5))
        with numpyro.plate(name, int(index[name].max()) + 1):
            z = numpyro.sample(f"z_{name}", dist.Normal(0, 1))
        eta = eta + sd * z[index[name]]
    numpyro.sample("k", dist.Binomial(cells["n"], logits=eta), obs=cells["k"])


if __name__ == "__main__":
    numpyro.set_host_device_count(2)
    jax.config.update("jax_enable_x64", True)
    table = pd.read_csv(sys.argv[1])
    table["s"] = table["sex"] - 0.5
    table["sexage"] = table["sex"].astype(str) + "_" + table["age"].astype(str)
    index = {name: np.unique(table[name], return_inverse=True)[1] for name in GROUPS}
    cells = {
        name: jnp.asarray(table[name].to_numpy(float))
        for name in ("s", "x1", "x2", "x3", "k", "n")
    }
    chains = MCMC(
        NUTS(model, target_accept_prob=0.95), num_warmup=1000, num_samples=1000, num_chains=4,
        chain_method="sequential" if "--sequential" in sys.argv else "parallel", progress_bar=False,
    )  # fmt: skip
    chains.run(jax.random.PRNGKey(7), cells, index)
    draws = chains.get_samples(group_by_chain=True)
    ess = min(
        float(np.min(effective_sample_size(np.asarray(v))))
        for k, v in draws.items()
        if not k.startswith("z_")
    )
    print(ess, int(chains.get_extra_fields()["diverging"].sum()))
