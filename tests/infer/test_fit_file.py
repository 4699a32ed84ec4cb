"""A fit that is written is the fit that is read."""

import os

import pandas as pd
import pytest

import uncounted as un


@pytest.fixture(scope="module")
def path(fit, tmp_path_factory):
    return un.write_fit(fit, tmp_path_factory.mktemp("fit") / "fit.nc")


def test_everything_comes_back(fit, path):
    again = un.read_fit(path)
    assert (again.p == fit.p).all()
    assert again.card == fit.card
    assert again.world.digest == fit.world.digest
    assert (again.seed, dict(again.versions)) == (fit.seed, dict(fit.versions))
    pd.testing.assert_frame_equal(again.evidence.rows, fit.evidence.rows)
    pd.testing.assert_frame_equal(
        again.evidence.ledger.lines, fit.evidence.ledger.lines
    )
    pd.testing.assert_frame_equal(
        un.estimates(again, ["region"]), un.estimates(fit, ["region"])
    )


def test_another_grouping_without_refitting(path, tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("iso3,bloc\nFRA,one\nDEU,one\nIND,two\n")
    rows = un.estimates(un.read_fit(path), [own])
    assert set(rows["group"]) == {"one", "two", "not classified"}


def test_written_whole_or_not_at_all(fit, tmp_path, monkeypatch):
    old = tmp_path / "fit.nc"
    old.write_bytes(b"the fit of yesterday")
    monkeypatch.setattr(
        os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full"))
    )
    with pytest.raises(OSError, match="disk full"):
        un.write_fit(fit, old)
    assert old.read_bytes() == b"the fit of yesterday"


def test_a_file_cut_short_is_a_sentence(path, tmp_path):
    short = tmp_path / "short.nc"
    short.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(un.UncountedError, match="cannot be read as a fit"):
        un.read_fit(short)


def test_no_file_says_what_writes_one(tmp_path):
    with pytest.raises(un.UncountedError, match="uncounted estimate NAME"):
        un.read_fit(tmp_path / "nothing.nc")
