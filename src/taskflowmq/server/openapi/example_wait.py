"""The example of what a job waits for."""

from __future__ import annotations

from typing import Any

WAIT: dict[str, Any] = {
    "waiting": True,
    "causes": [
        {
            "code": "paused",
            "text": "queue 'mail' is paused since 2026-11-22 06:00:00 UTC by cli:ada (deploy)",
            "stuck": True,
            "fix": "taskflow queues resume mail",
            "paused_at": "2026-11-22T06:00:00Z",
            "paused_by": "cli:ada",
            "reason": "deploy",
        }
    ],
    "ahead": 1204,
    "ahead_exact": True,
    "eta_seconds": None,
}
