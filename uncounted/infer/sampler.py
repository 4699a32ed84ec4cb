"""Sampler: a model compiled once and run as often as its data change."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import nutpie
import pymc as pm
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.packed import PACKED, Packed, packed
from uncounted.infer.progress import Stage
from uncounted.model.card import Sampling

Backend = Literal["nutpie", "pymc", "numpyro", "blackjax"]
SAMPLERS: tuple[Backend, ...] = get_args(Backend)
KEPT_STATS = {"diverging": "diverging", "energy": "energy", "n_steps": "n_steps", "step_size": "step_size"}
DEPTH = {"depth": "tree_depth", "tree_depth": "tree_depth", "maxdepth_reached": "reached_max_treedepth"}


@dataclass(frozen=True)
class Sampler:
    """A model and, under nutpie, its compiled form: `with_data` changes numbers of pm.Data without compiling again."""

    model: pm.Model
    name: Backend
    compiled: Any = None
    data: Packed | None = None

    def with_data(self, **data: np.ndarray) -> "Sampler":
        """Return the sampler of the same model with other numbers in its pm.Data; shapes stay. nutpie only."""
        assert self.data is not None
        values = self.data.with_data(data)
        read = any(variable.name == PACKED for variable in self.compiled.shared_var_keys)  # by what is sampled
        return replace(self, compiled=self.compiled.with_data(**{PACKED: values})) if data and read else self

    def starting(self, points: np.ndarray) -> "Sampler":
        """Return the sampler with each chain beginning at one of some points (points, dimensions); nutpie only."""

        def at(seed: Any) -> np.ndarray:
            return points[np.random.default_rng(seed).integers(len(points))].copy()

        return replace(self, compiled=replace(self.compiled, initial_point_func=at))

    def run(
        self, seed: int, how: Sampling, stage: Stage | None = None, cores: int | None = None
    ) -> tuple[xr.Dataset, xr.Dataset]:
        """Return the posterior's draws and the sampler's statistics per draw, dims (chain, draw, …)."""
        tree = self._nutpie(seed, how, stage, cores) if self.name == "nutpie" else self._other(seed, how)
        names = KEPT_STATS | DEPTH
        stats = tree["sample_stats"].dataset
        kept = stats[[name for name in names if name in stats]].rename({n: names[n] for n in names if n in stats})
        return tree["posterior"].dataset, kept

    def _nutpie(self, seed: int, how: Sampling, stage: Stage | None, cores: int | None) -> xr.DataTree:
        def tell(chains: Any) -> None:
            if stage is not None:
                stage.at(sum(c.finished_draws for c in chains) / max(sum(c.total_draws for c in chains), 1))

        settings = {key: value for key, value in asdict(how).items() if key != "seed"}
        return nutpie.sample(
            self.compiled, seed=seed, cores=cores, progress_bar=False, progress_callback=tell, save_warmup=False,
            **settings,
        )  # fmt: skip

    def _other(self, seed: int, how: Sampling) -> xr.DataTree:
        names = [rv.name for rv in self.model.free_RVs]
        settings = {key: value for key, value in asdict(how).items() if key not in ("seed", "target_accept")}
        return pm.sample(
            model=self.model, random_seed=seed, nuts_sampler=self.name, var_names=names, progressbar=False,
            compute_convergence_checks=False, nuts={"target_accept": how.target_accept}, **settings,
        )  # fmt: skip


def prepare(model: pm.Model, name: str = "nutpie") -> Sampler:
    """Compile a model for sampling; name: nutpie (compiles here), pymc, numpyro or blackjax (compile when run)."""
    if name not in SAMPLERS:
        raise UncountedError(f"There is no sampler '{name}'.{did_you_mean(name, SAMPLERS)}")
    if name != "nutpie":
        return Sampler(model, name)
    data = packed(model)
    names = [rv.name for rv in model.free_RVs]  # what follows from them is computed after sampling (`derived`)
    return Sampler(model, name, nutpie.compile_pymc_model(data.model, var_names=names), data)
