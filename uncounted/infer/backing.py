"""Backing: what is behind the numbers of each group: surveys, respondents, cases, and so its evidence class."""

import numpy as np
import pandas as pd

from uncounted.infer.fit import Fit
from uncounted.infer.totals import expected
from uncounted.survey.elsewhere import ELSEWHERE


def behind(fit: Fit, group: pd.Series) -> pd.DataFrame:
    """Return evidence class, surveys, respondents and cases of each group (group: country → label).

    What families abroad reported is no survey of the country; where they reported nobody, it stays imputed. A group is
    of a class if at least half of its people live in countries of it.
    """
    rows = fit.evidence.rows.assign(group=fit.evidence.rows["country"].map(group))
    abroad = rows["source"] == ELSEWHERE
    by = rows[~abroad].groupby("group")
    counts = pd.DataFrame({"surveys": by["survey"].nunique(), "respondents": by["respondents"].sum()})
    cases = rows.groupby("group")["cases"].sum()
    told = counts.join(cases, how="outer").reindex(sorted(group.unique())).fillna(0).rename_axis("group").reset_index()
    seen = rows["country"][~abroad], rows["country"][~abroad | (rows["cases"] > 0)]
    people = expected(fit.people)
    people = people.sum([dim for dim in people.dims if dim != "country"]).to_series()
    surveyed, reported = (
        people.where(people.index.isin(countries), 0.0).groupby(group).sum() / people.groupby(group).sum()
        for countries in seen
    )
    most = [told["group"].map(share) >= 0.5 for share in (surveyed, reported)]
    return told.assign(
        evidence=np.select(most, ["surveyed", ELSEWHERE], "imputed"), surveys=told["surveys"].astype(int)
    )
