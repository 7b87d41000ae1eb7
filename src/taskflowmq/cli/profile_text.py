"""Profiles as text for people, as collapsed stacks, and as a file for speedscope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from taskflowmq.core.inspection import Frame, ProfileAnswer

#: Of a tree: calls with a smaller share of the samples are left out.
MIN_SHARE = 0.01
_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def collapsed(profile: ProfileAnswer) -> list[str]:
    """Return one line per path, ``function (file:line);… samples``, as flame graph programs read it."""
    names = [_name(frame).replace(";", ":") for frame in profile.frames]
    return [f"{';'.join([names[n] for n in one.frames])} {one.samples}" for one in profile.paths]


def speedscope(profile: ProfileAnswer, name: str) -> dict[str, Any]:
    """Return the file format of speedscope, with one sampled profile; its unit is seconds.

    Args:
        profile: what was seen.
        name: of the profile.
    """
    each_s = profile.interval_ms / 1000
    weights = [round(one.samples * each_s, 6) for one in profile.paths]
    return {
        "$schema": _SCHEMA,
        "name": name,
        "exporter": "taskflow",
        "shared": {
            "frames": [{"name": one.function, "file": one.file, "line": one.line} for one in profile.frames],
        },
        "profiles": [
            {
                "type": "sampled",
                "name": name,
                "unit": "seconds",
                "startValue": 0,
                "endValue": round(sum(weights), 6),
                "samples": [list(one.frames) for one in profile.paths],
                "weights": weights,
            }
        ],
    }


def tree(profile: ProfileAnswer) -> list[str]:
    """Return the calls as an indented tree with their shares, most samples first, and what the figures mean."""
    root = _Node()
    for path in profile.paths:
        root.add(path.frames, path.samples, waits=path.waits)
    lines = list(_branches(root, profile, 0)) or ["  (nothing of the handler was seen)"]
    waiting = sum(path.samples for path in profile.paths if path.waits)
    parts = [
        f"{profile.samples} samples in {profile.seconds:.1f} s, one each {profile.interval_ms:.1f} ms",
        f"{_percent(waiting, profile.samples)} of them while it waited",
        f"sampling used {100 * profile.overhead:.1f} % of a processor",
    ]
    if profile.left_out:
        parts.append(f"{profile.left_out} samples of further calls are not shown")
    if profile.ended:
        parts.append("the job ended before the time was over")
    return ["  total   self  calls", *lines, "", "; ".join(parts) + "."]


class _Node:
    """A call in the tree, below all calls that lead to it."""

    def __init__(self) -> None:
        self.total = self.own = self.waiting = 0
        self.below: dict[int, _Node] = {}

    def add(self, frames: tuple[int, ...], samples: int, *, waits: bool) -> None:
        """Add samples of a path below this call."""
        node = self
        for number in frames:
            node.total += samples
            node = node.below.setdefault(number, _Node())
        node.total += samples
        node.own += samples
        node.waiting += samples if waits else 0


def _branches(node: _Node, profile: ProfileAnswer, depth: int) -> Iterator[str]:
    ordered = sorted(node.below.items(), key=lambda item: -item[1].total)
    for number, below in ordered:
        if below.total < MIN_SHARE * profile.samples:
            continue
        waits = " (waits)" if below.waiting else ""
        shares = f"{_percent(below.total, profile.samples):>7}{_percent(below.own, profile.samples):>7}"
        yield f"{shares}  {'  ' * depth}{_name(profile.frames[number])}{waits}"
        yield from _branches(below, profile, depth + 1)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %" if part else "–"


def _name(frame: Frame) -> str:
    return f"{frame.function} ({frame.file.rpartition('/')[2]}:{frame.line})"
