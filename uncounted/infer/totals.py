"""Totals: persons affected and prevalence of groups of countries, sexes and ages, summed in every draw."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse


@dataclass(frozen=True)
class Total:
    """Draws of one sex and age of a grouping's groups: affected (chain, draw, group) and population (group,), persons."""

    sex: str
    age: str
    affected: xr.DataArray
    population: xr.DataArray

    @property
    def prevalence(self) -> xr.DataArray:
        """Affected over population (chain, draw, group), a proportion; NaN where nobody lives."""
        return self.affected / self.population.where(self.population > 0)


def totals(p: xr.DataArray, people: xr.DataArray, group: pd.Series) -> Iterator[Total]:
    """Yield Σ p·persons over each group, for every sex and age and for all of them; p (chain, draw, country, sex, age).

    affected_g = Σ_{c in g, s, a} p[c,s,a]·N[c,s,a] in each draw, as a product with the sparse matrix of groups: world =
    Σ regions = Σ countries holds draw by draw. group maps country → label; sums are in double precision.
    """
    labels = pd.Index(sorted(group.unique()), name="group")
    member = _membership(group.reindex(list(p["country"].values)), labels)
    for sex in [*p["sex"].values, "all"]:
        for age in [*p["age"].values, "all"]:
            sexes = p["sex"].values if sex == "all" else [sex]
            ages = p["age"].values if age == "all" else [age]
            part = {"sex": list(sexes), "age": list(ages)}
            n = people.sel(part)
            affected = sum(
                p.sel(sex=s, age=a).to_numpy().astype(float) * n.sel(sex=s, age=a).to_numpy() for s in sexes for a in ages
            )
            yield Total(
                str(sex),
                str(age),
                xr.DataArray(affected @ member, dims=("chain", "draw", "group"), coords={"group": labels}),
                xr.DataArray(n.sum(["sex", "age"]).to_numpy() @ member, dims="group", coords={"group": labels}),
            )


def _membership(group: pd.Series, labels: pd.Index) -> np.ndarray:
    """Return the matrix (countries, groups) of zeros and ones."""
    at = labels.get_indexer(group)
    return sparse.csr_array((np.ones(len(at)), (np.arange(len(at)), at)), shape=(len(at), len(labels))).toarray()
