"""Edition: one simulated world with a survey programme, records, spells and judged figures of it, and its truth."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.cases.records import read_records
from uncounted.cases.spells import read_spells
from uncounted.infer.fit import Fit
from uncounted.infer.totals import expected
from uncounted.leaves.card import EstimateCard, Selection, read_estimate_card
from uncounted.leaves.draws import figures_persons
from uncounted.leaves.edition import OF_DURATIONS, OF_RATIOS, Edition, outside_figures, reading
from uncounted.leaves.leaf import by_group
from uncounted.model.card import read_card
from uncounted.model.sources import evidence_on
from uncounted.simulate.durations import spells
from uncounted.simulate.generating import read_generating
from uncounted.simulate.programme import Programme, simulate_programme, survey_of, write_programme
from uncounted.simulate.records import Registrations, registrations
from uncounted.simulate.state_imposed import Judged, state_imposed
from uncounted.survey.pooled import pooled
from uncounted.world.world import World, persons, read_world
