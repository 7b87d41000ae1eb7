"""Failed assertions of the shipped suite explain themselves as those of a test module do."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("taskflowmq.testing.conformance")

#: What `make test-fast` asks of PostgreSQL: the hot path. `make test` asks everything of both engines.
HOT = {"TestClaims", "TestFence"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not isinstance(item, pytest.Function) or item.cls is None or item.path.name != "test_postgres.py":
            continue
        if item.path.parent.name == "conformance" and item.cls.__name__ not in HOT:
            item.add_marker(pytest.mark.slow)
