"""Respondents: survey microdata in files, with design, codes and reasons for missing
answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from uncounted.figures.figure_card import MASK_BELOW, check_mask
from uncounted.glance import glance
from uncounted.interviews import audit
from uncounted.interviews.codebook import (
    ROLES,
    Codebook,
    check_words,
    crossed,
    parts,
    relation,
)
from uncounted.interviews.design import Design, check_policy, unit
from uncounted.interviews.files import open_source
from uncounted.interviews.replicates import Replicates, resolve
from uncounted.interviews.source import Source, held, query

# Rows in memory are recoded once up to this number; of more rows, each query recodes
# the columns that it needs.
SETTLED = 2_000_000
DECLARED = ("stratum", "psu", "fpc", "weight")  # the order in which a design names them


@dataclass(frozen=True)
class Respondents:
    """One row per respondent, by the SQL `select` over `source`: DuckDB aggregates it
    in place.

    traits: columns to break down by; outcomes: 0/1 columns. missing: how many
    respondents lack a column, and why (columns column, reason, respondents); they stay
    in the design. heaviest: the largest weight.
    """

    name: str
    source: Source
    select: str
    design: Design
    traits: tuple[str, ...]
    outcomes: tuple[str, ...]
    missing: pd.DataFrame
    n: int
    heaviest: float
    mask_below: float = MASK_BELOW

    def __repr__(self) -> str:
        return glance(
            f"{self.name}: {self.n:,} respondents, {len(self.design.strata):,} strata",
            f"Outcomes: {', '.join(self.outcomes)}",
            f"Traits: {', '.join(self.traits)}",
            f"Design: {self.design}",
            table=self.missing,
        )


def read_respondents(
    source: str | Path | pd.DataFrame | pa.Table,
    columns: Mapping[str, str | Sequence[str]],
    outcomes: str | Sequence[str] | Mapping[str, str],
    *,
    recodes: Mapping[str, Mapping] | None = None,
    missing: Mapping[str, Mapping[object, str]] | None = None,
    cuts: Mapping[str, Mapping[str, tuple[float, float | None]]] | None = None,
    constants: Mapping[str, str] | None = None,
    replicates: Replicates | None = None,
    nested: bool = False,
    single_psu: str = "error",
    name: str | None = None,
    encoding: str = "utf-8",
    mask_below: float = MASK_BELOW,
) -> Respondents:
    """Declare the columns of a file, folder, glob or table of respondents, and check
    that they are as declared.

    columns: role → column; the roles are weight, stratum, psu, fpc (PSUs in the stratum
    in the population), id, and traits of any name: country, sex, age, year, survey,
    source … Surveys and countries keep their own strata and PSUs. stratum, psu and id
    may be crossed from several columns, as R's `strata = ~interaction(region, urban)`:
    stratum = ["region", "urban"] makes strata such as 'North × urban', and a blank in
    either is no stratum. outcomes: a column, columns, or outcome → column. recodes:
    trait → {value → text} or outcome → {value → 0 or 1}; a value that isn't listed is
    an error. missing: trait or outcome → {code → reason}, beside the codes that the
    file itself declares missing. cuts: trait → {label → (from, below)}, of numbers;
    below None is without end. constants: traits that are the same for everybody.
    nested: PSU numbers start anew in each stratum. single_psu: the policy of `direct`
    and `evidence` on a stratum with a single PSU, unless they name another. encoding:
    by any usual name; utf-8 of an SPSS, Stata or SAS file is what the file declares.
    mask_below: observed counts of fewer persons are masked in what is released
    (`disclosure`). Raises UncountedError for whatever is not as declared: nothing is
    dropped or repaired in silence.
    """
    named = _named(outcomes)
    book = Codebook(recodes or {}, missing or {}, cuts or {}, constants or {})
    check_words(columns, named, book)
    check_policy(single_psu)
    check_mask(mask_below, name or "read_respondents")
    opened = open_source(source, _wanted(columns, named, replicates), encoding)
    if replicates:
        roles = _roles(columns, named)
        replicates = resolve(replicates, opened.all_names, roles)
    select = relation(opened, columns, named, book, replicates)
    if opened.table is not None and len(opened.table) <= SETTLED:
        opened = held(opened.name, query(opened, select))
        select = f"SELECT * FROM {opened.scan}"
    groups = audit.found(opened, select, columns, named, replicates)
    traits = sorted(set(columns).difference(ROLES).union(book.constants))
    design = Design(
        declared=tuple(role for role in DECLARED if role in columns),
        nested=nested,
        strata=audit.strata(opened, select, unit(traits), columns, nested),
        replicates=replicates,
        single_psu=single_psu,
        crossed=crossed(columns),
    )
    return Respondents(
        name=name or opened.name,
        source=opened,
        select=select,
        design=design,
        traits=tuple(traits),
        outcomes=tuple(named),
        missing=audit.missing(groups),
        n=sum(group["n"] for group in groups),
        heaviest=max(group["heaviest"] for group in groups),
        mask_below=mask_below,
    )


def _named(outcomes: str | Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    if isinstance(outcomes, Mapping):
        return dict(outcomes)
    if isinstance(outcomes, str):
        return {outcomes: outcomes}
    return {name: name for name in outcomes}


def _roles(
    columns: Mapping[str, str | Sequence[str]], outcomes: Mapping[str, str]
) -> dict[str, str]:
    """Return column → role of every column that is named."""
    roles = {column: outcome for outcome, column in outcomes.items()}
    for role, named in columns.items():
        roles |= dict.fromkeys(parts(named), role)
    return roles


def _wanted(
    columns: Mapping,
    outcomes: Mapping,
    replicates: Replicates | None,
) -> list[str]:
    wanted = list(_roles(columns, outcomes))
    if replicates:
        wanted += parts(replicates.columns)
    return list(dict.fromkeys(wanted))
