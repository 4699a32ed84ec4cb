"""Figures as objects in a notebook and as files."""

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.charts.ages import age_sex
from uncounted.charts.forest import forest
from uncounted.charts.predictions import against
from uncounted.release.rounded_persons import adding_up, step_of
from uncounted.wording.words import read_words

SAY = read_words()


def data(chart) -> pd.DataFrame:
    sets = chart.to_dict()["datasets"]
    return pd.DataFrame(max(sets.values(), key=len))


def test_a_forest_is_ordered_and_tells_what_is_imputed(small):
    rows = small.totals[small.totals["grouping"] == "country"]
    drawn = data(forest(rows, "percent", SAY))
    assert list(drawn["median"]) == sorted(
        rows["prevalence_median"] * 100, reverse=True
    )
    assert drawn["seen"].sum() == (rows["evidence"] == "surveyed").sum()


def test_ages_are_in_their_order_with_both_sexes(small):
    rows = small.by("sex", "age")
    drawn = data(age_sex(rows[rows["grouping"] == "world"], "percent", SAY))
    assert list(dict.fromkeys(drawn["age"]))[:2] == ["0–5 months", "6–11 months"]
    assert set(drawn["sex"]) == {"Females", "Males"}
    assert len(drawn) == 12


def test_surveys_outside_their_interval_stand_out_and_masked_ones_are_not_drawn():
    table = pd.DataFrame(
        {
            "observed": [0.2, 0.5, 0.3, np.nan],
            "median": 0.25,
            "lower": 0.1,
            "upper": 0.4,
        }
    )
    drawn = data(against(table, "percent", 0.95, SAY))
    assert list(drawn["covered"]) == [
        "inside the interval",
        "outside",
        "inside the interval",
    ]


def test_a_budget_needs_its_columns():
    shares = pd.DataFrame({"component": ["sampling", "model"], "share": [0.4, 0.6]})
    assert len(data(un.plot.variance_budget(shares))) == 2
    with pytest.raises(un.UncountedError, match="no column 'share'"):
        un.plot.variance_budget(shares[["component"]])


@pytest.mark.parametrize(
    ("suffix", "start"), [(".svg", b"<svg"), (".pdf", b"%PDF-"), (".png", b"\x89PNG")]
)
def test_figures_are_written_as_files(small, tmp_path, suffix, start):
    from uncounted.charts.map import of_whom, world_map

    chart = un.plot.variance_budget(
        pd.DataFrame({"component": ["sampling", "model"], "share": [0.4, 0.6]})
    )
    drawn = world_map(
        of_whom(small.totals), small.world, "percent", ["prevalence"], SAY
    )
    for i, figure in enumerate((chart, drawn)):
        path = un.plot.write(figure, tmp_path / f"{i}{suffix}")
        assert path.read_bytes().startswith(start)


def test_what_is_no_figure_or_no_ending_is_refused(tmp_path):
    chart = un.plot.variance_budget(
        pd.DataFrame({"component": ["sampling"], "share": [1.0]})
    )
    with pytest.raises(un.UncountedError, match=r"ends in '.gif'"):
        un.plot.write(chart, tmp_path / "a.gif")
    with pytest.raises(un.UncountedError, match="is no figure"):
        un.plot.write(pd.DataFrame(), tmp_path / "a.svg")


def test_plots_of_a_fit_refuse_what_it_has_not(fit):
    with pytest.raises(un.UncountedError, match="Did you mean 'Africa'"):
        un.plot.forest(fit, "country", within="Afrika")
    with pytest.raises(un.UncountedError, match="Did you mean 'Kenya'"):
        un.plot.age_sex(fit, "Kenia")
    assert len(data(un.plot.forest(fit, "country", within="Arab States"))) == 12


def test_parts_are_rounded_to_add_up():
    parts = [58_912_345.0, 6_874_000.0, 3_815_500.0, 76_801_999.0, 2_262_156.0]
    total = sum(parts)
    step = step_of(total)
    printed = adding_up(parts, total, step)
    assert step == 100_000
    assert printed.sum() == round(total / step) * step
    assert np.abs(printed - parts).max() < step
    assert list(adding_up([0.4, 0.4, 0.4], 1.2, 1.0)) == [1, 0, 0]
