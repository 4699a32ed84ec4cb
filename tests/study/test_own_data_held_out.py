"""Own data held out: the share of a country's own data beside what refits without its
surveys give.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import logit

import uncounted as un
from uncounted.infer import totals
from uncounted.infer.own_data import own_data_share
from uncounted.infer.recipe import Recipe
from uncounted.infer.refit import refit, without
from uncounted.world.world import groups

DOCS = Path(__file__).resolve().parents[2] / "docs"
HOW = un.Sampling(chains=4, tune=500, draws=400, target_accept=0.9)
SEED, COUNTRIES = 7, 16

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    """Refit stunting without each of 16 countries, of every size of the share, and
    measure what is left unknown.
    """
    card, world = un.read_card("stunting"), un.read_world()
    seen = un.evidence_of(card)
    fit = un.sample(un.build(card, world, seen), seed=SEED, tune=HOW.tune, draws=1000)
    shares = own_data_share(fit).sel(sex="all", age="all").to_series()
    again = refit(Recipe((card,), (seen,), world))
    study = again.studies[""]
    countries = study.evidence.rows["country"].to_numpy()
    chosen = shares[sorted(set(countries))].sort_values()
    chosen = chosen.iloc[np.linspace(0, len(chosen) - 1, COUNTRIES).round().astype(int)]
    people, group = totals.expected(fit.people), groups(world, "country")
    known, rows = _log_odds(fit.p, people, group), []
    for code, share in chosen.items():
        held = countries == code
        draws, _ = again.sample(without(again.studies, {"": held}), SEED, HOW)
        unknown = _log_odds(again.cells(draws)["p"], people, group)
        left = float(known.sel(group=code).var() / unknown.sel(group=code).var())
        surveys = study.evidence.rows.loc[held, "survey"].nunique()
        rows.append((code, surveys, share, float(np.clip(1 - left, 0, 1))))
    table = pd.DataFrame(
        rows, columns=["country", "surveys", "own_data_share", "held_out"]
    )
    table.round(3).to_csv(DOCS / "own-data-held-out.csv", index=False)
    return table


def _log_odds(p: xr.DataArray, people: xr.DataArray, group: pd.Series) -> xr.DataArray:
    everybody = totals.population(people, group).isel(sex=-1, age=-1)
    return logit(totals.affected_in_all(p, people, group) / everybody)


def test_the_share_is_what_refits_without_the_country_give(found):
    """A ratio of two variances of about 600 effective draws errs by 8 %: of a share of
    0.5 by 0.04.
    """
    error = found["own_data_share"] - found["held_out"]
    assert (error.abs() < 3 * 0.08 * (1 - found["held_out"]) + 0.03).all()
    assert abs(error.mean()) < 0.03
