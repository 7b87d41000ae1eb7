"""Where claims continue in each lane."""

from __future__ import annotations

_SWEEP_S = 1.0
_SWEEP_SHARE = 20


class Cursors:
    """The cursor of each (worker's tasks, lane); swept so rarely that sweeps cost at most a twentieth."""

    def __init__(self) -> None:
        self._at: dict[tuple[int, str, bool], int] = {}
        self._next_sweep = 0.0

    def forget(self) -> None:
        """Begin every lane from its head again."""
        self._at.clear()

    def sweep(self, now_s: float, last_s: float) -> None:
        """Forget the cursors if a sweep is due; ``last_s`` is what the last claim cost."""
        if now_s >= self._next_sweep:
            self._at.clear()
            self._next_sweep = now_s + max(_SWEEP_S, _SWEEP_SHARE * last_s)

    def get(self, key: tuple[int, str, bool]) -> int:
        """Return the first position to read."""
        return self._at.get(key, 0)

    def pass_to(self, key: tuple[int, str, bool], seq: int) -> None:
        """Remember the first position that has not been read."""
        self._at[key] = seq
