"""Forms: exclusive forms of one outcome, each with terms of its own against none of
them, in one multinomial.
"""

from dataclasses import replace

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import believe
from uncounted.model.card import Card
from uncounted.model.centring import centring
from uncounted.model.covariate_effects import shift
from uncounted.model.dims import coords
from uncounted.model.likelihood import multinomial
from uncounted.model.measurement import single_cells
from uncounted.model.part import Part
from uncounted.model.people import cells
from uncounted.model.place import ladder
from uncounted.model.seen import Seen
from uncounted.model.survey_error import survey_error
from uncounted.world.world import World


def say_forms(card: Card, world: World, seen: Seen) -> None:
    """Write the equation of a card with exclusive forms into the model under
    construction.

        log p_f / p_0   = place_f[c] + sex_f[s] + age_f[a] + …
        p_0             = 1 − Σ p_f, in none of the forms
        q_f[j]          = Σ_cells W[j,cell] · p_f[cell]
        log q′_f / q′_0 = log q_f / q_0 + ν_f[survey(j)]
        y[j]            ~ effective multinomial( n[j], q′[j] )

    Every form has all of the card's terms, with the card's priors, under names of its
    own ("sexual::level"). `p` has one dim more, `form`; a prevalence of a form is of
    all persons, and they add up to that of any form.
    """
    assert seen.forms is not None, "the card has forms"
    etas, errors = [], []
    # what is left over is none of them
    for form, y in zip(card.forms, seen.forms.T, strict=False):
        of_form = replace(seen, y=y)
        with Part(form, coords=coords(card, world, of_form)):
            belief = believe(card, world, centring(card, world, of_form))
            countries = ladder(belief, shift(belief))
            place = countries.levels(belief)
            etas.append(cells(belief, place))
            errors.append(survey_error(belief, place, None, of_form))
    nothing = 0.0 * etas[0]
    logits = pt.stack([*etas, nothing], axis=-1)
    log_p: TensorVariable = log_softmax(logits, axis=-1)  # pyright: ignore[reportAssignmentType]
    p = pt.exp(log_p[..., :-1])
    pm.Deterministic("p", p, dims=("country", *card.axes))
    model = pm.modelcontext(None)
    model.add_coord("answer", [*card.forms, "none"])  # pyright: ignore[reportAttributeAccessIssue] typed as BaseModel
    rows = len(seen.n)
    of_forms = [pt.zeros(rows) + error for error in errors]
    error = pt.stack([*of_forms, pt.zeros(rows)], axis=-1)
    answers = len(card.forms) + 1
    log_q = _averaged(log_p.reshape((-1, answers)), seen)
    reported = pm.Deterministic("reported", log_q + error, dims=("row", "answer"))
    multinomial(pt.as_tensor(reported), seen.forms, seen.n)


def _averaged(log_p: TensorVariable, seen: Seen) -> TensorVariable:
    """Return log q (rows, answers): the row's own cell's log p where it covers one,
    else log Σ W·p.
    """
    w = seen.w.tocoo()
    row, cell = w.coords
    alone, single = single_cells(row, cell, len(seen.n))
    log_q = log_p[single]
    if alone.all():
        return log_q
    several, position = np.unique(row[~alone], return_inverse=True)
    weight = pt.as_tensor(pm.Data("w", w.data[~alone], dims="entry"))
    p = pt.exp(log_p[cell[~alone]])
    affected = weight[:, None] * p
    nothing = pt.zeros((len(several), log_p.shape[1]))
    summed = nothing[position].inc(affected)
    return log_q[several].set(pt.log(summed))
