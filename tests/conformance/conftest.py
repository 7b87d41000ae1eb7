"""Failed assertions of the shipped suite explain themselves as those of a test module do."""

from __future__ import annotations

import pytest
from tests.rounds import is_long, leave_out

pytest.register_assert_rewrite("taskflowmq.testing.conformance")

#: What `make test-fast` asks of PostgreSQL: the hot path. `make test` asks everything of both engines.
HOT = {"TestClaims", "TestFence"}
#: Of the cases with many rounds, those that the ways to find a lane can make a difference to: where claims race, and
#: one long walk for each way. All others run their few rounds in each way, and their many in `test_postgres.py`.
MANY_LANES = ("against_claim", "everybody", "[looks-3-", "[jumps-4-", "[jumps over nothing-5-")


def same_in_many_lanes(item: pytest.Item) -> bool:
    """Tell whether a case repeats in many lanes what its rounds elsewhere show."""
    here = item.path.parent.name == "conformance" and item.path.name == "test_postgres_many_lanes.py"
    return here and is_long(item) and not any(part in item.name for part in MANY_LANES)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items, same_in_many_lanes)
    for item in items:
        if not isinstance(item, pytest.Function) or item.cls is None or item.path.name != "test_postgres.py":
            continue
        if item.path.parent.name == "conformance" and item.cls.__name__ not in HOT:
            item.add_marker(pytest.mark.slow)
