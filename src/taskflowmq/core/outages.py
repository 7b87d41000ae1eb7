"""What is said about a store that does not answer: when it begins, now and then while it lasts, and when it ends.

Every loop of a process that needs the store finds out for itself, again and again: one line for each would be a hundred
in half a minute, none of which says that it is over. So the loops of one process tell one :class:`Outages`, and that
decides which of it is worth a line.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

#: Seconds to the first line that says that it lasts; each pause is twice the one before.
FIRST_S = 10.0
LONGEST_S = 300.0
#: Who has not failed again for so long waits no more: it ended, or had nothing else to do.
FORGET_S = 60.0


class Outages:
    """The outages of one store, as one process sees them. Times are monotonic seconds."""

    def __init__(self, what: str = "the store") -> None:
        self._what = what
        self._waiting: dict[str, float] = {}
        self._since: float | None = None
        self._pause = FIRST_S
        self._next = 0.0

    def failed(self, who: str, why: BaseException, now: float) -> str | None:
        """Take a failure and return what to say about it, or None.

        Args:
            who: which loop, in a word or two: "claims".
            why: what it was answered.
            now: when.
        """
        self._waiting[who] = now
        reason = str(why) or type(why).__name__
        if self._since is None:
            self._since, self._pause, self._next = now, FIRST_S, now + FIRST_S
            return f"{self._what} does not answer ({who}): {reason}"
        if now < self._next:
            return None
        self._pause = min(2 * self._pause, LONGEST_S)
        self._next = now + self._pause
        loops = ", ".join(sorted(self._waiting))
        return f"{self._what} has not answered for {now - self._since:.0f} s ({loops}): {reason}"

    def worked(self, who: str, now: float) -> str | None:
        """Take the success of a loop that had failed, and return what to say if all of them work again."""
        since = self._since
        if since is None:
            return None
        self._waiting.pop(who, None)
        self._waiting = {name: at for name, at in self._waiting.items() if now - at < FORGET_S}
        if self._waiting:
            return None
        self._since = None
        return f"{self._what} answers again after {now - since:.0f} s"


_of_stores: WeakKeyDictionary[object, Outages] = WeakKeyDictionary()


def outages_of(store: object) -> Outages:
    """Return what all loops of this process that use a store tell about it."""
    found = _of_stores.get(store)
    if found is None:
        found = _of_stores[store] = Outages()
    return found
