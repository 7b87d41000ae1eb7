"""Programs that tests start end with the tests, also when those are killed and can end nothing any more."""

from __future__ import annotations

import shutil
from collections.abc import Iterable


def mortal(command: Iterable[str]) -> list[str]:
    """Return a command that is killed when the thread that started it ends; start it from the main thread.

    By setpriv, which Linux has; elsewhere the command as it is. It becomes the command, under the same process id.
    """
    guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
    return [*guard, *command]
