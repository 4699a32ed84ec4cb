"""Cards of exclusive forms, and of the identity link: truth is recovered, and reaches
totals and report.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.infer.derived import derived
from uncounted.infer.prior import draw_prior
from uncounted.infer.totals import affected
from uncounted.model.seen import look

CODES = [
    "BRA",
    "CHL",
    "COL",
    "PER",
    "FRA",
    "DEU",
    "ITA",
    "ESP",
    "GHA",
    "KEN",
    "NGA",
    "SEN",
    "IND",
    "NPL",
    "THA",
    "VNM",
]
AGES, FORMS = ("15-29", "30-64"), ("labour", "sexual")
SURVEYED = CODES[:12]
NAMES = ("sigma_region", "sigma_country", "sigma_age", "sigma_survey")
FORMED = un.Card(
    title="Forms", outcome="any", ages=AGES, year=2020, place=("region", "country"),
    likelihood="multinomial", forms=FORMS,
    priors={"level": un.Prior("normal", (-3.0, 1.0)), "female": un.Prior("normal", (0.0, 0.5))}
    | {name: un.Prior("half_normal", (0.5 if name != "sigma_survey" else 0.1,)) for name in NAMES},
    sampling=un.Sampling(chains=4, tune=700, draws=500, target_accept=0.98),
)  # fmt: skip
STRAIGHT = replace(
    FORMED, outcome="y", likelihood="fay_herriot", link="identity", forms=(),
    priors={"level": un.Prior("normal", (0.3, 0.2)), "female": un.Prior("normal", (0.0, 0.1))}
    | {name: un.Prior("half_normal", (0.1 if name != "sigma_survey" else 0.02,)) for name in NAMES},
)  # fmt: skip


@pytest.fixture(scope="module")
def world() -> un.World:
    cells = pd.MultiIndex.from_product(
        [CODES, ["female", "male"], AGES], names=["iso3", "sex", "age"]
    )
    return un.read_world(population=cells.to_frame(index=False).assign(**{"2020": 1e6}))


def cells(codes: list[str]) -> pd.DataFrame:
    of = [codes, ["female", "male"], AGES]
    table = pd.MultiIndex.from_product(of, names=["country", "sex", "age"]).to_frame(
        index=False
    )
    return table.assign(survey=table["country"] + "-1", year=2020)


def effects(rng: np.random.Generator, level: float, size: float) -> np.ndarray:
    """Draw η of every cell: level, country and half a difference of sex and age."""
    sex, age = np.array([0.5, -0.5]), np.array([0.5, -0.5])
    country = level + size * rng.normal(size=len(CODES))
    return country[:, None, None] + size * sex[:, None] + size * 0.6 * age


@pytest.fixture(scope="module")
def forms() -> np.ndarray:
    """True prevalence by form (countries, sexes, ages, forms)."""
    rng = np.random.default_rng(1)
    odds = np.exp(np.stack([effects(rng, -2.0, 0.4), effects(rng, -3.0, 0.3)], axis=-1))
    return odds / (1 + odds.sum(axis=-1, keepdims=True))


@pytest.fixture(scope="module")
def parts(forms) -> dict[str, un.Evidence]:
    rng, table = np.random.default_rng(2), cells(SURVEYED)
    p = forms[: len(SURVEYED)].reshape(-1, len(FORMS))
    drawn = rng.multinomial(500, np.column_stack([p, 1 - p.sum(axis=1)]))
    return {
        form: un.counts(table.assign(n=500.0, y=drawn[:, i].astype(float)), form)
        for i, form in enumerate(FORMS)
    }


@pytest.fixture(scope="module")
def fit(world, parts) -> un.Fit:
    model = un.build(FORMED, world, un.exclusive(parts, "any"))
    return un.sample(model, seed=3, progress=un.Progress(show=False))


def inside(fit: un.Fit, truth: np.ndarray) -> np.ndarray:
    low, high = (
        fit.p.quantile([0.025, 0.975], ["chain", "draw"]).sel(country=CODES).to_numpy()
    )
    return (truth >= low) & (truth <= high)


@pytest.mark.long
def test_forms_are_recovered(fit, forms):
    held = inside(fit, forms)
    assert held[: len(SURVEYED)].mean() > 0.85
    assert (
        held[len(SURVEYED) :].mean() > 0.6
    )  # four countries, whose cells move together
    width = np.log(
        fit.p.quantile(0.975, ["chain", "draw"])
        / fit.p.quantile(0.025, ["chain", "draw"])
    ).mean(["sex", "age"])
    unseen = [code for code in CODES if code not in SURVEYED]
    assert (
        width.sel(country=unseen).min("country")
        > width.sel(country=SURVEYED).median("country")
    ).all()
    assert int(fit.stats["diverging"].sum()) <= 2


@pytest.mark.long
def test_forms_add_up_to_any_in_every_draw_and_in_tables(fit, tmp_path):
    assert fit.p.dims[-1] == "form"
    every = affected(fit.p, fit.people, un.groups(fit.world, "region"))
    np.testing.assert_allclose(
        every.sel(form=list(FORMS)).sum("form"), every.sel(form="all")
    )
    rows = un.prevalence(fit, by=["region", "form"])
    assert set(rows["form"]) == set(FORMS)
    assert (
        rows["population"]
        == un.prevalence(fit, by="region")["population"].repeat(2).to_numpy()
    ).all()
    whole = un.prevalence(fit, by="world")["mean"].item()
    assert un.prevalence(fit, by=["world", "form"])["mean"].sum() == pytest.approx(
        whole, rel=1e-9
    )
    again = un.read_fit(un.write_fit(fit, tmp_path / "fit.nc"))
    pd.testing.assert_frame_equal(
        un.estimates(again, ["world"]), un.estimates(fit, ["world"])
    )
    assert again.card == fit.card
    assert {"bulk ESS of published numbers", "numbers of few respondents"} <= {
        one.name for one in un.check(fit)
    }
    text = un.write_report(fit, tmp_path / "page.html")[0].read_text(encoding="utf-8")
    assert "Nobody has two of the forms labour, sexual" in text
    with pytest.raises(un.UncountedError, match="'card' has forms"):
        un.benchmark(
            fit,
            pd.DataFrame({"group": ["World"], "persons": [9e6]}),
            source="elsewhere",
        )


def test_rows_of_forms_are_one_row_with_one_size(parts):
    deff = parts["sexual"].rows.assign(
        n=lambda rows: rows["n"] / 3, y=lambda rows: rows["y"] / 3
    )
    seen = un.exclusive(
        {"labour": parts["labour"], "sexual": replace(parts["sexual"], rows=deff)},
        "any",
    )
    p = np.column_stack([parts[form].rows["estimate"] for form in FORMS])
    n = (1 - p).sum(axis=1) / ((1 - p) / [500, 500 / 3]).sum(axis=1)
    np.testing.assert_allclose(seen.rows["n"], n)
    np.testing.assert_allclose(seen.rows["y:labour"], n * p[:, 0])
    np.testing.assert_allclose(
        seen.rows["y"], seen.rows["y:labour"] + seen.rows["y:sexual"]
    )
    assert seen.forms == FORMS
    assert seen.traits == ()


def test_rows_that_a_form_lacks_are_in_the_ledger(parts):
    fewer = replace(
        parts["sexual"], rows=parts["sexual"].rows.iloc[3:].reset_index(drop=True)
    )
    seen = un.exclusive({"labour": parts["labour"], "sexual": fewer}, "any")
    assert len(seen.rows) == len(parts["labour"].rows) - 3
    assert len(seen.ledger.lines) == 3
    much = replace(fewer, rows=fewer.rows.assign(estimate=0.99))
    with pytest.raises(un.UncountedError, match="add up to more than everybody"):
        un.exclusive({"labour": parts["labour"], "sexual": much}, "any")
    with pytest.raises(un.UncountedError, match="two or more; here is 1"):
        un.exclusive({"labour": parts["labour"]}, "any")


def test_a_row_over_several_cells_averages_each_form(world):
    row = {
        "survey": ["w"],
        "country": "FRA",
        "year": 2020,
        "sex": "both",
        "age": "15-64",
        "n": 90.0,
        "y": 9.0,
    }
    seen = un.exclusive(
        {form: un.counts(pd.DataFrame(row), form) for form in FORMS}, "any"
    )
    card = replace(
        FORMED,
        priors={
            key: one for key, one in FORMED.priors.items() if key != "sigma_survey"
        },
    )
    model = un.build(card, world, seen)
    found = derived(model, draw_prior(model, 1, 3), ["reported", "p"])
    mean = (
        found["p"].sel(country="FRA").mean(["sex", "age"])
    )  # all cells have as many people
    q = np.exp(found["reported"].isel(row=0))
    np.testing.assert_allclose(
        q.sel(answer=list(FORMS)).to_numpy(), mean.to_numpy(), rtol=1e-6
    )
    np.testing.assert_allclose(q.sum("answer"), 1, rtol=1e-6)
    assert look(card, world, seen).forms.tolist() == [[9.0, 9.0, 72.0]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"forms": ()}, "two or more, go with likelihood"),
        ({"forms": ("one",)}, "two or more"),
        ({"likelihood": "binomial"}, 'go with likelihood = "multinomial"'),
        ({"forms": ("one", "two words")}, "'two words', which is no word"),
        ({"link": "identity"}, "needs log odds"),
        ({"link": "probit"}, "link has 'probit'"),
        (
            {"priors": FORMED.priors | {"sensitivity": un.Prior("beta", (1, 1))}},
            "not known of exclusive forms",
        ),
    ],
)
def test_what_no_card_of_forms_can_say_is_a_sentence(words, told):
    with pytest.raises(un.UncountedError, match=told):
        replace(FORMED, **words)


def test_evidence_without_the_forms_is_a_sentence(world, parts):
    with pytest.raises(
        un.UncountedError,
        match=r"has the forms labour, sexual, and the evidence 'counts' has none",
    ):
        un.build(FORMED, world, parts["labour"])


@pytest.fixture(scope="module")
def line(world) -> tuple[un.Fit, np.ndarray]:
    """A fit of the identity link to estimates with sampling error, and the true
    prevalence of every cell.
    """
    rng = np.random.default_rng(5)
    truth = effects(rng, 0.3, 0.06)
    p = truth[: len(SURVEYED)].ravel()
    estimate = np.clip(p + rng.normal(0, np.sqrt(p * (1 - p) / 300)), 0.001, 0.999)
    seen = un.counts(cells(SURVEYED).assign(n=300.0, y=300 * estimate), "y")
    return (
        un.sample(
            un.build(STRAIGHT, world, seen), seed=3, progress=un.Progress(show=False)
        ),
        truth,
    )


@pytest.mark.long
def test_the_identity_link_recovers_what_adds_up_on_the_scale_of_estimates(
    line, tmp_path
):
    fit, truth = line
    held = inside(fit, truth)
    assert held[: len(SURVEYED)].mean() > 0.85
    assert held[len(SURVEYED) :].mean() > 0.6
    effect = fit.posterior["female"]
    assert abs(float(effect.mean()) - 0.06) < 3 * float(
        effect.std()
    )  # 1.4 sds away, with an error of 0.1
    rows = un.estimates(fit, ["world", "country"])
    countries = rows.query("grouping == 'country' and evidence == 'surveyed'")
    assert countries["own_data_share"].between(0.5, 1).mean() > 0.9
    world = rows.query("grouping == 'world' and sex == 'all' and age == 'all'").iloc[0]
    assert world["prevalence_mean"] == pytest.approx(truth.mean(), abs=0.03)
    assert "Prevalence p itself" in un.write_report(fit, tmp_path / "page.html")[
        0
    ].read_text(encoding="utf-8")
    assert un.read_fit(un.write_fit(fit, tmp_path / "fit.nc")).card.link == "identity"
    with pytest.raises(un.UncountedError, match="Benchmark softly"):
        un.benchmark(
            fit,
            pd.DataFrame({"group": ["World"], "persons": [9e6]}),
            source="elsewhere",
        )


@pytest.mark.long
def test_prevalence_below_zero_is_told(line):
    fit, _ = line
    assert fit.notes == () or "link = 'identity' allows" in fit.notes[0]


@pytest.mark.parametrize("key", ["trend", "kappa", "bias"])
def test_what_works_on_log_odds_is_refused_under_the_identity_link(key):
    kind = {
        "trend": un.Prior("normal", (0, 1)),
        "bias": un.Prior("normal", (0, 1)),
        "kappa": un.Prior("beta", (1, 1)),
    }
    with pytest.raises(un.UncountedError, match="works on log odds"):
        replace(
            STRAIGHT,
            priors=STRAIGHT.priors | {key: kind[key]},
            reference_source="survey",
        )


def test_before_data_forms_and_links_are_drawn_too(world):
    told = un.prior_predictive(FORMED, world, draws=200, seed=1)
    assert told.world.dims == ("draw",)
    straight = un.prior_predictive(STRAIGHT, world, draws=400, seed=1)
    assert float(straight.world.mean()) == pytest.approx(0.3, abs=0.05)
