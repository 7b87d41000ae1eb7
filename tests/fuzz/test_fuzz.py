"""A short part of the fuzzing, with fixed seeds; ``make fuzz`` goes on."""

from __future__ import annotations

import logging
import random
import time
from pathlib import Path

import pytest
from tests.fuzz import api, parsers

SEED = 20_261_129
#: A run ends with its examples; this is for one that hangs.
PATIENCE_S = 300
PARSERS = [name for name in parsers.targets(Path("unused")) if name != "command_line"]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("taskflowmq"), "disabled", True)


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_answers_or_raises_what_it_promises(name: str, tmp_path: Path) -> None:
    parsers.run(parsers.targets(tmp_path)[name], SEED, 500, time.monotonic() + PATIENCE_S)


@pytest.mark.slow
def test_the_command_line_ends_with_a_code_of_its_table(tmp_path: Path) -> None:
    parsers.run(parsers.CommandLine(tmp_path), SEED, 150, time.monotonic() + PATIENCE_S)


@pytest.mark.slow
@pytest.mark.parametrize("by_name", [False, True])
def test_wrong_requests_are_refused_and_none_is_lost(by_name: bool, tmp_path: Path) -> None:
    with api.served(tmp_path, by_name=by_name) as url:
        ledger = api.Ledger(url)
        assert api.wrong_requests(url, random.Random(SEED), ledger, 700, time.monotonic() + PATIENCE_S) > 100
        ledger.check()
    assert len(ledger.accepted) > 20


@pytest.mark.slow
@pytest.mark.postgres
def test_wrong_requests_are_refused_on_postgresql_too(postgres_url: str, tmp_path: Path) -> None:
    with api.served(tmp_path, by_name=False, url=postgres_url) as url:
        ledger = api.Ledger(url)
        assert api.wrong_requests(url, random.Random(SEED), ledger, 700, time.monotonic() + PATIENCE_S) > 100
        ledger.check()
    assert len(ledger.accepted) > 20


@pytest.mark.slow
def test_requests_made_from_the_description_are_answered_as_described(tmp_path: Path) -> None:
    with api.served(tmp_path, by_name=False) as url:
        ledger = api.Ledger(url)
        assert api.described_requests(url, SEED, 5, ledger, time.monotonic() + PATIENCE_S) > 50
        ledger.check()


class Blind(parsers.CommandLine):
    """A target with a mistake that one input in a hundred meets."""

    def __call__(self, rng: random.Random) -> None:
        """Fail now and then."""
        if rng.random() < 0.01:
            raise KeyError("found")


def test_a_mistake_is_found_and_says_how_to_see_it_again(tmp_path: Path) -> None:
    with pytest.raises(KeyError) as found:
        parsers.run(Blind(tmp_path), SEED, 2_000, time.monotonic() + PATIENCE_S)
    [note] = found.value.__notes__
    assert f"seed {SEED}" in note


def test_a_job_that_is_lost_is_noticed(tmp_path: Path) -> None:
    with api.served(tmp_path, by_name=False) as url:
        ledger = api.Ledger(url)
        ledger.note("POST", "/api/v1/jobs", 201, b'{"id":"01a201e9-7cb4-72c0-87af-ef51c3a68934"}')
        with pytest.raises(AssertionError, match="not stored"):
            ledger.check()
