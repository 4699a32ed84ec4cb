"""The same input is the same evidence on every processor, with any number of threads."""

import os
import subprocess
import sys

import pytest

# Prints digests of what hangs on sums: smoothed design effects of figures and of
# interviews, and shares that are drawn.
DIGESTS = """
import pandas as pd
import uncounted as un
from uncounted.model.survey_list import evidence_of

for name in ("stunting", "forced-marriage"):
    print(evidence_of(un.read_card(name)).digest)
world = un.read_world()
rows = []
for row, code in enumerate(world.places.index[::4]):
    urban = 0.2 + 0.6 * (row % 7) / 6
    for area, share in (("urban", urban), ("rural", 1 - urban)):
        rows.append({"iso3": code, "area": area, "share": share, "n": 400 * share})
print(un.with_shares(world, pd.DataFrame(rows), "area", seed=1).digest)
"""
SETTINGS = [
    {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
    {"OPENBLAS_CORETYPE": "Sandybridge"},
    {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"},
]


def digests(settings: dict[str, str]) -> list[str]:
    single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DIGESTS],
        env=os.environ | single | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()


@pytest.fixture(scope="module")
def here() -> list[str]:
    return digests({})


@pytest.mark.long  # four processes, each of which reads all surveys of stunting
@pytest.mark.parametrize("settings", SETTINGS, ids=["threads", "avx", "sse"])
def test_digests_are_the_same_whatever_the_order_of_sums(settings, here):
    assert len(here) == 3
    assert digests(settings) == here
