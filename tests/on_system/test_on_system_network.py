"""Networks on the operating system: when a run is over, how it is told, and that nothing of it lives on."""

import os
import selectors
import socket
import threading
import time

import pytest

from farhost import RunFailed
from farhost.on_system.network import Network
from farhost.on_system.program import NotOnSystem
from farhost.on_system.waits import wait_of, waits_for_clients


def accepting(address):
    with socket.create_server((address, 0)) as listener:
        listener.accept()


def accepting_with_a_time_limit(address):
    with socket.create_server((address, 0)) as listener:
        listener.settimeout(1000)
        listener.accept()


def receiving(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((address, 0))
        receiver.recvfrom(10)


def selecting(address):
    with socket.create_server((address, 0)) as listener, selectors.SelectSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.select()


def polling(address):
    with socket.create_server((address, 0)) as listener, selectors.PollSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.select()


def epolling(address):
    with socket.create_server((address, 0)) as listener, selectors.EpollSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.select()


def joining_a_thread_that_accepts(address):
    thread = threading.Thread(target=accepting, args=(address,))
    thread.start()
    thread.join()


RESTING = [
    accepting,
    accepting_with_a_time_limit,
    receiving,
    selecting,
    polling,
    epolling,
    joining_a_thread_that_accepts,
]


@pytest.mark.parametrize("serve", RESTING, ids=lambda function: function.__name__)
def test_servers_at_rest_are_left(serve):
    before = threading.active_count()
    network = Network()
    host = network.host("host")
    program = host.start(serve, host.address)
    assert network.run("30s").ok
    assert program.status is None
    for _ in range(100):
        if threading.active_count() == before:
            break
        time.sleep(0.01)
    assert threading.active_count() == before


def waiting_for_an_answer(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, receiver.dup() as sender:
        sender.sendto(b"?", (address, 9))
        receiver.recvfrom(10)


def waiting_for_a_peer(address):
    with socket.create_server((address, 0)) as listener, socket.create_connection(listener.getsockname()) as one:
        one.recv(1)


def waiting_for_a_lock(address):
    threading.Event().wait()


@pytest.mark.parametrize("wait", [waiting_for_a_peer, waiting_for_a_lock], ids=lambda function: function.__name__)
def test_those_who_wait_for_what_never_comes_are_named(wait):
    network = Network()
    host = network.host("host")
    host.start(wait, host.address)
    began = time.monotonic()
    with pytest.raises(RunFailed, match=r"^deadlock \(on the operating system.*\n  host still waits in "):
        network.run("30s")
    assert time.monotonic() - began < 20


def test_a_datagram_socket_with_a_port_of_the_systems_own_waits_for_an_answer():
    found = []

    def ask():
        # A port of the system's range, and an address that nobody chose: the reply would be to it alone.
        waiting_for_an_answer("127.0.0.1")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    for _ in range(200):
        wait = wait_of(os.getpid(), thread.native_id)
        if wait is not None and wait.call == "recvfrom":
            found.append(waits_for_clients(os.getpid(), wait))
            break
        time.sleep(0.01)
    assert found == [False]


def test_a_run_has_a_time_limit_in_real_time():
    network = Network()
    network.host("host").start(time.sleep, 60)
    began = time.monotonic()
    with pytest.raises(RunFailed, match=r"^until .*\n  host still waits in nanosleep"):
        network.run("300ms")
    assert time.monotonic() - began < 10


def test_the_first_failure_comes_out():
    network = Network()
    host = network.host("host")

    def fail(seconds):
        time.sleep(seconds)
        raise ValueError(seconds)

    host.start(fail, 0.3)
    host.start(fail, 0.01)
    with pytest.raises(ValueError, match=r"0\.01") as caught:
        network.run("30s")
    assert caught.value.__notes__ == ["in fail on host, on the operating system"]


def test_a_script_that_fails_shows_its_words(tmp_path):
    script = tmp_path / "bad.py"
    script.write_text("raise KeyError('lost')\n")
    network = Network()
    program = network.host("host").start(script)
    with pytest.raises(RunFailed, match=r"host exited 1\n(.*\n)*  host ! KeyError: 'lost'"):
        network.run("30s")
    assert program.stderr.endswith("KeyError: 'lost'\n")


def test_a_server_script_at_rest_is_ended(tmp_path):
    script = tmp_path / "server.py"
    script.write_text("import socket, sys\nsocket.create_server((sys.argv[1], 0)).accept()\n")
    network = Network()
    host = network.host("host")
    program = host.start(script, host.address)
    assert network.run("30s").ok
    assert program.outcome().argv == (str(script), host.address)


@pytest.mark.parametrize(
    "ask",
    [
        lambda net: net.partition("a", "b"),
        lambda net: net.name_server("a"),
        lambda net: net.host("c", resolver="timeout=1s"),
        lambda net: net.host("c", entries={"db": "10.0.0.9"}),
        lambda net: net.link("a", "b", delay="1ms").cut(),
        lambda net: net.trace("file"),
        lambda net: net.capture("file"),
        lambda net: net.names,
        lambda net: net.tracer,
        lambda net: net.host("c", byte_order="big"),
        lambda net: net.host("c", clock="+5s"),
        lambda net: net.host("c", drift="100ppm"),
        lambda net: net.hosts["a"].step_clock("+5s"),
        lambda net: net.hosts["a"].attach("net"),
    ],
)
def test_what_the_system_cannot_do_is_refused(ask):
    network = Network()
    network.host("a")
    network.host("b")
    with pytest.raises(NotOnSystem, match="needs farhost"):
        ask(network)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda net: net.run(), "there is nothing to run"),
        (lambda net: (net.host("a"), net.host("a")), "there is a host 'a' already"),
        (lambda net: net.link("a", "b"), "there is no host 'a'"),
        (lambda net: net.link_all(delay="1"), "'1' has no unit"),
        (lambda net: net.link_all(dely="1ms"), "no word 'dely'"),
        (lambda net: (net.host("a").start(int), net.run(), net.run()), "a network runs once"),
        (lambda net: net.host("a").start("nowhere.py"), "no script 'nowhere.py'"),
    ],
)
def test_mistakes_are_named_as_on_farhost(mistake, message):
    with pytest.raises(ValueError, match=message):
        mistake(Network())


def test_hosts_have_addresses_of_the_loopback():
    with Network(seed=3) as network:
        one, other = network.host("one"), network.router("other", [])
        network.link(one, other, delay="40ms").change(loss="2%")
        network.heal("one", "other")
        assert (one.address, other.address, other.address6, network.seed) == ("127.0.1.1", "127.0.1.2", "::1", 3)
        assert network.segment("far", delay="1ms") == "far"
        assert (repr(one), network.report()) == ("<Host one 127.0.1.1>", "")


def test_scripts_run_in_what_they_are_given(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, resource, sys\n"
        "print(os.environ['COLOUR'], os.getcwd(), sys.stdin.read(), resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    with Network() as network:
        host = network.host("host")
        given = host.start(script, env={"COLOUR": "blue"}, cwd=tmp_path, stdin="words", limits={"nofile": 64})
        network.run()
    assert given.stdout == f"blue {tmp_path} words (64, 64)\n"


def test_what_happens_at_virtual_times_needs_farhost(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("")
    with Network() as network:
        host = network.host("host")
        program = host.start(script)
        for act in (host.crash, host.restart, program.kill, program.pause, lambda: network.at("1s", host.crash)):
            with pytest.raises(NotOnSystem):
                act()
