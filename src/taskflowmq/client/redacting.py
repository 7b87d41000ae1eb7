"""The rules of redaction that the environment gives to a process."""

from __future__ import annotations

import os
from functools import lru_cache

from taskflowmq.client.environment import InvalidSetting
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.redaction import Rule, read_setting

VARIABLE = "TASKFLOW_REDACT"


def configured_rules() -> tuple[Rule, ...]:
    """Return the rules of this process: the built-in ones and those of TASKFLOW_REDACT.

    Raises:
        InvalidSetting: one of them is no path.
    """
    return _read(os.environ.get(VARIABLE, ""))


@lru_cache(8)
def _read(text: str) -> tuple[Rule, ...]:
    try:
        return read_setting(text)
    except InvalidJob as error:
        raise InvalidSetting(f"{VARIABLE}: {error.errors[0].detail}") from error
