"""Backing: what is behind the numbers of each group: surveys, respondents, cases, and so its evidence class."""

import numpy as np
import pandas as pd

from uncounted.infer.fit import Fit
from uncounted.infer.totals import expected
from uncounted.survey.disclosure import released_sums
from uncounted.survey.elsewhere import ELSEWHERE


def behind(fit: Fit, group: pd.Series) -> pd.DataFrame:
    """Return evidence class, surveys, and respondents and cases as they may be published, of each group of countries.

    What families abroad reported is no survey of the country; where they reported nobody, it stays imputed. A group is
    of a class if at least half of its people live in countries of it.
    """
    rows = fit.evidence.rows.assign(group=fit.evidence.rows["country"].map(group))
    abroad = rows["source"] == ELSEWHERE
    told = released_sums(fit.evidence, ELSEWHERE, group)
    surveys = told["group"].map(rows[~abroad].groupby("group")["survey"].nunique()).fillna(0)
    seen = rows["country"][~abroad], rows["country"][~abroad | (rows["cases"] > 0)]
    people = expected(fit.people)
    people = people.sum([dim for dim in people.dims if dim != "country"]).to_series()
    surveyed, reported = (
        people.where(people.index.isin(countries), 0.0).groupby(group).sum() / people.groupby(group).sum()
        for countries in seen
    )
    most = [told["group"].map(share) >= 0.5 for share in (surveyed, reported)]
    return told.assign(evidence=np.select(most, ["surveyed", ELSEWHERE], "imputed"), surveys=surveys.astype(int))
