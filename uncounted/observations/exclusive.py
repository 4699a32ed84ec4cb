"""Exclusive: evidence on an outcome with counts of each of its exclusive forms."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.figures.ledger import Ledger
from uncounted.observations.evidence import Evidence
from uncounted.observations.evidence_rows import FORM, digest_of, row_keys


def exclusive(
    parts: Mapping[str, Evidence],
    outcome: str,
) -> Evidence:
    """Return evidence on an outcome from that on its exclusive forms, form → Evidence
    of the same surveys.

    A row's counts of form f are n·p̂_f in the column "y:f", and y is their sum: those
    in any form. Its n is one for all forms, Σ(1 − p̂_f) / Σ(1 − p̂_f)/n_f, respondents
    divided by the mean design effect of the forms [Rao & Scott 1984, the first-order
    correction]. Rows that not every form has go to the ledger. Raises UncountedError
    for fewer than two forms, no row that all have, and forms that add up to more than
    everybody.
    """
    if len(parts) < 2:
        raise UncountedError(
            f"Exclusive forms are two or more; here is {len(parts)}. One alone is an"
            " outcome."
        )
    kept = _in_common(parts)
    evidence = next(iter(kept.values()))
    if evidence.rows.empty:
        raise UncountedError(
            f"No row of evidence has all of {', '.join(parts)}. Take them of the same"
            " surveys."
        )
    rows = _joined({form: part.rows for form, part in kept.items()})
    lines = pd.concat([part.ledger.lines for part in kept.values()])
    lines = lines.drop_duplicates(ignore_index=True)
    return replace(
        evidence,
        outcome=outcome,
        rows=rows,
        ledger=Ledger(lines),
        source="; ".join(sorted({part.source for part in parts.values()})),
        digest=digest_of(rows),
        origin=(),
    )


def _in_common(parts: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """Return the evidence of each form on the rows that every form has."""
    keys = {form: row_keys(part.rows, part.rows) for form, part in parts.items()}
    kept: dict[str, Evidence] = {}
    for form, part in parts.items():
        common = pd.Series(True, part.rows.index)
        for form_keys in keys.values():
            common &= keys[form].isin(form_keys)
        kept[form] = part.without(~common, f"not every form has it: {form}")
    return kept


def _joined(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row for each cell; all tables have the same rows in the same,
    canonical order.
    """
    rows = next(iter(tables.values()))
    p = np.column_stack([table["estimate"] for table in tables.values()])
    n = np.column_stack([table["n"] for table in tables.values()])
    total = p.sum(axis=1)
    excess = int((total > 1 + 1e-9).sum())
    if excess:
        raise UncountedError(
            f"In {excess} row(s) the forms {', '.join(tables)} add up to more"
            " than everybody, so they are not exclusive. Count who is in two forms"
            " once, or model the forms apart."
        )
    size = (1 - p).sum(axis=1) / ((1 - p) / n).sum(axis=1)
    cases = pd.concat([table["cases"] for table in tables.values()], axis=1)
    joined = rows.assign(
        estimate=total,
        n=size,
        y=size * total,
        cases=cases.sum(axis=1, min_count=1),
        deff=rows["respondents"] / size,
    )
    for i, form in enumerate(tables):
        joined[f"{FORM}{form}"] = size * p[:, i]
    return joined
