"""Covariates: published indicators of countries, missing where there is none."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.codes import check_known
from uncounted.world.table import Source, numbers, once, read_table


def read_covariates(source: Source, places: pd.DataFrame) -> pd.DataFrame:
    """Return the indicators, index iso3 sorted, NaN where missing.

    Raises UncountedError for codes that no place has, or that are there twice, and for
    a value that is no number.
    """
    raw = read_table(source, "covariates table", ["iso3"])
    once(raw, "covariates table")
    check_known(raw["iso3"], places, "The covariates table")
    text = raw.set_index("iso3").sort_index(kind="stable")
    columns = {name: _indicator(column) for name, column in text.items()}
    return pd.DataFrame(columns, index=text.index)


def _indicator(text: pd.Series) -> np.ndarray:
    values = numbers(text)
    wrong = text[np.isinf(values)]
    if len(wrong):
        raise UncountedError(
            f"The covariate '{text.name}' of {wrong.index[0]} is"
            f" '{wrong.iloc[0]}', no number. Mend it, leave it empty, or leave"
            " the column out."
        )
    return values


def _logit_percent(column: pd.Series) -> pd.Series:
    return np.log(column / (100 - column))


# function, and the open interval of values that it takes
type Transform = tuple[Callable[[pd.Series], pd.Series], float, float]
TRANSFORMS: dict[str, Transform] = {
    "log": (np.log, 0.0, np.inf),
    "sqrt": (np.sqrt, -1e-300, np.inf),
    "logit_percent": (_logit_percent, 0.0, 100.0),
}


def _transformed(column: pd.Series, transform: str) -> pd.Series:
    if not transform:
        return column
    function, lower, upper = TRANSFORMS[transform]
    inside = (column > lower) & (column < upper)
    outside = column[~inside & column.notna()]
    if len(outside):
        count = f", and {len(outside) - 1} more" if len(outside) > 1 else ""
        raise UncountedError(
            f"{transform} of '{column.name}' cannot be taken: {outside.index[0]} has"
            f" {outside.iloc[0]:g}{count}. Choose another transform."
        )
    return function(column)


def z_scores(
    covariates: pd.DataFrame,
    names: Sequence[str],
    transforms: Mapping[str, str],
) -> pd.DataFrame:
    """Return (x − mean) / sd over the countries that have a value; sd with 1/N, missing
    kept missing.

    transforms: name → one of TRANSFORMS, taken first. Raises UncountedError for a name
    that no column has, for a value that a transform cannot take, and for a column that
    says the same of every country.
    """
    names = list(dict.fromkeys(names))
    columns = {}
    for name in names:
        if name not in covariates:
            raise UncountedError(
                f"There is no covariate '{name}'."
                + did_you_mean(name, covariates.columns)
            )
    for name in names:
        columns[name] = _transformed(covariates[name], transforms.get(name, ""))
    x = pd.DataFrame(columns)
    mean = x.mean()
    sd = x.std(ddof=0)
    # a constant's sd is rounding, seldom exactly 0
    constant = ~(sd > 1e-12 * mean.abs())
    for name in x.columns[constant]:
        raise UncountedError(
            f"The covariate '{name}' is the same in every country that has it."
            " Leave it off the card."
        )
    return (x - mean) / sd
