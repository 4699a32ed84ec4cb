"""Information: what rows of evidence show of the levels of the model and their
members.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from uncounted.model.card import Card
from uncounted.model.seen import Seen
from uncounted.world.world import World

Sizes = dict[str, np.ndarray]  # by level, of each member or of all
Level = tuple[str, float, sparse.csr_array]  # name, scale of σ, Z (surveys, members)


@dataclass(frozen=True)
class Information:
    """What is known of rows before sampling.

    rows: Fisher information of each (rows,). mode: the likeliest σ of every level.
    """

    card: Card
    world: World
    seen: Seen
    rows: np.ndarray
    mode: Sizes

    @cached_property
    def of_surveys(self) -> np.ndarray:
        """The information about each survey (surveys,)."""
        return np.bincount(self.seen.survey, self.rows, len(self.seen.surveys))

    @cached_property
    def by_surveys(self) -> np.ndarray:
        """What each survey, which errs, tells of its country (surveys,)."""
        return passed(self.of_surveys, self.mode.get("survey", 0.0))


def passed(information: np.ndarray, scale: float | np.ndarray) -> np.ndarray:
    """Return the information about the mean of a level whose members have variance
    scale² themselves: 1/(scale² + 1/I).
    """
    return information / (1 + information * scale**2)


def membership(index: np.ndarray) -> sparse.csr_array:
    """Return 1 where a survey (surveys,) is of a member, else 0 (surveys, members
    shown).
    """
    shown, column = np.unique(index, return_inverse=True)
    coords = (np.arange(len(column)), column)
    shape = (len(column), len(shown))
    ones = np.ones(len(column))
    return sparse.csr_array((ones, coords), shape=shape)
