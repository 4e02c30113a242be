"""How runs begin and end: order of starts, servers at rest, deadlock reports, limits, hangs, escapes, determinism."""

import gc
import signal
import weakref

import pytest
from running import run_all, run_one, write

from farhost.kernel.syscalls.table import FUNCTIONS
from farhost.network.network import Network
from farhost.programs.run import ProgramSpec, run_programs
from farhost.trace.hashes import HashSink
from farhost.trace.tracer import Tracer

SERVER = """
    import socket
    s = socket.create_server(("", 5000))
    while True:
        c, _ = s.accept()
        with c:
            c.sendall(c.recv(100).upper())
"""
CLIENT = """
    import socket, sys
    with socket.create_connection(("server", 5000)) as s:
        s.sendall(b"hello")
        print(s.recv(100))
"""


def specs(folder, **sources):
    return [ProgramSpec(name, [str(write(folder, source, f"{name}.py"))]) for name, source in sources.items()]


def test_a_server_at_rest_ends_well_when_its_clients_have(tmp_path):
    outcome = run_all(*specs(tmp_path, server=SERVER, client=CLIENT))
    assert (outcome.ok, outcome.kind) == (True, "passed")
    assert [process.status for process in outcome.processes] == [None, 0]
    assert outcome.processes[1].stdout == "b'HELLO'\n"
    assert "accept4" in outcome.processes[0].waits[0].call


def test_a_server_that_polls_for_ever_is_at_rest_too(tmp_path):
    server = """
        import socketserver
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(self.rfile.readline().upper())
        with socketserver.ThreadingTCPServer(("", 5000), Handler) as server:
            server.serve_forever()
    """
    client = CLIENT.replace('b"hello"', 'b"hello\\n"')
    outcome = run_all(*specs(tmp_path, server=server, client=client), until_ns=None)
    assert (outcome.ok, outcome.processes[1].stdout) == (True, "b'HELLO\\n'\n")


def test_programs_start_when_those_before_have_parked(tmp_path):
    outcome = run_all(
        *specs(
            tmp_path,
            one="import time\nfor i in range(1000): time.time()\ntime.sleep(1)",
            server=SERVER,
            client=CLIENT,
        )
    )
    assert outcome.ok, outcome


def test_a_failing_program_fails_the_run(tmp_path):
    outcome = run_all(*specs(tmp_path, server=SERVER, client=CLIENT + "\n    sys.exit(3)"))
    assert (outcome.ok, outcome.kind, outcome.message) == (False, "failed", "client on client exited with status 3")


def test_a_deadlock_says_who_waits_on_what_and_where(tmp_path):
    client = CLIENT.replace('s.sendall(b"hello")', "pass")
    outcome = run_all(*specs(tmp_path, server=SERVER, client=client), until_ns=None)
    assert (outcome.ok, outcome.kind) == (False, "deadlock")
    server, client = (process.waits[0] for process in outcome.processes)
    assert "recvfrom(4, 100, 0)" in outcome.message
    assert "server.py:7 in <module>; 4 is a stream socket 10.0.0.1:5000 -> 10.0.0.2:" in str(server)
    assert "client waits in recvfrom(3, 100, 0) since 0.0" in str(client)
    assert "client.py:5 in <module>" in client.place


def test_a_lock_that_nobody_frees_is_a_deadlock(tmp_path):
    source = """
        import threading
        lock = threading.Lock()
        def work():
            lock.acquire()
            lock.acquire()
        threading.Thread(target=work, name="Stuck").start()
    """
    outcome = run_all(*specs(tmp_path, only=source), until_ns=None)
    assert outcome.kind == "deadlock"
    assert "only, thread Stuck" in outcome.message and "only.py:6 in work" in outcome.message


def test_a_client_that_waits_for_a_lost_datagram_is_a_deadlock(tmp_path):
    source = """
        import socket
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.sendto(b"x", ("10.0.0.1", 5000))
        s.recv(10)
    """
    outcome = run_all(*specs(tmp_path, only=source), until_ns=None)
    assert outcome.kind == "deadlock"
    assert "a datagram socket 0.0.0.0:" in outcome.message


def test_the_time_limit_ends_a_run(tmp_path):
    outcome = run_all(*specs(tmp_path, only="import time\nwhile True: time.sleep(1)"), until_ns=5 * 10**9)
    assert (outcome.ok, outcome.kind, outcome.virtual_ns) == (False, "until", 5 * 10**9)
    assert "nanosleep" in outcome.message


def test_a_loop_without_calls_is_caught_and_named(tmp_path):
    source = """
        def spin():
            x = 0
            while True:
                x += 1
        spin()
    """
    outcome = run_all(*specs(tmp_path, only=source), watchdog_s=0.3)
    assert outcome.kind == "hung"
    assert "only on only runs without making a call" in outcome.message
    assert "only.py:" in outcome.message and "in spin" in outcome.message


def test_a_loop_that_swallows_everything_is_caught_too(tmp_path):
    source = """
        def spin():
            while True:
                try:
                    pass
                except:
                    pass
        while True:
            try: spin()
            except BaseException: break
    """
    outcome = run_all(*specs(tmp_path, only=source), watchdog_s=0.3)
    assert outcome.kind == "hung"


ESCAPES = {
    "subprocess.Popen": "import subprocess\nsubprocess.run(['true'])",
    "os.fork": "import os\nos.fork()",
    "os.system": "import os\nos.system('true')",
    "os.posix_spawn": "import os\nos.posix_spawn('/bin/true', ['true'], {})",
    "multiprocessing": "import multiprocessing\nmultiprocessing.Lock()",
    "socket.__new__": "import json\njson.codecs.builtins.__import__('socket').socket()",
    "_thread.start": "import json\njson.codecs.builtins.__import__('threading').Thread(target=print).start()",
}


@pytest.mark.parametrize("what", ESCAPES)
def test_an_escape_raises_and_names_the_place_and_the_remedy(tmp_path, what):
    process = run_one(tmp_path, ESCAPES[what])
    assert process.status == 1
    last = process.stderr.strip().splitlines()[-1]
    assert "EscapeError: " in last and what in last and "would leave the simulation: " in last
    assert "script.py:" in last


def test_the_same_seed_gives_the_same_trace(tmp_path):
    def hashes(seed):
        sink = HashSink()
        run_all(*specs(tmp_path, server=SERVER, client=CLIENT), network=Network(seed=seed, tracer=Tracer(sink)))
        return sink.result()

    assert hashes(1) == hashes(1) != hashes(2)


def test_an_error_of_farhost_itself_is_not_hidden(tmp_path, monkeypatch):
    def broken(thread, duration_ns):
        raise ZeroDivisionError("a defect")

    monkeypatch.setitem(FUNCTIONS, "nanosleep", broken)
    for source in ("import time\ntry: time.sleep(1)\nexcept Exception: pass\n", "import time\ntime.sleep(1)\n"):
        with pytest.raises(ZeroDivisionError, match="a defect") as caught:
            run_one(tmp_path, source)
        assert caught.traceback[-1].name == "broken"


def test_unknown_hosts_are_an_error(tmp_path):
    network = Network()
    with pytest.raises(KeyError):
        run_programs(network, specs(tmp_path, nowhere="pass"))


def test_runs_follow_one_another_in_one_interpreter(tmp_path):
    for _ in range(5):
        assert run_all(*specs(tmp_path, server=SERVER, client=CLIENT)).ok


@pytest.fixture
def collector():
    """The collector off, so that it does not take what a test leaves lying before the run does; then as it was."""
    was_enabled = gc.isenabled()
    gc.disable()
    yield
    if was_enabled:
        gc.enable()


@pytest.mark.parametrize("enabled", [False, True])
def test_a_run_leaves_the_collector_as_it_was(tmp_path, collector, enabled):
    if enabled:
        gc.enable()
    assert run_one(tmp_path, "print(1)").stdout == "1\n"
    assert gc.get_freeze_count() == 0 and gc.isenabled() is enabled, "nothing of the run stays frozen"


def test_a_run_collects_its_own_garbage_only(tmp_path, collector):
    class Ring:
        pass

    ring = Ring()
    ring.itself = ring
    gone = weakref.ref(ring)
    del ring
    source = "import gc, os\nfor _ in range(20_000):\n    os.umask(0o22)\nprint(gc.collect() >= 0)"
    assert run_one(tmp_path, source).stdout == "True\n"
    assert gone() is not None, "what was garbage before the run is not the run's to collect"
    gc.collect()
    assert gone() is None


def test_a_killed_program_unwinds_without_effects(tmp_path):
    victim = """
        import os, socket, time
        s = socket.create_server(("", 5000))
        def forever():
            while True:
                try:
                    s.accept()
                except BaseException:
                    print("still here")
        forever()
    """
    killer = "import os\nos.kill(100, 9)\n"
    scripts = [write(tmp_path, victim, "victim.py"), write(tmp_path, killer, "killer.py")]
    outcome = run_all(*(ProgramSpec("host", [str(script)], script.stem) for script in scripts))
    assert [process.status for process in outcome.processes] == [-9, 0]
    assert outcome.processes[0].stdout == ""


def test_ctrl_c_ends_the_run_and_not_a_program(tmp_path):
    source = """
        import time
        while True:
            try:
                print("running")
                time.sleep(1)
            except BaseException:
                print("swallowed")
    """
    seen = []

    def press(process, stream, data):
        seen.append(data)
        if len(seen) == 3:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_all(*specs(tmp_path, only=source), on_output=press)
    assert signal.getsignal(signal.SIGINT) is before
    assert len(seen) == 3


def test_a_program_that_only_polls_does_not_keep_the_others_from_starting(tmp_path):
    server = """
        import socket, time
        s = socket.create_server(("", 5000))
        s.setblocking(False)
        while True:
            try:
                c, _ = s.accept()
            except BlockingIOError:
                continue
            c.setblocking(True)
            c.sendall(c.recv(100).upper())
            break
    """
    outcome = run_all(*specs(tmp_path, server=server, client=CLIENT))
    assert outcome.ok, outcome
    assert outcome.processes[1].stdout == "b'HELLO'\n"


def test_asynchronous_generators_belong_to_the_loop_that_began_them(tmp_path):
    server = """
        import asyncio
        async def ticks():
            for number in range(9):
                yield number
        async def main():
            await asyncio.sleep(1)
            made = ticks()
            print(await anext(made))
            await asyncio.sleep(5)
            print(await anext(made, "closed"))
            await made.aclose()
        asyncio.run(main())
    """
    outcome = run_all(*specs(tmp_path, server=server, client="import asyncio; asyncio.run(asyncio.sleep(3))"))
    assert outcome.ok, outcome
    assert outcome.processes[0].stdout == "0\n1\n"
