"""The reference model shows the behaviour that every store must show.

Left out, because they make no sense without a database:

* TestCallerTransactions: the model's transactions are undone by an error, but not isolated from each other.
* TestSchema: there is nothing to migrate.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulation.model import ModelStore
from tests.simulation.rows import Data

from taskflowmq.testing.conformance import topics
from taskflowmq.testing.conformance.support import NewStore

LEFT_OUT = {"TestCallerTransactions", "TestSchema"}
#: What `make test-fast` asks of the model; `make test` asks everything.
QUICK = {"TestFence", "TestUnique"}


@pytest.fixture
def new_store() -> NewStore:
    """Build stores on this test's dictionaries."""
    data = Data()
    listeners: list[Any] = []
    # Any: of a notifier, which the simulation passes by, it has only what the suite asks for.
    model: Any = ModelStore
    return lambda clock: model(data, clock, listeners)


for _name, _topic in topics(one_writer=True).items():
    if _name not in LEFT_OUT:
        globals()[_name] = _topic if _name in QUICK else pytest.mark.slow(_topic)
