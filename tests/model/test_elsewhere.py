"""Families' reports of what happened abroad, from interviews to the model: κ, and hosts
that nobody interviewed.
"""

from dataclasses import replace

import pytest

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.sampler import prepare
from uncounted.interviews.families import Families
from uncounted.model.card import Card, Sampling
from uncounted.model.priors import Prior
from uncounted.simulate import generations as sim
from uncounted.world.world import persons

RATE, ABROAD = 0.03, 0.1
PRIORS = {
    "level": Prior("normal", (-4.0, 1.0)),
    "sigma_country": Prior("half_normal", (0.7,)),
    "kappa": Prior("beta", (2.0, 8.0)),
}
CARD = Card(
    title="Forced labour", outcome="forced_labour", ages=("0+",), year=2020, people=(), place=("country",),
    window_years=5.0, priors=PRIORS,
)  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return un.read_world()


@pytest.fixture(scope="module")
def families(world) -> Families:
    """Nepal's families, weighted up to its adults; one in ten of those who live in
    Qatar is a victim there.
    """
    people = sim.population(3, couples=1500)
    told = sim.interviews(people, sim.events(people, RATE, 4, abroad=ABROAD), 5)
    adults = persons(world, ["15+"], 2020).sel(country=sim.HOME).sum().item()
    weight = told.respondents["weight"] * adults / told.respondents["weight"].sum()
    return un.read_families(
        told.respondents.assign(weight=weight), told.roster, told.events, sim.COLUMNS, constants=sim.CONSTANTS,
        multiplicity="asked", window_years={"forced_labour": 5}, ages=["0-14", "15-29", "30+"],
    )  # fmt: skip


@pytest.mark.long
def test_reports_from_elsewhere_speak_of_hosts_through_kappa(world, families):
    home = un.evidence(families, "forced_labour", by=())
    assert (
        home.rows["respondents"].sum()
        == (families.persons["lives_in"] == sim.HOME).sum()
    )
    assert (
        home.rows["n"].sum() < 0.6 * home.rows["respondents"].sum()
    )  # weights w/m differ, reports cluster
    abroad = un.reported_from_elsewhere(families, "forced_labour", world, by=())
    both = un.pooled([home, abroad])
    model = un.build(CARD, world, both)
    draws, stats = prepare(model).run(
        9, Sampling(chains=2, tune=500, draws=500, target_accept=0.9)
    )
    assert int(stats["diverging"].sum()) == 0
    p = derived(model, draws, ["p"])["p"].isel(sex=0, age=0)
    own = home.rows["y"].sum() / home.rows["n"].sum()
    assert abs(own - RATE) < 0.01
    assert abs(float(p.sel(country=sim.HOME).mean()) - own) < 0.005
    row = abroad.rows.set_index("country").loc[sim.HOST]
    seen = p.sel(country=sim.HOST) * draws["kappa"].sel(host=sim.HOST)
    assert float(seen.mean()) == pytest.approx(row["y"] / row["n"], rel=0.3)
    assert float(p.sel(country=sim.HOST).mean()) > float(
        seen.mean()
    )  # more than their families know of
    quiet = p.sel(
        country=["IND", "CHN", "USA", "BRA"]
    ).mean()  # large hosts whence nobody was reported
    assert float(quiet) < float(p.sel(country=["LUX", "ISL", "MLT"]).mean())


def test_kappa_has_no_default(world, families):
    abroad = un.reported_from_elsewhere(families, "forced_labour", world, by=())
    silent = replace(
        CARD, priors={key: prior for key, prior in PRIORS.items() if key != "kappa"}
    )
    with pytest.raises(UncountedError, match="kappa = "):
        un.build(silent, world, abroad)


@pytest.mark.long
def test_a_host_is_reported_from_elsewhere_and_no_survey(world, families):
    both = un.pooled(
        [
            un.evidence(families, "forced_labour", by=()),
            un.reported_from_elsewhere(families, "forced_labour", world, by=()),
        ]
    )
    model = un.build(CARD, world, both)
    fit = un.sample(
        model, seed=1, chains=2, tune=100, draws=50, progress=un.Progress(show=False)
    )
    rows = (
        un.estimates(fit, ["country", "world"])
        .query("sex == 'all' and age == 'all'")
        .set_index("group")
    )
    assert rows["evidence"][["NPL", "QAT", "IND", "World"]].tolist() == [
        "surveyed", "reported from elsewhere", "imputed", "imputed"
    ]  # fmt: skip
    assert rows["surveys"][["NPL", "QAT", "World"]].tolist() == [1, 0, 1]
    told = rows.loc["QAT"]
    assert told["cases_elsewhere"] > 0 or "cases_elsewhere" in told["masked"]
