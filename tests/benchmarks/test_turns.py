"""Who is measured when, and who is measured at all."""

from __future__ import annotations

import pytest

from benchmarks.compare import environments, measures, peers, runner
from benchmarks.compare.measures.drain import smallest_share
from benchmarks.compare.measures.figures import Sizes


def test_peers_take_turns_within_a_run() -> None:
    some = peers.PEERS[:2]
    taken = measures.chosen("drain_1,pickup")

    order = [(turn.run, turn.measure.name, turn.peer.name) for turn in runner.turns(some, taken, 2)]

    first, second = (peer.name for peer in some)
    assert order == [
        (run, measure, name) for run in (1, 2) for measure in ("drain_1", "pickup") for name in (first, second)
    ]


def test_a_name_means_all_its_variants() -> None:
    assert [peer.name for peer in peers.chosen("taskflow")] == ["taskflow-postgres", "taskflow-sqlite"]
    assert [measure.name for measure in measures.chosen("drain, pickup")] == ["drain_1", "drain_2", "pickup"]


def test_no_name_means_all() -> None:
    assert peers.chosen(None) == list(peers.PEERS)
    assert measures.chosen("") == list(measures.MEASURES)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no peer 'nobody'; known: taskflow-postgres"):
        peers.chosen("nobody")
    with pytest.raises(ValueError, match="no measure 'mood'; known: enqueue_one"):
        measures.chosen("mood")


def test_names_are_unique_and_what_a_peer_cannot_do_is_a_measure() -> None:
    names = [peer.name for peer in peers.PEERS]
    known = {measure.name for measure in measures.MEASURES}

    assert len(names) == len(set(names))
    assert {measure for peer in peers.PEERS for measure in peer.cannot} <= known


@pytest.mark.parametrize("peer", peers.PEERS, ids=lambda peer: peer.name)
def test_every_peer_has_its_adapter_its_settings_and_pinned_versions(peer: peers.Peer) -> None:
    ending = "mjs" if peer.runtime == "node" else "py"

    assert (environments.ADAPTERS / f"{peer.adapter}.{ending}").exists()
    assert peer.settings
    mark = "@" if peer.runtime == "node" else "=="
    assert all(mark in requirement[1:] for requirement in peer.requirements)


def test_a_cap_lowers_every_count_and_leaves_the_rest() -> None:
    capped = Sizes(bound_s=7).capped(100)

    assert {capped.one, capped.together, capped.bulk, capped.drain, capped.sleep, capped.elsewhere} == {100}
    assert (capped.bound_s, capped.pickups) == (7, 300)
    assert Sizes().capped(None) == Sizes()


def test_the_smallest_share_counts_from_the_head_and_knows_children_without_jobs() -> None:
    assert smallest_share({"a": 100}, {"a": 160, "b": 40}, 2) == 0.4
    assert smallest_share({}, {"a": 10}, 2) == 0.0
    assert smallest_share({}, {"a": 10}, 1) == 1.0


def test_an_endpoint_takes_part_where_endpoints_are_measured_and_others_do_not() -> None:
    some = [peer for peer in peers.PEERS if peer.name in ("taskflow-sqlite", "pgqueuer", "express-bullmq")]

    def names(measure: str) -> list[str]:
        return [turn.peer.name for turn in runner.turns(some, measures.chosen(measure), 1)]

    assert names("rest") == ["taskflow-sqlite", "express-bullmq"]
    assert names("pickup") == ["taskflow-sqlite", "pgqueuer"]


@pytest.mark.parametrize(("error", "note"), [(OSError("one\ntwo"), "failed: two"), (KeyError(), "failed: KeyError")])
def test_a_measure_that_fails_leaves_a_note_and_the_others_go_on(error: Exception, note: str) -> None:
    class NoServices:
        def database(self, kind: str) -> object:
            raise error

    turn = runner.Turn(1, measures.chosen("pickup")[0], peers.chosen("pgqueuer")[0])

    [result] = runner.take(turn, None, NoServices(), Sizes())

    assert (result.value, result.note) == (None, note)
