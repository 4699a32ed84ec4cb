"""What is held out is predicted as it should be, whatever way it is left out."""

from dataclasses import replace

import numpy as np
import pytest

import uncounted as un
from uncounted.checks import held_out
from uncounted.checks.folds import folds_of
from uncounted.checks.held_out import HeldOut
from uncounted.errors import UncountedError
from uncounted.infer.refit import without

QUIET = {"progress": un.Progress(show=False), "workers": 1}


@pytest.fixture(scope="module")
def held(small) -> HeldOut:
    """Six folds of ten countries each, in this process: one compilation."""
    return un.hold_out(small, by="random", folds=6, seed=5, **QUIET)


@pytest.fixture(scope="module")
def studies(small):
    return held_out._studies(held_out.recipe_of(small))


def keys(parts) -> list[str]:
    return [part.key for part in parts]


def test_every_survey_is_predicted_once(held, small):
    assert sorted(held.table["survey"]) == sorted(
        small.evidence.rows["survey"].unique()
    )
    assert held.table.groupby("country")["fold"].nunique().max() == 1
    assert (held.table["evidence"] == "imputed").all()
    assert (held.table["rhat"] < 1.05).all()


def test_intervals_hold_what_they_should(held):
    """The model is the one that made the data, so coverage lies in the 99.9 % band of
    60 countries.
    """
    everything = held.coverage.query("of == 'all'").set_index("level")
    for level, low, high in ((0.5, 0.28, 0.72), (0.8, 0.6, 0.95), (0.95, 0.83, 1.0)):
        assert low <= everything.loc[level, "inside"] <= high
    assert abs(held.table["pit"].mean() - 0.5) < 0.15
    table = held.errors.query("of == 'all'").set_index("predictor")
    assert table.loc["model", "crps"] < table.loc["world_mean", "crps"]
    assert table.loc["model", "log_score"] < 0


def test_scores_are_of_countries(held):
    each = held.table.groupby("country")["log_score"]
    assert (each.nunique() == 1).all()
    assert held.table["log_score_mcse"].between(0, 1).all()


def test_what_a_country_showed_has_no_part_in_its_own_fold(studies):
    """Another result in a country that is out leaves the counts of the refit as they
    were, but its own of weight 0.

    How far others are centred hardly moves either, and tells nothing: the law of what
    is sampled is the same.
    """
    study = studies[""]
    rows = study.evidence.rows
    out = (rows["country"] == rows["country"].iloc[0]).to_numpy()
    y = np.where(out, 0.9 * study.seen.n, study.seen.y)
    other = replace(
        study,
        seen=replace(study.seen, y=y),
        evidence=replace(study.evidence, rows=rows.assign(y=y)),
    )
    first, second = (without({"": one}, {"": out}) for one in (study, other))
    for name, values in first.items():
        same = ~out if len(values) == len(out) else slice(None)
        off = 0.01 if name == "centring" else 0.0
        np.testing.assert_allclose(
            values[same], second[name][same], atol=off, rtol=0, err_msg=name
        )
    assert (first["row_weight"] == ~out).all()


def test_folds(studies):
    assert len(folds_of(studies, "country", 1)) == 60
    (only,) = studies.values()
    rows = only.evidence.rows
    for by, number in (
        ("country", 60),
        ("region", rows["country"].map(only.world.places["region"]).nunique()),
    ):
        parts = folds_of(studies, by, 1)
        assert len(parts) == number
        assert (np.sum([part.out[""] for part in parts], axis=0) == 1).all()
    assert keys(folds_of(studies, "random", 1)) == [
        f"random {i:02d} of 10" for i in range(1, 11)
    ]
    with pytest.warns(UserWarning, match="20 countries have several"):
        parts = folds_of(studies, "survey", 1)
    assert len(parts) == 80
    with pytest.warns(UserWarning, match="another round"):
        (latest,) = folds_of(studies, "latest", 1)
    assert set(rows.loc[latest.out[""], "year"]) == {2021}
    assert latest.out[""].sum() == 40


def test_kept_folds_are_of_these_countries_alone(studies, small, tmp_path, monkeypatch):
    """Folds of other countries have the same name, and are not taken for these."""
    codes = sorted(small.evidence.rows["country"].unique())
    told = [
        keys(folds_of(studies, "country", 1, countries=some))
        for some in (codes[:2], codes[2:4])
    ]
    assert told[0] == told[1]
    kept = []
    monkeypatch.setattr(
        "uncounted.checks.held_out.run",
        lambda batch, *_, **__: kept.append(batch.told) or 1 / 0,
    )
    for some, more in (
        (codes[:2], {}),
        (codes[2:4], {}),
        (codes[:2], {"interval": 0.8}),
    ):
        with pytest.raises(ZeroDivisionError):
            un.hold_out(small, countries=some, seed=1, keep=tmp_path, **more)
    assert len({repr(one) for one in kept}) == 3


def test_evidence_without_its_origin_is_said(small, monkeypatch):
    """A card that names no surveys, in a fit from a file: nothing tells what the design
    effects were made from.
    """
    monkeypatch.setattr("uncounted.checks.held_out.run", lambda *_, **__: 1 / 0)
    rows = small.evidence.rows.assign(deff=1.7)
    with (
        pytest.warns(UserWarning, match="names no surveys"),
        pytest.raises(ZeroDivisionError),
    ):
        un.hold_out(
            replace(small, evidence=replace(small.evidence, rows=rows, origin=())),
            seed=1,
        )


def test_what_cannot_be_held_out(small):
    with pytest.raises(UncountedError, match="interval=95 should be between 0 and 1"):
        un.hold_out(small, seed=1, interval=95)
    with pytest.raises(UncountedError, match="Did you mean 'country'"):
        un.hold_out(small, by="countri", seed=1)
    with pytest.raises(UncountedError, match="No evidence of XYZ entered"):
        un.hold_out(
            small, countries=["XYZ", small.evidence.rows["country"].iloc[0]], seed=1
        )
    with pytest.raises(UncountedError, match="no country"):
        un.hold_out(small, countries=[], seed=1)
    rows = small.evidence.rows.assign(y=small.evidence.rows["y"] / 2)
    with pytest.raises(UncountedError, match="isn't what the fit was made from"):
        un.hold_out(small, seed=1, evidence=replace(small.evidence, rows=rows))


def test_selection_of_no_covariates(small):
    with pytest.raises(UncountedError, match="has no covariates"):
        un.selection(small, seed=1)
