"""The numbers of R's survey, run here, on designs as files of public surveys have them:
one R process for all.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from uncounted.interviews.direct import direct
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.respondents import Respondents, read_respondents

PERSONS = {"GHA": 33e6, "KEN": 54e6, "TGO": 9e6}
REPLICATED = 20
NAMES = ("prevalence", "se", "lower", "upper", "df", "total", "total_se")


def interviews() -> pd.DataFrame:
    """Three countries, strata region × urban, PSUs village × segment, an outcome that
    few were asked, one of all.
    """
    rng = np.random.default_rng(11)
    n = 2160
    place = np.arange(n) // 15  # 144 PSUs, 4 in each of 36 strata
    stratum = place // 4
    frame = pd.DataFrame({
        "country": np.array(list(PERSONS))[stratum // 12],
        "region": np.array(["North", "South", "1", "11", "a × b", "b"])[stratum % 12 // 2],
        "urban": np.where(stratum % 2 == 0, "urban", "rural"),
        "village": place // 2, "segment": place % 2,
        "sex": rng.choice(["female", "male"], n), "w": np.exp(rng.normal(2, 0.6, n)),
    })  # fmt: skip
    risk = rng.beta(3, 9, place.max() + 1)[place]
    frame["y"] = (rng.random(n) < risk).astype(float)
    asked = (rng.random(n) < 0.2) & (place % 5 < 2)
    frame["few"] = frame["y"].where(asked)
    # normalised weights in two countries, persons in the third
    frame["w"] *= frame["country"].map({"GHA": 0.1, "KEN": 0.1, "TGO": 5000})
    return frame


def american(seed: int = 5) -> pd.DataFrame:
    """Replicate weights of successive differences, some of them negative, a few of
    respondents without a weight.
    """
    rng = np.random.default_rng(seed)
    n = 400
    frame = pd.DataFrame(
        {
            "g": rng.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1]),
            "w": rng.uniform(10, 200, n),
        }
    )
    frame.loc[:5, ["g", "w"]] = ["c", 0.0]
    frame["y"] = (rng.random(n) < 0.15).astype(float)
    frame["few"] = frame["y"].where((rng.random(n) < 0.05) | (frame["g"] == "c"))
    factors = 1 + rng.normal(0, 0.8, (n, REPLICATED))
    for r in range(REPLICATED):
        frame[f"rw{r + 1}"] = np.round(
            np.where(frame["w"] > 0, frame["w"], 3.0) * factors[:, r], 2
        )
        frame[f"factor{r + 1}"] = np.where(frame["w"] > 0, factors[:, r], 0)
    assert (frame.filter(like="rw") < 0).to_numpy().any()
    return frame


SCRIPT = """
told <- list()
keep <- function(case, domain, design, y, missing = "subset") {
  design$variables$y <- design$variables[[y]]
  if (missing == "subset") design <- subset(design, !is.na(y))
  mean <- svymean(~y, design, na.rm = TRUE)
  total <- svytotal(~y, design, na.rm = TRUE)
  # of negative weights R makes no logistic regression; its xlogit is the interval by the delta method
  logit <- if (inherits(design, "svyrep.design")) "xlogit" else "logit"
  for (method in c("logit", "beta")) {
    bounds <- confint(svyciprop(~y, design, method = if (method == "logit") logit else "beta", na.rm = TRUE))
    told[[length(told) + 1]] <<- data.frame(case, domain, method, prevalence = coef(mean)[[1]], se = SE(mean)[[1]],
      lower = bounds[1], upper = bounds[2], df = degf(design), total = coef(total)[[1]], total_se = SE(total)[[1]])
  }
}
american <- read.csv("american.csv")
replicated <- function(columns, ...) svrepdesign(data = american, weights = ~w, repweights = columns, type = "other",
  scale = 4 / 20, rscales = rep(1, 20), ...)
designs <- list("estimate" = replicated("rw[0-9]+", mse = TRUE), "mean" = replicated("rw[0-9]+", mse = FALSE),
  "factors" = replicated("factor[0-9]+", mse = TRUE, combined.weights = FALSE))
for (case in names(designs)) for (level in c("a", "b", "c")) {
  domain <- subset(designs[[case]], g == level)
  keep(paste("replicates", case), level, domain, "y")
  for (missing in c("subset", "remove"))
    keep(paste("replicates", case, missing), level, domain, "few", missing)
}
people <- read.csv("interviews.csv")
people$N <- c(GHA = 33e6, KEN = 54e6, TGO = 9e6)[people$country]
people$W <- ave(people$w, people$country, FUN = sum)
people$each <- nrow(people) / 3
design <- function(weights, data = people) svydesign(ids = ~interaction(village, segment, drop = TRUE),
  strata = ~interaction(country, region, urban, drop = TRUE), weights = weights, data = data)
pooled <- list("weights" = design(~w), "population" = design(~I(w * N / W)), "equal" = design(~I(w * each / W)))
for (case in names(pooled)) for (level in c("female", "male")) {
  domain <- subset(pooled[[case]], sex == level)
  keep(paste("pooled", case), level, domain, "y")
  for (missing in c("subset", "remove")) keep(paste("pooled", case, missing), level, domain, "few", missing)
}
for (level in unique(people$country)) {
  domain <- subset(pooled$weights, country == level)
  keep("crossed", level, domain, "y")
  for (missing in c("subset", "remove")) keep(paste("crossed", missing), level, domain, "few", missing)
}
write.csv(do.call(rbind, told), "expected.csv", row.names = FALSE)
"""


@pytest.fixture(scope="module")
def expected(
    r_survey: Callable[[str, Path], None], tmp_path_factory: pytest.TempPathFactory
) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("r")
    american().to_csv(folder / "american.csv", index=False)
    interviews().to_csv(folder / "interviews.csv", index=False)
    r_survey(SCRIPT, folder)
    return (
        pd.read_csv(folder / "expected.csv")
        .set_index(["case", "method", "domain"])
        .sort_index()
    )


def crossed(frame: pd.DataFrame) -> Respondents:
    columns = {
        "country": "country", "sex": "sex", "weight": "w",
        "stratum": ["region", "urban"], "psu": ["village", "segment"],
    }  # fmt: skip
    return read_respondents(frame, columns, ["y", "few"])


def agree(ours: pd.DataFrame, by: str, theirs: pd.DataFrame, method: str) -> None:
    both = ours.set_index(by)
    assert sorted(theirs.index) == sorted(both.index)
    if (
        method == "beta"
    ):  # R counts respondents without a weight, all of them in c, in n; there n is not ours
        theirs = theirs.drop(index="c", errors="ignore")
    for name in NAMES:
        np.testing.assert_allclose(
            both.loc[theirs.index, name], theirs[name], rtol=1e-7, err_msg=name
        )


def compare(
    expected: pd.DataFrame,
    case: str,
    by: str,
    respondents: Respondents,
    **asked: object,
) -> None:
    """Compare both outcomes, both intervals and both ways with missing answers."""
    for method in ("logit", "beta"):
        table = direct(respondents, by, "y", method=method, **asked)  # type: ignore[arg-type]
        agree(table, by, expected.loc[case, method], method)
        for missing in ("subset", "remove"):
            table = direct(
                respondents, by, "few", method=method, missing=missing, **asked
            )  # type: ignore[arg-type]
            agree(table, by, expected.loc[f"{case} {missing}", method], method)


@pytest.mark.parametrize(
    ("case", "declared"),
    [
        ("estimate", Replicates("rw[0-9]+", "other", scale=4 / 20, centre="estimate")),
        ("estimate", Replicates("rw*", "SDR", centre="estimate")),
        ("mean", Replicates([f"rw{r + 1}" for r in range(REPLICATED)], "SDR")),
        ("factors", Replicates("re:^factor", "SDR", centre="estimate", combined=False)),
    ],
)
def test_negative_replicate_weights(
    expected: pd.DataFrame, case: str, declared: Replicates
) -> None:
    respondents = read_respondents(
        american(), {"weight": "w", "g": "g"}, ["y", "few"], replicates=declared
    )
    compare(expected, f"replicates {case}", "g", respondents)


def test_strata_and_psus_crossed_from_several_columns(expected: pd.DataFrame) -> None:
    respondents = crossed(interviews())
    assert len(respondents.design.strata) == 36
    assert (
        str(respondents.design)
        == "stratum (region × urban), psu (village × segment), weight"
    )
    compare(expected, "crossed", "country", respondents)


@pytest.mark.parametrize(
    "asked",
    [
        {"scale_to": "weights"},
        {"scale_to": "population", "population": PERSONS},
        {"scale_to": "equal"},
    ],
)
def test_countries_pooled(expected: pd.DataFrame, asked: dict) -> None:
    compare(
        expected, f"pooled {asked['scale_to']}", "sex", crossed(interviews()), **asked
    )


def test_degrees_of_freedom_differ_where_few_were_asked(expected: pd.DataFrame) -> None:
    """Without this the comparisons of `missing` would hold of an argument that does
    nothing.
    """
    for case in ("crossed", "pooled population"):
        subset, remove = (
            expected.loc[f"{case} {missing}", "logit"]
            for missing in ("subset", "remove")
        )
        assert (subset["df"] < remove["df"]).all()
        assert (subset["se"] == remove["se"]).all()
