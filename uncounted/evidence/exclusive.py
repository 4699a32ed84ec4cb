"""Exclusive: forms of one outcome of which nobody has two, as one evidence with counts
of each form.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.evidence.evidence import FORM, SAID, Evidence, digest_of
from uncounted.figures.ledger import Ledger


def exclusive(parts: Mapping[str, Evidence], outcome: str) -> Evidence:
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
    keys = {form: _keys(part.rows) for form, part in parts.items()}
    common = set.intersection(*(set(index) for index in keys.values()))
    kept = {
        form: part.without(
            pd.Series(~keys[form].isin(list(common))), f"not every form has it: {form}"
        )
        for form, part in parts.items()
    }
    first, rows = (
        next(iter(kept.values())),
        {form: part.rows for form, part in kept.items()},
    )
    if first.rows.empty:
        raise UncountedError(
            f"No row of evidence has all of {', '.join(parts)}. Take them of the same"
            " surveys."
        )
    joined = _joined(first.rows, rows)
    lines = pd.concat(
        [part.ledger.lines for part in kept.values()], ignore_index=True
    ).drop_duplicates(ignore_index=True)
    source = "; ".join(sorted({part.source for part in parts.values()}))
    return replace(
        first,
        outcome=outcome,
        rows=joined,
        ledger=Ledger(lines),
        source=source,
        digest=digest_of(joined),
        origin=(),
    )


def _keys(rows: pd.DataFrame) -> pd.Index:
    """Return which row each is: its survey and whom it covers, the same for all
    forms.
    """
    of = [column for column in rows if column not in SAID]
    return pd.Index(
        [
            "\x1f".join(map(str, row))
            for row in rows[of].itertuples(index=False, name=None)
        ]
    )


def _joined(first: pd.DataFrame, rows: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row for each cell; all tables have the same rows in the same,
    canonical order.
    """
    p = np.column_stack([table["estimate"] for table in rows.values()])
    n = np.column_stack([table["n"] for table in rows.values()])
    more = p.sum(axis=1) > 1 + 1e-9
    if more.any():
        raise UncountedError(
            f"In {int(more.sum())} row(s) the forms {', '.join(rows)} add up to more"
            " than everybody, so they are not exclusive. Count who is in two forms"
            " once, or model the forms apart."
        )
    size = (1 - p).sum(axis=1) / ((1 - p) / n).sum(axis=1)
    cases = pd.concat([table["cases"] for table in rows.values()], axis=1).sum(
        axis=1, min_count=1
    )
    counts = {f"{FORM}{form}": size * p[:, i] for i, form in enumerate(rows)}
    of_any = {
        "estimate": p.sum(axis=1),
        "n": size,
        "y": size * p.sum(axis=1),
        "cases": cases,
    }
    return first.assign(**of_any, deff=first["respondents"] / size, **counts)
