"""Covariates: indicators of countries, missing where nobody published one."""

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
    return pd.DataFrame(
        {name: _indicator(column) for name, column in text.items()}, index=text.index
    )


def _indicator(text: pd.Series) -> np.ndarray:
    found = numbers(text)
    wrong = np.flatnonzero(np.isinf(found))
    if len(wrong):
        raise UncountedError(
            f"The covariate '{text.name}' of {text.index[wrong[0]]} is"
            f" '{text.iloc[wrong[0]]}', no number. Mend it, leave it empty, or leave"
            " the column out."
        )
    return found


TRANSFORMS: dict[
    str, tuple[Callable[[pd.Series], pd.Series], float, float]
] = {  # function, above, below
    "log": (np.log, 0.0, np.inf),
    "sqrt": (np.sqrt, -1e-300, np.inf),
    "logit_percent": (lambda x: np.log(x / (100 - x)), 0.0, 100.0),
}


def _transformed(column: pd.Series, transform: str) -> pd.Series:
    if not transform:
        return column
    take, low, high = TRANSFORMS[transform]
    outside = column.index[~((column > low) & (column < high)) & column.notna()]
    if len(outside):
        more = f", and {len(outside) - 1} more" if len(outside) > 1 else ""
        raise UncountedError(
            f"{transform} of '{column.name}' cannot be taken: {outside[0]} has"
            f" {column[outside[0]]:g}{more}. Choose another transform."
        )
    return take(column)


def z_scores(
    covariates: pd.DataFrame, names: Sequence[str], transforms: Mapping[str, str]
) -> pd.DataFrame:
    """Return (x − mean) / sd over the countries that have a value; sd with 1/N, missing
    kept missing.

    transforms: name → one of TRANSFORMS, taken first. Raises UncountedError for a name
    that no column has, for a value that a transform cannot take, and for a column that
    says the same of every country.
    """
    names = list(dict.fromkeys(names))
    for name in names:
        if name not in covariates:
            raise UncountedError(
                "There is no covariate"
                f" '{name}'.{did_you_mean(name, covariates.columns)}"
            )
    x = pd.DataFrame(
        {
            name: _transformed(covariates[name], transforms.get(name, ""))
            for name in names
        }
    )
    mean, sd = x.mean(), x.std(ddof=0)
    for name in names:
        if not sd[name] > 1e-12 * abs(
            mean[name]
        ):  # a constant's sd is rounding, seldom exactly 0
            raise UncountedError(
                f"The covariate '{name}' is the same in every country that has it."
                " Leave it off the card."
            )
    return (x - mean) / sd
