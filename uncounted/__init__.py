"""Prevalence for every country, surveyed or not: public names in the order of work.

Read: tables, surveys and cards
    read_world, read_survey, read_figures, read_respondents, read_families, read_lists,
    read_records, read_spells, read_outside_figures, read_card, read_estimate_card,
    read_edition, country_codes, with_shares, groups, persons, World
Direct estimates: what one survey shows by its own design
    direct, Replicates, reported, reported_abroad, reported_from_elsewhere,
    list_total, compare_levels
Evidence: surveys as rows of effective counts
    evidence, evidence_of, counts, pooled, exclusive, evidence_of_lists, Evidence
Card and model: a card, its equation, its pm.Model
    Card, Prior, Sampling, EstimateCard, suggest_card, describe, prior_predictive,
    build, build_jointly
Sample: draws of every cell of the world
    sample, sample_jointly, benchmark, read_fit, write_fit, Fit, Progress
Tables: estimates by place, sex, age and component, with intervals
    prevalence, affected, estimates, trend, breakdown, by_trait, by_selection,
    beside_published
Components of an estimate: ratios, durations, sums, editions
    fit_ratios, Ratio, RATIOS, selected, Selection, fit_durations, stock, add_up,
    compare, prospect
Checks: may it be published?
    check, Finding, Findings, diagnostics, hold_out, calibrate, predictive,
    power_scaling, scenarios, shift_unsurveyed, selection, variance_budget,
    compare_cards, psis_loo, hypothesis, exceeds, ranks
Figures: charts and maps: un.plot.map, un.plot.forest …
    plot
Reports: a card run into a folder, a page
    estimate, write_report, write_place
Simulation: a world of known truth
    simulate_edition
Errors
    UncountedError

What these return is defined in their modules. Everything else is imported from its
module, as uncounted.simulate.programme.
"""

from uncounted import plot
from uncounted.cases.assistance import selected
from uncounted.cases.durations import fit_durations, stock
from uncounted.cases.ratios import fit_ratios
from uncounted.cases.records import read_records
from uncounted.cases.spells import read_spells
from uncounted.cases.tally import RATIOS, Ratio
from uncounted.charts.prior_predictive import prior_predictive
from uncounted.charts.trends import trend
from uncounted.checks.calibration import calibrate
from uncounted.checks.card_comparison import compare_cards, psis_loo
from uncounted.checks.covariate_selection import selection
from uncounted.checks.finding import Finding, Findings
from uncounted.checks.gate import check
from uncounted.checks.held_out import hold_out
from uncounted.checks.hypothesis import exceeds, hypothesis, ranks
from uncounted.checks.power import power_scaling
from uncounted.checks.predictive import predictive
from uncounted.checks.scenarios import scenarios, shift_unsurveyed
from uncounted.equation.describe import describe
from uncounted.errors import UncountedError
from uncounted.figures.figure_source import read_figures
from uncounted.infer.benchmark import benchmark
from uncounted.infer.fit import Fit
from uncounted.infer.fit_file import read_fit, write_fit
from uncounted.infer.joint_fit import sample_jointly
from uncounted.infer.progress import Progress
from uncounted.infer.sample import sample
from uncounted.interviews.direct import direct
from uncounted.interviews.families import read_families, reported
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.respondents import read_respondents
from uncounted.leaves.assistance_sensitivity import by_selection
from uncounted.leaves.budget import variance_budget
from uncounted.leaves.draws import add_up
from uncounted.leaves.edition_comparison import compare
from uncounted.leaves.estimate_card import EstimateCard, Selection, read_estimate_card
from uncounted.leaves.estimate_convergence import diagnostics
from uncounted.leaves.inputs import read_edition
from uncounted.leaves.outside_figures import read_outside_figures
from uncounted.leaves.prospect import prospect
from uncounted.lists.capture_lists import read_lists
from uncounted.lists.list_total import evidence_of_lists, list_total
from uncounted.model.build import build
from uncounted.model.card import Card, Sampling, read_card
from uncounted.model.joint_model import build_jointly
from uncounted.model.priors import Prior
from uncounted.model.suggestion import suggest_card
from uncounted.model.survey_list import evidence_of
from uncounted.observations.coverage import compare_levels
from uncounted.observations.elsewhere import reported_abroad, reported_from_elsewhere
from uncounted.observations.evidence import Evidence, counts, evidence
from uncounted.observations.exclusive import exclusive
from uncounted.observations.pooled_evidence import pooled
from uncounted.observations.survey_folder import read_survey
from uncounted.run.estimation import estimate, write_place, write_report
from uncounted.simulate.world_edition import simulate_edition
from uncounted.tables.breakdown import breakdown, by_trait
from uncounted.tables.estimates import affected, estimates, prevalence
from uncounted.tables.published_editions import beside_published
from uncounted.world.codes import country_codes
from uncounted.world.shares import with_shares
from uncounted.world.world import World, groups, persons, read_world

__all__ = [  # noqa: RUF022 in the order of work, as above
    "read_world",
    "read_survey",
    "read_figures",
    "read_respondents",
    "read_families",
    "read_lists",
    "read_records",
    "read_spells",
    "read_outside_figures",
    "read_card",
    "read_estimate_card",
    "read_edition",
    "country_codes",
    "with_shares",
    "groups",
    "persons",
    "World",
    "direct",
    "Replicates",
    "reported",
    "reported_abroad",
    "reported_from_elsewhere",
    "list_total",
    "compare_levels",
    "evidence",
    "evidence_of",
    "counts",
    "pooled",
    "exclusive",
    "evidence_of_lists",
    "Evidence",
    "Card",
    "Prior",
    "Sampling",
    "EstimateCard",
    "suggest_card",
    "describe",
    "prior_predictive",
    "build",
    "build_jointly",
    "sample",
    "sample_jointly",
    "benchmark",
    "read_fit",
    "write_fit",
    "Fit",
    "Progress",
    "prevalence",
    "affected",
    "estimates",
    "trend",
    "breakdown",
    "by_trait",
    "by_selection",
    "beside_published",
    "fit_ratios",
    "Ratio",
    "RATIOS",
    "selected",
    "Selection",
    "fit_durations",
    "stock",
    "add_up",
    "compare",
    "prospect",
    "check",
    "Finding",
    "Findings",
    "diagnostics",
    "hold_out",
    "calibrate",
    "predictive",
    "power_scaling",
    "scenarios",
    "shift_unsurveyed",
    "selection",
    "variance_budget",
    "compare_cards",
    "psis_loo",
    "hypothesis",
    "exceeds",
    "ranks",
    "plot",
    "estimate",
    "write_report",
    "write_place",
    "simulate_edition",
    "UncountedError",
]
