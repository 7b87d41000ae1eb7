"""What a chart shows, and which requests for one are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from taskflowmq.core.chart import MAX_NAMES, MAX_POINTS, Chart, Range, check_range
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.history import By, Figures

NOW = datetime(2031, 5, 6, 12, 34, 56, tzinfo=UTC)
NOON = int(datetime(2031, 5, 6, 12, tzinfo=UTC).timestamp())
HOUR = timedelta(hours=1)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_the_last_hour_is_shown_by_default_in_whole_minutes() -> None:
    shown = check_range(None, None, NOW)
    assert (at(shown.since), at(shown.until)) == (NOW.replace(hour=11, second=0), NOW.replace(minute=35, second=0))
    assert (shown.step, shown.by, shown.names) == (60, By.NONE, None)


def test_a_range_is_widened_to_whole_steps_of_utc() -> None:
    shown = check_range(NOW - 49 * HOUR, NOW - HOUR, NOW, step=86_400)
    assert (at(shown.since), at(shown.until)) == (
        datetime(2031, 5, 4, tzinfo=UTC),
        datetime(2031, 5, 7, tzinfo=UTC),
    )


def test_nothing_is_shown_of_the_future() -> None:
    shown = check_range(NOW - HOUR, NOW + 5 * HOUR, NOW)
    assert at(shown.until) == NOW.replace(minute=35, second=0)


@pytest.mark.parametrize(
    ("given", "pointer", "detail"),
    [
        ({"step": 59}, "/step", "60…86400"),
        ({"step": 90}, "/step", "multiple of 60"),
        ({"step": 86_460}, "/step", "60…86400"),
        ({"step": "60"}, "/step", "integer"),
        ({"by": "worker"}, "/by", "none, queue, task"),
        ({"since": NOW}, "/from", "earlier than to"),
        ({"since": NOW + HOUR, "until": NOW + 2 * HOUR}, "/from", "in the past"),
        ({"since": NOW - HOUR, "until": NOW - 2 * HOUR}, "/from", "earlier than to"),
        ({"since": NOW.replace(tzinfo=None) - HOUR}, "/from", "time zone"),
        ({"until": NOW.replace(tzinfo=None)}, "/to", "time zone"),
        ({"since": NOW - 26 * HOUR}, "/step", "1561 points, more than 1500: use step=120 or a shorter range"),
        ({"since": datetime(1970, 1, 2, tzinfo=UTC), "step": 86_400}, "/step", "use a shorter range"),
        ({"names": ["mail"]}, "/names", "by=queue, by=task or by=node"),
        ({"names": ["a b"], "by": "queue"}, "/names", "letters, digits"),
        ({"names": [f"q{n}" for n in range(MAX_NAMES + 1)], "by": "queue"}, "/names", "at most 50 names, got 51"),
    ],
)
def test_what_makes_no_chart_is_refused_by_its_parameter(given: dict, pointer: str, detail: str) -> None:
    since, until = given.pop("since", None), given.pop("until", None)
    with pytest.raises(InvalidJob) as refused:
        check_range(since, until, NOW, **given)
    (error,) = refused.value.errors
    assert error.pointer == pointer
    assert detail in error.detail


def test_the_suggested_step_is_accepted() -> None:
    for days in (2, 30, 90, 700):
        since = NOW - timedelta(days=days)
        with pytest.raises(InvalidJob, match="use step=") as refused:
            check_range(since, None, NOW)
        step = int(refused.value.errors[0].detail.partition("step=")[2].split()[0])
        shown = check_range(since, None, NOW, step=step)
        assert (shown.until - shown.since) // step <= MAX_POINTS


def shown(chart: Chart, since: int, until: int, step: int, now: float, **more: object) -> Range:
    chart.begin(since, now)
    while (read := chart.next_read()) is not None:
        chart.take(read, [], {})
    return Range(since=since, until=until, step=step, **more)  # type: ignore[arg-type]


def test_a_step_that_is_not_over_ends_with_the_last_count_of_the_backlog() -> None:
    chart, now = Chart(3_600), NOON + 1_815.0
    wanted = shown(chart, NOON, NOON + 3_600, 3_600, now)
    live = chart.live()
    assert (live.since, live.until) == (NOON + 1_680, NOON + 1_860)
    chart._backlog[NOON] = {None: 4}
    found = [(live.since, None, [Figures(started=10, returned=1, cancelled_ready=2)])]
    series = chart.show(wanted, found, {NOON + 1_740: {None: 9}, NOON + 1_800: {None: 7}})
    (columns,) = series.columns
    # Ten left the backlog, one came back, two were cancelled in it, and it grew by three.
    assert (columns.arrived, columns.backlog) == ([10 - 1 + 2 + 3], [4])


def test_arrivals_of_the_present_minute_are_not_known() -> None:
    chart, now = Chart(60), NOON + 30.0
    wanted = shown(chart, NOON - 60, NOON + 60, 60, now)
    series = chart.show(wanted, [], {NOON - 60: {None: 2}, NOON: {None: 5}})
    assert series.columns[0].arrived == [3, None]


def test_of_many_names_those_with_the_most_jobs_are_shown_by_name() -> None:
    chart = Chart(60)
    wanted = shown(chart, NOON, NOON + 60, 60, NOON + 30.0, by=By.QUEUE)
    figures = [(NOON, f"q{n:02}", [Figures(started=n)]) for n in range(1, 61)]
    series = chart.show(wanted, figures, {})
    assert [columns.name for columns in series.columns] == [f"q{n:02}" for n in range(11, 61)]
    assert series.left_out == 10


def test_a_node_has_the_name_that_its_machine_has() -> None:
    found = check_range(None, None, NOW, by="node", names=["-odd host_1", "-odd host_1"])
    assert found.names == ("-odd host_1",)
    for wrong in ("", "a\0b", "x" * 129):
        with pytest.raises(InvalidJob, match="names: must be 1–128 printable characters"):
            check_range(None, None, NOW, by="node", names=[wrong])


def test_a_name_that_was_asked_for_is_shown_without_figures() -> None:
    chart = Chart(60)
    wanted = shown(chart, NOON, NOON + 60, 60, NOON + 30.0, by=By.QUEUE, names=("mail",))
    (columns,) = chart.show(wanted, [], {}).columns
    assert (columns.name, list(columns.counts["completed"]), list(columns.wait["p95"])) == ("mail", [0], [None])
