"""Comparison: which of several cards predicts best the surveys that it was not
shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from arviz_stats.loo.loo import loo

from uncounted.checks.held_out import HeldOut
from uncounted.errors import UncountedError
from uncounted.glance import glance
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.recipe import recipe_of, studies_of
from uncounted.model.build import Study
from uncounted.model.prediction import derived_names, predict

SURE = 0.7  # Pareto k̂ above this: PSIS-LOO is no estimate of that survey's score
UNITS = {"region": "region", "countries": "fold"}  # else countries are the units


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

    def __repr__(self) -> str:
        return glance("Cards by held-out log score, best first", table=self.table)

    def _repr_html_(self) -> str:
        return self.table.round(3).to_html(index=False)


def compare_cards(held: Mapping[str, HeldOut] | Sequence[HeldOut]) -> Comparison:
    """Compare cards by what each predicted of the same evidence held out in the same
    way.

    held: hold-outs by the name of the card, or in a list (then named "card 1", …). The
    joint log score of a country's rows is what is compared, of all outcomes together if
    every model is a joint one; where surveys were held out one by one the sum of
    theirs, and where regions were that of a region's countries, which share what wasn't
    known of them. The difference from the best card's is a sum of n such paired
    differences d, of standard error √n · sd(d) [Vehtari et al. 2017, §5], which five
    regions hardly tell, and one fold of `countries` not at all. A difference of less
    than two of these says that the evidence doesn't tell the cards apart. Raises
    UncountedError for hold-outs of other evidence or other effective counts, whose
    densities aren't comparable, or made in another way.
    """
    if isinstance(held, Mapping):
        by_card = dict(held)
    else:
        by_card = {f"card {i}": hold_out for i, hold_out in enumerate(held, 1)}
    if len(by_card) < 2:
        raise UncountedError(
            f"There is {len(by_card)} hold-out to compare. Give two or more, each of"
            " another card."
        )
    joint = all("joint_log_score" in held.table for held in by_card.values())
    scores = {name: _scores(held, joint) for name, held in by_card.items()}
    reference = next(iter(by_card))
    for name, hold_out in by_card.items():
        _check_alike(by_card[reference], hold_out, reference, name)
    columns = {name: score["log_score"] for name, score in scores.items()}
    log_scores = pd.DataFrame(columns)
    best = log_scores.sum().idxmax()
    differences = log_scores.sub(log_scores[best], axis=0)
    rows = []
    for name, hold_out in by_card.items():
        rows.append(_row(name, hold_out, scores[name], differences[name]))
    table = pd.DataFrame(rows).sort_values(
        "log_score",
        ascending=False,
        ignore_index=True,
        kind="stable",
    )
    return Comparison(table, differences.rename_axis("unit").reset_index())


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
    parameters = fit.posterior
    if "level" in parameters:
        parameters = parameters[["level"]]
    density = ("chain", "draw", "survey"), _survey_densities(fit, model, study)
    groups = {
        "posterior": parameters,
        "log_likelihood": xr.Dataset({"y": density}),
    }
    data = xr.DataTree.from_dict(groups)
    scores: Any = loo(data, var_name="y", pointwise=True)
    khat = np.asarray(scores.pareto_k)
    surveys = study.evidence.rows.groupby("survey", sort=True)[["country", "year"]]
    table = surveys.first().assign(
        log_score=np.asarray(scores.elpd_i),
        khat=khat,
        sure=khat < SURE,
    )
    return table.rename_axis("survey").reset_index()


def _survey_densities(
    fit: Fit,
    model: pm.Model,
    study: Study,
) -> np.ndarray:
    """Return the log density of each survey's rows (chain, draw, survey)."""
    size = len(study.seen.y)
    names = [name for name in derived_names(study) if name not in fit.posterior]
    surveys = range(len(study.seen.surveys))
    chains = []
    for i in range(fit.posterior.sizes["chain"]):
        chain = fit.posterior.isel(chain=[i])
        draws = chain.merge(derived(model, chain, names))
        prediction = predict(study, draws, np.arange(size), np.ones(size))
        scores = prediction.log_scores()
        chains.append(np.stack([scores[survey] for survey in surveys], axis=-1))
    return np.stack(chains)


def _scores(held: HeldOut, joint: bool) -> pd.DataFrame:
    """Return the log score of every unit and its Monte Carlo error: countries that do
    not share what a fold lacks.
    """
    score = "joint_log_score" if joint else "log_score"
    key = ["country"]
    if not joint:
        key.append("outcome")
    if held.by == "survey":
        key.append("survey")
    # a score stands in every row that it is of
    scores = held.table.drop_duplicates(key)
    unit = scores[UNITS.get(held.by, "country")]
    variance = scores[f"{score}_mcse"].pow(2).groupby(unit).sum()
    return pd.DataFrame(
        {
            "log_score": scores[score].groupby(unit).sum(),
            "log_score_mcse": np.sqrt(variance),
        }
    )


def _check_alike(
    reference: HeldOut,
    held: HeldOut,
    reference_name: str,
    name: str,
) -> None:
    """Refuse hold-outs whose log scores cannot be compared."""
    key = ["outcome", "survey", "rows"]
    columns = [*key, "observed", "n"]
    tables = reference.table[columns], held.table[columns]
    both = tables[0].merge(tables[1], on=key, how="outer")
    alike = len(both) == len(tables[0]) == len(tables[1]) and np.allclose(
        both["observed_x"],
        both["observed_y"],
    )
    if reference.by != held.by or not alike:
        raise UncountedError(
            f"'{reference_name}' and '{name}' were not held out of the same evidence in"
            f" the same way (by {reference.by} and by {held.by}). Hold both out by the"
            " same, of the same evidence."
        )
    if not np.allclose(both["n_x"], both["n_y"]):
        raise UncountedError(
            f"'{reference_name}' and '{name}' read the same surveys as other effective"
            " counts, so their log scores are of different things. Compare cards of"
            " the same design effects, or set `errors` and CRPS side by side."
        )


def _row(
    name: str,
    held: HeldOut,
    scores: pd.DataFrame,
    differences: pd.Series,
) -> dict[str, object]:
    """Return the row of one card in the table of a comparison."""
    overall = held.errors.query("of == 'all' and predictor == 'model'")
    units = len(differences)
    return {
        "card": name,
        "log_score": float(scores["log_score"].sum()),
        "mcse": float(np.sqrt((scores["log_score_mcse"] ** 2).sum())),
        "difference": float(differences.sum()),
        "difference_error": float(np.sqrt(units) * differences.std()),
        "units": units,
        "mean_absolute_error": float(overall["mean_absolute_error"].mean()),
        "crps": float(overall["crps"].mean()),
        "inside_95": float(overall["inside_95"].mean()),
    }
