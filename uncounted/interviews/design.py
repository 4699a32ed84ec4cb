"""Design: the declared sampling design of respondents, and the strata of the file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import outline
from uncounted.interviews.replicates import Replicates

SHOWN = 10  # strata that an error names
SINGLE_PSU = ("error", "adjust", "average", "certainty")
# Each survey of each country was drawn by itself, and has strata of its own.
UNIT = ("survey", "country")


@dataclass(frozen=True)
class Design:
    """A declared design and its strata.

    declared: which of stratum, psu, fpc and weight are columns; undeclared weights are
    1 each. nested: PSU numbers start anew in each stratum. strata: one row per stratum,
    columns survey and country (where there are such traits), stratum, psus in the
    sample (respondents where no PSU is declared) and fpc, the number of PSUs in the
    population, NaN where not declared. single_psu: the policy on strata with a single
    PSU, unless an estimate names another; a word of SINGLE_PSU. crossed: the columns of
    each role that several columns make together.
    """

    declared: tuple[str, ...]
    nested: bool
    strata: pd.DataFrame
    replicates: Replicates | None = None
    single_psu: str = "error"
    crossed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    __repr__ = outline

    @property
    def psu(self) -> bool:
        """Are PSUs declared? If not, each respondent is one."""
        return "psu" in self.declared

    def __str__(self) -> str:
        texts = [self._role(role) for role in self.declared]
        if self.replicates:
            texts.append(str(self.replicates))
        if self.single_psu != "error":
            texts.append(f"single PSUs: {self.single_psu}")
        return ", ".join(texts) or "simple random sample"

    def _role(self, role: str) -> str:
        columns = self.crossed.get(role, ())
        return f"{role} ({' × '.join(columns)})" if columns else role


def unit(names: Iterable[str]) -> list[str]:
    """Return those of `names` that tell one survey's design from another's."""
    present = set(names)
    return [name for name in UNIT if name in present]


def check_policy(policy: str) -> None:
    """Raise UncountedError for an unknown policy on single PSUs."""
    if policy not in SINGLE_PSU:
        raise UncountedError(
            f"single_psu='{policy}' is no policy.{did_you_mean(policy, SINGLE_PSU)}"
        )


def refuse_single_psus(
    strata: pd.DataFrame,
    policy: str,
    fpc: bool,
) -> None:
    """Raise UncountedError for an unknown policy, or, under 'error', where a stratum
    has a single PSU.

    A stratum all of whose PSUs are in the sample has no sampling error, and is not
    refused if the fpc is used.
    """
    check_policy(policy)
    complete = fpc & (strata["fpc"] <= strata["psus"])
    single = strata[(strata["psus"] == 1) & ~complete]
    if policy != "error" or single.empty:
        return
    keys = unit(strata.columns)
    listed = ", ".join(_stratum(row, keys) for _, row in single.head(SHOWN).iterrows())
    if len(single) > SHOWN:
        listed += f" and {len(single) - SHOWN} more"
    have = "1 stratum has" if len(single) == 1 else f"{len(single)} strata have"
    raise UncountedError(
        f"{have} a single PSU, so no variance: {listed}. Merge them with like"
        " strata, or say single_psu='adjust', 'average' or 'certainty'."
    )


def _stratum(row: pd.Series, keys: Sequence[str]) -> str:
    survey = [f"of {row[key]}" for key in keys]
    return " ".join([f"'{row['stratum']}'", *survey])
