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
KEPT_STATS = {
    "diverging": "diverging",
    "energy": "energy",
    "n_steps": "n_steps",
    "step_size": "step_size",
}
DEPTH = {
    "depth": "tree_depth",
    "tree_depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
}


@dataclass(frozen=True)
class Numba:
    """A model compiled by numba, for operations or machines that no program serves;
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
            return replace(
                self,
                packed=changed,
                nutpie=replace(self.nutpie, user_data=changed.values),
            )
        read = {
            variable.name for variable in self.nutpie.shared_var_keys
        }  # by what is sampled
        numbers = {**data, PACKED: changed.values}
        running = self.nutpie.with_data(
            **{name: numbers[name] for name in sorted(read & set(numbers))}
        )
        return replace(self, packed=changed, nutpie=running)


@dataclass(frozen=True)
class Sampler:
    """A model and, under nutpie, its density: `with_data` changes numbers of pm.Data
    without preparing it again.
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
        return replace(self, compiled=self.compiled.with_data(data)) if data else self

    def starting(self, points: np.ndarray) -> "Sampler":
        """Return the sampler with each chain beginning at one of some points (points,
        dimensions); nutpie only.
        """
        assert self.compiled is not None

        def at(seed: Any) -> np.ndarray:
            return points[np.random.default_rng(seed).integers(len(points))].copy()

        beginning = replace(self.compiled.nutpie, initial_point_func=at)
        return replace(self, compiled=replace(self.compiled, nutpie=beginning))

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
        tree = (
            self._nutpie(seed, how, stage, cores)
            if self.name == "nutpie"
            else self._other(seed, how)
        )
        names = KEPT_STATS | DEPTH
        stats = tree["sample_stats"].dataset
        kept = stats[[name for name in names if name in stats]].rename(
            {n: names[n] for n in names if n in stats}
        )
        return tree["posterior"].dataset, kept

    def _nutpie(
        self, seed: int, how: Sampling, stage: Stage | None, cores: int | None
    ) -> xr.DataTree:
        def tell(chains: Any) -> None:
            if stage is not None:
                stage.at(
                    sum(c.finished_draws for c in chains)
                    / max(sum(c.total_draws for c in chains), 1)
                )

        settings = {key: value for key, value in asdict(how).items() if key != "seed"}
        assert self.compiled is not None
        return nutpie.sample(
            self.compiled.nutpie,
            seed=seed,
            cores=cores,
            progress_bar=False,
            progress_callback=tell,
            save_warmup=False,
            **settings,
        )

    def _other(self, seed: int, how: Sampling) -> xr.DataTree:
        names = [rv.name for rv in self.model.free_RVs]
        settings = {
            key: value
            for key, value in asdict(how).items()
            if key not in ("seed", "target_accept")
        }
        return pm.sample(
            model=self.model,
            random_seed=seed,
            nuts_sampler=self.name,
            var_names=names,
            progressbar=False,
            compute_convergence_checks=False,
            nuts={"target_accept": how.target_accept},
            **settings,
        )


def prepare(model: pm.Model, name: str = "nutpie") -> Sampler:
    """Prepare a model for sampling; name: nutpie (is prepared here), pymc, numpyro or
    blackjax (when they run).

    nutpie runs the model's program (`uncounted.engine`). A model with an operation that
    no program knows, and every model on a machine without the engine's library, is
    compiled by numba instead, and a warning says so.
    """
    if name not in SAMPLERS:
        raise UncountedError(
            f"There is no sampler '{name}'.{did_you_mean(name, SAMPLERS)}"
        )
    return Sampler(model, name, _compiled(model) if name == "nutpie" else None)


def _compiled(model: pm.Model) -> Compiled | Numba:
    machine = library()
    if machine is None:
        reason = f"The engine's library is not there ({BUILD})"
    else:
        try:
            return compiled(model, machine)
        except Unknown as unknown:
            reason = f"The engine doesn't know {unknown}"
        except Exception as error:  # whatever it is, the model can be sampled
            reason = (
                f"The engine failed, please report it ({type(error).__name__}: {error})"
            )
    warn(
        f"{reason}, so the model is compiled by numba, which takes longer.",
        stacklevel=3,
    )
    return compiled_by_numba(model)


def compiled_by_numba(model: pm.Model) -> Numba:
    """Compile a model's free variables; what follows from them is computed after
    sampling (`derived`).

    Object code is kept for models of the same structure; one of which there is no key
    is compiled by nutpie each time.
    """
    with undisturbed():
        data = packed(model)
        layout = layout_of(model)
        code = object_code(model, layout, data)
    if code is None:
        names = [rv.name for rv in model.free_RVs]
        running: Any = nutpie.compile_pymc_model(data.inside(model)[0], var_names=names)
        return Numba(data, running)
    frame = layout.frame(model, *code.addresses)
    # nutpie's model holds the object code, so that it lives as long as it runs.
    running = replace(
        frame, user_data=data.values, logp_func=code.density, expand_func=code.expand
    )
    return Numba(data, running, code.kept)
