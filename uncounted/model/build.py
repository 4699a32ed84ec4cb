"""Build: one pm.Model of all cells of the world, from a card, the world and the
evidence.
"""

from dataclasses import dataclass

import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import believe
from uncounted.model.card import Card
from uncounted.model.centring import centring
from uncounted.model.correlation import Correlated
from uncounted.model.covariate_effects import shift
from uncounted.model.dims import coords
from uncounted.model.forms import say_forms
from uncounted.model.likelihood import LIKELIHOODS, lone_share, with_row_error
from uncounted.model.measurement import averaged
from uncounted.model.people import cells
from uncounted.model.place import ladder
from uncounted.model.row_error import ROW, ROW_SIZE, row_size
from uncounted.model.seen import Seen, look
from uncounted.model.survey_error import is_summed, levels_and_errors, survey_error
from uncounted.model.terms import ROW_TERMS
from uncounted.model.trend import courses
from uncounted.observations.evidence import Evidence
from uncounted.world.universe import within
from uncounted.world.world import World


@dataclass(frozen=True)
class Study:
    """What a model was built from; `build` leaves it on the model as `model.study`,
    `sample` puts it into the Fit.
    """

    card: Card
    world: World
    evidence: Evidence
    seen: Seen


def build(card: Card, world: World, evidence: Evidence) -> pm.Model:
    """Return the model of design: all cells of the world from the start, the likelihood
    where a survey looked.

        p[c,s,a] = logit⁻¹( place[c] + sex[s] + age[a] + sex×age + region×sex
                   + region×age ), at the reference year
        place[c] ~ level > region > subregion > country, its mean shifted by x[c]·β
        q[j]     = Σ_cells W[j,cell] · logit⁻¹( logit p[cell]
                   + course[c]·terms(year[j]) ), terms 0 in the reference year
        q′[j]    = logit⁻¹( logit q[j] + ν[survey(j)] ), q of its definition, kind of
                   source, window and place
        r[j]     = Se·q′[j] + (1 − Sp)·(1 − q′[j])
        y[j]     ~ effective binomial( n[j], r[j] ), or the card's likelihood, with an
                   error of the row's own

    Further traits of persons are further dims, with effects and products likewise. With
    the card's link = "identity" the first line has no logit⁻¹, nor have the
    others; exclusive forms are `forms.say_forms`. Each line is one function of this
    room. `p` is a Deterministic with dims (country, sex, age, *traits); everything that
    a refit may change (row weights, counts, centring, the numbers of priors) is
    pm.Data.
    """
    world = within(world, card.universe)
    seen = look(card, world, evidence)
    with pm.Model(coords=coords(card, world, seen)) as model:
        if card.forms:
            say_forms(card, world, seen)
        else:
            say(card, world, seen)
    study = Study(card, world, seen.evidence, seen)
    model.study = study  # pyright: ignore[reportAttributeAccessIssue] PyMC's Model takes any attribute, its types don't
    return model


def say(
    card: Card,
    world: World,
    seen: Seen,
    correlated: Correlated | None = None,
) -> None:
    """Write the equation into the model under construction; `correlated`: the outcome's
    place among others in it.
    """
    belief = believe(card, world, centring(card, world, seen))
    countries = ladder(belief, shift(belief), correlated)
    error: TensorVariable | float | None = None
    if is_summed(card, seen):
        course = courses(belief)
        place, error = levels_and_errors(belief, countries, course, seen)
    else:
        place = countries.levels(belief)
        course = courses(belief)
    eta = cells(belief, place)
    p = belief.prevalence(eta)
    pm.Deterministic("p", p, dims=("country", *card.axes))
    if course is not None:
        pm.Deterministic("course", course, dims=("country", "term"))
    covered = averaged(belief, eta, course, seen)
    for term in ROW_TERMS:
        covered = term.covers(belief, covered, seen)
    pm.Deterministic("covered", covered, dims="row")
    if error is None:
        error = survey_error(belief, place, course, seen)
    reported = covered + error
    for term in ROW_TERMS:
        reported = term.reports(belief, reported, seen)
    pm.Deterministic("reported", reported, dims="row")
    y, n, rounding = seen.y, seen.n, seen.rounding
    if ROW in card.priors:
        sigma = pm.Deterministic(ROW_SIZE, row_size(belief, seen), dims="row")
        with_row_error(reported, pt.as_tensor(sigma), seen, belief)
    elif seen.unknown.any():
        lone_share(reported, y, n, belief, seen.unknown, rounding=rounding)
    else:
        intervals = {"rounding": rounding} if rounding.any() else {}
        LIKELIHOODS[card.likelihood](reported, y, n, belief, **intervals)
