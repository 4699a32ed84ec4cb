"""Fixtures that several rooms' tests share."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference answers beside the repository; CI must have it."""
    if not SHARED.is_dir():
        told = "The reference answers are not beside this checkout (../shared), so agreement with them isn't tested."
        pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)
    return SHARED
