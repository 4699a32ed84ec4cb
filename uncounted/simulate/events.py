"""Events: to whom of the people that a programme's respondents list it happened, when
and where.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtri

from uncounted.model.card import Card
from uncounted.simulate.fieldwork import Reports, scale, sizes
from uncounted.simulate.generations import HOME
from uncounted.simulate.truth import SEXES, Truth
from uncounted.world.age import Band
from uncounted.world.world import World, persons

CHILD = 18
# the youngest in a forced marriage, the youngest of those now adult, the oldest when
# married
MARRY = (10, 12, 35)


@dataclass(frozen=True)
class People:
    """Those of whom somebody told, as arrays (persons,); place: the row of world.places
    where they live.
    """

    survey: np.ndarray
    sex: np.ndarray
    age: np.ndarray
    place: np.ndarray
    away: np.ndarray
    asked: np.ndarray
    psu: np.ndarray
    family: np.ndarray


def happened(
    reports: Reports,
    truth: Truth,
    cards: Sequence[Card],
    world: World,
    clustering: Mapping[str, float],
    seed: int,
) -> pd.DataFrame:
    """Draw what happened to the people of the reports: who (row of reports.who),
    outcome, age, place, start, end.

    An outcome with a window is spells that touch it (`_spells`), one without is a state
    now (`_states`), a share of another's persons decides how old these were
    (`_married`). At home it happens with the probability that the survey shows of the
    person's cell. Whom it happens to is decided by Φ(ε) < that probability, ε normal,
    of which shares of the variance are the PSU's and the nuclear family's own
    (`clustering`): p is exact, cases cluster.
    """
    people = _people(reports, world)
    rng = np.random.default_rng(seed)
    found = []
    for card in cards:
        if card.of:
            continue
        latent = _latent(people, clustering, rng)
        if card.window_years:
            found.append(_spells(card, people, latent, reports, truth, world, rng))
        else:
            shares = [one for one in cards if one.of == card.outcome]
            found.append(_states(card, people, latent, truth, shares, rng))
    return pd.concat(found, ignore_index=True)


def _people(reports: Reports, world: World) -> People:
    who, persons_ = reports.who, reports.population.persons
    of = persons_.iloc[who["person"]]
    survey = who["survey"].to_numpy()
    own = world.places.index.get_indexer(pd.Index(reports.surveys["country"]))[survey]
    away = who["host"].to_numpy() >= 0
    psu = pd.factorize(survey * 10_000_000 + who["psu"].to_numpy())[0]
    family = pd.factorize(
        psu.astype(np.int64) * (len(persons_) + 1) + of["nest"].to_numpy()
    )[0]
    return People(
        survey=survey,
        sex=(of["sex"] == SEXES[1]).to_numpy().astype(int),
        age=of["age"].to_numpy(),
        place=np.where(away, who["host"], own),
        away=away,
        asked=who["interviewed"].to_numpy(),
        psu=psu,
        family=family,
    )


def _latent(
    people: People, clustering: Mapping[str, float], rng: np.random.Generator
) -> np.ndarray:
    """Return ε (persons,), standard normal, correlated within PSUs and families."""
    psu, family = clustering["psu"], clustering["family"]
    of_psu = rng.normal(size=people.psu.max() + 1)[people.psu]
    of_family = rng.normal(size=people.family.max() + 1)[people.family]
    own = rng.normal(size=len(people.psu))
    return (
        np.sqrt(psu) * of_psu
        + np.sqrt(family) * of_family
        + np.sqrt(1 - psu - family) * own
    )


def _spells(
    card: Card,
    people: People,
    latent: np.ndarray,
    reports: Reports,
    truth: Truth,
    world: World,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw spells that touch the window of T years before the interview, one to a
    person at most.

    Going on: with probability φp of the cell that the person is in, φ = μ/(T + μ).
    Ended u ~ U(0, T) years ago: with (1 − φ)·p·r of the cell that the person was in
    then, r being the people in that cell now over those who were in it u years ago. So
    each cell of age while exploited (when it last happened) has p × its people as
    cases, φ of them going on. Who lives abroad has the host's rates (`_abroad`).
    """
    window = float(card.window_years or 0.0)
    ago = rng.uniform(0, window, len(people.age))
    now, then = (_band(age, card.bands) for age in (people.age, people.age - ago))
    template = reports.population.persons.query("m > 0")
    home, away = (
        _aged(template[(template["lives_in"] != HOME) == abroad], card.bands, window)
        for abroad in (0, 1)
    )
    shown = (
        truth.shown[card.outcome]
        .sel(survey=reports.surveys["survey"].to_numpy())
        .to_numpy()
    )
    abroad = _abroad(card, truth, reports, world, away.now)
    share = truth.spells.ongoing(window)[people.sex]

    def rate(band: np.ndarray, later: np.ndarray) -> np.ndarray:
        at_home = shown[people.survey, people.sex, band]
        there = abroad[people.place, people.sex, band]
        p = np.where(people.away, there, at_home) * later
        return np.where(band >= 0, p, 0.0)

    older = np.where(
        people.away, away.later[people.sex, then], home.later[people.sex, then]
    )
    ongoing, ended = (
        share * rate(now, np.ones(len(now))),
        (1 - share) * rate(then, older),
    )
    hit = np.flatnonzero(latent < ndtri(np.minimum(ongoing + ended, 1.0)))
    still = rng.random(len(hit)) * (ongoing + ended)[hit] < ongoing[hit]
    lasted = np.where(
        still,
        truth.spells.so_far(people.sex[hit], rng),
        truth.spells.ended(people.sex[hit], rng),
    )
    last = people.asked[hit] - np.where(still, 0.0, ago[hit])
    return pd.DataFrame(
        {
            "who": hit,
            "outcome": card.outcome,
            "age": (
                np.floor(people.age[hit] - np.where(still, 0.0, ago[hit])).astype(int)
            ),
            "place": people.place[hit],
            "start": last - lasted,
            "end": np.where(still, np.nan, last),
        }
    )


def _states(
    card: Card,
    people: People,
    latent: np.ndarray,
    truth: Truth,
    shares: Sequence[Card],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw who at home is in a state now, and how old they were when it began."""
    band = _band(people.age, card.bands)
    shown = truth.shown[card.outcome].to_numpy()[people.survey, people.sex, band]
    p = np.where((band >= 0) & ~people.away, shown, 0.0)
    hit = np.flatnonzero(latent < ndtri(p))
    now = np.floor(people.age[hit]).astype(int)
    began = _married(now, _young(people, hit, shares, truth, rng), rng)
    since = people.asked[hit] - (people.age[hit] - began).clip(min=0.0) * rng.uniform(
        0.9, 1.0, len(hit)
    )
    told = {
        "who": hit,
        "outcome": card.outcome,
        "age": began,
        "place": people.place[hit],
    }
    return pd.DataFrame({**told, "start": since, "end": np.nan})


def _young(
    people: People,
    hit: np.ndarray,
    shares: Sequence[Card],
    truth: Truth,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return of whom it began below 18: with the probability that the survey shows of
    those who are 18 or older now.
    """
    p = np.zeros(len(hit))
    for card in shares:
        band = _band(people.age[hit], card.bands)
        shown = truth.shown[card.outcome].to_numpy()[
            people.survey[hit], people.sex[hit], band
        ]
        p = np.where(band >= 0, shown, p)
    return (people.age[hit] < CHILD) | (rng.random(len(hit)) < p)


def _married(
    now: np.ndarray, young: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return ages at marriage (persons,), whole years: evenly 12 to 17, or 18 to 35, no
    later than now.
    """
    child, teen, oldest = MARRY
    low = np.where(young, np.where(now < CHILD, np.minimum(child, now), teen), CHILD)
    high = np.where(young, np.minimum(now, CHILD - 1), np.minimum(now, oldest))
    return rng.integers(low, high + 1)


@dataclass(frozen=True)
class Aged:
    """People of cells (sexes, bands): how many are in them now, and that over how many
    were u ~ U(0, T) years ago.
    """

    now: np.ndarray
    later: np.ndarray


def _aged(people: pd.DataFrame, bands: Sequence[Band], window: float) -> Aged:
    sex, age = (people["sex"] == SEXES[1]).to_numpy(), people["age"].to_numpy()
    now, then = (np.zeros((len(SEXES), len(bands))) for _ in range(2))
    for i, band in enumerate(bands):
        low, high = band.lower / 12, band.end / 12
        inside = (age >= low) & (age < high)
        years = np.clip(age - low, 0, window) - np.clip(age - high, 0, window)
        for j in range(len(SEXES)):
            now[j, i], then[j, i] = (
                inside[sex == j].sum(),
                years[sex == j].sum() / window,
            )
    return Aged(now, now / np.maximum(then, 1e-9))


def _abroad(
    card: Card, truth: Truth, reports: Reports, world: World, away: np.ndarray
) -> np.ndarray:
    """Return the rate of those who live in a host (places, sexes, bands), so that
    families show what the truth says.

    Victims of cell a in host h whom families can report: f_h p_ha N_ha, f_h being what
    is shown of the host's prevalence over it (κ and the row's error). They are divided
    evenly among those people of the interviewed countries who live there, M_ha = Σ_c
    M_c,a · N_h / Σ_{h′≠c} N_h′.
    """
    hosts = truth.hosts[truth.hosts["outcome"] == card.outcome].set_index("country")[
        "shown"
    ]
    if hosts.empty:
        return np.zeros((len(world.places), *away.shape))
    surveys = reports.surveys
    by = (
        scale(surveys, world, reports.population.persons)
        .groupby(surveys["country"].to_numpy())
        .mean()
    )
    year = round(surveys.groupby("country")["year"].mean().mean())
    size = sizes(surveys, world)
    sent = (by / (size.sum() - size[by.index])).reindex(
        size.index, fill_value=0.0
    )  # per person of any host but home
    there = ((sent.sum() - sent) * size).to_numpy()
    people = persons(world, card.bands, year, nearest=True)
    p = truth.p[card.outcome]
    mean: xr.DataArray = (p * people).sum(["sex", "age"]) / people.sum(["sex", "age"])
    part = hosts.reindex(size.index).to_numpy() / mean.to_numpy()
    victims = part[:, None, None] * (p * people).to_numpy()
    return victims / (there[:, None, None] * away)


def _band(age: np.ndarray, bands: Sequence[Band]) -> np.ndarray:
    """Return the row of each age's band, −1 outside them."""
    found = np.full(len(age), -1)
    for i, band in enumerate(bands):
        found[(12 * age >= band.lower) & (12 * age < band.end)] = i
    return found
