"""What checks say, in French: every sentence that they have, with numbers and names as
French writes them.
"""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import uncounted as un
from uncounted.checks.conflict import conflict
from uncounted.checks.contrasts import of_contrasts
from uncounted.checks.convergence import convergence
from uncounted.checks.country_patterns import pattern
from uncounted.checks.held_out import HeldOut
from uncounted.checks.reach import reach
from uncounted.checks.rows import of_shares
from uncounted.checks.source_bias import bias
from uncounted.checks.support import support
from uncounted.checks.survey_agreement import of_estimates
from uncounted.figures.sizes import NO_DESIGN_EFFECT
from uncounted.release.check_list import check_name
from uncounted.wording.translation import translated
from uncounted.wording.words import read_words

FR = read_words("fr")
ENGLISH = (" of ", " the ", " is ", " and ", " or ")


@pytest.fixture(scope="module")
def findings(fit) -> list[un.Finding]:
    """All that checks say, of a fit that passes and of what it would be with everything
    wrong.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "uncounted.checks.convergence.PUBLISHED", ("world", "region", "subregion")
        )
        good = [
            *un.check(replace(fit, stats=stats(fit, wrong=False))),
            *convergence(replace(fit, stats=xr.Dataset())),
        ]
        chains = xr.DataArray(np.linspace(0.5, 1.0, fit.p.sizes["chain"]), dims="chain")
        bad = convergence(replace(fit, p=fit.p * chains, stats=stats(fit, wrong=True)))
    far = {key: (("chain", "draw"), np.full((2, 6), 99.0)) for key in fit.card.priors}
    alone = replace(fit.evidence, rows=fit.evidence.rows.head(1))
    others = [
        alone,
        *(
            replace(fit.evidence, rows=fit.evidence.rows.assign(respondents=n))
            for n in (0.1, 1e6)
        ),
    ]
    bad += [
        *conflict(replace(fit, posterior=xr.Dataset(far))),
        *conflict(replace(fit, prior=fit.prior * 0.001)),
    ]
    bad += conflict(replace(fit, posterior=xr.Dataset({"level": far["level"]})))
    bare = fit.evidence.ledger.add(
        fit.evidence.rows.head(1), "repaired", NO_DESIGN_EFFECT
    )
    others.append(replace(fit.evidence, ledger=bare))
    bad += [
        one
        for few in (0, 1, 99)
        for one in pattern(replace(fit, evidence=turned(fit.evidence, few)))
    ]
    bad += [
        one for evidence in others for one in support(replace(fit, evidence=evidence))
    ]
    bad += [
        one
        for kinds, error in ((2, 0.0), (2, 9.0), (9, 9.0))
        for one in bias(leaning(fit, kinds, error))
    ]
    bad += [one for countries in (1, 9) for one in reach(far_off(fit, countries))]
    many = [
        f"{name}, 60% at 80%"
        for name in ("Africa", "female", "MICS", "6-11 months", "n of 1,000 or more")
    ]
    bad += [of_shares(9, {0.8: 0.7, 0.95: 0.9}, many[:size], 9) for size in (0, 1, 5)]
    bad += [
        of_contrasts(trait, 99, 999, ratio)
        for trait, ratio in (("age", 0.5), ("sex", 1.0), ("literacy", 2.0))
    ]
    bad += [
        of_estimates(["Kenya", "Ghana", "Togo", "Mali", "Chad"][:size], 100, 3)
        for size in (0, 1, 5)
    ]
    mixed = xr.Dataset(
        {
            "sigma": (
                ("chain", "draw"),
                fit.p.to_numpy()[:, :, 0, 0, 0] * chains.to_numpy()[:, None],
            )
        }
    )
    large = fit.evidence.rows["n"].mask(np.arange(len(fit.evidence.rows)) == 0, 1e6)
    huge = replace(fit.evidence, rows=fit.evidence.rows.assign(n=large))
    bad += convergence(
        replace(
            fit,
            p=fit.p * chains,
            posterior=mixed,
            stats=stats(fit, wrong=True),
            evidence=huge,
        )
    )
    return [*good, *bad, *predicted(fit, 2.5), *predicted(fit, 0.05)]


def turned(evidence: un.Evidence, countries: int) -> un.Evidence:
    """Return evidence by sex in which the sexes of some countries differ as nobody
    believed them to.
    """
    rows = evidence.rows.assign(n=5000.0)
    some = rows["country"].isin(rows["country"].unique()[:countries])
    shares = {"female": 0.9, "male": 0.1}
    by_sex = [
        rows.assign(sex=sex, y=5000 * np.where(some, share, 0.2))
        for sex, share in shares.items()
    ]
    return replace(evidence, rows=pd.concat(by_sex, ignore_index=True))


def leaning(fit: un.Fit, kinds: int, error: float) -> un.Fit:
    """Return a fit without bias on its card, of one country's surveys of so many kinds,
    which all err alike.
    """
    rows = fit.evidence.rows
    kind = [f"kind {number % kinds}" for number in rows.groupby("survey").ngroup()]
    surveys = sorted(set(rows["survey"]))
    effect = xr.DataArray(
        np.full(len(surveys), error), dims="survey", coords={"survey": surveys}
    )
    sigma = xr.DataArray(
        np.ones(kinds), dims="source", coords={"source": sorted(set(kind))}
    )
    posterior = xr.Dataset({"survey_effect": effect, "sigma_survey": sigma})
    priors = {name: prior for name, prior in fit.card.priors.items() if name != "bias"}
    evidence, card = (
        replace(fit.evidence, rows=rows.assign(source=kind, country="KEN")),
        replace(fit.card, priors=priors),
    )
    return replace(fit, card=card, evidence=evidence, posterior=posterior)


def far_off(fit: un.Fit, countries: int) -> un.Fit:
    """Return a fit in which a covariate of some unsurveyed countries lies far beyond
    all others.
    """
    values = fit.world.covariates["human_development_index"]
    unsurveyed = [
        code for code in values.index if code not in set(fit.evidence.rows["country"])
    ]
    covariates = fit.world.covariates.assign(
        human_development_index=values.where(
            ~values.index.isin(unsurveyed[:countries]), 99.0
        )
    )
    return replace(fit, world=replace(fit.world, covariates=covariates))


def stats(fit: un.Fit, wrong: bool) -> xr.Dataset:
    """What a sampler records where every transition is wrong, and its energy crawls; or
    where none is.
    """
    shape = (fit.p.sizes["chain"], fit.p.sizes["draw"])
    energy = np.random.default_rng(1).normal(size=shape)
    made = {
        "diverging": np.full(shape, wrong),
        "reached_max_treedepth": np.full(shape, wrong),
    }
    made["energy"] = energy.cumsum(axis=1) if wrong else energy
    return xr.Dataset(
        {name: (("chain", "draw"), values) for name, values in made.items()}
    )


def predicted(fit: un.Fit, squeeze: float) -> list[un.Finding]:
    codes = fit.p["country"].to_numpy()[:100]
    pits = np.clip(0.5 + squeeze * ((np.arange(100) + 0.5) / 100 - 0.5), 0, 1)
    table = pd.DataFrame(
        {
            "country": codes,
            "survey": codes,
            "pit": pits,
            "by": "region",
            "source": "visit",
        }
    )
    table = table.assign(
        region="Africa",
        evidence="imputed",
        outcome=np.where(np.arange(100) % 2, "a", "b"),
    )
    folds = {
        "fold": "1",
        "rhat": squeeze,
        "ess": 400.0,
        "divergences": 0,
        "chains": 2,
        "draws": 200,
    }
    hows = [table.assign(by=by, **folds) for by in ("country", "region", "survey")] + [
        table.head(9).assign(**folds)
    ]
    return [
        one for how in hows for one in un.check(fit, HeldOut(how)) if "held" in one.name
    ]


def test_nothing_that_checks_say_stays_english(findings):
    assert {one.verdict for one in findings} == {"pass", "warn", "stop"}
    told = {one.sentence: translated(one.sentence, FR) for one in findings}
    plain = {
        english: "".join(char for char in french if char != "(")
        for english, french in told.items()
    }
    assert [
        french for french in plain.values() if any(word in french for word in ENGLISH)
    ] == []
    assert [english for english, french in told.items() if french == english] == []
    names = {one.name: check_name(one.name, FR) for one in findings}
    assert {name for name, french in names.items() if french == name} == {
        "divergences",
        "E-BFMI",
    }


@pytest.mark.parametrize(
    ("english", "french"),
    [
        (
            (
                "The largest of 4,578 is 1.030 (St. Lucia, female, 6-11 months); at"
                " most 1.02 is asked. 3 fail."
            ),
            (
                "Le plus grand des 4 578 est de 1,030 (Sainte-Lucie, femmes, 6–11 mois)"
                " ; 1,02 au plus est demandé. 3 échouent."
            ),
        ),
        (
            (
                "71% of people live in surveyed countries; by region 0% to 84%. Less"
                " than half in Arab States, Northern, Southern and Western Europe: what"
                " is printed there is imputed for the most part."
            ),
            (
                "71 % des personnes vivent dans des pays enquêtés ; 0 % à 84 % selon la"
                " région. Moins de la moitié pour : États arabes, Europe du Nord, du"
                " Sud et de l’Ouest. Ce qui y est imprimé est imputé pour l’essentiel."
            ),
        ),
        (
            (
                "The surveys of 1 of 3 kinds of source lie to one side of the others by"
                " more than chance allows: SMART, -0.09 log odds."
            ),
            (
                "Les enquêtes de 1 types de source sur 3 s’écartent des autres d’un"
                " même côté, plus que le hasard ne le permet : SMART, −0,09 en logit."
            ),
        ),
        (
            "Nobody wrote this. 3 fail. Nor this.",
            "Nobody wrote this. 3 échouent. Nor this.",
        ),
    ],
)
def test_numbers_and_names_are_french_too(english, french):
    assert translated(english, FR).replace("\u00a0", " ").replace(
        "\u202f", " "
    ) == french.replace("\u00a0", " ")


def test_english_stays_as_it_is(findings):
    english = read_words("en")
    assert all(translated(one.sentence, english) == one.sentence for one in findings)


def test_every_sentence_that_is_translated_is_said(findings):
    said = " ".join(one.sentence for one in findings)
    terms = [term for term in FR.terms if term.endswith(".")]
    assert len(terms) > 20
    assert [
        term
        for term in terms
        if not re.search(re.sub(r"\\{\w+\\}", ".+?", re.escape(term)), said)
    ] == []
