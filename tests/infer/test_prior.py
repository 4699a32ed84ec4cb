"""Prior: draws of all at once are those of PyMC's own, one after another."""

import numpy as np
import pymc as pm
import pytest
from scipy.stats import kstest

from uncounted.infer.prior import _one_by_one, draw_prior

LABELS = ["a", "b", "c"]


@pytest.fixture(scope="module")
def model() -> pm.Model:
    """A level, its sd, effects about it, effects of effects, and a slope that nothing
    moves.
    """
    with pm.Model(coords={"group": LABELS, "member": range(4)}) as made:
        sd = pm.HalfNormal("sd", 2.0)
        level = pm.Normal("level", 1.0, 0.5)
        of = pm.Normal("of", level, sd, dims="group")
        pm.Normal("within", of[:, None], sd**0.5, dims=("group", "member"))
        pm.Normal("shaped", 0.0, sd**2, shape=2)
        pm.Dirichlet("part", np.ones(3), dims="group")
    return made


def test_draws_have_the_names_dims_and_labels_of_pymc(model):
    ours, theirs = draw_prior(model, 1, 5), _one_by_one(model, 1, 5)
    assert set(ours) == set(theirs)
    for name, one in theirs.items():
        assert ours[name].dims == one.dims
        assert {
            str(dim): list(labels.values) for dim, labels in ours[name].coords.items()
        } == {str(dim): list(labels.values) for dim, labels in one.coords.items()}


def test_normals_stand_about_the_draw_that_they_depend_on(model):
    drawn = draw_prior(model, 2, 3000).isel(chain=0)
    scores = {
        "of": (drawn["of"] - drawn["level"]) / drawn["sd"],
        "within": (drawn["within"] - drawn["of"]) / drawn["sd"] ** 0.5,
        "shaped": drawn["shaped"] / drawn["sd"] ** 2,
        "level": (drawn["level"] - 1) / 0.5,
    }
    assert all(
        kstest(one.to_numpy().ravel(), "norm").pvalue > 0.001 for one in scores.values()
    )
    assert kstest(drawn["sd"], "halfnorm", (0, 2)).pvalue > 0.001
    assert np.allclose(drawn["part"].sum("group"), 1)
    assert (
        abs(np.corrcoef(scores["of"].to_numpy(), rowvar=False) - np.eye(3)).max() < 0.1
    )


def test_the_same_seed_draws_the_same_and_another_does_not(model):
    once, again, other = (draw_prior(model, seed, 4) for seed in (3, 3, 4))
    assert once.equals(again)
    assert not once["within"].equals(other["within"])


def test_a_model_of_other_dependence_is_drawn_by_pymc():
    with pm.Model() as model:
        rate = pm.HalfNormal("rate", 1.0)
        pm.Exponential("wait", rate, shape=3)
    drawn = draw_prior(model, 5, 2000)
    assert drawn["wait"].dims == ("chain", "draw", "wait_dim_0")
    assert (
        kstest((drawn["wait"] * drawn["rate"]).to_numpy().ravel(), "expon").pvalue
        > 0.001
    )
