"""Recipe: everything from which a model is built, to build it again anywhere."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.figures.ledger import Ledger
from uncounted.infer.fit import Fit
from uncounted.infer.joint_fit import check_alone
from uncounted.model.build import Study, build
from uncounted.model.card import Card, Sampling
from uncounted.model.joint_model import Joint, build_jointly
from uncounted.observations.evidence import Evidence
from uncounted.world.world import World

SHARED = {"chain", "draw", "outcome", "other_outcome"}  # dims of all outcomes


@dataclass(frozen=True, eq=False)
class Recipe:
    """A card and evidence for each outcome, in one world.

    lkj: η of the outcomes' correlations, None for one outcome. fixed: parameters, by
    their names in the model, that are not drawn but have a value, which is pm.Data. A
    recipe does not say how its model is sampled: cards that differ only in [sampling]
    have the same digest, and recipes of the same digest are equal.
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
        parts += [self.world.digest, str(self.lkj), str(dict(self.fixed))]
        text = "\n".join(parts)
        return hashlib.sha256(text.encode()).hexdigest()

    def __eq__(self, recipe: object) -> bool:
        return isinstance(recipe, Recipe) and self.digest == recipe.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def light(self) -> "Recipe":
        """The recipe as it is sent to workers, without ledgers and origins, which no
        model reads.
        """
        bare = []
        for evidence in self.evidences:
            bare.append(replace(evidence, ledger=Ledger(), origin=()))
        return replace(self, evidences=tuple(bare))

    def build(self) -> pm.Model:
        """Build the model."""
        model = self._built()
        if not self.fixed:
            return model
        values: Any = {}
        for name, value in self.fixed.items():
            values[name] = np.full(model[name].shape.eval(), value)
        changed = pm.do(model, values)
        # `build` left these attributes on the model.
        for attribute in ("study", "joint"):
            if hasattr(model, attribute):
                setattr(changed, attribute, getattr(model, attribute))
        return changed

    def _built(self) -> pm.Model:
        if self.lkj is None:
            return build(
                self.cards[0],
                self.world,
                self.evidences[0],
            )
        return build_jointly(
            self.cards,
            self.world,
            self.evidences,
            lkj=self.lkj,
        )


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
        return Recipe(
            (source.card,),
            (source.evidence,),
            source.world,
        )
    if isinstance(source, pm.Model):
        studies = studies_of(source)
        joint: Joint | None = getattr(source, "joint", None)
        lkj = None if joint is None else joint.lkj
        return _recipe_of_parts(list(studies.values()), lkj)
    return _recipe_of_parts(list(source.values()), _lkj(source))


def draws_of(source: Fit | Mapping[str, Fit]) -> xr.Dataset:
    """Return the draws of a fit, or of all fits of `sample_jointly`, under the names in
    the recipe's model.
    """
    if isinstance(source, Fit):
        return source.posterior
    parts = [_prefixed(fit.posterior, f"{name}::") for name, fit in source.items()]
    return xr.merge(parts, compat="override")


def _prefixed(
    draws: xr.Dataset,
    prefix: str,
) -> xr.Dataset:
    """Return an outcome's draws with its prefix before the names of its variables and
    dims, except those that outcomes share: the inverse of `sample.part`.
    """
    renamed = {}
    for name in dict.fromkeys([*draws.variables, *draws.dims]):
        if name not in SHARED and not str(name).startswith("correlation"):
            renamed[name] = f"{prefix}{name}"
    return draws.rename(renamed)


def studies_of(model: pm.Model) -> dict[str, Study]:
    """Return what a model was built from, by the prefix of its variables' names: "" in
    a model of one outcome, "labour::" in a joint one.
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


def _recipe_of_parts(
    parts: list[Study] | list[Fit],
    lkj: float | None,
) -> Recipe:
    return Recipe(
        tuple(part.card for part in parts),
        tuple(part.evidence for part in parts),
        parts[0].world,
        lkj,
    )


def _lkj(fits: Mapping[str, Fit]) -> float:
    """Return η of fits that were sampled together; raises UncountedError for any other
    fits.
    """
    joint = {fit.joint for fit in fits.values()}
    sampled = {outcome for call in joint if call for outcome in call.outcomes}
    outcomes = {fit.card.outcome for fit in fits.values()}
    call = joint.pop()
    if call is None or joint or sampled != outcomes:
        which = f", which were {', '.join(sorted(sampled))}" if sampled else ""
        raise UncountedError(
            f"The fits of {', '.join(fits)} are not all that one call of sample_jointly"
            f" returned{which}. Give all of one call, or one fit."
        )
    return call.lkj
