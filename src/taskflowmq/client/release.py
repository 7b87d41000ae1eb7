"""Which release of the program this is: what the program says itself, else the environment."""

from __future__ import annotations

import os

from taskflowmq.client.environment import InvalidSetting
from taskflowmq.core.releases import release_problem

VARIABLE = "TASKFLOW_RELEASE"


def program_release(given: str | None = None) -> str | None:
    """Return the name of the release: what was given, else the environment's, else None.

    Raises:
        InvalidSetting: it is not 1…64 printable ASCII characters.
    """
    if given is not None:
        return _checked("release", given)
    text = os.environ.get(VARIABLE)
    return _checked(VARIABLE, text) if text else None


def _checked(setting: str, name: str) -> str:
    problem = release_problem(name)
    if problem is not None:
        raise InvalidSetting(f"{setting} {problem}. Use a tag, a version or the first part of a commit's hash.")
    return name
