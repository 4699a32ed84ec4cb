"""Replicate weights: for a total, balanced replicates give the linearised variance exactly."""

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import hadamard

from uncounted.errors import UncountedError
from uncounted.survey.direct import direct
from uncounted.survey.replicates import SCALES, Replicates, resolve, variance
from uncounted.survey.respondents import read_respondents

STRATA = 7
COLUMNS = {"weight": "w", "stratum": "h", "psu": "psu", "sex": "sex"}


def paired() -> pd.DataFrame:
    """Two PSUs in each of seven strata, with balanced half samples b0 … b7 as factors of the weight."""
    rng = np.random.default_rng(4)
    n = STRATA * 2 * 9
    frame = pd.DataFrame({"h": np.arange(n) // 18, "psu": np.arange(n) // 9, "w": np.exp(rng.normal(2, 0.5, n))})
    frame["y"] = (rng.random(n) < 0.3).astype(int)
    frame["sex"] = rng.choice(["female", "male"], n)
    signs = hadamard(8)[:, 1:][:, frame["h"]] * np.where(frame["psu"] % 2, 1, -1)
    return frame.assign(**{f"b{r}": 1 + signs[r] for r in range(8)})


@pytest.mark.parametrize(("method", "fay"), [("BRR", 0.0), ("Fay", 0.3)])
@pytest.mark.parametrize("combined", [True, False])
def test_balanced_half_samples_of_a_total(method: str, fay: float, combined: bool) -> None:
    frame = paired()
    factors = 1 + (1 - fay) * (frame.filter(regex="^b") - 1)
    frame[factors.columns] = factors.mul(frame["w"], axis=0) if combined else factors
    declared = Replicates("b*", method, fay=fay, combined=combined)
    respondents = read_respondents(frame, COLUMNS, "y", replicates=declared)
    ours, expected = direct(respondents, "sex"), direct(respondents, "sex", variance="linearised")
    np.testing.assert_allclose(ours["total_se"], expected["total_se"], rtol=1e-12)
    np.testing.assert_allclose(ours["se"], expected["se"], rtol=0.05)
    assert (ours["df"] == STRATA).all()


def test_jackknife_without_weights_of_its_own() -> None:
    respondents = read_respondents(paired(), COLUMNS, "y")
    ours, expected = (direct(respondents, "sex", variance=word) for word in ("jackknife", "linearised"))
    np.testing.assert_allclose(ours["total_se"], expected["total_se"], rtol=1e-12)
    np.testing.assert_allclose(ours["se"], expected["se"], rtol=0.05)


@pytest.mark.parametrize("method", SCALES)
def test_scales(method: str) -> None:
    declared = Replicates(("a", "b", "c", "d"), method, rscales=(1, 1, 1, 1))
    scale = {"BRR": 1 / 4, "Fay": 1 / 4, "JK1": 3 / 4, "JK2": 1, "JKn": 1, "bootstrap": 1 / 3, "SDR": 1}[method]
    estimates = np.array([[1.0, 2.0, 3.0, 6.0]])
    assert variance(declared, estimates, np.array([0.0])).item() == pytest.approx(14 * scale)
    around = Replicates(declared.columns, method, rscales=(1, 1, 1, 1), centre="estimate")
    assert variance(around, estimates, np.array([0.0])).item() == pytest.approx(50 * scale)


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (Replicates("c*", "BRR"), "names 0 replicate weights"),
        (Replicates(["b1", "b22"], "BRR"), "no replicate weight 'b22'.*Did you mean 'b2'"),
        (Replicates("b*", "brr"), "Did you mean 'BRR'"),
        (Replicates("b*", "JKn"), "need rscales"),
        (Replicates("b*", "JKn", rscales=[1.0]), "2 replicates and 1 rscales"),
        (Replicates("b*", "Fay", fay=1.0), "less than 1"),
        (Replicates("b*", "BRR", centre="median"), "not at 'median'"),
    ],
)
def test_a_wrong_declaration_is_one_sentence(declared: Replicates, told: str) -> None:
    with pytest.raises(UncountedError, match=told):
        resolve(declared, ["w", "b1", "b2"])


def test_bad_replicate_weights_and_policies() -> None:
    frame = paired()
    frame.loc[3, "b2"] = np.nan
    with pytest.raises(UncountedError, match="1 respondent has a missing, negative or infinite replicate weight"):
        read_respondents(frame, COLUMNS, "y", replicates=Replicates("b*", "BRR"))
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
