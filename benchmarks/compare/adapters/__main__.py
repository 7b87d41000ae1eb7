"""``python -m benchmarks.compare.adapters NAME COMMAND …``: runs one adapter.

Not the adapter itself: peers name their tasks by module, and a module that is run is called ``__main__``.
"""

from __future__ import annotations

import importlib
import sys

from benchmarks.compare.adapters import common

if __name__ == "__main__":
    name, *command = sys.argv[1:]
    common.run(importlib.import_module(f"benchmarks.compare.adapters.{name}"), command)
