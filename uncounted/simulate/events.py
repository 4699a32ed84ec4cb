"""Events: what happened to the people on the lists of a programme's respondents, when
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
    """The people on the lists of respondents, as arrays (persons,); place: the row of
    world.places where they live; interviewed: when their PSU was.
    """

    survey: np.ndarray
    sex: np.ndarray
    age: np.ndarray
    place: np.ndarray
    away: np.ndarray
    interviewed: np.ndarray
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
    """Draw the events of the people of the reports: who (row of reports.who), outcome,
    age, place, start, end.

    An outcome with a window is spells that touch it (`_spells`), one without is a state
    now (`_states`), a share of another's persons decides how old these were
    (`_age_married`). At home it happens with the probability that the survey shows of
    the person's cell: where Φ(ε) lies below that probability, ε normal, of which shares
    of the variance are the PSU's and the nuclear family's own (`clustering`): p is
    exact, cases cluster.
    """
    people = _people(reports, world)
    rng = np.random.default_rng(seed)
    tables = []
    for card in cards:
        if card.of:
            continue
        latent = _latent(people, clustering, rng)
        if card.window_years:
            table = _spells(card, people, latent, reports, truth, world, rng)
        else:
            shares = [share for share in cards if share.of == card.outcome]
            table = _states(card, people, latent, truth, shares, rng)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _people(reports: Reports, world: World) -> People:
    who = reports.who
    population = reports.population.persons
    persons = population.iloc[who["person"]]
    survey = who["survey"].to_numpy()
    countries = pd.Index(reports.surveys["country"])
    home = world.places.index.get_indexer(countries)[survey]
    away = who["host"].to_numpy() >= 0
    psu = pd.factorize(survey * 10_000_000 + who["psu"].to_numpy())[0]
    nests = len(population) + 1
    family = pd.factorize(psu.astype(np.int64) * nests + persons["nest"].to_numpy())[0]
    return People(
        survey=survey,
        sex=(persons["sex"] == SEXES[1]).to_numpy().astype(int),
        age=persons["age"].to_numpy(),
        place=np.where(away, who["host"], home),
        away=away,
        interviewed=who["interviewed"].to_numpy(),
        psu=psu,
        family=family,
    )


def _latent(
    people: People,
    clustering: Mapping[str, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return ε (persons,), standard normal, correlated within PSUs and families."""
    psu, family = clustering["psu"], clustering["family"]
    of_psu = rng.normal(size=people.psu.max() + 1)[people.psu]
    of_family = rng.normal(size=people.family.max() + 1)[people.family]
    of_person = rng.normal(size=len(people.psu))
    return (
        np.sqrt(psu) * of_psu
        + np.sqrt(family) * of_family
        + np.sqrt(1 - psu - family) * of_person
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
    cases, φ of them going on. Persons who live abroad have the host's rates
    (`_host_rates`).
    """
    window = float(card.window_years or 0.0)
    ago = rng.uniform(0, window, len(people.age))
    ongoing, ended = _spell_probabilities(card, people, ago, reports, truth, world)
    either = ongoing + ended
    hit = np.flatnonzero(latent < ndtri(np.minimum(either, 1.0)))
    goes_on = rng.random(len(hit)) * either[hit] < ongoing[hit]
    sex = people.sex[hit]
    years_so_far = truth.spells.so_far(sex, rng)
    years_ended = truth.spells.ended(sex, rng)
    years = np.where(goes_on, years_so_far, years_ended)
    since_end = np.where(goes_on, 0.0, ago[hit])
    end = people.interviewed[hit] - since_end
    return pd.DataFrame(
        {
            "who": hit,
            "outcome": card.outcome,
            "age": np.floor(people.age[hit] - since_end).astype(int),
            "place": people.place[hit],
            "start": end - years,
            "end": np.where(goes_on, np.nan, end),
        }
    )


def _spell_probabilities(
    card: Card,
    people: People,
    ago: np.ndarray,
    reports: Reports,
    truth: Truth,
    world: World,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities of a spell that goes on, and of one that ended `ago`
    years before the interview (persons,).
    """
    window = float(card.window_years or 0.0)
    surveys = reports.surveys["survey"].to_numpy()
    shown = truth.shown[card.outcome].sel(survey=surveys).to_numpy()
    template = reports.population.persons.query("m > 0")
    away = template["lives_in"] != HOME
    at_home = _aging(template[~away], card.bands, window)
    abroad = _aging(template[away], card.bands, window)
    hosts = _host_rates(card, truth, reports, world, abroad.people)
    band = _band(people.age, card.bands)
    band_ago = _band(people.age - ago, card.bands)
    share = truth.spells.ongoing(window)[people.sex]
    ongoing = share * _rate(people, band, shown, hosts)
    ratio = np.where(
        people.away,
        abroad.ratio[people.sex, band_ago],
        at_home.ratio[people.sex, band_ago],
    )
    ended = (1 - share) * (_rate(people, band_ago, shown, hosts) * ratio)
    return ongoing, ended


def _rate(
    people: People,
    band: np.ndarray,
    shown: np.ndarray,
    hosts: np.ndarray,
) -> np.ndarray:
    """Return what is shown of each person's cell (persons,), at home or in the host; 0
    outside the bands.
    """
    at_home = shown[people.survey, people.sex, band]
    abroad = hosts[people.place, people.sex, band]
    p = np.where(people.away, abroad, at_home)
    return np.where(band >= 0, p, 0.0)


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
    age = np.floor(people.age[hit]).astype(int)
    married = _age_married(age, _young(people, hit, shares, truth, rng), rng)
    years = (people.age[hit] - married).clip(min=0.0)
    start = people.interviewed[hit] - years * rng.uniform(0.9, 1.0, len(hit))
    return pd.DataFrame(
        {
            "who": hit,
            "outcome": card.outcome,
            "age": married,
            "place": people.place[hit],
            "start": start,
            "end": np.nan,
        }
    )


def _young(
    people: People,
    hit: np.ndarray,
    shares: Sequence[Card],
    truth: Truth,
    rng: np.random.Generator,
) -> np.ndarray:
    """Say for whom it began below 18: with the probability that the survey shows of
    those who are 18 or older now.
    """
    age, sex, survey = people.age[hit], people.sex[hit], people.survey[hit]
    p = np.zeros(len(hit))
    for card in shares:
        band = _band(age, card.bands)
        shown = truth.shown[card.outcome].to_numpy()[survey, sex, band]
        p = np.where(band >= 0, shown, p)
    return (age < CHILD) | (rng.random(len(hit)) < p)


def _age_married(
    age: np.ndarray,
    young: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return ages at marriage (persons,), whole years: evenly 12 to 17, or 18 to 35, no
    later than now.
    """
    child, teen, oldest = MARRY
    youngest = np.where(age < CHILD, np.minimum(child, age), teen)
    low = np.where(young, youngest, CHILD)
    high = np.where(young, np.minimum(age, CHILD - 1), np.minimum(age, oldest))
    return rng.integers(low, high + 1)


@dataclass(frozen=True)
class Aging:
    """People of cells (sexes, bands), and their number over that of those who were in
    the cell u ~ U(0, T) years ago.
    """

    people: np.ndarray
    ratio: np.ndarray


def _aging(
    people: pd.DataFrame,
    bands: Sequence[Band],
    window: float,
) -> Aging:
    sex = (people["sex"] == SEXES[1]).to_numpy()
    age = people["age"].to_numpy()
    count = np.zeros((len(SEXES), len(bands)))
    earlier = np.zeros((len(SEXES), len(bands)))
    for i, band in enumerate(bands):
        low, high = band.lower / 12, band.end / 12
        inside = (age >= low) & (age < high)
        years = np.clip(age - low, 0, window) - np.clip(age - high, 0, window)
        for j in range(len(SEXES)):
            count[j, i] = inside[sex == j].sum()
            earlier[j, i] = years[sex == j].sum() / window
    return Aging(count, count / np.maximum(earlier, 1e-9))


def _host_rates(
    card: Card,
    truth: Truth,
    reports: Reports,
    world: World,
    away: np.ndarray,
) -> np.ndarray:
    """Return the rate of those who live in a host (places, sexes, bands), so that
    families show what the truth says.

    Victims of cell a in host h whom families can report: f_h p_ha N_ha, f_h being what
    is shown of the host's prevalence over it (κ and the row's error). They are divided
    evenly among those people of the interviewed countries who live there, M_ha = Σ_c
    M_c,a · N_h / Σ_{h′≠c} N_h′.
    """
    hosts = truth.hosts[truth.hosts["outcome"] == card.outcome]
    shown = hosts.set_index("country")["shown"]
    if shown.empty:
        return np.zeros((len(world.places), *away.shape))
    surveys = reports.surveys
    size = sizes(surveys, world)
    emigrants = _emigrants(reports, world, size)
    year = round(surveys.groupby("country")["year"].mean().mean())
    people = persons(world, card.bands, year, nearest=True)
    victims: xr.DataArray = truth.p[card.outcome] * people
    mean = victims.sum(["sex", "age"]) / people.sum(["sex", "age"])
    part = shown.reindex(size.index).to_numpy() / mean.to_numpy()
    reported = part[:, None, None] * victims.to_numpy()
    return reported / (emigrants[:, None, None] * away)


def _emigrants(
    reports: Reports,
    world: World,
    size: pd.Series,
) -> np.ndarray:
    """Return how many persons of the interviewed countries live in each host (places,),
    for each person of the simulated population who lives abroad.
    """
    surveys = reports.surveys
    scales = scale(surveys, world, reports.population.persons)
    of_country = scales.groupby(surveys["country"].to_numpy()).mean()
    # per person of any host but home
    sent = of_country / (size.sum() - size[of_country.index])
    sent = sent.reindex(size.index, fill_value=0.0)
    return ((sent.sum() - sent) * size).to_numpy()


def _band(
    age: np.ndarray,
    bands: Sequence[Band],
) -> np.ndarray:
    """Return the row of each age's band, −1 outside them."""
    row = np.full(len(age), -1)
    for i, band in enumerate(bands):
        row[(12 * age >= band.lower) & (12 * age < band.end)] = i
    return row
