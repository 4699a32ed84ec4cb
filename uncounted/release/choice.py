"""Choice: what a reader may choose to see of an estimate of leaves: one of them, a sum
of some, or all together.
"""

from dataclasses import replace

import pandas as pd

from uncounted.release.release import ALL, LEAF, Release


def choices(release: Release) -> dict[str, Release]:
    """Return, by name, the release as if it were of one sum or leaf alone, all together
    first; none without leaves.

    Only rows of all persons are kept. Shares of a leaf are no choice: they have no
    prevalence.
    """
    if LEAF not in release.rows:
        return {}
    rows = pd.concat([release.rows, release.sums[release.sums["note"] == ""]])[
        list(release.rows)
    ]
    rows = rows[(rows[release.axes] == ALL).all(axis=1)]
    leaves = [leaf for leaf in dict.fromkeys(release.rows[LEAF]) if leaf != ALL]
    names = [
        ALL,
        *[one for one in dict.fromkeys(rows[LEAF]) if one != ALL and one not in leaves],
        *leaves,
    ]
    return {
        name: replace(release, rows=rows[rows[LEAF] == name].assign(**{LEAF: ALL}))
        for name in names
    }
