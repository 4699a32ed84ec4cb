"""Figures: charts and maps of estimates, surveys and checks, and their files."""

from uncounted.charts.ages import plot_age_sex as age_sex
from uncounted.charts.budget_chart import plot_budget as variance_budget
from uncounted.charts.diagnosis import plot_pit as pit
from uncounted.charts.diagnosis import plot_ranks as ranks
from uncounted.charts.diagnosis import plot_replicated as replicated
from uncounted.charts.diagnosis import plot_widths as interval_widths
from uncounted.charts.editions import plot_beside as beside_published
from uncounted.charts.export import write_figure as write
from uncounted.charts.forest import plot_forest as forest
from uncounted.charts.map import plot_evidence as evidence
from uncounted.charts.map import plot_map as map
from uncounted.charts.predictions import plot_held_out as held_out
from uncounted.charts.selection_chart import plot_selection as assistance
from uncounted.charts.stack import plot_leaves as components
from uncounted.charts.trends import plot_trend as trend

__all__ = [
    "age_sex",
    "assistance",
    "beside_published",
    "components",
    "evidence",
    "forest",
    "held_out",
    "interval_widths",
    "map",
    "pit",
    "ranks",
    "replicated",
    "trend",
    "variance_budget",
    "write",
]
