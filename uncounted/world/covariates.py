"""Covariates: indicators of countries, missing where nobody published one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.geography import check_known, read_text, require


def read_covariates(table: Path | pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Return the indicators, index iso3 like places, NaN where missing; raises UncountedError naming a value that is no number."""
    raw = read_text(table)
    require(raw, ["iso3"], "covariates table")
    check_known(raw["iso3"], places, "The covariates table")
    if raw["iso3"].duplicated().any():
        repeated = ", ".join(sorted(set(raw.loc[raw["iso3"].duplicated(), "iso3"])))
        raise UncountedError(f"The covariates table has {repeated} more than once. Keep one row for each.")
    text = raw.set_index("iso3").apply(lambda column: column.str.strip())
    numbers = text.apply(lambda column: pd.to_numeric(column, errors="coerce"))
    wrong = numbers.isna() & (text != "") | np.isinf(numbers)
    for column in numbers.columns[wrong.any()]:
        code = wrong.index[wrong[column]][0]
        value = text.loc[code, column]
        raise UncountedError(f"The covariate {column} of {code} is '{value}', not a number. Mend it or leave it empty.")
    return numbers.astype(float)


def standardised(covariates: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return z-scores over the countries that have a value, missing kept missing (countries, names)."""
    for name in names:
        if name not in covariates:
            raise UncountedError(f"There is no covariate '{name}'.{did_you_mean(name, covariates.columns)}")
    x = covariates[list(names)]
    spread = x.std(ddof=0)
    for name in spread.index[~(spread > 0)]:
        raise UncountedError(f"The covariate '{name}' is the same in every country that has it. Leave it off the card.")
    return (x - x.mean()) / spread
