"""Joint: a joint model becomes a Fit for each of its outcomes, their draws paired."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pymc as pm

from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.infer.prior import draw_prior
from uncounted.infer.progress import Progress
from uncounted.infer.sample import CELLS, draw, fitted
from uncounted.model.card import Sampling
from uncounted.model.joint_model import Joint

LKJ = "lkj"  # attribute of the draws of the correlation: what prior it had
OTHERS_MEAN, OTHERS_SD = "score_meangiven_others", "score_sdgiven_others"


def sample_jointly(
    model: pm.Model,
    *,
    seed: int,
    sampler: str = "nutpie",
    progress: Progress | None = None,
    **settings: Any,
) -> dict[str, Fit]:
    """Sample a model of `build_jointly`; returned are its outcomes' fits, each like one
    of `sample`.

    Chain i, draw j is one state of the world in all of them, so numbers of persons of
    two outcomes add up draw by draw and the sum's interval knows their dependence. Each
    posterior has `correlation` (outcome, other_outcome). settings: chains, tune, draws,
    target_accept; what isn't given is the largest that a card asks for.
    """
    joint = joint_of(model)
    progress = progress or Progress()
    drawn = draw(model, asked(joint, settings), seed, sampler, progress)
    with progress.stage(CELLS):
        prior = draw_prior(model, seed)
        fits = {
            name: fitted(model, study, drawn, prior, f"{name}::")
            for name, study in joint.studies.items()
        }
    for fit in fits.values():
        fit.posterior["correlation"].attrs[LKJ] = joint.lkj
    return {
        name: replace(
            fit, seconds=dict(progress.seconds), notes=(*fit.notes, *_told(joint, name))
        )
        for name, fit in given_others(fits).items()
    }


def given_others(fits: Mapping[str, Fit]) -> dict[str, Fit]:
    """Add to each fit's posterior what the other outcomes say of its countries'
    departures, in units of their σ.

    Departures η = Lε of the outcomes have the correlation Ω = LLᵀ; that of one outcome,
    given all others', is normal with the mean η_k − (Ω⁻¹η)_k/Ω⁻¹_kk (chain, draw,
    country) and the sd (Ω⁻¹_kk)^−½ (chain, draw).
    """
    of_all = [fit.posterior for fit in fits.values()]
    omega = (
        of_all[0]["correlation"]
        .transpose("chain", "draw", "outcome", "other_outcome")
        .to_numpy()
    )
    scores = [
        one["country_score"].transpose("chain", "draw", "country") for one in of_all
    ]
    eta = np.stack(
        [score.to_numpy() for score in scores], axis=-1
    ) @ np.linalg.cholesky(omega).swapaxes(-1, -2)
    precision = np.linalg.inv(omega)
    own = np.diagonal(precision, axis1=-2, axis2=-1)
    mean = eta - eta @ precision / own[:, :, None, :]
    found = {}
    for k, (name, fit) in enumerate(fits.items()):
        told = {
            OTHERS_MEAN: scores[k].copy(data=mean[..., k]),
            OTHERS_SD: (("chain", "draw"), own[..., k] ** -0.5),
        }
        found[name] = replace(fit, posterior=fit.posterior.assign(told))
    return found


def joint_of(model: pm.Model) -> Joint:
    """Return what `build_jointly` left on a model; raises UncountedError for any other
    model.
    """
    joint: Joint | None = getattr(model, "joint", None)
    if joint is None:
        raise UncountedError(
            "The model doesn't hold several outcomes. Make it by build_jointly, or"
            " sample one outcome by `sample`."
        )
    return joint


def asked(joint: Joint, settings: dict[str, Any]) -> Sampling:
    """Return the settings given, and for the others the largest that a card asks
    for.
    """
    cards = [asdict(study.card.sampling) for study in joint.studies.values()]
    largest = {
        key: max(each[key] for each in cards) for key in cards[0] if key != "seed"
    }
    return Sampling(**largest | settings)


def check_alone(fit: Fit) -> None:
    """Raise UncountedError for a fit that is one of several sampled together: its model
    cannot be built from it.
    """
    if "country_score" in fit.posterior:
        raise UncountedError(
            f"'{fit.card.outcome}' was sampled together with other outcomes, which this"
            " fit alone doesn't hold. Give all that sample_jointly returned, or the"
            " model of build_jointly."
        )


def _told(joint: Joint, name: str) -> tuple[str, ...]:
    others = ", ".join(f"'{other}'" for other in joint.studies if other != name)
    return (
        (
            f"Sampled together with {others}: countries' effects are correlated,"
            f" LKJ({joint.lkj:g})."
        ),
    )
