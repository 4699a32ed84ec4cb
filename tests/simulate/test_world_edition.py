"""A simulated edition: every source of one world, and the truth of every leaf."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import uncounted as un
from uncounted.infer.populations import people_of
from uncounted.leaves.estimate import Estimate, denominators, shares
from uncounted.leaves.leaf import leaves
from uncounted.leaves.parts import Parts
from uncounted.simulate.scheme import read_scheme
from uncounted.simulate.world_edition import SimulatedEdition, simulate_edition
from uncounted.world.shelf import shelf

SMALL = {
    "countries   = 48": "countries = 8",
    "again       = 6": "again = 2",
    "couples     = 8000": "couples = 600",
}
SMALL |= {
    "respondents = [1000, 1630]": "respondents = [150, 250]",
    "psus        = 160": "psus = 20",
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> SimulatedEdition:
    text = shelf("data", "truth", "generating.toml").read_text(encoding="utf-8")
    for old, new in SMALL.items():
        assert old in text, old
        text = text.replace(old, new)
    path = tmp_path_factory.mktemp("scheme") / "small.toml"
    path.write_text(text, encoding="utf-8")
    return simulate_edition(4, "modern-slavery", scheme=read_scheme(path))


def one_draw(array: xr.DataArray) -> xr.DataArray:
    return array.expand_dims(chain=1, draw=1)


def test_its_truth_is_what_its_leaves_add_up_to(drawn):
    """The estimate's own arithmetic on one draw, the truth, with a selection that is
    known.
    """
    edition, truth = drawn.edition, drawn.programme.truth
    card, world = edition.card, edition.world
    known = {"mean": 0.0, "world_sd": 0.0, "stratum_sd": 0.0}
    sure = [
        (
            replace(
                one,
                ratio=replace(
                    one.ratio, selection=replace(one.ratio.selection, **known)
                ),
            )
            if one.ratio
            else one
        )
        for one in card.leaf
    ]
    card = replace(card, leaf=tuple(sure))
    fits = {}
    for name, of in edition.cards.items():
        p = one_draw(truth.p[of.outcome]).astype(np.float32)
        people, evidence = (
            people_of(of, world, of.year, p.sizes),
            edition.evidence[name],
        )
        fits[name] = un.Fit(
            p, p, xr.Dataset(), xr.Dataset(), people, of, world, evidence, 1, {}
        )
    ratios = {leaf.name: leaf.ratio.which for leaf in card.leaf if leaf.ratio}
    log_odds = drawn.cases.records.true.sel(ratio=list(ratios.values())).assign_coords(
        ratio=list(ratios)
    )
    mu = xr.DataArray(
        np.asarray(truth.spells.mean_years), {"sex": ["female", "male"]}, ("sex",)
    )
    judged = next(leaf.name for leaf in card.leaf if leaf.figures)
    parts = Parts(
        fits=fits,
        log_odds=one_draw(log_odds).transpose(
            "ratio", "chain", "draw", "region", "sex"
        ),
        duration={leaf.name: one_draw(mu) for leaf in card.leaf if leaf.stock},
        figures={judged: one_draw(drawn.persons[judged])},
    )
    found = leaves(card, world, parts)
    estimate = Estimate(card, world, found, parts, denominators(world, card.year), 1)
    for name in (*estimate.leaves, *(share.name for share in card.share)):
        own = (
            estimate.persons(name)
            if name in estimate.leaves
            else shares(estimate)[name]
        )
        true = drawn.true(name, (name,))
        own = (
            own.isel(chain=0, draw=0).transpose(*true.dims).sel(age=true["age"].values)
        )
        np.testing.assert_allclose(
            own.to_numpy(), true.to_numpy(), rtol=1e-4, atol=1e-3
        )
    whole = drawn.true("Total", tuple(estimate.leaves))
    assert float(whole.sum()) == pytest.approx(
        sum(float(drawn.persons[name].sum()) for name in estimate.leaves)
    )


def test_judged_persons_are_those_of_places(drawn):
    name = "State-imposed forced labour"
    assert float(drawn.persons[name].sum()) == pytest.approx(
        float(drawn.cases.state_imposed.truth.sum())
    )


def test_every_source_is_of_its_own_world(drawn):
    edition = drawn.edition
    assert set(edition.evidence) == {
        "forced-labour",
        "forced-marriage",
        "married-before-18",
    }
    surveyed = set(drawn.programme.surveys["country"])
    assert set(edition.evidence["forced-marriage"].rows["country"]) == surveyed
    assert len(edition.spells.table) == len(drawn.cases.spells)
