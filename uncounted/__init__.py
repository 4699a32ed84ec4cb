"""Prevalence for every country, surveyed or not: the public names, and nothing else."""

from uncounted.checks.convergence import check, diagnostics
from uncounted.checks.finding import Finding, Findings
from uncounted.checks.held_out import hold_out, hold_out_jointly
from uncounted.checks.selection import selection
from uncounted.errors import UncountedError
from uncounted.infer.benchmark import benchmark
from uncounted.infer.fit import Fit
from uncounted.infer.joint import sample_jointly
from uncounted.infer.progress import Progress
from uncounted.infer.sample import sample
from uncounted.infer.store import read_fit, write_fit
from uncounted.model.build import Study, build
from uncounted.model.card import Card, Sampling, read_card
from uncounted.model.joint import build_jointly
from uncounted.model.priors import Prior
from uncounted.report.describe import Description, describe
from uncounted.report.estimate import Estimate, estimate, evidence_of, write_report
from uncounted.report.map import plot_map
from uncounted.report.prior_predictive import PriorPredictive, prior_predictive
from uncounted.report.tables import affected, estimates, prevalence
from uncounted.report.trends import plot_trend, trend
from uncounted.survey.capture import ListTotal, evidence_of_lists, list_total
from uncounted.survey.coverage import Coverage, compare_levels
from uncounted.survey.direct import direct
from uncounted.survey.elsewhere import reported_abroad, reported_from_elsewhere
from uncounted.survey.evidence import Evidence, counts, evidence, pooled
from uncounted.survey.exclusive import exclusive
from uncounted.survey.families import Families, read_families, reported
from uncounted.survey.lists import Lists, read_lists
from uncounted.survey.replicates import Replicates
from uncounted.survey.respondents import Respondents, read_respondents
from uncounted.survey.survey import read_survey
from uncounted.world.shares import with_shares
from uncounted.world.world import World, groups, persons, read_world
