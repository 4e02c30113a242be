"""All faults of calls together: none changes a run when it is off, each run replays from its list, and what Python
promises holds."""

from pathlib import Path

import pytest
from call_fault_running import Bench

from farhost.network.faults.setting import Setting
from farhost.programs.call_faults.table import CALL_FAULTS

EXAMPLES = Path(__file__).parents[3] / "examples"
ALL = " ".join(f"{word}=20%" for word in CALL_FAULTS)


def pair(folder, name, isolated=False):
    bench = Bench(folder)
    if name.startswith("unix"):
        host = {"host": "box", "isolated": isolated}
        path = str(folder / "example.sock")
        bench.file("server", EXAMPLES / name / "server.py", path, **host)
        return bench.file("client", EXAMPLES / name / "client.py", path, **host)
    bench.file("server", EXAMPLES / name / "server.py", "5000", isolated=isolated)
    target = "10.0.0.1" if name.startswith("posix") else "server"
    return bench.file("client", EXAMPLES / name / "client.py", target, "5000", isolated=isolated)


@pytest.mark.parametrize("word", CALL_FAULTS)
def test_off_it_leaves_the_run_as_it_is(tmp_path, word):
    bench = pair(tmp_path, "ipv4_stream")
    assert bench.run(f"{word}=0%").hash == bench.run().hash


@pytest.mark.parametrize("name", ["ipv4_stream", "posix_stream"])
@pytest.mark.parametrize("seed", range(5))
def test_a_run_replays_from_the_list_of_its_faults(tmp_path, name, seed):
    bench = pair(tmp_path, name)
    ran = bench.run(ALL, "loss=2%", seed=seed, link="delay=5ms")
    again = bench.replay(ran, seed=seed, link="delay=5ms")
    assert ran.faults
    assert again.taken == ran.taken
    assert again.hash == ran.hash


@pytest.mark.parametrize("word", CALL_FAULTS)
def test_with_nothing_to_replay_nothing_happens(tmp_path, word):
    bench = pair(tmp_path, "ipv4_stream")
    assert bench.run(f"{word}={CALL_FAULTS[word].replayed}", replay={}).hash == bench.run(replay={}).hash


@pytest.mark.parametrize("name", ["ipv4_stream", "ipv6_stream", "unix_stream", "posix_stream"])
def test_correct_programs_stay_correct(tmp_path, name):
    bench = pair(tmp_path, name)
    for seed in range(8):
        ran = bench.run(ALL, seed=seed)
        assert ran.outcome.ok, (seed, ran.outcome)


def test_a_unix_conversation_has_no_short_reads_and_writes(tmp_path):
    bench = pair(tmp_path, "unix_stream")
    assert bench.run("short-read=100% short-write=100%").hash == bench.run().hash


@pytest.mark.parametrize("name", ["ipv4_stream", "posix_stream"])
def test_programs_in_processes_of_their_own_have_the_same(tmp_path, name):
    here = pair(tmp_path, name).run(ALL, seed=2)
    there = pair(tmp_path, name, isolated=True).run(ALL, seed=2)
    assert here.outcome.ok
    assert here.faults == there.faults
    assert here.hash == there.hash


def test_faults_can_be_for_one_host_alone(tmp_path):
    bench = pair(tmp_path, "ipv4_stream")
    hosts = {event.host for event in bench.run("server: short-read=50% wake=50%").faults}
    assert hosts == {"server"}


@pytest.mark.parametrize("name", ["ipv4_stream", "posix_stream"])
def test_a_run_that_was_made_ready_before_is_the_same(tmp_path, name):
    bench = pair(tmp_path, name)
    assert bench.run(ALL, seed=3, early=True).hash == bench.run(ALL, seed=3).hash


def test_what_is_said_of_a_program_counts_before_what_is_said_of_its_host(tmp_path):
    bench = pair(tmp_path, "ipv4_stream")
    words = ["short-read=100%", "server: short-read=0%"]
    assert not bench.run(*words).faults or {event.host for event in bench.run(*words).faults} == {"client"}
    assert {event.host for event in bench.run("server: short-read=0%", "server/server: short-read=100%").faults} == {
        "server"
    }


ECHO = """
    import asyncio, socket, sys
    async def echo(reader, writer):
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()
    async def main():
        server = await asyncio.start_server(echo, "", 5000)
        async with server:
            await server.serve_forever()
    asyncio.run(main())
"""
ASK = """
    import socket, threading
    def ask(number, timeout):
        with socket.create_connection(("server", 5000), timeout=timeout) as sock, sock.makefile("rwb") as file:
            for turn in range(8):
                line = b"%d " % number * (1 << turn * 2) + b"\\n"
                file.write(line)
                file.flush()
                answer = file.readline()
                print("same" if answer == line else (len(answer), len(line)))
    threads = [threading.Thread(target=ask, args=(number, timeout)) for number, timeout in enumerate((None, 60, 60))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


@pytest.mark.parametrize("seed", range(10))
def test_what_python_promises_holds(tmp_path, seed):
    """sendall sends all, readline reads a line, drain waits for room, locks exclude, PEP 475."""
    bench = Bench(tmp_path).script("server", ECHO).script("client", ASK)
    ran = bench.run(ALL.replace("20%", "30%"), seed=seed)
    assert ran.output("client") == "same\n" * 24
    assert len(ran.faults) > 50


@pytest.mark.parametrize("word", CALL_FAULTS)
def test_words_are_read_and_written(word):
    fault = CALL_FAULTS[word]
    setting = fault.parse("5%")
    assert isinstance(setting, Setting)
    assert fault.parse(fault.format(setting)) == setting
    assert fault.help.endswith(".")
    if word != "pct":  # What it did is replayed as `wake`.
        assert fault.parse(fault.replayed).ratio == (1, 1)
