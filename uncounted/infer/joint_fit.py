"""Joint fit: a joint model sampled into one Fit for each outcome, with paired draws."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pymc as pm

from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit, JointSampling
from uncounted.infer.prior import draw_prior
from uncounted.infer.progress import Progress
from uncounted.infer.sample import CELLS, draw, fitted
from uncounted.model.card import Sampling
from uncounted.model.joint_model import Joint

OTHERS_MEAN, OTHERS_SD = "score_meangiven_others", "score_sdgiven_others"


def sample_jointly(
    model: pm.Model,
    *,
    seed: int,
    sampler: str = "nutpie",
    progress: Progress | None = None,
    **settings: Any,
) -> dict[str, Fit]:
    """Sample a model of `build_jointly` and return the fit of each outcome, like a fit
    of `sample`.

    Chain i, draw j is one state of the world in all fits, so the persons of two
    outcomes add up draw by draw, and the interval of the sum reflects their dependence.
    Each posterior has `correlation` (outcome, other_outcome). settings: chains, tune,
    draws, target_accept; a setting that isn't given is the largest that a card has.
    """
    joint = joint_of(model)
    progress = progress or Progress()
    drawn = draw(
        model,
        _sampling(joint, settings),
        seed,
        sampler,
        progress,
    )
    with progress.stage(CELLS):
        prior = draw_prior(model, seed)
        fits = {}
        for name, study in joint.studies.items():
            fits[name] = fitted(
                model,
                study,
                drawn,
                prior,
                f"{name}::",
            )
    fits = given_others(fits)
    together = JointSampling(tuple(fits), joint.lkj)
    for name, fit in fits.items():
        notes = (*fit.notes, _note(joint, name))
        fits[name] = replace(
            fit,
            seconds=dict(progress.seconds),
            notes=notes,
            joint=together,
        )
    return fits


def sources(fits: Mapping[str, Fit]) -> dict[str, Fit | dict[str, Fit]]:
    """Return the fits of which one model can be built again: those that were sampled
    together, by outcome, under the name ""; each other one under its own.

    A fit that lacks the others it was sampled with stands alone.
    """
    together = {fit.card.outcome: fit for fit in fits.values() if fit.joint}
    if len(together) < 2:
        return dict(fits)
    alone = {name: fit for name, fit in fits.items() if not fit.joint}
    return {"": together, **alone}


def given_others(fits: Mapping[str, Fit]) -> dict[str, Fit]:
    """Add to each fit's posterior the distribution of its countries' departures given
    the other outcomes' departures, in units of their σ.

    Departures η = Lε of the outcomes have the correlation Ω = LLᵀ. The departure of one
    outcome, given those of all others, is normal with the mean η_k − (Ω⁻¹η)_k/Ω⁻¹_kk
    (chain, draw, country) and the sd (Ω⁻¹_kk)^−½ (chain, draw).
    """
    posteriors = [fit.posterior for fit in fits.values()]
    correlation = posteriors[0]["correlation"]
    dims = ("chain", "draw", "outcome", "other_outcome")
    omega = correlation.transpose(*dims).to_numpy()
    scores = []
    for posterior in posteriors:
        score = posterior["country_score"]
        scores.append(score.transpose("chain", "draw", "country"))
    epsilon = np.stack([score.to_numpy() for score in scores], axis=-1)
    eta = epsilon @ np.linalg.cholesky(omega).swapaxes(-1, -2)
    precision = np.linalg.inv(omega)
    diagonal = np.diagonal(
        precision,
        axis1=-2,
        axis2=-1,
    )
    mean = eta - eta @ precision / diagonal[:, :, None, :]
    conditioned = {}
    for k, (name, fit) in enumerate(fits.items()):
        variables = {
            OTHERS_MEAN: scores[k].copy(data=mean[..., k]),
            OTHERS_SD: (("chain", "draw"), diagonal[..., k] ** -0.5),
        }
        posterior = fit.posterior.assign(variables)
        conditioned[name] = replace(fit, posterior=posterior)
    return conditioned


def joint_of(model: pm.Model) -> Joint:
    """Return the Joint that `build_jointly` left on a model; raises UncountedError for
    any other model.
    """
    joint: Joint | None = getattr(model, "joint", None)
    if joint is None:
        raise UncountedError(
            "The model doesn't hold several outcomes. Make it by build_jointly, or"
            " sample one outcome by `sample`."
        )
    return joint


def _sampling(
    joint: Joint,
    settings: dict[str, Any],
) -> Sampling:
    """Return the settings, and for those that are lacking the largest of any card."""
    of_cards = [asdict(study.card.sampling) for study in joint.studies.values()]
    largest = {}
    for name in of_cards[0]:
        if name != "seed":
            largest[name] = max(sampling[name] for sampling in of_cards)
    return Sampling(**largest | settings)


def check_alone(fit: Fit) -> None:
    """Raise UncountedError for a fit that was sampled together with others: its model
    cannot be built from it alone.
    """
    if fit.joint:
        raise UncountedError(
            f"'{fit.card.outcome}' was sampled together with other outcomes, which this"
            " fit alone doesn't hold. Give all that sample_jointly returned, or the"
            " model of build_jointly."
        )


def _note(joint: Joint, name: str) -> str:
    outcomes = ", ".join(f"'{outcome}'" for outcome in joint.studies if outcome != name)
    return (
        f"Sampled together with {outcomes}: countries' effects are correlated,"
        f" LKJ({joint.lkj:g})."
    )
