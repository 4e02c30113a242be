"""Real runs, found, shrunk, written, and had again: the same, and after the programs have changed."""

import pytest
from replay_cases import CLIENT, FIXED_CLIENT, write_programs

from farhost.explore.divergence import Versions
from farhost.explore.laboratory import Limits
from farhost.explore.orders import Orders
from farhost.explore.replay_file import Replay, read_replay, write_replay
from farhost.explore.replaying import checked_lines, have_again, replayed_lines, run_replay, watching
from farhost.explore.results import failure_lines, failure_of, replay_of
from farhost.explore.shrink import shrink
from farhost.report.story.streams import StreamsSink
from farhost.sim.choices import Choice

HERE = Versions("0.1.0", "3.11.7")
SCENARIO = {"programs": ["server.py", "client.py"], "link": ["delay=10ms"]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_programs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def found(folder):
    """The reply's segment cut in two, which the client does not expect, and a fault that does not matter."""
    empty = Replay(*HERE, 7, SCENARIO)
    server_side = next(stream for stream in streams_of(empty, Orders(7)) if not stream.from_client).name
    reply = f"server>client {server_side} data 0+12 #1"
    faults = {Choice("split", reply): 7, Choice("duplicate", f"{reply[: reply.index(' data')]} syn-ack #1"): 1}
    failing = run_replay(empty, Orders(7, replay=faults))
    assert failing.kind == "failed" and len(failing.taken) == 2
    shrunk = shrink(
        lambda orders: [run_replay(empty, one) for one in orders],
        failing,
        Orders(7),
        limits=Limits(seconds=60),
        clock=lambda: 0.0,
    )
    path = folder / "failure.toml"
    write_replay(path, replay_of(shrunk, SCENARIO, ".", HERE, 0))
    return shrunk, path


def streams_of(replay, orders):
    sink = StreamsSink()
    run_replay(replay, orders, watching([sink]))
    return [stream for stream in sink.result() if stream.writes]


def texts(lines):
    return [text for text, _ in lines]


def test_a_failure_of_real_programs_is_shrunk_and_told(found):
    shrunk, path = found
    assert [fault.choice.kind for fault in shrunk.faults] == ["split"] and shrunk.diverged is None
    streams = streams_of(read_replay(path), read_replay(path).orders())
    lines = texts(failure_lines(failure_of(shrunk, streams)))
    assert lines[1] == "1 fault: the reply was read as 1 of its 12 bytes"
    assert lines[3] == "     essential: without it the failure does not come; every size from 1 to 11 fails"


def test_the_replay_is_the_same_run(found):
    _, path = found
    again = have_again(read_replay(path))
    assert again.reproduced and again.where is None
    lines = texts(replayed_lines(again, HERE))
    assert lines[0].startswith("failed (virtual time ") and lines[-1] == "the same byte for byte"
    assert "1 fault: the reply was read as 1 of its 12 bytes" in lines


def test_a_folder_with_another_name_changes_nothing_but_the_traceback(found, folder, monkeypatch):
    """CPython names the script's file by its whole path in a traceback, so the program writes more or fewer bytes."""
    _, path = found
    other = folder / "another folder with a long name"
    other.mkdir()
    write_programs(other)
    monkeypatch.chdir(other)
    again = have_again(read_replay(path))
    assert again.verdict.shape != read_replay(path).shape
    assert again.reproduced and again.other_places
    lines = texts(replayed_lines(again, HERE))
    assert lines[-1] == "the same, but that the traceback names files in another folder than that of the recording"


def test_a_fixed_program_diverges_and_passes_the_check(found, folder):
    _, path = found
    write_programs(folder, FIXED_CLIENT)
    again = have_again(read_replay(path))
    assert not again.reproduced and again.steady
    lines = texts(replayed_lines(again, HERE))
    assert lines[0] == "the replay diverged: this is not the run that was recorded"
    assert lines[1].startswith("  event ") and " s: client: " in lines[1]
    assert lines[2] == "  the recorded run had another event there"
    assert any("now: passed: it passes now" in line for line in lines)
    assert texts(checked_lines(again)) == ["passed"]


def test_a_program_that_fails_again_by_another_way_fails_the_check(found, folder):
    _, path = found
    write_programs(folder, "import time; time.sleep(1)\n" + CLIENT)
    again = have_again(read_replay(path))
    assert not again.reproduced
    assert texts(checked_lines(again))[0] == "it fails again"
    write_programs(folder, "raise SystemError('other')")
    assert texts(checked_lines(have_again(read_replay(path))))[0] == "it fails, in another way than was recorded"


def test_a_file_whose_faults_no_longer_happen_is_told_to_show_nothing(found, folder):
    _, path = found
    (folder / "server.py").write_text("import time; time.sleep(5)")
    (folder / "client.py").write_text("import time; time.sleep(1)")
    again = have_again(read_replay(path))
    lines = texts(checked_lines(again))
    assert lines[0] == "passed" and lines[1].startswith("  none of its faults happened (")
    assert any(line.startswith("  did not happen this time: ") for line in texts(replayed_lines(again, HERE)))


def test_a_recorded_run_that_passed(folder):
    empty = Replay(*HERE, 7, SCENARIO)
    verdict = run_replay(empty, Orders(7, replay={}, trail=True))
    replay = empty._replace(
        kind="passed", shape=verdict.shape, content=verdict.content, events=verdict.events, trail=verdict.trail
    )
    again = have_again(replay)
    assert again.reproduced
    assert texts(replayed_lines(again, HERE))[0].startswith("passed, as it was recorded (virtual time 0.0")


def test_programs_that_are_not_the_same_twice_are_told_so(found, folder):
    _, path = found
    counter = folder / "count"
    counter.write_text("0")
    changing = f"""
from pathlib import Path
import time
count = int(Path({str(counter)!r}).read_text())
Path({str(counter)!r}).write_text(str(count + 1))
time.sleep(count)
"""
    write_programs(folder, changing + CLIENT)
    again = have_again(read_replay(path))
    assert not again.reproduced and not again.steady
    assert any("run twice now, it is not the same either" in line for line in texts(replayed_lines(again, HERE)))
