"""An outage is said when it begins, now and then while it lasts, and when it ends: not by each loop, each time."""

from __future__ import annotations

from taskflowmq.core.outages import FORGET_S, Outages, outages_of

AWAY = OSError("connection refused")


def test_one_line_at_the_beginning_few_while_it_lasts_and_one_at_the_end() -> None:
    outages = Outages()
    said: list[str | None] = []
    for tenth in range(1_000):  # 100 s, in which four loops try ten times a second
        said += [outages.failed(who, AWAY, 5.0 + tenth / 10) for who in ("claims", "lease", "outcomes", "stager")]
    assert [line for line in said if line] == [
        "the store does not answer (claims): connection refused",
        "the store has not answered for 10 s (claims, lease, outcomes, stager): connection refused",
        "the store has not answered for 30 s (claims, lease, outcomes, stager): connection refused",
        "the store has not answered for 70 s (claims, lease, outcomes, stager): connection refused",
    ]
    assert [outages.worked(who, 106.0) for who in ("claims", "lease", "stager", "outcomes")] == [
        None,
        None,
        None,
        "the store answers again after 101 s",
    ]
    assert outages.worked("claims", 107.0) is None
    assert outages.failed("claims", AWAY, 200.0) == "the store does not answer (claims): connection refused"


def test_who_ended_does_not_keep_an_outage_open() -> None:
    outages = Outages()
    outages.failed("jobs of a dead worker", AWAY, 0.0)
    outages.failed("claims", AWAY, 1.0)
    assert outages.worked("claims", 2.0) is None
    outages.failed("claims", AWAY, FORGET_S)
    assert outages.worked("claims", FORGET_S + 1) == "the store answers again after 61 s"


def test_an_error_without_a_text_is_named() -> None:
    assert Outages().failed("claims", TimeoutError(), 0.0) == "the store does not answer (claims): TimeoutError"


def test_the_loops_of_a_process_share_what_they_know_of_a_store() -> None:
    class Store:
        pass

    one, other = Store(), Store()
    assert outages_of(one) is outages_of(one)
    assert outages_of(one) is not outages_of(other)
