"""Reach: a country far beyond all surveyed ones in a covariate is named, one among them
is not.
"""

from dataclasses import replace

import pandas as pd
import pytest

from uncounted.checks.reach import NAME, reach


def with_covariate(fit, values: pd.Series, name: str = "human_development_index"):
    covariates = fit.world.covariates.assign(**{name: values})
    return replace(fit, world=replace(fit.world, covariates=covariates))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_country_that_lies_beyond_all_surveyed_ones_is_named(fit, sign):
    values = fit.world.covariates["human_development_index"]
    surveyed = sorted(set(fit.evidence.rows["country"]))
    own = next(
        code
        for code in fit.world.places.index
        if code not in surveyed and pd.notna(values[code])
    )
    seen = values.loc[surveyed]
    end = seen.max() if sign > 0 else seen.min()
    near, far = (end + sign * times * seen.std(ddof=0) for times in (0.5, 13.0))
    inside = values.where(values.index.isin(surveyed), seen.mean())
    (found,) = reach(with_covariate(fit, inside.where(inside.index != own, near)))
    assert "human development index" not in found.sentence
    (found,) = reach(with_covariate(fit, inside.where(inside.index != own, far)))
    assert (found.name, found.verdict) == (NAME, "warn")
    assert (
        f"{fit.world.places.loc[own, 'name']}, human development index, 13.0 sd"
        in found.sentence
    )


def test_a_card_without_covariates_says_nothing(small):
    assert reach(small) == []
