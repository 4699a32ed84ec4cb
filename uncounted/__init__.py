"""Prevalence for every country, surveyed or not: the public names, and nothing else."""

from uncounted.cases.assistance import selected
from uncounted.cases.durations import Durations, fit_durations, stock
from uncounted.cases.ratios import Ratios, fit_ratios
from uncounted.cases.records import Records, read_records
from uncounted.cases.spells import Spells, read_spells
from uncounted.cases.tally import RATIOS, Ratio
from uncounted.charts.ages import plot_age_sex
from uncounted.charts.budget_chart import plot_budget
from uncounted.charts.diagnosis import (
    plot_pit,
    plot_ranks,
    plot_replicated,
    plot_widths,
)
from uncounted.charts.editions import plot_beside
from uncounted.charts.export import write_figure
from uncounted.charts.forest import plot_forest
from uncounted.charts.map import plot_evidence, plot_map
from uncounted.charts.predictions import plot_held_out
from uncounted.charts.prior_predictive import PriorPredictive, prior_predictive
from uncounted.charts.selection_chart import plot_selection
from uncounted.charts.stack import plot_leaves
from uncounted.charts.trends import plot_trend, trend
from uncounted.checks.calibration import Calibration, calibrate
from uncounted.checks.card_comparison import Comparison, compare_cards, psis_loo
from uncounted.checks.convergence import diagnostics
from uncounted.checks.covariate_selection import selection
from uncounted.checks.finding import Finding, Findings
from uncounted.checks.gate import check
from uncounted.checks.held_out import HeldOut, hold_out, read_held_out
from uncounted.checks.hypothesis import Hypothesis, exceeds, hypothesis, ranks
from uncounted.checks.power import power_scaling
from uncounted.checks.predictive import Predictive, predictive
from uncounted.checks.scenarios import scenarios, shift_unsurveyed
from uncounted.checks.variance_shares import first_order
from uncounted.equation.describe import Description, describe
from uncounted.errors import UncountedError
from uncounted.formats.press import Press, write_formats
from uncounted.infer.benchmark import benchmark
from uncounted.infer.fit import Fit
from uncounted.infer.fit_file import read_fit, write_fit
from uncounted.infer.joint_fit import sample_jointly
from uncounted.infer.progress import Progress
from uncounted.infer.sample import sample
from uncounted.interviews.direct import direct
from uncounted.interviews.families import Families, read_families, reported
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.respondents import Respondents, read_respondents
from uncounted.leaves.assistance_sensitivity import by_selection
from uncounted.leaves.budget import variance_budget
from uncounted.leaves.draws import add_up
from uncounted.leaves.draws_folder import read_draws, write_draws
from uncounted.leaves.edition_comparison import compare
from uncounted.leaves.estimate import Estimate, at_correlation, shares
from uncounted.leaves.estimate_card import EstimateCard, Selection, read_estimate_card
from uncounted.leaves.estimate_convergence import check_estimate
from uncounted.leaves.inputs import Edition, read_edition
from uncounted.leaves.outside_figures import OutsideFigures, read_outside_figures
from uncounted.leaves.prospect import Prospect, prospect
from uncounted.lists.capture_lists import Lists, read_lists
from uncounted.lists.list_total import ListTotal, evidence_of_lists, list_total
from uncounted.model.build import Study, build
from uncounted.model.card import Card, Sampling, read_card
from uncounted.model.joint_model import build_jointly
from uncounted.model.priors import Prior
from uncounted.model.survey_list import evidence_of
from uncounted.observations.coverage import Coverage, compare_levels
from uncounted.observations.disclosure import released
from uncounted.observations.elsewhere import reported_abroad, reported_from_elsewhere
from uncounted.observations.evidence import Evidence, counts, evidence
from uncounted.observations.exclusive import exclusive
from uncounted.observations.pooled_evidence import pooled
from uncounted.observations.survey_folder import read_survey
from uncounted.release.account import Account, read_account
from uncounted.release.release import Part, Release, part_of, release_of
from uncounted.run.estimation import Finished, estimate, write_place, write_report
from uncounted.run.recheck import (
    Checked,
    findings_of,
    held_out_of,
    read_finished,
    recheck,
)
from uncounted.simulate.cases import Cases, simulate_cases, write_cases
from uncounted.simulate.programme import (
    Programme,
    simulate_programme,
    survey_of,
    write_programme,
)
from uncounted.simulate.world_edition import SimulatedEdition, simulate_edition
from uncounted.tables.breakdown import breakdown, by_trait
from uncounted.tables.estimates import affected, estimates, prevalence
from uncounted.tables.published_editions import beside_published
from uncounted.world.codes import country_codes
from uncounted.world.shares import with_shares
from uncounted.world.world import World, groups, persons, read_world
