"""Limits: what intervals include, what they do not, and how to read the numbers."""

from uncounted.release.release import Release


def limits_of(release: Release) -> dict[str, list[str]]:
    """Return what the intervals hold, what they don't, and what else is to be known, by
    what the cards have.
    """
    say = release.say
    cards = [part.card for part in release.parts]
    priors = {key for card in cards for key in card.priors}
    covariates = any(card.covariates for card in cards)
    sources = [card.reference_source for card in cards if card.reference_source]
    holds = {
        "sampling": True,
        "error": "sigma_survey" in priors,
        "places": True,
        "covariates": covariates,
        "trend": "trend" in priors,
    }
    misses = {
        "shared": True,
        "reference": bool(sources),
        "people": True,
        "exact": "sigma_survey" not in priors,
        "today": "trend" not in priors,
        "model": True,
    }
    reference = ", ".join(say.term(source) for source in dict.fromkeys(sources))
    values = {"year": release.year, "reference": reference}
    outside = f"{100 - release.of_world['interval'] * 100:g}"
    imputed = say(
        "limits.imputed",
        outside=say("number.percent", n=outside),
        covariates=say("headline.with") if covariates else "",
    )
    return {
        "holds": [say(f"limits.{key}", **values) for key in holds if holds[key]],
        "misses": [say(f"limits.{key}", **values) for key in misses if misses[key]],
        "told": [imputed, f"{say('limits.ranks')} {say('limits.causes')}"],
    }
