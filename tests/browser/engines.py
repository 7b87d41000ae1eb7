"""The mark of browser tests that run once on each engine."""

from __future__ import annotations

import pytest

ON_BOTH = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
