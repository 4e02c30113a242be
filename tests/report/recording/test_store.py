"""Runs in folders: numbered, the newest known as the latest, the oldest removed."""

import select
import socket

import pytest

from farhost import Network
from farhost.report.recording import store
from farhost.report.recording.facts import ChannelFacts, FaultFacts, RunFacts
from farhost.report.story.lanes import lanes_of
from farhost.report.story.story import story_of
from farhost.trace.events import Wake

FACTS = RunFacts(
    "failed",
    False,
    "client exited with status 1",
    7,
    230_112_000,
    title="server.py 5000",
    faults=(FaultFacts("loss", "a>b syn", 1, "lost a SYN", True),),
    channels=(ChannelFacts("a>b", 5, 0, 0, 4, {"loss": 1}, 0, {"loss": 1}),),
)
EVENTS = [Wake(5, "a", "p", 100, "ready"), Wake(6, "a", "p", 100, "ready")]


def test_a_run_is_kept_and_read_back(tmp_path):
    place = store.keep_run(FACTS, EVENTS, tmp_path / "runs")
    assert place == tmp_path / "runs" / "0001"
    latest = tmp_path / "runs" / store.LATEST
    assert store.read_facts(latest) == FACTS
    assert store.read_trace(latest / store.TRACE) == EVENTS


def test_a_run_may_have_no_events(tmp_path):
    place = store.keep_run(FACTS, None, tmp_path)
    assert [path.name for path in place.iterdir()] == [store.FACTS]


def test_what_is_broken_off_is_no_run(tmp_path):
    def events():
        yield EVENTS[0]
        raise KeyboardInterrupt

    store.keep_run(FACTS, EVENTS, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        store.keep_run(FACTS, events(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "0001", store.LATEST]


def test_the_latest_is_the_newest_and_the_oldest_go(tmp_path):
    for seed in range(store.MOST_RUNS + 2):
        store.keep_run(FACTS.__class__("passed", True, "", seed, 0), None, tmp_path)
    assert store.read_facts(tmp_path / "latest").seed == store.MOST_RUNS + 1
    numbers = sorted(path.name for path in tmp_path.iterdir() if path.name.isdecimal())
    assert numbers == [f"{number:04d}" for number in range(3, store.MOST_RUNS + 3)]


def test_what_is_no_kept_run_is_refused(tmp_path):
    with pytest.raises(store.StoreError, match="no run that was kept"):
        store.read_facts(tmp_path)
    (tmp_path / store.FACTS).write_text('{"kind": 5}')
    with pytest.raises(store.StoreError, match="another version"):
        store.read_facts(tmp_path)
    with pytest.raises(store.StoreError, match="cannot be read"):
        store.read_trace(tmp_path / store.TRACE)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(store.StoreError, match="cannot be kept"):
        store.keep_run(FACTS, EVENTS, tmp_path / "runs")


def test_where_a_scenarios_paths_count_from_is_said_relative_to_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = RunFacts("passed", True, "", 7, 0, scenario={"programs": ["server.py 5000"]})
    place = store.keep_run(facts, None)
    assert store.read_facts(place).directory == "../../.."


def test_what_a_program_waits_for_is_told_as_strace_writes_calls_and_its_lane_has_the_call():
    def serve():
        with socket.create_server(("", 5000)) as listener:
            poll = select.poll()
            poll.register(listener, select.POLLIN)
            poll.poll(500_000)

    net = Network()
    net.host("server").start(serve)
    net.record()
    net.run(until="1s", check=False)
    run = net.recorded()
    (process,) = run.facts.processes
    (wait,) = process.waits
    assert wait.startswith("server waits in poll([{fd=512, events=POLLIN}], 1, 500000) since 0.00000")
    (lane,) = lanes_of(story_of(run))
    assert (lane.spans[-1].words, lane.spans[-1].label) == (wait, "poll never returned")
