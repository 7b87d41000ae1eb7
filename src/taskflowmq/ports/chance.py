"""Random numbers for delays and jitter, from a source of our own: handlers may seed Python's shared one, and a fleet
whose waits are equal retries all at once.
"""

from __future__ import annotations

import random

#: Never for secrets.
chance = random.Random()
