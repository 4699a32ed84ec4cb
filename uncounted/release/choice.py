"""Choice: the leaves and sums of an estimate, each as a release of its own."""

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
    sums = release.sums[release.sums["note"] == ""]
    rows = pd.concat([release.rows, sums])[list(release.rows)]
    rows = rows[release.everybody(rows)]
    leaves = [leaf for leaf in dict.fromkeys(release.rows[LEAF]) if leaf != ALL]
    names = [name for name in dict.fromkeys(rows[LEAF]) if name not in (ALL, *leaves)]
    alone = {}
    for name in (ALL, *names, *leaves):
        own_rows = rows[rows[LEAF] == name].assign(**{LEAF: ALL})
        alone[name] = replace(release, rows=own_rows)
    return alone
