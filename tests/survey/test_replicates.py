"""Replicate weights: for a total, balanced replicates give the linearised variance
exactly.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from scipy.linalg import hadamard

from uncounted.errors import UncountedError
from uncounted.interviews.direct import direct
from uncounted.interviews.replicates import SCALES, Replicates, resolve, variance
from uncounted.interviews.respondents import read_respondents

STRATA = 7
COLUMNS = {"weight": "w", "stratum": "h", "psu": "psu", "sex": "sex"}


def paired() -> pd.DataFrame:
    """Two PSUs in each of seven strata, with balanced half samples b0 … b7 as factors
    of the weight.
    """
    rng = np.random.default_rng(4)
    n = STRATA * 2 * 9
    frame = pd.DataFrame(
        {
            "h": np.arange(n) // 18,
            "psu": np.arange(n) // 9,
            "w": np.exp(rng.normal(2, 0.5, n)),
        }
    )
    frame["y"] = (rng.random(n) < 0.3).astype(int)
    frame["sex"] = rng.choice(["female", "male"], n)
    signs = hadamard(8)[:, 1:][:, frame["h"]] * np.where(frame["psu"] % 2, 1, -1)
    return frame.assign(**{f"b{r}": 1 + signs[r] for r in range(8)})


@pytest.mark.parametrize(("method", "fay"), [("BRR", 0.0), ("Fay", 0.3)])
@pytest.mark.parametrize("combined", [True, False])
def test_balanced_half_samples_of_a_total(
    method: str, fay: float, combined: bool
) -> None:
    frame = paired()
    factors = 1 + (1 - fay) * (frame.filter(regex="^b") - 1)
    frame[factors.columns] = factors.mul(frame["w"], axis=0) if combined else factors
    declared = Replicates("b*", method, fay=fay, combined=combined)
    respondents = read_respondents(frame, COLUMNS, "y", replicates=declared)
    ours, expected = (
        direct(respondents, "sex"),
        direct(respondents, "sex", variance="linearised"),
    )
    np.testing.assert_allclose(ours["total_se"], expected["total_se"], rtol=1e-12)
    np.testing.assert_allclose(ours["se"], expected["se"], rtol=0.05)
    assert (ours["df"] == STRATA).all()


def test_jackknife_without_weights_of_its_own() -> None:
    respondents = read_respondents(paired(), COLUMNS, "y")
    ours, expected = (
        direct(respondents, "sex", variance=word)
        for word in ("jackknife", "linearised")
    )
    np.testing.assert_allclose(ours["total_se"], expected["total_se"], rtol=1e-12)
    np.testing.assert_allclose(ours["se"], expected["se"], rtol=0.05)


@pytest.mark.parametrize("method", SCALES)
def test_scales(method: str) -> None:
    declared = Replicates(("a", "b", "c", "d"), method, rscales=(1, 1, 1, 1))
    scales = {
        "BRR": 1 / 4,
        "Fay": 1 / 4,
        "JK1": 3 / 4,
        "JK2": 1,
        "JKn": 1,
        "bootstrap": 1 / 3,
        "SDR": 1,
        "other": 1,
    }
    scale = scales[method]
    estimates = np.array([[1.0, 2.0, 3.0, 6.0]])
    assert variance(declared, estimates, np.array([0.0])).item() == pytest.approx(
        14 * scale
    )
    around = Replicates(
        declared.columns, method, rscales=(1, 1, 1, 1), centre="estimate"
    )
    assert variance(around, estimates, np.array([0.0])).item() == pytest.approx(
        50 * scale
    )


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (Replicates("c*", "BRR"), "names 0 replicate weights"),
        (
            Replicates(["b1", "b22"], "BRR"),
            "no replicate weight 'b22'.*Did you mean 'b2'",
        ),
        (Replicates("b*", "brr"), "Did you mean 'BRR'"),
        (Replicates("b*", "JKn"), "need rscales"),
        (Replicates("b*", "JKn", rscales=[1.0]), "2 replicates and 1 rscales"),
        (Replicates("b*", "Fay", fay=1.0), "less than 1"),
        (Replicates("b*", "other"), "need their scale"),
        (Replicates("b*", "BRR", centre="median"), "not at 'median'"),
    ],
)
def test_a_wrong_declaration_is_one_sentence(declared: Replicates, told: str) -> None:
    with pytest.raises(UncountedError, match=told):
        resolve(declared, ["w", "b1", "b2"])


@pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf])
def test_replicate_weights_that_are_none(weight: float) -> None:
    frame = paired().astype({"b2": float})
    frame.loc[3, "b2"] = weight
    with pytest.raises(
        UncountedError, match="1 respondent has a missing or infinite replicate weight"
    ):
        read_respondents(frame, COLUMNS, "y", replicates=Replicates("b*", "BRR"))


@pytest.mark.parametrize("total", [0.0, -5.0, 1e-13])
def test_a_domain_where_a_replicate_has_no_weight_has_no_variance(total: float) -> None:
    """R leaves out the 0/0 of such a replicate and takes −0.2 or 10^13 as a prevalence;
    the total is still right.
    """
    frame = paired().astype({"b2": float})
    male = frame.index[frame["sex"] == "male"]
    frame.loc[male, "b2"] = 0.0
    frame.loc[male[0], "b2"] = total
    respondents = read_respondents(
        frame, COLUMNS, "y", replicates=Replicates("b*", "BRR", combined=True)
    )
    table = direct(respondents, "sex").set_index("sex")
    assert np.isnan(table.loc["male", ["se", "lower", "upper"]].astype(float)).all()
    assert table.loc["male", "reliability"] == "unreliable"
    assert (
        "replicates without respondents or weight"
        in table.loc["male", "reliability_because"]
    )
    assert (table["total_se"] > 0).all()
    assert table.loc["female", "se"] > 0


def test_negative_replicate_weights_of_the_largest_size_keep_their_sums() -> None:
    """The largest weight scales the exact sums: it is the largest of any sign."""
    frame = paired()
    frame[[f"b{r}" for r in range(8)]] *= -1e9
    frame["b0"] *= -1
    respondents = read_respondents(
        frame,
        COLUMNS,
        "y",
        replicates=Replicates("b*", "other", scale=1.0, combined=True),
    )
    assert respondents.heaviest == frame.filter(regex="^b").abs().to_numpy().max()
    totals = frame.filter(regex="^b").mul(frame["y"], axis=0).sum().to_numpy()
    row = direct(respondents).iloc[0]
    assert row["total_se"] == pytest.approx(
        np.sqrt(((totals - totals.mean()) ** 2).sum()), rel=1e-12
    )


def test_a_pattern_that_is_not_quite_meant_is_refused() -> None:
    frame = (
        paired()
        .rename(columns={"w": "b"})
        .assign(**{f"b{r}": 1.0 for r in range(8, 12)})
    )
    columns = COLUMNS | {"weight": "b"}
    for pattern, told in (
        ("b?", r"match 10 of 12 columns that differ in their number alone: b0, .*, and not b10, b11\. "
               r"For all of them say columns='re:\^b\[0-9\]\+\$'; for some, list them"),
        ("b*", r"match 'b', which is named as weight\. .*columns='re:\^b\[0-9\]\+\$'"),
    ):  # fmt: skip
        with pytest.raises(UncountedError, match=told):
            read_respondents(frame, columns, "y", replicates=Replicates(pattern, "SDR"))
    ten = read_respondents(
        frame, columns, "y", replicates=Replicates([f"b{r}" for r in range(10)], "SDR")
    )
    assert str(ten.design).endswith(
        "10 columns of replicate weights (SDR): b0, b1, b2, b3, b4, b5, b6, b7, b8, b9"
    )
    all_of_them = read_respondents(
        frame, columns, "y", replicates=Replicates("re:^b[0-9]+$", "SDR")
    )
    assert "12 columns of replicate weights (SDR): b0" in " ".join(
        repr(all_of_them).split()
    )


@pytest.mark.parametrize("name", ["a.sav", "a.dta", "a.parquet", "a.csv"])
def test_a_pattern_is_held_against_all_columns_of_a_file(
    name: str, tmp_path: Path
) -> None:
    """Of a statistics package's file only what the pattern matches is read; the others
    are asked for all the same.
    """
    frame = paired().assign(**{f"b{r}": 1.0 for r in range(8, 12)})
    writers = {
        "a.sav": pyreadstat.write_sav,
        "a.dta": pyreadstat.write_dta,
        "a.csv": pd.DataFrame.to_csv,
    }
    writers.get(name, pd.DataFrame.to_parquet)(frame, tmp_path / name)
    with pytest.raises(UncountedError, match="and not b10, b11"):
        read_respondents(
            tmp_path / name, COLUMNS, "y", replicates=Replicates("b?", "SDR")
        )
    declared = Replicates("b[0-9]+", "SDR")
    assert "12 columns" in str(
        read_respondents(tmp_path / name, COLUMNS, "y", replicates=declared).design
    )


def test_policies_and_words() -> None:
    frame = paired()
    respondents = read_respondents(frame, COLUMNS, "y")
    for asked, told in (
        ({"variance": "replicates"}, "declares no replicate weights"),
        ({"variance": "jackknife", "single_psu": "average"}, "cannot 'average'"),
        ({"variance": "bootstrapped"}, "No variance is called"),
        ({"method": "wald"}, "No interval method is called 'wald'"),
        ({"single_psu": "ignore"}, "is no policy"),
        ({"interval": 95}, "no level"),
    ):
        with pytest.raises(UncountedError, match=told):
            direct(respondents, **asked)
