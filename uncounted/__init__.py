"""Prevalence for every country, surveyed or not: the public names, and nothing else."""

from uncounted.checks.convergence import check, diagnostics
from uncounted.checks.finding import Finding, Findings
from uncounted.checks.held_out import hold_out
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.sample import sample
from uncounted.infer.store import read_fit, write_fit
from uncounted.model.build import Study, build
from uncounted.model.card import Card, Sampling, read_card
from uncounted.model.priors import Prior
from uncounted.report.estimate import Estimate, estimate, evidence_of, write_report
from uncounted.report.map import plot_map
from uncounted.report.tables import affected, estimates, prevalence
from uncounted.survey.direct import direct
from uncounted.survey.evidence import Evidence, counts, evidence
from uncounted.survey.replicates import Replicates
from uncounted.survey.respondents import Respondents, read_respondents
from uncounted.survey.survey import read_survey
from uncounted.world.world import World, groups, persons, read_world
