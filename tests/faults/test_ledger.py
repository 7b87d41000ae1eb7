"""What the fault tests read must be what the bodies wrote."""

from __future__ import annotations

from tests.faults.rig import lines_of


def test_a_line_that_is_being_written_is_not_read_yet() -> None:
    assert lines_of(b'\n{"n": 1}\n\n{"n": 2}\n\n{"n"') == [{"n": 1}, {"n": 2}]


def test_a_line_that_a_kill_has_cut_hides_no_other() -> None:
    assert lines_of(b'\n{"n": 1}\n\n{"n"\n{"n": 3}\n') == [{"n": 1}, {"n": 3}]


def test_an_empty_ledger_has_no_lines() -> None:
    assert lines_of(b"") == lines_of(b"\n") == []
