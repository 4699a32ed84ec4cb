"""What cannot be held out is a sentence, before anything is compiled."""

from dataclasses import replace

import pytest

import uncounted as un
from uncounted.errors import UncountedError


def test_a_country_without_evidence(fit):
    with pytest.raises(UncountedError, match="No evidence of FRA, NZL entered"):
        un.hold_out(fit, ["NZL", "GHA", "FRA"], seed=1)


def test_counts_that_are_not_binomial(fit):
    other = replace(fit, card=replace(fit.card, likelihood="logit_normal"))
    with pytest.raises(UncountedError, match="likelihood = 'logit_normal'"):
        un.hold_out(other, ["GHA"], seed=1)


def test_selection_of_no_covariates(fit):
    priors = {key: prior for key, prior in fit.card.priors.items() if key != "sigma_beta"}
    with pytest.raises(UncountedError, match="has no covariates"):
        un.selection(replace(fit, card=replace(fit.card, covariates=(), priors=priors)), seed=1)
