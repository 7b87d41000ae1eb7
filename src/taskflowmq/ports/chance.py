"""Chance for delays and jitter: a source of our own. Handlers seed the one that all of Python shares, and a fleet whose
waits are equal comes back all at once.
"""

from __future__ import annotations

import random

#: Never for secrets.
chance = random.Random()
