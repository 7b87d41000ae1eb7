"""``python -m tests.chaos --seconds 60 --seed 7 --store postgres``: break the shipped programs, and judge what is left.

Exits 0 if every promise was kept, 1 if not; then the logs, the ledger and the evidence stay, and
``python -m tests.chaos --judge FOLDER`` judges them again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.checker import Report, check
from tests.chaos.evidence import Evidence
from tests.chaos.plan import DATABASE, FRONT, LINKS, PROCESSES
from tests.chaos.run import Options, run
from tests.chaos.table import table, violations

KINDS = sorted({sort.kind for sort in (*PROCESSES, *DATABASE, *LINKS, *FRONT)})
#: Workers and servers on each engine: one file has one writer, however many ask.
SIZES = {"postgres": (3, 2), "sqlite": (2, 1)}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the load lasts (default 60)")
    parser.add_argument("--seed", type=int, help="of the schedule and of the load; any by default")
    parser.add_argument("--store", choices=["postgres", "sqlite"], default="postgres")
    parser.add_argument("--faults", metavar="A,B", default="", help=f"only these: {', '.join(KINDS)}")
    parser.add_argument("--logs", type=Path, help="a new folder for the logs, which is kept")
    parser.add_argument("--judge", type=Path, metavar="FOLDER", help="judge the evidence of an earlier run again")
    given = parser.parse_args()
    unknown = set(filter(None, given.faults.split(","))) - set(KINDS)
    if unknown:
        parser.error(f"no such faults: {', '.join(sorted(unknown))}")
    return given


def main() -> int:
    given = arguments()
    if given.judge is not None:
        return _say(check(Evidence.load(given.judge)), given.judge)
    folder = given.logs or Path(tempfile.mkdtemp(prefix="taskflow-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # PostgreSQL runs as another user
    workers, servers = SIZES[given.store]
    options = Options(
        store=given.store,
        seed=secrets.randbelow(1_000_000) if given.seed is None else given.seed,
        seconds=given.seconds,
        workers=workers,
        servers=servers,
        kinds=frozenset(filter(None, given.faults.split(","))),
    )
    try:
        report = check(asyncio.run(_interruptible(options, folder)))
    except BaseException:
        print(f"the run of seed {options.seed} failed; logs are in {folder}", file=sys.stderr)
        raise
    code = _say(report, folder)
    if code == 0 and given.logs is None:
        shutil.rmtree(folder)
    return code


async def _interruptible(options: Options, folder: Path) -> Evidence:
    """Run, and clean up also when told to end."""
    # The driver tells of every lost connection; so do the faults.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    me = asyncio.current_task()
    assert me is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    return await run(options, folder)


def _say(report: Report, folder: Path) -> int:
    for kind in report.case.evidence.not_run:
        print(f"ATTENTION: not run here: {kind}", file=sys.stderr)
    print(table(report))
    if not report.violations:
        return 0
    print(f"\n{len(report.violations)} VIOLATIONS, seed {report.case.evidence.seed}; logs are in {folder}")
    print(violations(report))
    return 1


if __name__ == "__main__":
    sys.exit(main())
