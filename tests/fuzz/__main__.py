"""``python -m tests.fuzz``: rounds with ever new seeds until the time is over; stops at the first finding."""

from __future__ import annotations

import argparse
import itertools
import logging
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path
from urllib.parse import urlsplit

from tests.fuzz import api, http_shapes, parsers

#: Cases of each parser, requests and examples per operation in one round.
CASES, COMMANDS, REQUESTS, EXAMPLES, WIRE_SECONDS = 3_000, 200, 1_500, 15, 10.0


def one_round(seed: int, folder: Path, until: float) -> dict[str, int]:
    """Run everything once with one seed; return how many cases there were of each kind."""
    done = {}
    for name, target in parsers.targets(folder).items():
        done[name] = parsers.run(target, seed, COMMANDS if name == "command_line" else CASES, until)
    by_name = bool(seed % 2)
    with api.served(folder, by_name=by_name) as url:
        ledger = api.Ledger(url)
        done["wrong requests"] = api.wrong_requests(url, random.Random(seed), ledger, REQUESTS, until)
        done["described requests"] = api.described_requests(url, seed, EXAMPLES, ledger, until)
        port, seconds = urlsplit(url).port, min(WIRE_SECONDS, max(0.0, until - time.monotonic()))
        assert port is not None
        done["shapes of HTTP"] = http_shapes.run(port, seconds, seed).cases
        ledger.check()
    return done


def main() -> int:
    """Run rounds until the time is over or one fails; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, help="of one round, to see it again; a random one by default")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    parsers.alone()
    first = random.SystemRandom().randrange(2**31) if given.seed is None else given.seed
    until = time.monotonic() + 60 * given.minutes
    for number in itertools.count():
        seed = first + number
        print(f"seed {seed}", flush=True)
        with tempfile.TemporaryDirectory(prefix="taskflow-fuzz-") as folder:
            try:
                done = one_round(seed, Path(folder), until)
            except Exception:
                traceback.print_exc()
                print(f"found with seed {seed}: make fuzz SEED={seed}", file=sys.stderr)
                return 1
        print("  " + ", ".join(f"{count} {name}" for name, count in done.items()), flush=True)
        if time.monotonic() > until or given.seed is not None:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
