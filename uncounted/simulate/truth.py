"""Truth: a world drawn from the priors of model cards, and what its surveys would show
if everybody answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from pytensor.compile.mode import Mode
from scipy.special import expit

from uncounted.glance import outline
from uncounted.model.build import Study, build
from uncounted.model.card import Card, read_card
from uncounted.model.joint_model import build_jointly
from uncounted.observations.elsewhere import ELSEWHERE
from uncounted.observations.evidence import Evidence, counts
from uncounted.simulate.scheme import Scheme
from uncounted.simulate.spell_lengths import Spells
from uncounted.world.age import Band
from uncounted.world.world import World, persons

SEXES = ("female", "male")
PLAIN = Mode("py", None)  # pyright: ignore[reportArgumentType] no rewriting: compiled, one draw would take ten times as long
# a variable of so many numbers or fewer is a parameter that is worth keeping
PARAMETERS = 6


@dataclass(frozen=True)
class Truth:
    """What is true of a world and of what its surveys show.

    p: outcome → prevalence (country, sex, age) in the reference year. people: outcome →
    persons of the same cells. shown: outcome → what each survey shows, errors of its
    own included (survey, sex, age). errors: outcome, survey, source, error ν (log
    odds). hosts, where a card has κ: outcome, country, kappa and `shown`, what families
    abroad show of it. spells, by sex as SEXES; `durations` says them as a table.
    parameters: outcome, name, value, of what p was drawn from.
    """

    p: Mapping[str, xr.DataArray]
    people: Mapping[str, xr.DataArray]
    shown: Mapping[str, xr.DataArray]
    errors: pd.DataFrame
    hosts: pd.DataFrame
    spells: Spells
    parameters: pd.DataFrame

    __repr__ = outline

    @property
    def prevalence(self) -> pd.DataFrame:
        """Prevalence and persons as a table: outcome, country, sex, age, p, persons."""
        columns = ["outcome", "country", "sex", "age", "p", "persons"]
        tables = []
        for outcome, p in self.p.items():
            cells = xr.Dataset({"p": p, "persons": self.people[outcome]})
            table = cells.to_dataframe().reset_index().assign(outcome=outcome)
            tables.append(table[columns])
        return pd.concat(tables, ignore_index=True)

    @property
    def seen(self) -> pd.DataFrame:
        """What surveys show of their cells as a table: outcome, survey, sex, age,
        shown.
        """
        tables = []
        for outcome, shown in self.shown.items():
            table = shown.to_series().rename("shown").reset_index()
            tables.append(table.assign(outcome=outcome))
        columns = ["outcome", "survey", "sex", "age", "shown"]
        return pd.concat(tables, ignore_index=True)[columns]

    @property
    def durations(self) -> pd.DataFrame:
        """How long spells last: sex, mean_years, log_sd."""
        spells = self.spells
        return pd.DataFrame(
            {"sex": SEXES, "mean_years": spells.mean_years, "log_sd": spells.log_sd}
        )


def draw_truth(
    scheme: Scheme,
    world: World,
    surveys: pd.DataFrame,
    seed: int,
) -> Truth:
    """Draw a world from the priors of the scheme's model cards, and what `surveys` show
    of it.

    The models are those of the analysis, built on rows of no weight: each survey × cell
    and, where a card has κ, each host. So p, ν, κ and what rows show have the
    analysis's own prior, whatever its words; one draw of it is the truth. surveys:
    survey, country, year, source.
    """
    count = 2 + len(scheme.world.among)
    joint_seed, *seeds = np.random.SeedSequence(seed).generate_state(count).tolist()
    parts = _jointly(scheme, world, surveys, joint_seed)
    for name, part_seed in zip(scheme.world.among, seeds, strict=False):
        parts.append(_single(read_card(name), world, surveys, part_seed))
    rng = np.random.default_rng(seeds[-1])
    people = {}
    for part in parts:
        card = part.study.card
        people[part.outcome] = persons(world, card.bands, card.year)
    return Truth(
        p={part.outcome: part.p for part in parts},
        people=people,
        shown={part.outcome: part.shown for part in parts},
        errors=pd.concat([part.errors for part in parts], ignore_index=True),
        hosts=pd.concat([part.hosts for part in parts], ignore_index=True),
        spells=Spells(*scheme.durations.draw(rng, len(SEXES))),
        parameters=pd.concat([part.parameters for part in parts], ignore_index=True),
    )


@dataclass(frozen=True)
class DrawnOutcome:
    """What one outcome's model drew: values by the variable's name, without the
    outcome's prefix.
    """

    study: Study
    values: Mapping[str, np.ndarray]

    @property
    def outcome(self) -> str:
        """The outcome's name."""
        return self.study.card.outcome

    @property
    def p(self) -> xr.DataArray:
        """Prevalence (country, sex, age)."""
        coords = {
            "country": list(self.study.world.places.index),
            "sex": list(SEXES),
            "age": [band.label for band in self.study.card.bands],
        }
        return xr.DataArray(self.values["p"], coords, tuple(coords))

    @property
    def shown(self) -> xr.DataArray:
        """What surveys show of their cells (survey, sex, age)."""
        rows = self._rows()
        rows = rows[rows["source"] != ELSEWHERE]
        cells = rows.assign(age=[bands[0].label for bands in rows["covers"]])
        shown = cells.set_index(["survey", "sex", "age"])["shown"].to_xarray()
        ages = [band.label for band in self.study.card.bands]
        return shown.sel(sex=list(SEXES), age=ages)

    @property
    def hosts(self) -> pd.DataFrame:
        """What families abroad show of each country, by country; empty where the card
        has no κ.
        """
        rows = self._rows()
        rows = rows[rows["source"] == ELSEWHERE]
        rows = rows.sort_values("country", kind="stable")
        kappa = self.values.get("kappa", np.zeros(0))
        hosts = rows.assign(outcome=self.outcome, kappa=kappa)
        return hosts[["outcome", "country", "shown", "kappa"]]

    @property
    def errors(self) -> pd.DataFrame:
        """ν of every survey."""
        observations = self.study.seen
        kinds = np.asarray(observations.sources)[observations.source]
        return pd.DataFrame(
            {
                "outcome": self.outcome,
                "survey": observations.surveys,
                "source": kinds,
                "error": self.values.get("survey_effect", 0.0),
            }
        )

    @property
    def parameters(self) -> pd.DataFrame:
        """The numbers of small variables: outcome, name, value; without `…_raw`, which
        hang on a level's centring.
        """
        rows = []
        for name, value in self.values.items():
            if np.size(value) > PARAMETERS or name.endswith("_raw"):
                continue
            numbers = np.ravel(value)
            for i, number in enumerate(numbers):
                label = f"{name}[{i}]" if len(numbers) > 1 else name
                rows.append((self.outcome, label, number))
        return pd.DataFrame(rows, columns=["outcome", "name", "value"])

    def _rows(self) -> pd.DataFrame:
        rows = self.study.seen.evidence.rows
        return rows.assign(shown=expit(self.values["reported"]))


def _jointly(
    scheme: Scheme,
    world: World,
    surveys: pd.DataFrame,
    seed: int,
) -> list[DrawnOutcome]:
    """Draw the outcomes that the scheme draws jointly."""
    cards = [read_card(name) for name in scheme.world.jointly]
    evidences = [_unit_evidence(card, world, surveys) for card in cards]
    model = build_jointly(cards, world, evidences, lkj=scheme.world.lkj)
    values = _drawn(model, seed)
    studies: Mapping[str, Study] = model.joint.studies  # pyright: ignore[reportAttributeAccessIssue] left by build_jointly
    parts = []
    for key, study in studies.items():
        parts.append(DrawnOutcome(study, of_outcome(values, key)))
    return parts


def of_outcome(values: Mapping[str, np.ndarray], outcome: str) -> dict[str, np.ndarray]:
    """Return the values of a joint model's variables that are an outcome's or of all
    outcomes, by their names without the outcome's prefix.
    """
    own = {}
    for name, value in values.items():
        prefix, _, variable = name.rpartition("::")
        if prefix in ("", outcome):
            own[variable] = value
    return own


def _single(
    card: Card,
    world: World,
    surveys: pd.DataFrame,
    seed: int,
) -> DrawnOutcome:
    """Draw an outcome that the scheme draws by itself."""
    model = build(card, world, _unit_evidence(card, world, surveys))
    return DrawnOutcome(model.study, _drawn(model, seed))  # pyright: ignore[reportAttributeAccessIssue] left by build


def _drawn(
    model: pm.Model,
    seed: int,
) -> dict[str, np.ndarray]:
    """Draw the model's variables once, but for what surveys count."""
    observed = set(model.observed_RVs)
    variables = []
    for variable in [*model.free_RVs, *model.deterministics]:
        if variable not in observed:
            variables.append(variable)
    values: Sequence = pm.draw(variables, random_seed=seed, mode=PLAIN)  # pyright: ignore[reportAssignmentType] a list of many
    draws = {}
    for variable, value in zip(variables, values, strict=True):
        draws[str(variable.name)] = np.asarray(value)
    return draws


def _unit_evidence(
    card: Card,
    world: World,
    surveys: pd.DataFrame,
) -> Evidence:
    """Return rows of one person, so that the model knows of surveys and hosts; nothing
    that is drawn looks at y.
    """
    labels = [(sex, age) for sex in SEXES for age in card.ages]
    cells = pd.DataFrame(labels, columns=["sex", "age"])
    rows = surveys[["survey", "country", "year", "source"]].merge(cells, how="cross")
    if "kappa" in card.priors:
        hosts = pd.DataFrame(
            {
                "country": list(world.places.index),
                "year": card.year,
                "source": ELSEWHERE,
                "sex": "both",
                "age": Band(card.bands[0].lower, card.bands[-1].upper).label,
            }
        )
        hosts["survey"] = f"elsewhere-{card.year}-" + hosts["country"]
        rows = pd.concat([rows, hosts])
    rows = rows.assign(n=1.0, y=0.5).reset_index(drop=True)
    return counts(rows, card.outcome)
