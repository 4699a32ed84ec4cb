"""Recipe: all that a model is built from, so that it can be built again anywhere."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.evidence.evidence import Evidence
from uncounted.figures.ledger import Ledger
from uncounted.infer.fit import Fit
from uncounted.infer.joint_fit import LKJ, check_alone
from uncounted.model.build import Study, build
from uncounted.model.card import Card, Sampling
from uncounted.model.joint_model import Joint, build_jointly
from uncounted.world.world import World


@dataclass(frozen=True, eq=False)
class Recipe:
    """A card and evidence for each outcome, in one world; lkj is η of the outcomes'
    correlations, None for one outcome.

    fixed: parameters, by their names in the model, that are no longer drawn but have a
    value, which is pm.Data. It says nothing of how it is sampled: cards that differ in
    [sampling] alone have the same digest, and recipes of the same digest are equal.
    """

    cards: tuple[Card, ...]
    evidences: tuple[Evidence, ...]
    world: World
    lkj: float | None = None
    fixed: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Content hash: the same recipe is the same model."""
        parts = [replace(card, sampling=Sampling()).digest for card in self.cards]
        parts += [evidence.rows.to_csv(index=False) for evidence in self.evidences]
        return hashlib.sha256(
            "\n".join(
                [*parts, self.world.digest, str(self.lkj), str(dict(self.fixed))]
            ).encode()
        ).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipe) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def light(self) -> "Recipe":
        """The recipe without what no model reads, ledgers and origins: to be sent to
        workers.
        """
        bare = tuple(
            replace(evidence, ledger=Ledger(), origin=()) for evidence in self.evidences
        )
        return replace(self, evidences=bare)

    def build(self) -> pm.Model:
        """Build the model."""
        model = self._built()
        if not self.fixed:
            return model
        values: Any = {
            name: np.full(model[name].shape.eval(), value)
            for name, value in self.fixed.items()
        }
        changed = pm.do(model, values)
        for what in ("study", "joint"):  # what `build` left on the model
            if hasattr(model, what):
                setattr(changed, what, getattr(model, what))
        return changed

    def _built(self) -> pm.Model:
        if self.lkj is None:
            return build(self.cards[0], self.world, self.evidences[0])
        return build_jointly(self.cards, self.world, self.evidences, lkj=self.lkj)


def recipe_of(source: Fit | pm.Model | Mapping[str, Fit]) -> Recipe:
    """Return the recipe of a fit, of the fits of `sample_jointly`, or of a model of
    `build` or `build_jointly`.

    Raises UncountedError for one fit of several sampled together, for a model written
    by hand, and for one of exclusive forms.
    """
    recipe = _recipe(source)
    for card in recipe.cards:
        if card.forms:
            raise UncountedError(
                f"The card '{card.name}' has exclusive forms, and no rows of such a"
                " model can be left out yet. Take one form as an outcome of its own,"
                " or all of them together."
            )
    return recipe


def _recipe(source: Fit | pm.Model | Mapping[str, Fit]) -> Recipe:
    if isinstance(source, Fit):
        check_alone(source)
        return Recipe((source.card,), (source.evidence,), source.world)
    if isinstance(source, pm.Model):
        studies = studies_of(source)
        joint: Joint | None = getattr(source, "joint", None)
        return _of(list(studies.values()), joint.lkj if joint else None)
    return _of(list(source.values()), _lkj(source))


def draws_of(source: Fit | Mapping[str, Fit]) -> xr.Dataset:
    """Return the draws of a fit, or of all fits of `sample_jointly`, under the names
    that the recipe's model has.
    """
    if isinstance(source, Fit):
        return source.posterior
    return xr.merge(
        [_prefixed(fit.posterior, f"{name}::") for name, fit in source.items()],
        compat="override",
    )


def _prefixed(draws: xr.Dataset, prefix: str) -> xr.Dataset:
    """Give an outcome's variables and dims its prefix, but what no outcome owns: the
    inverse of `sample.part`.
    """
    names = {*draws.variables, *draws.dims} - {
        "chain",
        "draw",
        "outcome",
        "other_outcome",
    }
    return draws.rename(
        {
            name: f"{prefix}{name}"
            for name in names
            if not str(name).startswith("correlation")
        }
    )


def studies_of(model: pm.Model) -> dict[str, Study]:
    """Return what a model was built from by the prefix of its variables' names: ""
    alone, "labour::" in a joint one.
    """
    joint: Joint | None = getattr(model, "joint", None)
    if joint is not None:
        return {f"{outcome}::": study for outcome, study in joint.studies.items()}
    study: Study | None = getattr(model, "study", None)
    if study is None:
        raise UncountedError(
            "The model doesn't say what it was built from, so it cannot be built again"
            " with other numbers. Use build(card, world, evidence) or build_jointly."
        )
    return {"": study}


def _of(parts: list[Study] | list[Fit], lkj: float | None) -> Recipe:
    return Recipe(
        tuple(part.card for part in parts),
        tuple(part.evidence for part in parts),
        parts[0].world,
        lkj,
    )


def _lkj(fits: Mapping[str, Fit]) -> float:
    """Return η of fits that were sampled together; raises UncountedError for any
    others.
    """
    correlations = [
        fit.posterior["correlation"]
        for fit in fits.values()
        if "correlation" in fit.posterior
    ]
    told = {float(one.attrs[LKJ]) for one in correlations if LKJ in one.attrs}
    outcomes = {str(name) for one in correlations for name in one["outcome"].to_numpy()}
    if len(told) != 1 or outcomes != {fit.card.outcome for fit in fits.values()}:
        raise UncountedError(
            f"The fits of {', '.join(fits)} are not all that one call of sample_jointly"
            f" returned{_which(outcomes)}. Give all of one call, or one fit."
        )
    return told.pop()


def _which(outcomes: set[str]) -> str:
    return f", which were {', '.join(sorted(outcomes))}" if outcomes else ""
