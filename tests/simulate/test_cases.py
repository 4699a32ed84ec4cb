"""Cases: simulated tables follow their truth, ship as their seed makes them, and are
quick.
"""

import time

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.cases.tally import tally
from uncounted.simulate.cases import simulate_cases, write_cases
from uncounted.simulate.generating import read_generating
from uncounted.simulate.state_imposed import state_imposed
from uncounted.simulate.victim_records import registrations
from uncounted.world.shelf import shelf

SEED = 35  # the simulated programme's


@pytest.fixture(scope="module")
def world() -> un.World:
    return un.read_world()


@pytest.fixture(scope="module")
def generating() -> dict:
    return read_generating()


def test_what_ships_is_what_the_seed_makes(world, tmp_path):
    """Records and figures to the letter; spells to the last digit of the programme's
    written durations.
    """
    told = pd.read_csv(shelf("data", "truth", "programme", "durations.csv")).set_index(
        "sex"
    )
    durations = told["mean_years"].to_dict(), float(told["log_sd"].iloc[0])
    start = time.process_time()
    write_cases(
        simulate_cases(SEED, world, durations=durations),
        tmp_path / "data",
        tmp_path / "truth",
    )
    assert time.process_time() - start < 5
    for made, folder in (
        (tmp_path / "data", "cases"),
        (tmp_path / "truth", "truth/cases"),
    ):
        for file in sorted(made.iterdir()):
            shipped = shelf("data", *folder.split("/")) / file.name
            if file.name == "durations.csv":
                pd.testing.assert_frame_equal(
                    pd.read_csv(file), pd.read_csv(shipped), atol=2e-3
                )
            else:
                assert file.read_text() == shipped.read_text(), file.name
            assert folder != "cases" or all(
                "simulated" in line for line in shipped.read_text().splitlines()[1:]
            )


def test_counts_are_those_of_the_ratios_where_nothing_departs(world, generating):
    """With sd's of nothing and nothing hidden, crude log ratios of each region and sex
    are the registered ones.
    """
    of = generating["records"]
    plain = {
        key: {"half_normal": 1e-6}
        for key in of["priors"]["children per adult, labour"]
        if key.startswith("sigma")
    }
    priors = {ratio: given | plain for ratio, given in of["priors"].items()}
    blank = dict.fromkeys(of["blank"], 0.0)
    plain_world = of | {
        "priors": priors,
        "blank": blank,
        "suppressed_below": 1,
        "per_unit": [4000, 0.5],
    }
    sim = registrations(5, world, plain_world)
    periods = [tuple(period) for period in of["periods"]]
    counted = tally(
        un.read_records(sim.table),
        world,
        list(un.RATIOS),
        both="sexual",
        periods=periods,
        year=2016,
    )
    y, n = (value.sum(axis=3) for value in (counted.y, counted.n))
    for r, region in enumerate(counted.regions):
        at = (counted.units["region"] == region).to_numpy()
        a, b = y[:, at].sum(axis=1), (n - y)[:, at].sum(axis=1)
        z = (np.log(a / b) - sim.registered[:, r].to_numpy()) / np.sqrt(1 / a + 1 / b)
        assert np.abs(z).max() < 4


def test_selection_is_drawn_as_stated(world, generating):
    of = generating["records"] | {"countries": 12, "second": 2}
    delta = np.array(
        [registrations(seed, world, of).selection.to_numpy() for seed in range(60)]
    )
    for k, told in enumerate(of["selection"].values()):
        world_part = delta[:, k].mean(axis=(1, 2))
        sd = np.hypot(told["world_sd"], told["stratum_sd"] / np.sqrt(10))
        assert abs(world_part.mean() - told["mean"]) < 4 * sd / np.sqrt(60)
        assert 0.7 < world_part.std() / sd < 1.35
        assert (
            0.85
            < (delta[:, k] - world_part[:, None, None]).std() / told["stratum_sd"]
            < 1.1
        )


def test_records_have_the_same_number_of_units_whatever_the_seed(world, generating):
    units = [registrations(seed, world, generating["records"]).table for seed in (1, 2)]
    each = [
        table.loc[table["country"] != "", ["country", "programme"]].drop_duplicates()
        for table in units
    ]
    assert [len(of) for of in each] == [54, 54]
    assert [of["programme"].nunique() for of in each] == [6, 6]


def test_a_programme_s_truth_of_durations_can_be_passed_in(world):
    cases = simulate_cases(3, world, durations=({"women": 1.0, "men": 3.0}, 0.8))
    assert set(cases.spells["sex"]) == {"women", "men"}
    going = cases.spells["end"].isna().groupby(cases.spells["sex"]).mean()
    assert going["women"] < going["men"]
    assert (cases.mean_years, cases.log_sd) == ({"women": 1.0, "men": 3.0}, 0.8)


def test_judged_figures_are_calibrated(world, generating):
    """Of many places' numbers nine in ten lie below the ninth decile of their own
    distribution.
    """
    from uncounted.leaves.outside_figures import drawn_figures

    below = []
    for seed in range(12):
        judged = state_imposed(seed, world, generating["state_imposed"])
        figures = un.read_outside_figures(
            judged.table, distribution="pert", between_place_correlation=0.5
        )
        ninth = drawn_figures(figures, 4000, 1).quantile(0.9, "sample").to_series()
        below.append(
            float(
                (judged.truth.to_numpy() < ninth[judged.truth.index].to_numpy()).mean()
            )
        )
    assert np.mean(below) == pytest.approx(
        0.9, abs=3 * np.std(below) / np.sqrt(12) + 0.01
    )


def test_tables_say_that_they_are_simulated(world):
    cases = simulate_cases(4, world)
    for table in (cases.records.table, cases.spells):
        assert set(table["note"]) == {"simulated"}
    assert cases.state_imposed.table["source"].str.contains("simulated").all()
    assert isinstance(cases.state_imposed.truth, pd.Series)
