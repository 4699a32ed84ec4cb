"""Kinship: the number of eligible relatives who could report a person, the
multiplicity m.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean

ADULT = 15  # the youngest who are interviewed
KIN = ("spouse", "parent", "child", "sibling")
# A respondent's relative → the immediate family of that relative in the same roster.
AMONG: Mapping[str, tuple[str, ...]] = {
    "self": KIN,
    "spouse": ("child",),
    "parent": ("parent", "sibling"),
    "child": ("spouse", "child"),
    "sibling": ("parent", "sibling"),
}
# A relative's relative → the relative.
THROUGH = {f"{kin}'s {relative}": kin for kin in KIN for relative in KIN}


def multiplicity(rows: pd.DataFrame, rule: str) -> np.ndarray:
    """Return m of every row by a rule of MULTIPLICITY; rows: id, member, relationship,
    through, m, eligible.

    m_j is the number of people in the frame, the person included, who would report
    person j: the weight of a report is w_i/m_j [Sirken 1970]. Immediate family isn't
    transitive, so m_j belongs to j and not to the respondent. A person without an
    eligible relative is never reported, and no weight makes up for it.
    """
    if rule not in MULTIPLICITY:
        raise UncountedError(
            f"multiplicity='{rule}' is no rule.{did_you_mean(rule, MULTIPLICITY)}"
        )
    return MULTIPLICITY[rule](rows)


def asked(rows: pd.DataFrame) -> np.ndarray:
    """Return m as the respondents gave it; raises UncountedError where one is missing,
    below 1 or not whole.
    """
    immediate = ~rows["relationship"].isin(THROUGH)
    valid = (rows["m"] >= 1) & (rows["m"] % 1 == 0)
    wrong = immediate & ~valid
    if wrong.any():
        row = rows.loc[wrong].iloc[0]
        raise UncountedError(
            "m, the number of eligible relatives, is missing, below 1 or not whole for"
            f" {int(wrong.sum()):,} of {int(immediate.sum()):,} reported persons, as"
            f" for '{row['member']}' of respondent '{row['id']}'. Give each its m,"
            " counting the person and the respondent, or say multiplicity='derived'."
        )
    return rows["m"].to_numpy(float)


def derived(rows: pd.DataFrame) -> np.ndarray:
    """Return m as far as the respondent's roster shows it: a lower bound, so that
    estimates err upwards.

    Counted are the respondent; those of the roster who are immediate family of the
    person too (AMONG: a child's parents and siblings are the respondent, spouse and
    children); the person; and the person's own relatives where the roster lists them,
    as "spouse's parent", "child's spouse", "sibling's child": through the member it
    names, else through the only one there is. All 15 or older and living in the
    country. What isn't listed isn't counted: in-laws, the spouses and children of
    siblings and children, grandparents. Step-families are taken for full ones: there,
    and only there, m may come out too high.
    """
    counts = _counted(rows)
    within = np.zeros(len(rows))
    included = np.zeros(len(rows), bool)
    for relationship, kin in AMONG.items():
        related = (rows["relationship"] == relationship).to_numpy()
        respondents = rows.loc[related, "id"]
        within[related] = counts.loc[respondents, list(kin)].sum(axis=1)
        included[related] = relationship in ("self", *kin)
    person = rows["eligible"].to_numpy() & ~included
    return 1 + within + person + _further(rows)


def roster(rows: pd.DataFrame) -> np.ndarray:
    """Return the eligible persons of the respondent's own roster, for everybody on it:
    the m of the respondent alone.

    A shortcut, offered to reproduce estimates made with it: a parent lists own parents,
    siblings and spouse, whom a child does not have. In simulated families of three
    generations children come out at about 0.4 of the truth and ages 30–50 at about 1.2
    (docs/family-bias.csv).
    """
    counts = _counted(rows).loc[rows["id"], list(KIN)]
    return 1 + counts.sum(axis=1).to_numpy(float)


MULTIPLICITY: Mapping[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "asked": asked,
    "derived": derived,
    "roster shortcut": roster,
}


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how many eligible members of each relationship every respondent has;
    (respondents, KIN).
    """
    eligible = rows.loc[rows["eligible"]]
    counts = pd.crosstab(eligible["id"], eligible["relationship"])
    return counts.reindex(
        index=rows["id"].unique(),
        columns=list(KIN),
        fill_value=0,
    )


def _further(rows: pd.DataFrame) -> np.ndarray:
    """Return each person's eligible relatives beyond the respondent's immediate
    family.
    """
    relatives = rows.loc[rows["relationship"].isin(THROUGH) & rows["eligible"]]
    relatives = relatives[["id", "relationship", "through"]]
    relatives = relatives.assign(kin=relatives["relationship"].map(THROUGH))
    # the only relative of a kind that a roster has
    only = rows.loc[~rows.duplicated(["id", "relationship"], keep=False)]
    only = only[["id", "relationship", "member"]]
    only = only.rename(columns={"relationship": "kin", "member": "only"})
    relatives = relatives.merge(
        only,
        on=["id", "kin"],
        how="left",
    )
    link = relatives["through"].where(relatives["through"] != "", relatives["only"])
    count = relatives.assign(member=link).groupby(["id", "member"]).size().rename("n")
    persons = rows[["id", "member"]].join(count, on=["id", "member"])
    return persons["n"].fillna(0.0).to_numpy()
