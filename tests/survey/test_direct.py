"""Direct estimates: domains, edge cases and the flag of reliability."""

import numpy as np
import pandas as pd
import pytest

from uncounted.errors import UncountedError
from uncounted.interviews.direct import direct
from uncounted.interviews.reliability import reliability
from uncounted.interviews.respondents import read_respondents

COLUMNS = {"stratum": "h", "psu": "psu", "weight": "w", "sex": "sex"}


def drawn(cases: int = 30) -> pd.DataFrame:
    n = 400
    return pd.DataFrame({
        "h": np.arange(n) // 100, "psu": np.arange(n) // 20, "w": 10.0,
        "sex": np.where(np.arange(n) % 2, "male", "female"),
        "y": (np.arange(n) * 7 % n < cases).astype(int), "z": 0,
    })  # fmt: skip


def test_all_outcomes_and_no_case() -> None:
    table = direct(read_respondents(drawn(), COLUMNS, ["y", "z"])).set_index("outcome")
    assert table.loc["y", "prevalence"] == 30 / 400
    none = table.loc["z"]
    assert (none["prevalence"], none["se"], none["lower"], none["interval_method"]) == (
        0,
        0,
        0,
        "beta",
    )
    assert none["effective_n"] == pytest.approx(400)
    assert none["upper"] == pytest.approx(1 - 0.025 ** (1 / 400), rel=0.2)
    assert none["reliability"] == "review"


def test_a_domain_that_nobody_answered_keeps_its_row() -> None:
    frame = drawn()
    frame["y"] = frame["y"].where(frame["sex"] == "female").astype(float)
    table = direct(read_respondents(frame, COLUMNS, "y"), "sex").set_index("sex")
    assert table.loc["male", ["n", "cases"]].tolist() == [0, 0]
    assert np.isnan(table.loc["male", "prevalence"])
    assert table.loc["male", "reliability_because"] == "nobody answered"
    frame["y"] = np.nan
    assert direct(read_respondents(frame, COLUMNS, "y"))["n"].item() == 0


def test_equal_weights_and_no_clusters_have_no_design_effect() -> None:
    row = direct(read_respondents(drawn(), {"sex": "sex"}, "y")).iloc[0]
    assert row["deff_with_replacement"] == pytest.approx(1)
    assert row["deff_kish"] == 1
    assert np.isnan(row["deff_without_replacement"])
    assert row["df"] == 399


def test_kish_where_only_weights_are_known() -> None:
    frame = drawn().assign(w=np.tile([1.0, 3.0], 200))
    row = direct(read_respondents(frame, {"weight": "w"}, "y")).iloc[0]
    assert row["deff_kish"] == pytest.approx(400 * (200 + 1800) / 800**2)


def test_strata_of_different_countries_are_different_strata() -> None:
    frame = pd.concat([drawn().assign(c="GHA"), drawn().assign(c="KEN")])
    respondents = read_respondents(frame, COLUMNS | {"country": "c"}, "y")
    assert len(respondents.design.strata) == 8
    alone = direct(read_respondents(drawn(), COLUMNS, "y"))
    both = direct(respondents, "country")
    assert both["se"].tolist() == [alone["se"].item()] * 2
    pooled = direct(respondents)
    assert pooled["se"].item() == pytest.approx(alone["se"].item() / np.sqrt(2))


def test_strata_with_a_single_psu_are_named() -> None:
    frame = drawn()
    frame.loc[frame["h"] > 1, "psu"] = 100 + frame["h"]
    respondents = read_respondents(
        frame.assign(size=10), COLUMNS | {"fpc": "size"}, "y"
    )
    with pytest.raises(
        UncountedError,
        match=r"2 strata have a single PSU, so no variance: '2', '3'\. Merge",
    ):
        direct(respondents)
    whole = read_respondents(
        frame.assign(size=np.where(frame["h"] > 1, 1, 50)),
        COLUMNS | {"fpc": "size"},
        "y",
    )
    assert direct(whole)["se"].item() > 0  # a stratum drawn whole has no sampling error
    with pytest.raises(UncountedError, match="2 strata have a single PSU"):
        direct(whole, fpc=False)


@pytest.mark.parametrize(
    ("p", "effective", "n", "df", "verdict"),
    [
        (0.2, 500, 600, 30, "reliable"),
        (0.2, 29, 600, 30, "unreliable"),
        (0.2, 29, 29, 28, "unreliable"),
        (0.4, 40, 60, 30, "unreliable"),  # about 0.32 wide
        (0.02, 60, 60, 30, "unreliable"),  # wider than 130 %
        (0.005, 600, 600, 30, "reliable"),  # wider than 130 %, but narrower than 0.05
        (0.2, 2000, 2000, 5, "review"),
        (0.0, 500, 500, 30, "review"),
        (0.2, np.nan, 500, 0, "unreliable"),
    ],
)
def test_reliability(
    p: float, effective: float, n: float, df: float, verdict: str
) -> None:
    flag = reliability(*(np.array([x], float) for x in (p, effective, n, df)))
    assert flag["reliability"].item() == verdict
    assert (flag["reliability_because"].item() == "") == (verdict == "reliable")


def test_intervals_hold_the_truth_in_simulated_surveys() -> None:
    """200 two-stage surveys of a known population: the 95 % intervals cover in
    90–99 %.
    """
    rng = np.random.default_rng(7)
    held = {"logit": 0, "beta": 0}
    samples = []
    for i in range(200):
        psu = np.repeat(np.arange(30), 20)
        y = rng.random(600) < rng.beta(4, 36, 30)[psu]
        samples.append(
            pd.DataFrame(
                {"country": f"{i:03}", "h": psu // 10, "psu": psu, "y": y.astype(int)}
            )
        )
    columns = {"country": "country", "stratum": "h", "psu": "psu"}
    respondents = read_respondents(pd.concat(samples), columns, "y")
    for method in held:
        table = direct(respondents, "country", method=method)
        held[method] = ((table["lower"] < 0.1) & (table["upper"] > 0.1)).mean()
    assert 0.9 < held["logit"] < 0.99
    assert held["logit"] <= held["beta"] + 0.02
