"""`socket.socket` in place: one class for simulated sockets inside and the system's outside, before, during and
after."""

import asyncio
import contextlib
import gc
import os
import pickle
import resource
import select
import selectors
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from os import fdopen, pipe, read, write
from pathlib import Path
from socket import create_connection, create_server, gethostname
from socket import socket as Socket
from socket import socketpair as early_socketpair
from time import sleep as early_sleep

import pytest
from in_place_running import result_of, run_on

from farhost import EscapeError, Network


class Counted(socket.socket):
    """A subclass made before any network."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.sent = 0

    def send(self, data, *flags):
        self.sent += len(data)
        return super().send(data, *flags)


def echo_over_loopback():
    """An echo by real sockets: what the operating system says of the descriptor of one end."""
    with create_server(("127.0.0.1", 0)) as listener, Socket() as client:
        client.connect(listener.getsockname())
        served, _ = listener.accept()
        with served:
            client.sendall(b"real")
            served.sendall(served.recv(10).upper())
            assert client.recv(10) == b"REAL"
            return os.readlink(f"/proc/self/fd/{client.fileno()}")[:7]


def echo_over(address):
    with create_connection(address, timeout=5) as client:
        client.sendall(b"simulated")
        return client.recv(100), client


def serve_one(address=("", 5000)):
    with create_server(address) as listener:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(connection.recv(100).upper())
            return connection


def test_simulated_sockets_are_of_the_very_class():
    def look():
        one, other = socket.socketpair()
        counted = Counted(socket.AF_UNIX, socket.SOCK_DGRAM)
        early, late = early_socketpair()
        with one, other, early, late, counted:
            return (
                {type(one), type(other), type(early)},
                type(counted),
                isinstance(one, socket.socket),
                isinstance(counted, Socket),
                isinstance(one, socket.SocketType),
                not isinstance(one, ssl.SSLSocket),
                one.family is socket.AF_UNIX,
                one.type is socket.SOCK_STREAM,
                (one.proto, one.timeout, one.gettimeout(), one.getblocking()),
                repr(one),
                one.fileno() >= 512,
                counted.sent,
            )

    found = result_of(look)
    assert found[0] == {socket.socket} == {Socket}
    assert found[1] is Counted
    assert found[2:8] == (True,) * 6
    assert found[8:] == ((0, None, None, True), "<socket.socket fd=512, family=1, type=1, proto=0>", True, 0)


def test_asyncio_and_selectors_take_them_for_what_they_are():
    async def talk():
        loop = asyncio.get_running_loop()
        one, other = socket.socketpair()
        one.setblocking(False)
        other.setblocking(False)
        with one, other, selectors.DefaultSelector() as selector:
            selector.register(one, selectors.EVENT_READ)
            await loop.sock_sendall(other, b"ping")
            assert [key.fileobj for key, _ in selector.select(0)] == [one]
            reader, writer = await asyncio.open_connection(sock=other.dup())
            data = await loop.sock_recv(one, 10)
            await loop.sock_sendall(one, b"pong")
            answer = await reader.readexactly(4)
            name = writer.get_extra_info("socket").family
            writer.close()
            await writer.wait_closed()
            return data, answer, name

    assert result_of(talk) == (b"ping", b"pong", socket.AF_UNIX)


def test_outside_it_is_the_systems_before_during_and_after():
    assert echo_over_loopback() == "socket:"
    during = []
    network = Network()
    server, client = network.host("server"), network.host("client")
    server.start(serve_one)
    asker = client.start(lambda: (echo_over(("server", 5000)), time.sleep(1), started.set(), wait_for_real_thread()))
    started, done = threading.Event(), threading.Event()

    def in_a_real_thread():
        started.wait(10)
        during.append(echo_over_loopback())
        during.append(type(select.epoll()).__module__)
        done.set()

    def wait_for_real_thread():
        # In real time: a simulated thread cannot wait for it, so it only gives it the interpreter.
        for _ in range(100_000):
            if during[1:]:
                break

    thread = threading.Thread(target=in_a_real_thread)
    thread.start()
    try:
        network.run()
    finally:
        started.set()
        thread.join()
    assert asker.result[0][0] == b"SIMULATED"
    assert during == ["socket:", "select"]
    assert echo_over_loopback() == "socket:"


def test_nothing_of_a_run_reaches_the_system(tmp_path):
    if reason := strace_is_missing():
        pytest.skip(reason)
    script = tmp_path / "one_run.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys
            sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}
            import test_in_place_sockets as tests
            tests.run_on(tests.serve_one, lambda: tests.echo_over(("host1", 5000)))
            """
        )
    )
    log = tmp_path / "strace"
    command = ["strace", "-f", "-qq", "-e", "trace=network", "-e", "signal=none", "-o", str(log)]
    subprocess.run([*command, sys.executable, str(script)], check=True, timeout=120)
    assert log.read_text() == ""


def strace_is_missing():
    try:
        tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True)
    except FileNotFoundError:
        return "strace is not installed"
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()[:80]}"


def test_a_real_socket_inside_is_an_escape_with_a_remedy():
    one, other = socket.socketpair()

    def use(what):
        with pytest.raises(EscapeError, match=r"operating system's.*would leave the simulation: make it inside"):
            what()
        return one.fileno(), one.getsockname(), one.gettimeout()

    with one, other:
        other.send(b"x")
        for what in (
            lambda: one.recv(1),
            lambda: one.send(b"x"),
            lambda: one.connect("nowhere"),
            lambda: socket.socket(fileno=one.fileno()),
            lambda: select.select([one], [], [], 0),
        ):
            if "select" in what.__code__.co_names:
                with pytest.raises(EscapeError, match="waiting for the real descriptor"):
                    run_on(what)
            else:
                assert result_of(lambda what=what: use(what))[0] == one.fileno()
        assert one.recv(1) == b"x"


def test_an_escape_is_told_at_the_end_even_if_it_was_caught():
    one, other = socket.socketpair()
    network = Network()

    def use():
        with contextlib.suppress(EscapeError):
            one.recv(1)

    with one, other:
        network.host("a").start(use)
        network.run()
    assert "refused, and caught" in network.report()


def test_a_simulated_socket_is_of_no_use_elsewhere():
    kept = []

    def make():
        kept.append(socket.create_server(("", 5000)))
        time.sleep(2)
        return kept[0].fileno()

    def steal():
        time.sleep(1)
        with pytest.raises(OSError, match=r"Bad file descriptor: accept.*of host1, host2 cannot use it") as caught:
            kept[0].accept()
        return caught.value.errno

    maker, thief = run_on(make, steal)
    assert (maker.result >= 512, thief.result) == (True, 9)
    with pytest.raises(OSError, match="of host1, whose run is over"):
        kept[0].accept()
    assert (kept[0].fileno() >= 512, kept[0].family) == (True, socket.AF_INET)
    assert "fd=51" in repr(kept[0])
    kept[0].close()
    kept[0].close()
    assert kept[0].fileno() == -1


def test_the_sockets_of_abandoned_functions_are_unusable_and_say_nothing():
    kept = []

    def serve():
        listener = socket.create_server(("", 5000))
        kept.append(listener)
        listener.accept()

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        run_on(serve)
        with pytest.raises(OSError, match="whose run is over"):
            kept[0].accept()
        kept.clear()
        gc.collect()
    assert [str(one.message) for one in heard] == []


def test_an_unclosed_socket_warns_inside_as_it_does_outside():
    def leave():
        with pytest.warns(ResourceWarning, match=r"unclosed <socket.socket fd=\d+, family=2, type=1"):
            socket.socket()
            gc.collect()

    leave()
    run_on(leave)


def test_files_over_sockets_are_shared_by_simulated_threads():
    def work():
        one, other = socket.socketpair()
        file, lines = one.makefile("rwb"), []

        def reader():
            lines.append(file.readline())

        threads = [threading.Thread(target=reader) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        for number in range(3):
            other.sendall(b"line %d\n" % number)
            time.sleep(1)
        for thread in threads:
            thread.join()
        file.write(b"out")
        file.flush()
        file.close()
        one.close()
        return sorted(lines), other.recv(10), other.recv(10), other.close()

    assert result_of(work) == ([b"line 0\n", b"line 1\n", b"line 2\n"], b"out", b"", None)


def test_pipes_and_names_bound_early_are_the_processes_own():
    def work():
        receiver, sender = pipe()
        threading.Thread(target=lambda: (early_sleep(100), write(sender, b"late"), os.close(sender))).start()
        began = time.monotonic()
        data = read(receiver, 10), read(receiver, 10), round(time.monotonic() - began)
        os.close(receiver)
        receiver, sender = os.pipe2(os.O_CLOEXEC)
        with fdopen(receiver) as source, open(sender, "w") as sink:
            sink.write("text\n")
            sink.flush()
            line = source.readline()
        return data, line, gethostname(), receiver >= 512

    assert result_of(work) == ((b"late", b"", 100), "text\n", "host1", True)
    assert gethostname() == os.uname().nodename


def test_dispatchers_pass_for_what_they_replace():
    Network().close()
    assert pickle.loads(pickle.dumps(time.sleep)) is not None
    assert b"farhost" not in pickle.dumps(time.sleep)
    assert (time.sleep.__name__, time.sleep.__module__, time.sleep.__doc__[:5]) == ("sleep", "time", "sleep")
    assert pickle.loads(pickle.dumps(os.getpid))() == os.getpid()

    class Holder:
        clock, lock = time.monotonic, threading.Lock

    assert Holder().clock() > 0
    assert not Holder().lock().locked()
    assert isinstance(select.epoll(), select.epoll)


def test_limits_count_from_the_first_descriptor():
    def work():
        before = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 1024))
        sockets = [socket.socket() for _ in range(3)]
        with pytest.raises(OSError, match="Too many open files"):
            socket.socket()
        for one in sockets:
            one.close()
        return before

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert result_of(work) == 1024
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limits


def test_descriptors_go_from_function_to_function(tmp_path):
    path = str(tmp_path / "names")

    def give():
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            connection, _ = listener.accept()
            counter = os.eventfd(7)
            with connection, open(tmp_path / "real", "w+") as file:
                file.write("of the machine")
                file.flush()
                socket.send_fds(connection, [b"two"], [counter, file.fileno()])
            os.close(counter)

    def take():
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            data, (counter, file), _, _ = socket.recv_fds(connection, 10, 2)
        found = data, os.eventfd_read(counter), os.pread(file, 100, 0)
        os.close(counter)
        os.close(file)
        return found

    _, taker = run_on(give, take, hosts=["box", "box"])
    assert taker.result == (b"two", 7, b"of the machine")
