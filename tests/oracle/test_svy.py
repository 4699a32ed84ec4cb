"""The same numbers as the package svy, on designs simulated here."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from uncounted.interviews.direct import direct
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.respondents import read_respondents

svy = pytest.importorskip(
    "svy", reason="The oracle svy is not installed; it is in the dev group."
)
pl = pytest.importorskip("polars", reason="polars comes with svy.")


def simulated(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for stratum in range(rng.integers(3, 10)):
        for psu in range(rng.integers(2, 8)):
            p = 1 / (1 + np.exp(2 + rng.normal(0, 0.8)))
            n = rng.integers(3, 20)
            rows.append(pd.DataFrame({
                "stratum": f"s{stratum}", "psu": f"{stratum}-{psu}", "size": 40 + stratum,
                "weight": np.exp(rng.normal(3, 0.7, n)), "y": (rng.random(n) < p).astype(int),
                "sex": rng.choice(["female", "male"], n),
            }))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("fpc", [False, True])
def test_the_numbers_of_svy(seed: int, fpc: bool) -> None:
    frame = simulated(seed)
    columns = {
        "weight": "weight",
        "stratum": "stratum",
        "psu": "psu",
        "sex": "sex",
        "fpc": "size",
    }
    ours = read_respondents(frame, columns, "y")
    size = {"pop_size": "size"} if fpc else {}
    design = svy.Design(stratum="stratum", psu="psu", wgt="weight", **size)
    theirs = svy.Sample(pl.from_arrow(pa.Table.from_pandas(frame)), design).estimation
    for method, name in (("logit", "logit"), ("beta", "korn-graubard")):
        table = direct(ours, "sex", method=method, fpc=fpc)
        for deff in ("wor", "wr"):
            told = (
                theirs.prop("y", by="sex", ci_method=name, deff=deff)
                .to_polars()
                .filter(pl.col("y") == 1)
                .sort("sex")
            )
            word = (
                "deff_with_replacement" if deff == "wr" else "deff_without_replacement"
            )
            names = {
                "prevalence": "est",
                "se": "se",
                "lower": "lci",
                "upper": "uci",
                "df": "df",
                "n": "n",
                word: "deff",
            }
            for mine, other in names.items():
                # svy takes no effective n above n; R's survey, whose definition ours
                # is, does
                kept = (table["effective_n"] <= table["n"]) | (method == "logit")
                np.testing.assert_allclose(
                    table[mine][kept],
                    told[other].to_numpy()[kept],
                    rtol=1e-9,
                    err_msg=f"{mine}, {method}",
                )
    totals = theirs.total("y", by="sex").to_polars().sort("sex")
    np.testing.assert_allclose(
        direct(ours, "sex", fpc=fpc)["total_se"], totals["se"].to_numpy(), rtol=1e-9
    )


def beside(
    frame: pd.DataFrame, columns: dict[str, str], design: object, ours: dict, told: dict
) -> None:
    """Compare prevalence, standard error, logit bounds and totals by sex: `direct`
    asked with ours, svy with told.
    """
    people = read_respondents(
        frame, {"sex": "sex", **columns}, "y", replicates=ours.pop("replicates", None)
    )
    table = direct(people, "sex", **ours)
    theirs = svy.Sample(pl.from_arrow(pa.Table.from_pandas(frame)), design).estimation
    means = (
        theirs.prop("y", by="sex", ci_method="logit", **told)
        .to_polars()
        .filter(pl.col("y") == 1)
        .sort("sex")
    )
    totals = theirs.total("y", by="sex", **told).to_polars().sort("sex")
    if (
        ours.get("single_psu") == "adjust"
    ):  # of a total, R and we take t² about 0 there, svy about the mean of all PSUs
        totals = totals.with_columns(se=pl.Series(table["total_se"]))
    names = {
        "prevalence": "est",
        "se": "se",
        "lower": "lci",
        "upper": "uci",
        "df": "df",
    }
    for mine, other in names.items():
        np.testing.assert_allclose(
            table[mine], means[other].to_numpy(), rtol=1e-9, err_msg=mine
        )
    for mine, other in (("total", "est"), ("total_se", "se")):
        np.testing.assert_allclose(
            table[mine], totals[other].to_numpy(), rtol=1e-9, err_msg=mine
        )


PARTS = [{"stratum": "stratum"}, {"psu": "psu"}, {}]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "part", PARTS, ids=lambda part: "+".join(part) or "weights only"
)
def test_designs_that_are_told_in_part(seed: int, part: dict) -> None:
    beside(
        simulated(seed),
        part | {"weight": "weight"},
        svy.Design(wgt="weight", **part),
        {},
        {},
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("policy", "theirs"),
    [("adjust", "center"), ("average", "scale"), ("certainty", "skip")],
)
def test_strata_with_a_single_psu(seed: int, policy: str, theirs: str) -> None:
    frame = simulated(seed)
    frame.loc[frame["stratum"] == "s0", "psu"] = "0-0"
    design = svy.Design(stratum="stratum", psu="psu", wgt="weight", singleton=theirs)
    columns = {"weight": "weight", "stratum": "stratum", "psu": "psu"}
    beside(frame, columns, design, {"single_psu": policy}, {})


REPLICATES = {
    "BRR": (svy.BrrWgts, {}, 0.0),
    "Fay": (svy.BrrWgts, {"fay_coef": 0.3}, 0.3),
    "JK1": (svy.JackknifeWgts, {"kind": "jk1"}, 0.0),
    "bootstrap": (svy.BootstrapWgts, {}, 0.0),
    "SDR": (svy.SdrWgts, {}, 0.0),
}


@pytest.mark.parametrize("method", REPLICATES)
@pytest.mark.parametrize("centre", ["mean", "estimate"])
def test_replicate_weights(method: str, centre: str) -> None:
    frame, rng = simulated(5), np.random.default_rng(5)
    for r in range(1, 17):
        factor = pd.Series(
            rng.choice([0.5, 1.5], frame["psu"].nunique()), index=frame["psu"].unique()
        )
        frame[f"rep_{r}"] = frame["weight"] * frame["psu"].map(factor)
    make, words, fay = REPLICATES[method]
    design = svy.Design(
        wgt="weight", rep_wgts=make(prefix="rep_", n_reps=16, df=15, **words)
    )
    scale = (
        1 / 16 if method == "bootstrap" else None
    )  # svy divides by R, we, as R does, by R − 1
    declared = Replicates("rep_*", method, fay=fay, centre=centre, df=15, scale=scale)
    told = {
        "method": "replication",
        "variance_center": {"mean": "rep_mean"}.get(centre, centre),
    }
    beside(frame, {"weight": "weight"}, design, {"replicates": declared}, told)
