"""Every number of R's survey package on a simulated design, to 1e-9 of itself: to the
digits that the reference has.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from uncounted.errors import UncountedError
from uncounted.interviews.direct import direct
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.respondents import Respondents, read_respondents

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "design"
COLUMNS = {
    "country": "country",
    "sex": "sex",
    "age": "age",
    "weight": "weight",
    "stratum": "stratum",
    "psu": "psu",
}
NAMES = {
    name: name
    for name in (
        "prevalence",
        "se",
        "deff_without_replacement",
        "deff_with_replacement",
        "total",
        "total_se",
    )
}
NAMES |= {
    "df": "degrees_of_freedom",
    "lower": "ci95_logit_lower",
    "upper": "ci95_logit_upper",
}


def reference(name: str) -> pd.DataFrame:
    path = REFERENCE / name
    if not path.exists():
        assert not os.environ.get("CI"), (
            f"The reference answers are not at {REFERENCE}; CI must bring them."
        )
        pytest.skip(f"The reference answers are not at {REFERENCE}.")
    return pd.read_csv(path)


@pytest.fixture(scope="module")
def surveyed() -> Respondents:
    reference("survey.csv")
    return read_respondents(
        REFERENCE / "survey.csv",
        COLUMNS | {"fpc": "psus_in_stratum", "id": "respondent"},
        "outcome",
    )


def answers(surveyed: Respondents, design: str) -> pd.DataFrame:
    """All statistics that we compute under one design, in the reference's long form."""
    policy = design.partition("lonely_psu=")[2] or "certainty"
    asked = {"fpc": "fpc" in design, "single_psu": policy}
    asked |= {"variance": "jackknife"} if design == "JKn replicates" else {}
    tables = []
    for by in (["country"], ["country", "sex"], ["country", "sex", "age"]):
        table = direct(surveyed, by, **asked)
        table["domain"] = ["all"] * len(table)
        if len(by) > 1:
            table["domain"] = [
                ",".join(f"{name}={row[name]}" for name in by[1:])
                for _, row in table.iterrows()
            ]
        tables.append(table[["country", "domain", *NAMES]].rename(columns=NAMES))
    beta = direct(surveyed, "country", method="beta", **asked)
    tables[0] = tables[0].assign(
        ci95_beta_lower=beta["lower"], ci95_beta_upper=beta["upper"]
    )
    return pd.concat(tables).melt(
        ["country", "domain"], var_name="statistic", value_name="ours"
    )


def test_every_number_of_r_survey(surveyed: Respondents) -> None:
    expected = reference("expected.csv")
    assert len(expected) > 300
    checked = 0
    for design, wanted in expected[expected["design"] != "weights only"].groupby(
        "design"
    ):
        both = wanted.merge(
            answers(surveyed, str(design)),
            on=["country", "domain", "statistic"],
            how="left",
        )
        np.testing.assert_allclose(
            both["ours"].to_numpy(float),
            both["value"],
            rtol=1e-9,
            atol=1e-15,
            err_msg=str(design),
        )
        checked += len(both)
    assert checked == len(expected) - 1


def test_weights_only() -> None:
    expected = reference("expected.csv").query("design == 'weights only'")
    alone = read_respondents(REFERENCE / "survey.csv", {"weight": "weight"}, "outcome")
    assert direct(alone)["se"].item() == pytest.approx(
        expected["value"].item(), rel=1e-9
    )


def test_a_single_psu_is_refused_by_name(surveyed: Respondents) -> None:
    with pytest.raises(UncountedError, match=r"a single PSU.*'CCC-5' of CCC"):
        direct(surveyed, "country")


def sampled(country: str, **columns: str) -> tuple[pd.DataFrame, dict[str, str]]:
    frame = reference("survey.csv")
    frame = frame[frame["country"] == country].reset_index(drop=True)
    frame = frame.assign(
        second=(frame["respondent"] % 7 == 0).astype(int),
        people=frame["psus_in_stratum"] * 20,
    )
    return (
        frame,
        {role: column for role, column in COLUMNS.items() if role != "country"}
        | columns,
    )


# the numbers from here on were computed with R 4.2, survey 4.1-1, on survey.csv


@pytest.mark.parametrize(
    ("policy", "total_se", "se"),
    [
        ("adjust", 263.344694407, 0.00884634963785),
        ("average", 103.67483488, 0.00979544388647),
        ("certainty", 92.7295913392, 0.00876131135997),
    ],
)
def test_a_single_psu_with_cases(policy: str, total_se: float, se: float) -> None:
    frame, columns = sampled("CCC")
    row = direct(read_respondents(frame, columns, "second"), single_psu=policy).iloc[0]
    assert (row["total_se"], row["se"]) == pytest.approx((total_se, se), rel=1e-9)


def test_a_domain_keeps_its_own_degrees_of_freedom() -> None:
    frame, columns = sampled("AAA")
    respondents = read_respondents(frame, columns, "outcome")
    logit, beta = (
        direct(respondents, ["sex", "age"], method=method)
        .query("sex == 'female' and age == '65+'")
        .iloc[0]
        for method in ("logit", "beta")
    )
    assert logit["df"] == 13
    assert (logit["lower"], logit["upper"]) == pytest.approx(
        (0.018495007172, 0.309005531674), rel=1e-9
    )
    assert (beta["lower"], beta["upper"]) == pytest.approx(
        (0.00877790911165, 0.28544671194678), rel=1e-9
    )
    assert logit["deff_without_replacement"] == pytest.approx(1.33803246312, rel=1e-9)
    assert logit["deff_with_replacement"] == pytest.approx(1.28243187640, rel=1e-9)


def test_respondents_drawn_one_by_one_in_strata() -> None:
    frame, columns = sampled("AAA", fpc="people")
    respondents = read_respondents(
        frame, {k: v for k, v in columns.items() if k != "psu"}, "outcome"
    )
    row = direct(respondents).iloc[0]
    assert (row["se"], row["total_se"], row["df"]) == pytest.approx(
        (0.0211575510885, 252.1106203136927, 456), rel=1e-9
    )
    women = direct(respondents, "sex").iloc[0]
    assert (women["se"], women["df"]) == pytest.approx((0.0343706732762, 211), rel=1e-9)


def jackknifed(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[float]]:
    """JKn weights by hand: columns r0, r1 …, and (m − 1)/m of each."""
    m = frame.groupby("stratum")["psu"].nunique()
    weights, scales = {}, []
    for i, (stratum, psu) in enumerate(
        frame[["stratum", "psu"]].drop_duplicates().itertuples(index=False)
    ):
        factor = np.where(
            frame["stratum"] == stratum, m[stratum] / (m[stratum] - 1), 1
        ) * (frame["psu"] != psu)
        weights[f"r{i}"] = frame["weight"] * factor
        scales.append((m[stratum] - 1) / m[stratum])
    return frame.assign(**weights), scales


def test_jackknife_weights_read_from_the_file() -> None:
    frame, columns = sampled("AAA")
    frame, scales = jackknifed(frame)
    columns = {role: columns[role] for role in ("sex", "age", "weight")}
    respondents = read_respondents(
        frame,
        columns,
        "outcome",
        replicates=Replicates("r[0-9]*", "JKn", rscales=scales),
    )
    row = direct(respondents).iloc[0]
    assert (row["se"], row["total_se"], row["df"]) == pytest.approx(
        (0.0267000712604, 326.1164427374533, 28), rel=1e-9
    )
    few = (
        direct(respondents, ["sex", "age"])
        .query("sex == 'female' and age == '65+'")
        .iloc[0]
    )
    assert (few["se"], few["df"]) == pytest.approx((0.0613047126527, 18), rel=1e-9)
