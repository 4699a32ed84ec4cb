"""Comparison: which of several cards predicts best what it was not shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.loo.loo import loo

from uncounted.checks.held_out import HeldOut
from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.recipe import recipe_of, studies_of
from uncounted.model.prediction import derived_names, predict

SURE = 0.7  # Pareto k̂ above this: PSIS-LOO is no estimate of that survey's score


@dataclass(frozen=True)
class Comparison:
    """Cards by their held-out joint log scores, best first.

    table: card, log_score (the sum over what was held out), mcse (its Monte Carlo
    error), difference (from the best, at most 0), difference_error (its standard error,
    over units, paired), units, mean_absolute_error, crps (means over countries,
    proportions), inside_95. differences: the scores one by one, so that it can be seen
    where they lie.
    """

    table: pd.DataFrame
    differences: pd.DataFrame

    def _repr_html_(self) -> str:
        return self.table.round(3).to_html(index=False)


def compare_cards(held: Mapping[str, HeldOut] | Sequence[HeldOut]) -> Comparison:
    """Compare cards by what each predicted of the same evidence held out in the same
    way.

    held: hold-outs by the name of the card, or in a list (then named "card 1", …). The
    joint log score of a country's rows is what is compared, of all outcomes together if
    every model is a joint one; where surveys were held out one by one the sum of
    theirs, and where regions were that of a region's countries, which share what wasn't
    known of it. The difference from the best card's is a sum of n such paired
    differences d, of standard error √n · sd(d) [Vehtari et al. 2017, §5], which five
    regions hardly tell, and one fold of `countries` not at all. A difference of less
    than two of these says that the evidence doesn't tell the cards apart. Raises
    UncountedError for hold-outs of other evidence or other effective counts, whose
    densities aren't comparable, or made in another way.
    """
    of = (
        dict(held)
        if isinstance(held, Mapping)
        else {f"card {i}": one for i, one in enumerate(held, 1)}
    )
    if len(of) < 2:
        raise UncountedError(
            f"There is {len(of)} hold-out to compare. Give two or more, each of another"
            " card."
        )
    joint = all("joint_log_score" in one.table for one in of.values())
    scores = {name: _scores(one, joint) for name, one in of.items()}
    first = next(iter(of))
    for name, one in of.items():
        _check_alike(of[first], one, first, name)
    wide = pd.DataFrame({name: score["log_score"] for name, score in scores.items()})
    best = wide.sum().idxmax()
    apart = wide.sub(wide[best], axis=0)
    rows = [_row(name, one, scores[name], apart[name]) for name, one in of.items()]
    table = pd.DataFrame(rows).sort_values(
        "log_score", ascending=False, ignore_index=True, kind="stable"
    )
    return Comparison(table, apart.rename_axis("unit").reset_index())


def psis_loo(fit: Fit) -> pd.DataFrame:
    """Return the leave-one-survey-out log score of every survey by Pareto-smoothed
    importance sampling, no refit.

    Each survey's rows together, its own error summed out of their density; the error
    that its series shares stays known. Columns: survey, country, year, log_score, khat
    and sure: whether k̂ is below 0.7. Of a country's only survey k̂ is often near 1,
    since without it the country's level is its prior's, where the draws at hand hardly
    are: such scores are no scores, and `hold_out` refits instead. That is why no
    comparison rests on this [Vehtari, Gelman & Gabry 2017; Vehtari et al. 2024].
    """
    model = recipe_of(fit).build()
    study = studies_of(model)[""]
    rows = np.arange(len(study.seen.y))
    parts = [
        fit.posterior.isel(chain=[chain])
        for chain in range(fit.posterior.sizes["chain"])
    ]
    names = [name for name in derived_names(study) if name not in fit.posterior]
    wholes = [one.merge(derived(model, one, names)) for one in parts]
    each = [
        predict(study, one, rows, np.ones(len(rows))).log_scores() for one in wholes
    ]
    density = np.stack(
        [
            np.stack([scores[i] for scores in each])
            for i in range(len(study.seen.surveys))
        ],
        axis=-1,
    )
    data = xr.DataTree.from_dict(
        {
            "posterior": (
                fit.posterior[["level"]] if "level" in fit.posterior else fit.posterior
            ),
            "log_likelihood": xr.Dataset({"y": (("chain", "draw", "survey"), density)}),
        }
    )
    found: Any = loo(data, var_name="y", pointwise=True)
    khat = np.asarray(found.pareto_k)
    first = study.evidence.rows.groupby("survey", sort=True)[
        ["country", "year"]
    ].first()
    columns = {"log_score": np.asarray(found.elpd_i), "khat": khat, "sure": khat < SURE}
    return first.assign(**columns).rename_axis("survey").reset_index()


def _scores(held: HeldOut, joint: bool) -> pd.DataFrame:
    """Return the log score of every unit and its Monte Carlo error: countries that do
    not share what a fold lacks.
    """
    table = held.table.rename(
        columns={"joint_log_score": "joint", "joint_log_score_mcse": "joint_mcse"}
    )
    score = "joint" if joint else "log_score"
    of = [
        "country",
        *([] if joint else ["outcome"]),
        *(["survey"] if held.by == "survey" else []),
    ]
    once = table.drop_duplicates(of)  # a score stands in every row that it is of
    unit = {"region": "region", "countries": "fold"}.get(held.by, "country")
    return pd.DataFrame(
        {
            "log_score": once.groupby(unit)[score].sum(),
            "log_score_mcse": np.sqrt(
                once[f"{score}_mcse"].pow(2).groupby(once[unit]).sum()
            ),
        }
    )


def _check_alike(one: HeldOut, other: HeldOut, name: str, other_name: str) -> None:
    key, told = ["outcome", "survey", "rows"], ["observed", "n"]
    both = one.table[[*key, *told]].merge(
        other.table[[*key, *told]], on=key, how="outer"
    )
    same = len(both) == len(one.table) == len(other.table) and np.allclose(
        both["observed_x"], both["observed_y"]
    )
    if one.by != other.by or not same:
        raise UncountedError(
            f"'{name}' and '{other_name}' were not held out of the same evidence in the"
            f" same way (by {one.by} and by {other.by}). Hold both out by the same, of"
            " the same evidence."
        )
    if not np.allclose(both["n_x"], both["n_y"]):
        raise UncountedError(
            f"'{name}' and '{other_name}' read the same surveys as other effective"
            " counts, so their log scores are of different things. Compare cards of"
            " the same design effects, or set `errors` and CRPS side by side."
        )


def _row(
    name: str, held: HeldOut, scores: pd.DataFrame, apart: pd.Series
) -> dict[str, object]:
    everything = held.errors.query("of == 'all' and predictor == 'model'")
    told = {
        column: float(everything[column].mean())
        for column in ("mean_absolute_error", "crps", "inside_95")
    }
    return {
        "card": name,
        "log_score": float(scores["log_score"].sum()),
        "mcse": float(np.sqrt((scores["log_score_mcse"] ** 2).sum())),
        "difference": float(apart.sum()),
        "difference_error": float(np.sqrt(len(apart)) * apart.std()),
        "units": len(apart),
        **told,
    }
