"""Simulated survey programmes: what their surveys show is what the truth says, on
average; and the one that ships.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import chi2

import uncounted as un
from uncounted import cli
from uncounted.errors import UncountedError
from uncounted.interviews.families import Families
from uncounted.observations.elsewhere import ELSEWHERE
from uncounted.simulate.programme import (
    Programme,
    simulate_programme,
    survey_of,
    write_programme,
)
from uncounted.simulate.scheme import read_scheme
from uncounted.simulate.spell_lengths import Spells
from uncounted.simulate.truth import SEXES
from uncounted.world.shelf import shelf
from uncounted.world.world import persons

SHIPPED = 35
SMALL = {
    "countries   = 48": "countries = 6",
    "again       = 6": "again = 2",
    "couples     = 8000": "couples = 600",
}
SMALL |= {
    "respondents = [1000, 1630]": "respondents = [150, 250]",
    "psus        = 160": "psus = 20",
}


@pytest.fixture(scope="module")
def world() -> un.World:
    return un.read_world()


@pytest.fixture(scope="module")
def programme(world) -> Programme:
    return simulate_programme(SHIPPED, world=world)


@pytest.fixture(scope="module")
def families() -> Families:
    found = un.read_survey("surveys/programme")
    assert isinstance(found, Families)
    return found


@pytest.fixture(scope="module")
def seen(families, programme, world) -> pd.DataFrame:
    """Rows of evidence of every outcome, each with q, what its survey shows of the
    cell.
    """
    parts = []
    for outcome, shown in programme.truth.shown.items():
        rows = un.evidence(families, outcome).rows
        rows = rows.assign(
            age=[bands[0].label for bands in rows["covers"]], outcome=outcome
        )
        q = shown.to_series().rename("q").reset_index()
        parts.append(rows.merge(q, on=["survey", "sex", "age"], validate="1:1"))
    abroad = un.reported_from_elsewhere(
        families, "forced_labour", world, by=(), ages=programme.cards[0].ages
    ).rows
    hosts = programme.truth.hosts.rename(columns={"outcome": "of", "shown": "q"})
    parts.append(abroad.merge(hosts, on="country").assign(outcome=ELSEWHERE, age="18+"))
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(
        excess=rows["y"] - rows["n"] * rows["q"],
        variance=rows["n"] * rows["q"] * (1 - rows["q"]),
    )


def small(tmp_path, changes: dict[str, str] | None = None):
    text = shelf("data", "truth", "generating.toml").read_text(encoding="utf-8")
    for old, new in (SMALL | (changes or {})).items():
        assert old in text, old
        text = text.replace(old, new)
    path = tmp_path / "generating.toml"
    path.write_text(text, encoding="utf-8")
    return path


# --- the programme that ships ---------------------------------------------------------


def test_what_ships_is_what_the_seed_gives(programme, tmp_path):
    write_programme(programme, tmp_path / "surveys", tmp_path / "truth")
    for path in [
        *(tmp_path / "surveys").glob("*.parquet"),
        *(tmp_path / "truth").glob("*.csv"),
    ]:
        read = pd.read_parquet if path.suffix == ".parquet" else pd.read_csv
        known = shelf(
            "data",
            "surveys" if path.suffix == ".parquet" else "truth",
            "programme",
            path.name,
        )
        pd.testing.assert_frame_equal(read(path), read(known), rtol=1e-5)
    assert "nobody was asked" in shelf(
        "data", "surveys", "programme", "survey.toml"
    ).read_text(encoding="utf-8")


def test_it_is_of_the_size_of_real_ones(programme):
    surveys = programme.surveys
    assert (
        len(surveys),
        surveys["country"].nunique(),
        surveys["survey"].nunique(),
    ) == (54, 48, 54)
    assert 67_000 < len(programme.respondents) < 75_000
    assert 450_000 < len(programme.roster) < 600_000
    assert set(
        surveys.groupby("country")["year"]
        .agg(list)[lambda years: years.map(len) > 1]
        .map(tuple)
    ) == {(2014, 2016)}
    shares = surveys["source"].value_counts(normalize=True)
    assert shares["omnibus poll"] > shares["dedicated survey"] > 0


def test_its_world_is_near_the_published_one(programme, shared):
    published = pd.read_csv(shared / "facts" / "published-estimates.csv")
    published = published.query("edition == 2017").set_index(["group", "leaf"])[
        "affected_thousand"
    ]
    truth = programme.truth
    people = {outcome: p * truth.people[outcome] for outcome, p in truth.p.items()}
    mu = truth.spells.mean_years
    stock = float(
        (people["forced_labour"].sum(["country", "age"]) * mu / (5 + mu)).sum()
    )
    assert stock == pytest.approx(
        1000 * published["adults", "forced_labour_exploitation"], rel=0.08
    )
    assert float(people["forced_marriage"].sum()) == pytest.approx(
        1000 * published["World", "forced_marriage"], rel=0.08
    )


# --- what surveys show ----------------------------------------------------------------


def test_every_cell_shows_what_the_truth_says(seen):
    by = seen.groupby(["outcome", "sex", "age"])[["excess", "variance"]].sum()
    assert (
        len(by) == 8 + 12 + 8 + 1 - 2
    )  # forced marriage of children under ten is nobody's
    z = by["excess"] / np.sqrt(by["variance"])
    assert z.abs().max() < 4, z
    assert abs(z.mean()) < 4 / np.sqrt(len(z))


def test_surveys_are_as_far_from_it_as_their_effective_counts_say(seen):
    """Σ(y − nq)² over Σnq(1−q) of surveys, like a χ² of as many degrees as these
    weights leave, in its 99.9 %.
    """
    by = (
        seen.groupby(["outcome", "survey"])[["excess", "variance"]]
        .sum()
        .drop(ELSEWHERE)
    )
    sums = by["variance"].groupby("outcome").sum()
    ratio = (by["excess"] ** 2).groupby("outcome").sum() / sums
    degrees = sums**2 / (by["variance"] ** 2).groupby("outcome").sum()
    low, high = (chi2.ppf(q, degrees) / degrees for q in (0.0005, 0.9995))
    assert ratio.between(low, high).all(), pd.DataFrame(
        {"ratio": ratio, "low": low, "high": high}
    )


def test_surveys_show_the_truth_and_their_own_error(programme):
    truth = programme.truth
    errors = truth.errors.set_index(["outcome", "survey"])["error"]
    for outcome, shown in truth.shown.items():
        country = programme.surveys.set_index("survey")["country"].loc[
            shown["survey"].to_numpy()
        ]
        p = truth.p[outcome].sel(country=country.to_numpy()).to_numpy()
        own = errors[outcome].loc[shown["survey"].to_numpy()].to_numpy()[:, None, None]
        np.testing.assert_allclose(shown.to_numpy(), expit(logit(p) + own))
    hosts = truth.hosts.set_index("country")
    people = truth.people["forced_labour"]
    p = (truth.p["forced_labour"] * people).sum(["sex", "age"]) / people.sum(
        ["sex", "age"]
    )
    own = (
        errors["forced_labour"]
        .filter(like="elsewhere")
        .rename(lambda name: name[-3:])
        .loc[hosts.index]
    )
    np.testing.assert_allclose(
        hosts["shown"], expit(logit(hosts["kappa"] * p.to_numpy()) + own)
    )


def test_zero_case_surveys_occur_and_most_have_dozens_of_cases(families):
    events = families.events.merge(families.interviews[["id", "survey"]], on="id")
    cases = pd.crosstab(events["outcome"], events["survey"])
    assert 15 < cases.loc["forced_marriage"].median() < 60
    assert cases.min(axis=1)["forced_marriage"] < 5


def test_deffs_are_those_of_real_surveys(families):
    told = families.events.query("outcome == 'forced_labour'")["id"]
    respondents = families.interviews.assign(
        y=families.interviews["id"].isin(told).astype(int)
    )
    roles = {role: role for role in ("weight", "stratum", "psu", "survey", "country")}
    table = un.direct(un.read_respondents(respondents, roles, "y"), "survey")
    assert 1.2 < table["deff_with_replacement"].median() < 2.2
    assert table["deff_with_replacement"].between(0.8, 3.0).all()


# --- families, weights, events --------------------------------------------------------


def test_m_counts_the_respondents_own_relatives_and_is_not_the_rosters(programme):
    roster = programme.roster.assign(
        eligible=(programme.roster["age"] >= 15) & (programme.roster["lives_in"] == "")
    )
    own = (
        roster.groupby("id")["eligible"]
        .sum()
        .reindex(programme.respondents["id"], fill_value=0)
        + 1
    )
    assert (own.to_numpy() == programme.respondents["m"].to_numpy()).all()
    shortcut = roster["id"].map(dict(zip(own.index, own, strict=True)))
    assert (shortcut != roster["m"]).mean() > 0.5
    assert roster["m"].min() >= 1
    assert set(roster["relationship"]) == {"spouse", "parent", "child", "sibling"}


def test_weights_add_up_to_the_people_of_fifteen_or_more(programme, world):
    total = programme.respondents.groupby("survey")["weight"].sum()
    about = programme.surveys.set_index("survey")
    frame = [
        persons(world, ["15+"], year, nearest=True).sel(country=country).sum().item()
        for country, year in zip(about["country"], about["year"], strict=True)
    ]
    ratio = total.loc[about.index] / frame
    assert ratio.between(0.85, 1.15).all()
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / np.sqrt(len(ratio))


def test_events_lie_in_their_window_and_some_abroad(programme):
    events = programme.events.merge(
        programme.respondents[["id", "country", "interviewed"]], on="id"
    )
    labour = events[events["outcome"] == "forced_labour"]
    assert (
        labour["end"].isna()
        | (labour["interviewed"] - labour["end"]).between(-1e-9, 5.001)
    ).all()
    assert (labour["age"] >= 18).all()
    abroad = labour["country_x"] != labour["country_y"]
    assert 0.005 < abroad.mean() < 0.2
    roster = programme.roster[["id", "member", "lives_in"]]
    where = labour[abroad].merge(roster, on=["id", "member"], how="left")
    assert (where["lives_in"] == where["country_x"]).all()
    marriage = events[events["outcome"] == "forced_marriage"]
    assert marriage["end"].isna().all()
    assert (marriage["country_x"] == marriage["country_y"]).all()
    assert (marriage["start"] <= marriage["interviewed"]).all()


def test_spells_are_those_that_a_window_sees():
    """Against spells that begin evenly over 400 years, of which those are kept that
    touch the last five.
    """
    law, rng = Spells(np.array([2.0, 1.0]), 0.9), np.random.default_rng(1)
    group = np.repeat([0, 1], 2_000_000)
    start = rng.uniform(-400, 0, len(group))
    length = law.ended(group, rng)
    for i in (0, 1):
        seen = (group == i) & (start + length > -5)
        going = seen & (start + length > 0)
        error = np.sqrt(going.sum()) / seen.sum()
        assert going.sum() / seen.sum() == pytest.approx(
            law.ongoing(5)[i], abs=4 * error
        )
        drawn = law.so_far(np.full(200_000, i), rng)
        kept = -start[going]
        assert drawn.mean() == pytest.approx(
            kept.mean(), abs=4 * kept.std() / np.sqrt(len(kept))
        )
        ended = length[seen & ~going]
        assert ended.mean() == pytest.approx(
            law.mean_years[i], abs=5 * ended.std() / np.sqrt(len(ended))
        )


def test_the_share_going_on_is_the_true_one(programme):
    truth = programme.truth
    sex = pd.concat(
        [
            programme.roster[["id", "member", "sex"]],
            programme.respondents[["id", "sex"]].assign(member="self"),
        ]
    )
    labour = programme.events.query("outcome == 'forced_labour'").merge(
        sex, on=["id", "member"]
    )
    expected = dict(zip(SEXES, truth.spells.ongoing(5), strict=True))
    for one, rows in labour.groupby("sex"):
        assert rows["end"].isna().mean() == pytest.approx(
            expected[one], abs=5 / np.sqrt(len(rows))
        )


# --- seeds, schemes, files ------------------------------------------------------------


def test_a_seed_is_a_world_and_its_surveyed_countries(world, tmp_path):
    scheme = small(tmp_path)
    once, again, other = (simulate_programme(seed, scheme, world) for seed in (1, 1, 2))
    for table in ("surveys", "respondents", "roster", "events"):
        pd.testing.assert_frame_equal(getattr(once, table), getattr(again, table))
    assert once.truth.p["forced_labour"].equals(again.truth.p["forced_labour"])
    assert set(once.surveys["country"]) != set(other.surveys["country"])
    assert not once.truth.p["forced_labour"].equals(other.truth.p["forced_labour"])
    assert once.truth.p["forced_marriage"].sizes == {
        "country": len(world.places),
        "sex": 2,
        "age": 5,
    }
    families = survey_of(once)
    assert "nobody was interviewed" in families.name
    assert set(families.among) == {"married_before_18"}


def test_files_of_ones_own_take_its_place(programme, families, tmp_path):
    """The shipped card over a user's files of the same columns: two countries, in
    another order of rows.
    """
    folder = tmp_path / "own"
    folder.mkdir()
    card = shelf("data", "surveys", "programme", "survey.toml").read_text(
        encoding="utf-8"
    )
    (folder / "survey.toml").write_text(card, encoding="utf-8")
    some = programme.respondents[
        programme.respondents["country"].isin(programme.surveys["country"].unique()[:2])
    ]
    for table in ("respondents", "roster", "events"):
        rows = getattr(programme, table)
        rows[rows["id"].isin(some["id"])].sample(frac=1, random_state=1).to_parquet(
            folder / f"{table}.parquet"
        )
    own = un.read_survey(folder)
    for outcome in ("forced_labour", "married_before_18"):
        whole, part = (
            un.direct(un.reported(each, outcome), "survey").set_index("survey")
            for each in (families, own)
        )
        pd.testing.assert_frame_equal(part, whole.loc[part.index], check_dtype=False)


def test_the_command_line_writes_a_programme(monkeypatch, capsys, tmp_path):
    words = [
        "--seed",
        "3",
        "--out",
        str(tmp_path / "s"),
        "--truth",
        str(tmp_path / "t"),
        "--scheme",
        str(small(tmp_path)),
    ]
    monkeypatch.setattr("sys.argv", ["uncounted", "simulate", "programme", *words])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0
    assert "8 surveys of 6 countries" in capsys.readouterr().out
    assert isinstance(un.read_survey(tmp_path / "s"), Families)
    assert pd.read_csv(tmp_path / "t" / "durations.csv")["sex"].tolist() == [
        "female",
        "male",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "take        = 10",
            "takes = 10",
            "the word 'takes', which means nothing there. Did you mean 'take'",
        ),
        ("take        = 10 ", "# ", "lacks `take`"),
        ("psu = 0.03", "psu = 0.7", "below 1 together"),
        (
            "[0.34, 0.28, 0.22, 0.16]",
            "[0.5, 0.4]",
            "strata are shares above 0 that sum to 1",
        ),
        ("again = 2", "again = 7", "7 of 6 countries can't be surveyed again"),
        (
            "log_sd     = { log_normal = [1.0, 0.15] }",
            "log_sd = { half_normal = 1.0 }",
            "log_sd is above 0",
        ),
        ("[durations]", "[duration]", "lacks `mean_years`"),
        ("lkj     = 2.0", "lkj = ", "is no TOML"),
    ],
)
def test_a_wrong_scheme_is_a_sentence(tmp_path, old, new, told):
    with pytest.raises(UncountedError, match=told):
        read_scheme(small(tmp_path, {old: new}))
    with pytest.raises(UncountedError, match="no card at"):
        read_scheme(tmp_path / "none.toml")


def test_a_share_alone_has_no_persons(tmp_path):
    with pytest.raises(
        UncountedError,
        match="a share of the persons of 'forced_marriage', and alone it has none",
    ):
        un.estimate("married-before-18", tmp_path)
