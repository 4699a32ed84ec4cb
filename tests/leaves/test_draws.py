"""Draws: what an estimate lacks is told before anything is fitted."""

from dataclasses import replace

import pytest

import uncounted as un
from uncounted.leaves.inputs import Edition


@pytest.fixture(scope="module")
def bare() -> Edition:
    """The card of modern slavery without any of its sources."""
    return Edition(un.read_estimate_card("modern-slavery"), {}, un.read_world(), {})


def test_ratios_need_records(bare):
    with pytest.raises(un.UncountedError, match=r"ratios and no \[records\]"):
        un.add_up(bare, seed=1)


def test_stocks_need_spells(bare):
    stocks = replace(
        bare.card,
        leaf=tuple(one for one in bare.card.leaf if one.stock),
        sum=(),
        share=(),
    )
    with pytest.raises(un.UncountedError, match=r"no \[durations\]"):
        un.add_up(replace(bare, card=stocks), seed=1)
