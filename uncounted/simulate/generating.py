"""Generating: the numbers that simulated tables are drawn from, as a file that people
read.
"""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from uncounted.model.priors import Prior, parse_prior
from uncounted.world.shelf import shelf

DRAWN = {
    "normal": lambda rng, m, s, size: rng.normal(m, s, size),
    "half_normal": lambda rng, s, size: np.abs(rng.normal(0, s, size)),
    "log_normal": lambda rng, m, s, size: m * np.exp(rng.normal(0, s, size)),
}


def read_generating(path: str | Path | None = None) -> dict[str, Any]:
    """Read [records], [durations] and [state_imposed]: the file that ships, or your own
    of the same words.
    """
    file = (
        shelf("data", "truth", "generating-records.toml")
        if path is None
        else Path(path)
    )
    return tomllib.loads(file.read_text(encoding="utf-8"))


def drawn(
    prior: Prior | dict, rng: np.random.Generator, size: int | tuple[int, ...] = ()
) -> np.ndarray:
    """Draw from a prior as a card writes it: one of DRAWN."""
    of = prior if isinstance(prior, Prior) else parse_prior("level", prior)
    return np.asarray(DRAWN[of.family](rng, *of.numbers, size))
