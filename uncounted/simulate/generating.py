"""Generating: the numbers that simulated tables are drawn from, as a TOML file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from uncounted.model.priors import Prior, parse_prior
from uncounted.world.card_file import read_toml
from uncounted.world.shelf import shelf


def read_generating(path: str | Path | None = None) -> dict[str, Any]:
    """Read [records], [durations] and [state_imposed]: the file that ships, or your own
    of the same words.
    """
    if path is None:
        path = shelf("data", "truth", "generating-records.toml")
    return read_toml(path)


def drawn(
    prior: Prior | dict,
    rng: np.random.Generator,
    size: int | tuple[int, ...] = (),
) -> np.ndarray:
    """Draw from a prior as a card writes it: normal, half_normal or log_normal."""
    if not isinstance(prior, Prior):
        prior = parse_prior("level", prior)
    return np.asarray(DRAWN[prior.family](rng, size, *prior.numbers))


def _normal(
    rng: np.random.Generator,
    size: int | tuple[int, ...],
    mean: float,
    sd: float,
) -> np.ndarray | float:
    return rng.normal(mean, sd, size)


def _half_normal(
    rng: np.random.Generator,
    size: int | tuple[int, ...],
    sd: float,
) -> np.ndarray | float:
    return np.abs(rng.normal(0, sd, size))


def _log_normal(
    rng: np.random.Generator,
    size: int | tuple[int, ...],
    median: float,
    sd: float,
) -> np.ndarray | float:
    return median * np.exp(rng.normal(0, sd, size))


DRAWN: dict[str, Callable[..., np.ndarray | float]] = {
    "normal": _normal,
    "half_normal": _half_normal,
    "log_normal": _log_normal,
}
