"""Settings for all tests; markers by place: what drives a browser, and what takes more than about five seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure: hypothesis shall not judge how long an example takes to draw or to run.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

TESTS = Path(__file__).parent
BROWSER = "browser/"
SLOW = (
    "commands/airgap/",
    "export/graphs/test_int8.py",
    "export/packaging/test_export.py",
    "export/packaging/test_precision_loss.py",
    "model/test_hostile.py",
    "read/test_hostile.py",
    "run/executors/test_dask.py",
    "run/test_determinism.py",
    "security/test_offline.py",
    "security/test_private.py",
    "test_sample_inputs.py",
    "tools/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the file it is in."""
    for item in items:
        place = item.path.relative_to(TESTS).as_posix()
        if place.startswith(BROWSER):
            item.add_marker(pytest.mark.browser)
        if place.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
