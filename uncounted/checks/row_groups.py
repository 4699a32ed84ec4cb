"""Evidence rows: the age band, level of a trait and country of rows of evidence."""

import numpy as np
import pandas as pd

from uncounted.observations.evidence import ELSEWHERE


def age_labels(rows: pd.DataFrame) -> np.ndarray:
    """Return the label of each row's age band, empty for a row of several bands."""
    labels = []
    for bands in rows["covers"]:
        labels.append(bands[0].label if len(bands) == 1 else "")
    return np.array(labels, object)


def trait_levels(
    rows: pd.DataFrame,
    trait: str,
) -> np.ndarray:
    """Return the level of a trait that each row is of, empty where the rows are not
    divided by it.
    """
    if trait == "age":
        return age_labels(rows)
    if trait in rows:
        return rows[trait].to_numpy(object)
    return np.full(len(rows), "", object)


def surveyed_countries(rows: pd.DataFrame) -> set[str]:
    """Return the countries that have a survey of their own."""
    return set(rows.loc[rows["source"] != ELSEWHERE, "country"])
