"""Prevalence for every country, surveyed or not: the public names, and nothing else."""

from uncounted.cases.durations import Durations, fit_durations, stock
from uncounted.cases.ratios import Ratios, fit_ratios
from uncounted.cases.records import Records, read_records
from uncounted.cases.selection import selected
from uncounted.cases.spells import Spells, read_spells
from uncounted.cases.tally import RATIOS, Ratio
from uncounted.checks.budget import first_order
from uncounted.checks.calibration import Calibration, calibrate
from uncounted.checks.comparison import Comparison, compare_cards, psis_loo
from uncounted.checks.convergence import diagnostics
from uncounted.checks.finding import Finding, Findings
from uncounted.checks.gate import check
from uncounted.checks.held_out import HeldOut, hold_out, read_held_out
from uncounted.checks.hypothesis import Hypothesis, exceeds, hypothesis, ranks
from uncounted.checks.power import power_scaling
from uncounted.checks.predictive import Predictive, predictive
from uncounted.checks.scenarios import scenarios, shift_unsurveyed
from uncounted.checks.selection import selection
from uncounted.errors import UncountedError
from uncounted.infer.benchmark import benchmark
from uncounted.infer.fit import Fit
from uncounted.infer.joint import sample_jointly
from uncounted.infer.progress import Progress
from uncounted.infer.sample import sample
from uncounted.infer.store import read_fit, write_fit
from uncounted.leaves.budget import variance_budget
from uncounted.leaves.card import EstimateCard, Selection, read_estimate_card
from uncounted.leaves.comparison import compare
from uncounted.leaves.convergence import check_estimate
from uncounted.leaves.draws import add_up
from uncounted.leaves.edition import Edition, read_edition
from uncounted.leaves.estimate import Estimate, at_correlation, shares
from uncounted.leaves.figures import OutsideFigures, read_outside_figures
from uncounted.leaves.prospect import Prospect, prospect
from uncounted.leaves.selection import by_selection
from uncounted.leaves.store import read_draws, write_draws
from uncounted.model.build import Study, build
from uncounted.model.card import Card, Sampling, read_card
from uncounted.model.joint import build_jointly
from uncounted.model.priors import Prior
from uncounted.model.sources import evidence_of
from uncounted.report.account import Account, read_account
from uncounted.report.ages import plot_age_sex
from uncounted.report.beside import beside_published
from uncounted.report.breakdown import breakdown, by_trait
from uncounted.report.budget import plot_budget
from uncounted.report.checking import (
    Checked,
    findings_of,
    held_out_of,
    read_finished,
    recheck,
)
from uncounted.report.describe import Description, describe
from uncounted.report.diagnosis import (
    plot_pit,
    plot_ranks,
    plot_replicated,
    plot_widths,
)
from uncounted.report.editions import plot_beside
from uncounted.report.estimate import Finished, estimate, write_place, write_report
from uncounted.report.export import write_figure
from uncounted.report.forest import plot_forest
from uncounted.report.map import plot_evidence, plot_map
from uncounted.report.predictions import plot_held_out
from uncounted.report.press import Press, write_formats
from uncounted.report.prior_predictive import PriorPredictive, prior_predictive
from uncounted.report.release import Part, Release, part_of, release_of
from uncounted.report.selection import plot_selection
from uncounted.report.stack import plot_leaves
from uncounted.report.tables import affected, estimates, prevalence
from uncounted.report.trends import plot_trend, trend
from uncounted.simulate.cases import Cases, simulate_cases, write_cases
from uncounted.simulate.edition import SimulatedEdition, simulate_edition
from uncounted.simulate.programme import (
    Programme,
    simulate_programme,
    survey_of,
    write_programme,
)
from uncounted.survey.capture import ListTotal, evidence_of_lists, list_total
from uncounted.survey.coverage import Coverage, compare_levels
from uncounted.survey.direct import direct
from uncounted.survey.disclosure import released
from uncounted.survey.elsewhere import reported_abroad, reported_from_elsewhere
from uncounted.survey.evidence import Evidence, counts, evidence, pooled
from uncounted.survey.exclusive import exclusive
from uncounted.survey.families import Families, read_families, reported
from uncounted.survey.lists import Lists, read_lists
from uncounted.survey.replicates import Replicates
from uncounted.survey.respondents import Respondents, read_respondents
from uncounted.survey.survey import read_survey
from uncounted.world.codes import country_codes
from uncounted.world.shares import with_shares
from uncounted.world.world import World, groups, persons, read_world
