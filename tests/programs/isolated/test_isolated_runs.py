"""Programs in processes of their own: the run is the same, event by event; what happens to one stays its own."""

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from lines import read_line

from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.programs.isolated.process import IsolatedSpec
from farhost.programs.run import ProgramSpec, run_programs
from farhost.trace.hashes import HashSink
from farhost.trace.sinks import ListSink
from farhost.trace.tracer import Tracer

EXAMPLES = Path(__file__).parents[3] / "examples"
BAD_LINK = "delay=20ms jitter=5ms loss=10% reorder=10% duplicate=5%"
PAIRS = [
    "ipv4_stream",
    "ipv4_datagram",
    "ipv6_stream",
    "ipv6_datagram",
    "posix_stream",
    "posix_datagram",
    "unix_stream",
    "unix_datagram",
]


def run(kind, *programs, seed=3, link="", **options):
    """Run (host, words...) with programs of a kind; the outcome, the two hashes and the events."""
    hashes, events = HashSink(), ListSink()
    network = Network(seed=seed, tracer=Tracer(hashes, events))
    for host, *_ in programs:
        if host not in network.hosts:
            network.host(host)
    network.link_all(Conditions.parse(link))
    specs = [kind(host, words, host) for host, *words in programs]
    outcome = run_programs(network, specs, until_ns=3_600_000_000_000, **options)
    return outcome, hashes.result(), events.events


def script(folder, source, name="script.py"):
    path = folder / name
    path.write_text(textwrap.dedent(source))
    return str(path)


def same(monkeypatch, folder, *programs, **options):
    """Run both ways: the same outcome, trace and output."""
    assert ProgramSpec.start.__module__ == "farhost.programs.run", "`make isolated` would compare a run with itself"
    monkeypatch.chdir(folder)
    inside, hashes, events = run(ProgramSpec, *programs, **options)
    isolated, own_hashes, own_events = run(IsolatedSpec, *programs, **options)
    for one, other in zip(events, own_events):
        assert one == other
    assert own_hashes == hashes
    assert isolated == inside
    return isolated


@pytest.mark.parametrize("example", PAIRS)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_examples_run_the_same_event_by_event(monkeypatch, example, seed):
    if example.startswith("unix"):
        programs = ("box", f"{example}/server.py", "d.sock"), ("box", f"{example}/client.py", "d.sock")
    else:
        where = "10.0.0.1" if example.startswith("posix") else "server"
        programs = ("server", f"{example}/server.py", "5000"), ("client", f"{example}/client.py", where, "5000")
    assert same(monkeypatch, EXAMPLES, *programs, seed=seed, link=BAD_LINK).processes[1].status == 0


CLOCKS = """
    import time
    for _ in range(4):
        print(f"{time.time():.3f} {time.monotonic():.3f}")
        time.sleep(1)
"""


def test_a_clock_that_jumps_or_drifts_does_so_in_a_process_of_its_own_too(monkeypatch, tmp_path):
    def prepare(control):
        control.runtime.network.hosts["box"].kernel.drift = (1_000_500, 1_000_000)
        control.at(1_500_000_000, lambda: control.step_clock("box", -60_000_000_000))

    outcome = same(monkeypatch, tmp_path, ("box", script(tmp_path, CLOCKS)), prepare=prepare)
    times = [[float(word) for word in line.split()] for line in outcome.processes[0].stdout.splitlines()]
    assert [round(later[0] - earlier[0]) for earlier, later in itertools.pairwise(times)] == [1, -59, 1]
    assert [round(later[1] - earlier[1]) for earlier, later in itertools.pairwise(times)] == [1, 1, 1]


EVERYTHING = """
    import asyncio
    import atexit
    import gc
    import os
    import queue
    import random
    import signal
    import socket
    import sys
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor

    class Holder:
        def __init__(self):
            self.me = self
            self.sock = socket.socket()

        def __del__(self):
            print("finalized", self.sock.fileno() > 2)

    def threads():
        lock, box, done = threading.Lock(), queue.Queue(2), threading.Event()
        order = []

        def work(number):
            for turn in range(5):
                with lock:
                    order.append(number)
                box.put(number)
                time.sleep(random.random() / 100)
            done.set()

        workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for worker in workers:
            worker.start()
        got = [box.get(timeout=5) for _ in range(15)]
        for worker in workers:
            worker.join(1)
        print(order, got, done.wait(0.5), threading.active_count())
        with ThreadPoolExecutor(3) as pool:
            print(list(pool.map(lambda number: number * 2, range(5))))
        waiter = threading.Condition()
        with waiter:
            print(waiter.wait(0.25), round(time.monotonic(), 3))

    def signals():
        seen = []
        signal.signal(signal.SIGALRM, lambda number, frame: seen.append((number, frame.f_code.co_name)))
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        one, other = socket.socketpair()
        threading.Timer(0.035, one.send, (b"late",)).start()
        print(other.recv(10), seen[:3])
        signal.setitimer(signal.ITIMER_REAL, 0)

        class Stop(Exception):
            pass

        def stop(number, frame):
            raise Stop

        signal.signal(signal.SIGUSR1, stop)
        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        try:
            other.recv(10)
        except Stop:
            print("stopped in a call")
        lock = threading.Lock()
        lock.acquire()
        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        try:
            lock.acquire()
        except Stop:
            print("stopped in a lock")
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        os.kill(os.getpid(), signal.SIGUSR1)
        print(signal.sigpending(), signal.sigwait({signal.SIGUSR1}))

    async def loops():
        async def echo(reader, writer):
            writer.write(await reader.read(100))
            await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(echo, "echo.sock")
        reader, writer = await asyncio.open_unix_connection("echo.sock")
        writer.write(b"by asyncio")
        print(await reader.read(), os.path.exists("echo.sock"), os.listdir("."))
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, told.set)
        loop.call_later(0.01, os.kill, os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(told.wait(), 1)
        print(await loop.run_in_executor(None, threading.current_thread().name.__len__))
        server.close()

    threads()
    signals()
    asyncio.run(loops())
    Holder()
    gc.collect()
    print(random.random(), os.urandom(4), time.time(), time.process_time(), socket.getaddrinfo("host", 80)[0][4])
    with open("note.txt", "w") as note:
        note.write("written")
    print(open("note.txt").read(), os.stat("note.txt").st_size)
    atexit.register(print, "the end")
    threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
    sys.exit(7)
"""


def test_threads_signals_loops_and_finalizers_run_the_same(monkeypatch, tmp_path):
    outcome = same(monkeypatch, tmp_path, ("host", script(tmp_path, EVERYTHING)))
    (process,) = outcome.processes
    assert process.status == 7, process.stderr
    for line in ("stopped in a call", "stopped in a lock", "finalized True", "the end"):
        assert line in process.stdout


ENDINGS = {
    "an exception": "def f(): raise KeyError('why')\nf()",
    "exit": "import os\nos.write(1, b'out')\nos._exit(9)",
    "a signal": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
    "a broken pipe": "import os\nr, w = os.pipe()\nos.close(r)\nos.write(w, b'x')",
    "a deadlock": "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "an escape": "import subprocess\nsubprocess.run(['ls'])",
    "a warning": "import re\nre.compile('(?a)(?i)x' if 0 else 'x')\nexec('x = 1 is 1')",
}


@pytest.mark.parametrize("how", ENDINGS)
def test_every_end_looks_the_same(monkeypatch, tmp_path, how):
    same(monkeypatch, tmp_path, ("host", script(tmp_path, ENDINGS[how])))


SERVER = """
    import socket

    with socket.create_server(("", 5000)) as listener:
        client, _ = listener.accept()
        try:
            while data := client.recv(100):
                print("got", data)
        except OSError as error:
            print(type(error).__name__)
"""


@pytest.mark.parametrize(
    ("death", "number"),
    [
        ("ctypes.string_at(0)", signal.SIGSEGV),
        ("ctypes.CDLL(None).sigqueue(int(open('/proc/self/stat').read().split()[0]), 9, None)", signal.SIGKILL),
        ("ctypes.CDLL(None).abort()", signal.SIGABRT),
    ],
)
def test_a_program_that_dies_of_the_machine_takes_nobody_along(monkeypatch, tmp_path, death, number, capfd):
    monkeypatch.chdir(tmp_path)
    client = f"""
        import ctypes
        import socket

        with socket.create_connection(("server", 5000)) as server:
            server.sendall(b"hello")
            {death}
    """
    programs = ("server", script(tmp_path, SERVER, "server.py")), ("client", script(tmp_path, client, "client.py"))
    outcome, _, _ = run(IsolatedSpec, *programs, link="delay=5ms")
    server, died = outcome.processes
    assert died.status == -number
    assert (server.status, server.stdout) == (0, "got b'hello'\n")
    assert f"client on client was killed by {number.name}" in outcome.message


def test_each_program_has_a_process_of_its_own(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    path = script(tmp_path, "print(*open('/proc/self/stat').read().split()[:4:3])")
    outcome, _, _ = run(IsolatedSpec, ("one", path), ("two", path))
    pids, parents = zip(*(process.stdout.split() for process in outcome.processes))
    assert len({*pids, str(os.getpid())}) == 3
    assert set(parents) == {str(os.getpid())}


HANGS = {
    "spins": ("import time; time.sleep(1)\nwhile True:\n    pass\n", "runs without making a call", "script.py:"),
    "sleeps": (
        "import os, time; os.mkfifo('nobody writes'); time.sleep(1)\nopen('nobody writes')\n",
        "waits in real time",
        "script.py:2 in <module>",
    ),
}


@pytest.mark.parametrize("how", HANGS)
def test_a_program_that_holds_everybody_up_is_named_and_ended(monkeypatch, tmp_path, how):
    monkeypatch.chdir(tmp_path)
    source, what, where = HANGS[how]
    outcome, _, _ = run(IsolatedSpec, ("host", script(tmp_path, source)), watchdog_s=3.0)
    assert outcome.kind == "hung"
    assert what in outcome.message
    assert where in outcome.message


def children_of(pid):
    """The machine's processes whose parent that is."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry))
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_interrupted_leaves_no_process_behind(tmp_path, number):
    spins = script(tmp_path, "print('begun', flush=True)\nwhile True: pass\n")
    waits = script(tmp_path, "import socket\nsocket.create_server(('', 1)).accept()", "waits.py")
    command = [sys.executable, "-m", "farhost", "run", "--isolate", f"waits={waits}", f"spins={spins}"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert "begun" in read_line(running)
    left = children_of(running.pid)
    assert len(left) == 2
    running.send_signal(number)
    running.communicate(timeout=30)
    assert running.returncode == (-9 if number == signal.SIGKILL else 130)
    until = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in left):
        assert time.monotonic() < until, "a child is left"
        time.sleep(0.02)


def test_the_command_line_says_the_same_with_and_without(tmp_path):
    words = ["ipv4_stream/server.py 5000", "ipv4_stream/client.py server 5000", "--link", "loss=5%", "--seed", "2"]
    said = []
    for options in ([], ["--isolate"]):
        command = [sys.executable, "-m", "farhost", "run", *words, *options]
        done = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, check=True)
        said.append((done.stdout, done.stderr))
    assert said[0] == said[1]
    assert "trace: shape" in said[0][1]


UNORDERED = """
    import asyncio
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor

    async def answer(number):
        await asyncio.sleep(0.1)
        return number

    async def main():
        done, _ = await asyncio.wait([asyncio.create_task(answer(number)) for number in range(8)])
        print([task.result() for task in done])
        for number in range(8):
            asyncio.create_task(asyncio.sleep(9 + number))
        await asyncio.sleep(0.01)

    asyncio.run(main())
    with ThreadPoolExecutor(4) as pool:
        print(list(pool.map(lambda number: time.sleep(0.1), range(10))))
    for number in range(3):
        threading.Thread(target=time.sleep, args=(0.1 * (3 - number),)).start()
"""


def test_threads_futures_and_tasks_in_sets_have_one_order(monkeypatch, tmp_path):
    script(tmp_path, UNORDERED)
    same(monkeypatch, tmp_path, ("host", "script.py"))
    command = [sys.executable, "-m", "farhost", "run", "script.py"]
    seen = {
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stderr for _ in range(4)
    }
    assert len(seen) == 1


def test_a_server_at_rest_with_an_idle_pool_ends_the_same(tmp_path):
    server = """
        import asyncio

        async def main():
            async with await asyncio.start_server(lambda reader, writer: writer.close(), None, 5000) as server:
                await server.serve_forever()

        asyncio.run(main())
    """
    client = "import socket, time\ntime.sleep(0.1)\nsocket.create_connection(('server', 5000)).recv(1)"
    script(tmp_path, server, "server.py")
    script(tmp_path, client, "client.py")
    said = [
        subprocess.run(
            [sys.executable, "-m", "farhost", "run", *option, "server.py", "client.py"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stderr
        for option in ((), ("--isolate",))
    ]
    assert said[0] == said[1]


def test_an_isolated_program_has_no_children(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    source = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'pass'])\n"
    outcome, _, _ = run(IsolatedSpec, ("host", script(tmp_path, source)))
    assert outcome.processes[0].status == 1
    assert "subprocess.Popen in an isolated program would leave the simulation: " in outcome.escapes[0]
