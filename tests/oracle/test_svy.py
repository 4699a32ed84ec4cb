"""The same numbers as the package svy, on designs simulated here."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from uncounted.survey.direct import direct
from uncounted.survey.respondents import read_respondents

svy = pytest.importorskip("svy", reason="The oracle svy is not installed; it is in the dev group.")
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
    columns = {"weight": "weight", "stratum": "stratum", "psu": "psu", "sex": "sex", "fpc": "size"}
    ours = read_respondents(frame, columns, "y")
    size = {"pop_size": "size"} if fpc else {}
    design = svy.Design(stratum="stratum", psu="psu", wgt="weight", **size)
    theirs = svy.Sample(pl.from_arrow(pa.Table.from_pandas(frame)), design).estimation
    for method, name in (("logit", "logit"), ("beta", "korn-graubard")):
        table = direct(ours, "sex", method=method, fpc=fpc)
        for deff in ("wor", "wr"):
            told = (
                theirs.prop("y", by="sex", ci_method=name, deff=deff).to_polars().filter(pl.col("y") == 1).sort("sex")
            )
            word = "deff_with_replacement" if deff == "wr" else "deff_without_replacement"
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
                # svy takes no effective n above n; R's survey, whose definition ours is, does
                kept = (table["effective_n"] <= table["n"]) | (method == "logit")
                np.testing.assert_allclose(
                    table[mine][kept], told[other].to_numpy()[kept], rtol=1e-9, err_msg=f"{mine}, {method}"
                )
    totals = theirs.total("y", by="sex").to_polars().sort("sex")
    np.testing.assert_allclose(direct(ours, "sex", fpc=fpc)["total_se"], totals["se"].to_numpy(), rtol=1e-9)
