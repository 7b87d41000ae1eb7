"""An outage is said when it begins, now and then while it lasts, and when it ends: not by each loop, each time."""

from __future__ import annotations

from taskflowmq.core.outages import SAME_S, Outages, outages_of

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
        "the store answers again after 101 s",
        None,
        None,
        None,
    ]
    assert outages.worked("claims", 107.0) is None
    assert outages.failed("claims", AWAY, 200.0) == "the store does not answer (claims): connection refused"


def test_a_store_that_takes_a_part_of_it_does_not_fill_the_log() -> None:
    outages = Outages()
    said = []
    for second in range(600):
        said += [outages.failed("outcomes", AWAY, float(second)), outages.worked("claims", second + 0.5)]
    lines = [line for line in said if line]
    assert len(lines) == 12
    assert lines[:3] == [
        "the store does not answer (outcomes): connection refused",
        "the store answers again after 0 s",
        "the store has answered only intermittently for 10 s (outcomes): connection refused",
    ]


def test_what_comes_a_while_later_is_another_outage() -> None:
    outages = Outages()
    outages.failed("claims", AWAY, 0.0)
    outages.worked("claims", 5.0)
    now_and_then = "the store has answered only intermittently for 64 s (lease): connection refused"
    assert outages.failed("lease", AWAY, 64.0) == now_and_then
    outages.worked("lease", 66.0)
    assert outages.failed("lease", AWAY, 67.0 + SAME_S) == "the store does not answer (lease): connection refused"


def test_an_error_without_a_text_is_named() -> None:
    assert Outages().failed("claims", TimeoutError(), 0.0) == "the store does not answer (claims): TimeoutError"


def test_the_loops_of_a_process_share_what_they_know_of_a_store() -> None:
    class Store:
        pass

    one, other = Store(), Store()
    assert outages_of(one) is outages_of(one)
    assert outages_of(one) is not outages_of(other)
