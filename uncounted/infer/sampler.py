"""Sampler: a model prepared once and run as often as its data change."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args
from warnings import warn

import numpy as np
import nutpie
import pymc as pm
import xarray as xr
from numba.core.ccallback import CFunc
from nutpie.compile_pymc import CompiledPyMCModel

from uncounted.engine.compiled import Compiled, compiled
from uncounted.engine.draft import Unknown
from uncounted.engine.graph import undisturbed
from uncounted.engine.layout import layout_of
from uncounted.engine.library import library
from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.object_code import object_code
from uncounted.infer.packed import PACKED, Packed, check_data, packed
from uncounted.infer.progress import Stage
from uncounted.model.card import Sampling

Backend = Literal["nutpie", "pymc", "numpyro", "blackjax"]
SAMPLERS: tuple[Backend, ...] = get_args(Backend)
BUILD = (
    "`python -m uncounted.engine` builds it with a C compiler or the package ziglang"
)
# The names of the statistics that are kept, by the names that samplers give them.
STATS = {
    "diverging": "diverging",
    "energy": "energy",
    "n_steps": "n_steps",
    "step_size": "step_size",
    "depth": "tree_depth",
    "tree_depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
}


@dataclass(frozen=True)
class Numba:
    """A model compiled by numba, where the engine lacks an operation or its library;
    `nutpie` runs it.

    kept: whether its object code was on disk.
    """

    packed: Packed
    nutpie: CompiledPyMCModel
    kept: bool = False

    def with_data(self, data: Mapping[str, np.ndarray]) -> "Numba":
        """Return the model with other numbers in some pm.Data."""
        changed = self.packed.with_data(data) if self.packed.places else self.packed
        if isinstance(self.nutpie.logp_func, CFunc):
            running = replace(self.nutpie, user_data=changed.values)
            return replace(self, packed=changed, nutpie=running)
        # The density may not read every pm.Data.
        read = {variable.name for variable in self.nutpie.shared_var_keys}
        numbers = {**data, PACKED: changed.values}
        names = sorted(read & set(numbers))
        running = self.nutpie.with_data(**{name: numbers[name] for name in names})
        return replace(self, packed=changed, nutpie=running)


@dataclass(frozen=True)
class Sampler:
    """A model and, under nutpie, its density: `with_data` changes numbers of pm.Data
    without preparing the model again.
    """

    model: pm.Model
    name: Backend
    compiled: Compiled | Numba | None = None

    def with_data(self, **data: np.ndarray) -> "Sampler":
        """Return the sampler of the same model with other numbers in its pm.Data;
        shapes stay. nutpie only.
        """
        assert self.compiled is not None
        check_data(self.model, data)
        if not data:
            return self
        return replace(self, compiled=self.compiled.with_data(data))

    def starting(self, points: np.ndarray) -> "Sampler":
        """Return the sampler with each chain beginning at one of some points (points,
        dimensions); nutpie only.
        """
        assert self.compiled is not None

        def point(seed: Any) -> np.ndarray:
            rng = np.random.default_rng(seed)
            return points[rng.integers(len(points))].copy()

        running = replace(self.compiled.nutpie, initial_point_func=point)
        return replace(self, compiled=replace(self.compiled, nutpie=running))

    def run(
        self,
        seed: int,
        how: Sampling,
        stage: Stage | None = None,
        cores: int | None = None,
    ) -> tuple[xr.Dataset, xr.Dataset]:
        """Return the posterior's draws and the sampler's statistics per draw, dims
        (chain, draw, …).
        """
        if self.name == "nutpie":
            tree = self._nutpie(seed, how, stage, cores)
        else:
            tree = self._by_pymc(seed, how)
        stats = tree["sample_stats"].dataset
        kept = {}
        for name, new_name in STATS.items():
            if name in stats:
                kept[name] = new_name
        return tree["posterior"].dataset, stats[list(kept)].rename(kept)

    def _nutpie(
        self,
        seed: int,
        how: Sampling,
        stage: Stage | None,
        cores: int | None,
    ) -> xr.DataTree:
        def report(chains: Any) -> None:
            if stage is not None:
                finished = sum(chain.finished_draws for chain in chains)
                total = sum(chain.total_draws for chain in chains)
                stage.at(finished / max(total, 1))

        settings = asdict(how)
        del settings["seed"]
        assert self.compiled is not None
        return nutpie.sample(
            self.compiled.nutpie,
            seed=seed,
            cores=cores,
            progress_bar=False,
            progress_callback=report,
            save_warmup=False,
            **settings,
        )

    def _by_pymc(
        self,
        seed: int,
        how: Sampling,
    ) -> xr.DataTree:
        settings = asdict(how)
        del settings["seed"]
        target_accept = settings.pop("target_accept")
        return pm.sample(
            model=self.model,
            random_seed=seed,
            nuts_sampler=self.name,
            var_names=[rv.name for rv in self.model.free_RVs],
            progressbar=False,
            compute_convergence_checks=False,
            nuts={"target_accept": target_accept},
            **settings,
        )


def prepare(
    model: pm.Model,
    name: str = "nutpie",
) -> Sampler:
    """Prepare a model for a sampler: nutpie, or pymc, numpyro or blackjax, which only
    prepare it when they run.

    nutpie runs the model's program (`uncounted.engine`). numba compiles a model with an
    operation that no program has, and every model on a machine without the engine's
    library; a warning says so.
    """
    if name not in SAMPLERS:
        raise UncountedError(
            f"There is no sampler '{name}'.{did_you_mean(name, SAMPLERS)}"
        )
    return Sampler(
        model,
        name,
        _compiled(model) if name == "nutpie" else None,
    )


def _compiled(model: pm.Model) -> Compiled | Numba:
    machine = library()
    if machine is None:
        reason = f"The engine's library is not there ({BUILD})"
    else:
        try:
            return compiled(model, machine)
        except Unknown as unknown:
            reason = f"The engine doesn't know {unknown}"
        # After any other error, the model can still be sampled.
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
            reason = f"The engine failed, please report it ({failure})"
    warn(
        f"{reason}, so the model is compiled by numba, which takes longer.",
        stacklevel=3,
    )
    return compiled_by_numba(model)


def compiled_by_numba(model: pm.Model) -> Numba:
    """Compile a model's free variables; the quantities that follow from them are
    computed after sampling (`derived`).

    Object code is kept for models of the same structure. nutpie compiles a model whose
    structure has no key each time.
    """
    with undisturbed():
        data = packed(model)
        layout = layout_of(model)
        code = object_code(model, layout, data)
    if code is None:
        inside, _ = data.inside(model)
        names = [rv.name for rv in model.free_RVs]
        running: Any = nutpie.compile_pymc_model(inside, var_names=names)
        return Numba(data, running)
    # nutpie's model holds the object code, so that it lives as long as it runs.
    running = replace(
        layout.frame(model, *code.addresses),
        user_data=data.values,
        logp_func=code.density,
        expand_func=code.expand,
    )
    return Numba(data, running, code.kept)
