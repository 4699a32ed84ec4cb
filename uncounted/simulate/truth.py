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

from uncounted.evidence.elsewhere import ELSEWHERE
from uncounted.evidence.evidence import Evidence, counts
from uncounted.model.build import Study, build
from uncounted.model.card import Card, read_card
from uncounted.model.joint_model import build_jointly
from uncounted.simulate.scheme import Scheme
from uncounted.simulate.spell_lengths import Spells
from uncounted.world.age import Band
from uncounted.world.world import World, persons

SEXES = ("female", "male")
PLAIN = Mode("py", None)  # pyright: ignore[reportArgumentType] no rewriting: compiled, one draw would take ten times as long
PARAMETERS = (
    6  # a variable of so many numbers or fewer is a parameter that is worth keeping
)


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

    @property
    def prevalence(self) -> pd.DataFrame:
        """Prevalence and persons as a table: outcome, country, sex, age, p, persons."""
        parts = []
        for outcome, p in self.p.items():
            cells = (
                xr.Dataset({"p": p, "persons": self.people[outcome]})
                .to_dataframe()
                .reset_index()
            )
            parts.append(
                cells.assign(outcome=outcome)[
                    ["outcome", "country", "sex", "age", "p", "persons"]
                ]
            )
        return pd.concat(parts, ignore_index=True)

    @property
    def seen(self) -> pd.DataFrame:
        """What surveys show of their cells as a table: outcome, survey, sex, age,
        shown.
        """
        parts = [
            shown.to_series().rename("shown").reset_index().assign(outcome=of)
            for of, shown in self.shown.items()
        ]
        return pd.concat(parts, ignore_index=True)[
            ["outcome", "survey", "sex", "age", "shown"]
        ]

    @property
    def durations(self) -> pd.DataFrame:
        """How long spells last: sex, mean_years, log_sd."""
        spells = self.spells
        return pd.DataFrame(
            {"sex": SEXES, "mean_years": spells.mean_years, "log_sd": spells.log_sd}
        )


def draw_truth(scheme: Scheme, world: World, surveys: pd.DataFrame, seed: int) -> Truth:
    """Draw a world from the priors of the scheme's model cards, and what `surveys` show
    of it.

    The models are those of the analysis, built on rows of no weight: each survey × cell
    and, where a card has κ, each host. So p, ν, κ and what rows show have the
    analysis's own prior, whatever its words; one draw of it is the truth. surveys:
    survey, country, year, source.
    """
    joint, *others = (
        np.random.SeedSequence(seed)
        .generate_state(2 + len(scheme.world.among))
        .tolist()
    )
    parts = _jointly(scheme, world, surveys, joint)
    parts += [
        _alone(read_card(name), world, surveys, own)
        for name, own in zip(scheme.world.among, others, strict=False)
    ]
    rng = np.random.default_rng(others[-1])
    return Truth(
        p={part.outcome: part.p for part in parts},
        people={
            part.outcome: persons(world, part.study.card.bands, part.study.card.year)
            for part in parts
        },
        shown={part.outcome: part.shown for part in parts},
        errors=pd.concat([part.errors for part in parts], ignore_index=True),
        hosts=pd.concat([part.hosts for part in parts], ignore_index=True),
        spells=Spells(*scheme.durations.draw(rng, len(SEXES))),
        parameters=pd.concat([part.parameters for part in parts], ignore_index=True),
    )


@dataclass(frozen=True)
class Part:
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
        ages = [band.label for band in self.study.card.bands]
        coords = {
            "country": list(self.study.world.places.index),
            "sex": list(SEXES),
            "age": ages,
        }
        return xr.DataArray(self.values["p"], coords, tuple(coords))

    @property
    def shown(self) -> xr.DataArray:
        """What surveys show of their cells (survey, sex, age)."""
        rows = self._rows()
        rows = rows[rows["source"] != ELSEWHERE]
        cells = rows.assign(age=[bands[0].label for bands in rows["covers"]])
        shown = cells.set_index(["survey", "sex", "age"])["shown"].to_xarray()
        return shown.sel(
            sex=list(SEXES), age=[band.label for band in self.study.card.bands]
        )

    @property
    def hosts(self) -> pd.DataFrame:
        """What families abroad show of each country, by country; empty where the card
        has no κ.
        """
        rows = self._rows()
        rows = (
            rows[rows["source"] == ELSEWHERE]
            .sort_values("country", kind="stable")
            .assign(outcome=self.outcome)
        )
        return rows.assign(kappa=self.values.get("kappa", np.zeros(0)))[
            ["outcome", "country", "shown", "kappa"]
        ]

    @property
    def errors(self) -> pd.DataFrame:
        """ν of every survey."""
        seen = self.study.seen
        kinds = np.asarray(seen.sources)[seen.source]
        table = pd.DataFrame(
            {"outcome": self.outcome, "survey": seen.surveys, "source": kinds}
        )
        return table.assign(error=self.values.get("survey_effect", 0.0))

    @property
    def parameters(self) -> pd.DataFrame:
        """The numbers of small variables: outcome, name, value; without `…_raw`, which
        hang on a level's centring.
        """
        small = {
            name: value
            for name, value in self.values.items()
            if np.size(value) <= PARAMETERS
        }
        few = {
            name: np.ravel(value)
            for name, value in small.items()
            if not name.endswith("_raw")
        }
        named = [
            (f"{name}[{i}]" if len(v) > 1 else name, one)
            for name, v in few.items()
            for i, one in enumerate(v)
        ]
        return pd.DataFrame(named, columns=["name", "value"]).assign(
            outcome=self.outcome
        )[["outcome", "name", "value"]]

    def _rows(self) -> pd.DataFrame:
        return self.study.seen.evidence.rows.assign(
            shown=expit(self.values["reported"])
        )


def _jointly(
    scheme: Scheme, world: World, surveys: pd.DataFrame, seed: int
) -> list[Part]:
    cards = [read_card(name) for name in scheme.world.jointly]
    model = build_jointly(
        cards,
        world,
        [_asked(card, world, surveys) for card in cards],
        lkj=scheme.world.lkj,
    )
    values = _drawn(model, seed)
    studies: Mapping[str, Study] = model.joint.studies  # pyright: ignore[reportAttributeAccessIssue] left by build_jointly
    return [
        Part(
            study,
            {
                name.removeprefix(f"{key}::"): v
                for name, v in values.items()
                if "::" not in name or key in name
            },
        )
        for key, study in studies.items()
    ]


def _alone(card: Card, world: World, surveys: pd.DataFrame, seed: int) -> Part:
    model = build(card, world, _asked(card, world, surveys))
    return Part(model.study, _drawn(model, seed))  # pyright: ignore[reportAttributeAccessIssue] left by build


def _drawn(model: pm.Model, seed: int) -> dict[str, np.ndarray]:
    """Draw the model's variables once, but for what surveys count."""
    observed = set(model.observed_RVs)
    wanted = [
        rv for rv in [*model.free_RVs, *model.deterministics] if rv not in observed
    ]
    drawn: Sequence = pm.draw(wanted, random_seed=seed, mode=PLAIN)  # pyright: ignore[reportAssignmentType] a list of many
    return {
        str(rv.name): np.asarray(value) for rv, value in zip(wanted, drawn, strict=True)
    }


def _asked(card: Card, world: World, surveys: pd.DataFrame) -> Evidence:
    """Return rows of one person, so that the model knows of surveys and hosts; nothing
    that is drawn looks at y.
    """
    cells = pd.DataFrame(
        [(sex, age) for sex in SEXES for age in card.ages], columns=["sex", "age"]
    )
    rows = surveys[["survey", "country", "year", "source"]].merge(cells, how="cross")
    if "kappa" in card.priors:
        everybody = Band(card.bands[0].lower, card.bands[-1].upper).label
        told = {"year": card.year, "source": ELSEWHERE, "sex": "both", "age": everybody}
        hosts = pd.DataFrame({"country": list(world.places.index), **told})
        rows = pd.concat(
            [rows, hosts.assign(survey=f"elsewhere-{card.year}-" + hosts["country"])]
        )
    return counts(rows.assign(n=1.0, y=0.5).reset_index(drop=True), card.outcome)
