"""What is logged about a store that does not answer: when the outage begins, at intervals while it lasts, when it ends.

Every loop of a process that needs the store fails by itself, repeatedly: one line for each failure would be a hundred
in half a minute, and none would say that the outage is over. So the loops of one process report to one
:class:`Outages`, which decides what is logged.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

#: Seconds to the first line that says that the outage lasts; each pause is twice the one before.
FIRST_S = 10.0
LONGEST_S = 300.0
#: An outage that begins again within this many seconds continues: a store can accept some statements and refuse others.
SAME_S = 60.0


class Outages:
    """The outages of one store, as one process sees them. Times are monotonic seconds."""

    def __init__(self, what: str = "the store") -> None:
        self._what = what
        self._waiting: set[str] = set()
        self._began: float | None = None
        self._ended: float | None = None
        self._said = False
        self._partly = False
        self._pause = FIRST_S
        self._next = 0.0

    def failed(self, who: str, why: BaseException, now: float) -> str | None:
        """Take a failure and return what to log about it, or None.

        Args:
            who: which loop, in a word or two: "claims".
            why: the store's answer.
            now: when.
        """
        reason = str(why) or type(why).__name__
        if self._began is None or (self._ended is not None and now - self._ended > SAME_S):
            self._began, self._ended, self._waiting = now, None, {who}
            self._said, self._pause, self._next, self._partly = True, FIRST_S, now + FIRST_S, False
            return f"{self._what} does not answer ({who}): {reason}"
        self._partly |= self._ended is not None
        self._ended = None
        self._waiting.add(who)
        if now < self._next:
            return None
        self._said, self._pause = True, min(2 * self._pause, LONGEST_S)
        self._next = now + self._pause
        loops = ", ".join(sorted(self._waiting))
        how = "has answered only intermittently" if self._partly else "has not answered"
        return f"{self._what} {how} for {now - self._began:.0f} s ({loops}): {reason}"

    def worked(self, who: str, now: float) -> str | None:
        """Take the success of a loop that had failed, and return what to log about it, or None.

        The first one ends the outage: the others find out at their next try.
        """
        self._waiting.discard(who)
        if self._began is None or self._ended is not None:
            return None
        self._ended = now
        if not self._said:
            return None
        self._said = False
        return f"{self._what} answers again after {now - self._began:.0f} s"


_of_stores: WeakKeyDictionary[object, Outages] = WeakKeyDictionary()


def outages_of(store: object) -> Outages:
    """Return the outages of a store, which all loops of this process share."""
    found = _of_stores.get(store)
    if found is None:
        found = _of_stores[store] = Outages()
    return found
