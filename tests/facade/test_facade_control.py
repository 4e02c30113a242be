"""What happens to hosts while a network runs: crashes and boots; and in what scripts run."""

import socket
import time

import pytest
from controlled import Seen, pair, script

from farhost import Network
from farhost.trace.events import FaultEvent, PacketEvent

# In what a script runs.


def test_a_script_has_the_environment_directory_input_and_limits_that_it_was_given(tmp_path):
    source = """
        import os, resource, socket, sys
        print(os.environ["COLOUR"], os.getcwd(), os.environ["PWD"], sys.stdin.read())
        print(resource.getrlimit(resource.RLIMIT_NOFILE))
        held = []
        try:
            while True:
                held.append(socket.socket())
        except OSError as error:
            print(error, held[-1].fileno())
    """
    folder = tmp_path / "work"
    folder.mkdir()
    network = Network()
    host = network.host("host")
    path = script(tmp_path, source)
    program = host.start(path, env={"COLOUR": "blue"}, cwd=folder, stdin="in", limits={"nofile": 8})
    network.run()
    assert program.stdout == f"blue {folder} {folder} in\n(8, 8)\n[Errno 24] Too many open files 7\n"


def test_standard_input_may_be_a_file(tmp_path):
    network = Network()
    (tmp_path / "in").write_bytes(b"from a file")
    path = script(tmp_path, "print(input())")
    program = network.host("host").start(path, stdin=tmp_path / "in")
    network.run()
    assert program.stdout == "from a file\n"


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"colour": 1}, "a script takes no colour=: its arguments are words, its keywords env"),
        ({"env": {"A": 1}}, "env={'A': 1}: names and values of the environment are strings"),
        ({"env": {"A=B": "1"}}, "a name has no = in it"),
        ({"cwd": "/no/such"}, "cwd='/no/such' is no directory"),
        ({"stdin": 7}, "stdin=7"),
        ({"limits": {"nproc": 7}}, "no limit 'nproc': there is nofile"),
        ({"limits": {"nofile": 0}}, "limits={'nofile': 0}: it is a number from 3 to"),
    ],
)
def test_what_a_script_cannot_be_given_is_named(tmp_path, keywords, says):
    with pytest.raises(ValueError) as caught:
        Network().host("host").start(script(tmp_path, ""), **keywords)
    assert says in str(caught.value)


# Crash.


def test_after_a_crash_nothing_is_said_and_nothing_is_answered(tmp_path):
    network, server, client, program = pair(tmp_path)
    seen = Seen(network)

    def talk():
        with socket.create_connection(("server", 5000)) as connection:
            connection.sendall(b"one")
            got = [connection.recv(100)]
            connection.settimeout(3)
            time.sleep(2)
            connection.sendall(b"two")
            with pytest.raises(TimeoutError):
                connection.recv(100)
            with pytest.raises(TimeoutError):
                socket.create_connection(("server", 5000), timeout=3)
            return got

    asked = client.start(talk)
    network.at("1s", server.crash)
    network.run()
    assert asked.result == [b"one"]
    assert program.stdout == "up here again\n"
    assert not server.up
    assert seen.flags_from("server") == []
    assert [(event.kind, event.host, event.time_ns) for event in seen.of(FaultEvent)] == [("crash", "server", 10**9)]
    assert any(event.reason == "host-down" for event in seen.of(PacketEvent))
    life = network.outcome.processes[0]
    assert (life.status, life.ended_by) == (-9, "crash")
    assert "server  gone: its host crashed" in network.report()


def test_a_host_that_was_restarted_knows_no_connection_of_before_and_runs_its_programs_again(tmp_path):
    network, server, client, program = pair(tmp_path)
    address = server.address

    def talk():
        with socket.create_connection(("server", 5000)) as first:
            first.sendall(b"one")
            first.recv(100)
            time.sleep(5)
            first.sendall(b"two")
            with pytest.raises(ConnectionResetError):
                first.recv(100)
        with socket.create_connection((address, 5000)) as second:
            second.sendall(b"three")
            return second.recv(100)

    asked = client.start(talk)
    network.at("1s", server.crash)
    network.at("2s", server.restart, "500ms")
    network.run()
    assert asked.result == b"three"
    assert server.up
    assert program.stdout == "up here again\n" * 2
    assert [(life.status, life.ended_by) for life in program.lives] == [(-9, "crash"), (None, "")]


def test_a_restart_of_a_host_that_is_up_is_a_crash_and_a_boot(tmp_path):
    network, server, client, program = pair(tmp_path)
    seen = Seen(network)
    client.start(time.sleep, 10)
    network.at("1s", server.restart)
    network.run()
    assert [(event.kind, event.time_ns) for event in seen.of(FaultEvent)] == [("crash", 10**9), ("boot", 2 * 10**9)]
    assert len(program.lives) == 2


def test_uptime_entropy_and_ports_are_new_after_a_boot_and_the_time_of_day_goes_on(tmp_path):
    source = """
        import os, socket, time, uuid
        peer = socket.create_connection(("server", 5000))
        print(time.clock_gettime(time.CLOCK_MONOTONIC) < 3, time.time() > 1767225600 + 0, uuid.uuid4(), os.getpid(),
              peer.getsockname()[1])
        time.sleep(100)
    """
    network = Network()
    server, client = network.host("server"), network.host("client")

    def serve():
        with socket.create_server(("", 5000)) as listener:
            for connection, _ in [listener.accept() for _ in range(2)]:
                connection.close()

    server.start(serve)
    program = client.start(script(tmp_path, source))
    network.at("1s", client.restart)
    network.run(until="3s", check=False)
    first, second = (life.stdout.split() for life in program.lives)
    assert (first[:2], second[:2]) == (["False", "True"], ["True", "True"])
    assert not set(first[2:]) & set(second[2:])


def test_socket_files_outlive_their_host_and_abstract_names_do_not(tmp_path):
    source = """
        import os, socket
        here = socket.socket(socket.AF_UNIX)
        try:
            here.bind("stale")
        except OSError as error:
            print(error)
        there = socket.socket(socket.AF_UNIX)
        there.bind("\\0name")
        try:
            socket.socket(socket.AF_UNIX).connect("stale")
        except OSError as error:
            print(error)
        import time
        time.sleep(5)
    """
    network = Network()
    host = network.host("host")
    program = host.start(script(tmp_path, source))
    network.at("1s", host.restart)
    network.run()
    refused = "[Errno 111] Connection refused\n"
    assert [life.stdout for life in program.lives] == [refused, "[Errno 98] Address already in use\n" + refused]


def test_a_crashed_function_does_nothing_any_more(tmp_path):
    network = Network()
    host, other = network.host("host"), network.host("other")
    done = []

    def work():
        try:
            with socket.create_server(("", 5000)):
                time.sleep(5)
        finally:
            done.append("finally")
            time.sleep(1)
            done.append("after a call")

    host.start(work)
    other.start(time.sleep, 10)
    network.at("1s", host.crash)
    outcome = network.run()
    assert "after a call" not in done
    assert outcome.processes[0].ended_by == "crash"


def test_a_function_of_the_run_may_crash_hosts_its_own_too(tmp_path):
    network, server, client, _ = pair(tmp_path)
    after = []

    def work():
        server.crash()
        after.append(server.up)
        client.crash()
        after.append("still here")

    client.start(work)
    outcome = network.run()
    assert after == [False]
    assert [one.ended_by for one in outcome.processes] == ["crash", "crash"]


def test_programs_whose_host_is_off_at_their_start_begin_with_its_boot(tmp_path):
    network = Network()
    host, other = network.host("host"), network.host("other")
    other.start(time.sleep, 0)
    program = host.start(script(tmp_path, "print('ran')"))
    network.at("0s", host.crash)
    network.at("1s", host.restart)
    network.run()
    assert program.stdout == "ran\n"
    assert len(program.lives) == 1


# Crashes in the middle of things.


def test_a_router_that_crashes_forwards_nothing_and_forwards_again_after_its_boot():
    network = Network()
    network.segment("far", delay="5ms")
    router = network.router("router", ["net", "far"])
    here, there = network.host("here"), network.host("there", segments=["far"])

    def serve():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as socket_there:
            socket_there.bind(("", 5000))
            while True:
                data, peer = socket_there.recvfrom(100)
                socket_there.sendto(data, peer)

    def ask():
        answers = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as socket_here:
            socket_here.settimeout(0.5)
            for number in range(8):
                socket_here.sendto(b"%d" % number, (there.address, 5000))
                try:
                    answers.append(socket_here.recv(100))
                except TimeoutError:
                    answers.append(None)
                time.sleep(0.5)
        return answers

    there.start(serve)
    asked = here.start(ask)
    network.at("1200ms", router.crash)
    network.at("2200ms", router.restart, "500ms")
    network.run()
    assert asked.result[:2] == [b"0", b"1"]
    assert None in asked.result[2:5]
    assert asked.result[-2:] == [b"6", b"7"]


@pytest.mark.parametrize("side", ["sender", "receiver"])
@pytest.mark.parametrize("when", ["250ms", "433ms"])
def test_a_crash_in_the_middle_of_a_transfer_leaves_nothing_behind(side, when):
    network = Network(seed=3)
    sender, receiver = network.host("sender"), network.host("receiver")
    network.link(sender, receiver, delay="20ms", rate="20mbit", loss="3%", reorder="5%", duplicate="2%")

    def receive():
        with socket.create_server(("", 5000)) as listener:
            connection, _ = listener.accept()
            connection.settimeout(20)
            with connection:
                size = 0
                try:
                    while data := connection.recv(65536):
                        size += len(data)
                except OSError as error:
                    return type(error).__name__
                return size

    def send():
        with socket.create_connection(("receiver", 5000)) as connection:
            connection.settimeout(20)
            try:
                for _ in range(100):
                    connection.sendall(bytes(50_000))
            except OSError as error:
                return type(error).__name__

    programs = {"receiver": receiver.start(receive), "sender": sender.start(send)}
    network.at(when, (sender if side == "sender" else receiver).crash)
    network.run(until="100s")
    simulated = network._network
    simulated.check_invariants()
    simulated.ledger().check()
    for host in simulated.hosts.values():
        host.kernel.internet.check_invariants()
    survivor = programs["receiver" if side == "sender" else "sender"]
    assert survivor.result == "TimeoutError"
    assert programs[side].outcome.ended_by == "crash"


def test_threads_alarms_and_timers_of_a_crashed_host_are_gone(tmp_path):
    source = """
        import select, signal, socket, threading, time
        def tick(number, frame):
            print("tick")
        signal.signal(signal.SIGALRM, tick)
        signal.setitimer(signal.ITIMER_REAL, 0.4, 0.4)
        def work():
            while True:
                time.sleep(0.1)
        for _ in range(5):
            threading.Thread(target=work).start()
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
    """
    network = Network()
    host, other = network.host("host"), network.host("other")
    program = host.start(script(tmp_path, source))
    other.start(time.sleep, 5)
    network.at("1s", host.crash)
    outcome = network.run()
    assert program.stdout == "tick\n" * 2
    assert outcome.virtual_ns < 5_100_000_000


def test_a_name_server_that_lost_its_power_answers_again_after_it_has_booted():
    net = Network()
    ns, server, client = net.host("ns"), net.host("server"), net.host("client")
    net.name_server(ns)
    found = []

    def ask():
        for _ in range(4):
            began = time.monotonic()
            try:
                found.append((socket.gethostbyname("server"), round(time.monotonic() - began)))
            except socket.gaierror as error:
                found.append((error.errno, round(time.monotonic() - began)))
            time.sleep(5)

    client.start(ask)
    net.at("1s", ns.crash)
    net.at("18s", ns.restart)
    net.run()
    address = server.address
    assert found == [(address, 0), (socket.EAI_AGAIN, 10), (address, 0), (address, 0)]


def test_children_go_with_their_host(tmp_path):
    source = """
        import subprocess, sys, time
        child = "import time; print('child', flush=True); time.sleep(5); print('late', flush=True)"
        subprocess.Popen([sys.executable, "-c", child])
        time.sleep(100)
    """
    network = Network()
    program = network.host("host").start(script(tmp_path, source))
    network.at("1s", network.hosts["host"].crash)
    outcome = network.run(check=False)
    assert program.stdout == "child\n"
    assert [(life.status, life.ended_by) for life in outcome.processes] == [(-9, "crash")]
    assert outcome.virtual_ns < 2 * 10**9


# Clocks.


def test_clocks_of_hosts_are_wrong_drift_and_are_stepped():
    network = Network()
    late, early = network.host("late", clock="-5s"), network.host("early", clock="+2s", drift="1000ppm")
    seen = {"late": [], "early": []}

    def look(name):
        for _ in range(4):
            seen[name].append((round(time.time() - 1_767_225_600, 2), round(time.monotonic(), 2)))
            time.sleep(10)

    late.start(look, "late")
    early.start(look, "early")
    network.at("15s", late.step_clock, "+60s")
    network.run()
    assert [wall for wall, _ in seen["late"]] == [-5, 5, 75, 85]
    assert [round(steady - 3600) for _, steady in seen["late"]] == [0, 10, 20, 30]
    assert [wall for wall, _ in seen["early"]] == [2, 12, 22, 32]
    assert network.outcome.virtual_ns == pytest.approx(40 * 10**9, rel=1e-3)


def test_a_function_steps_a_clock_and_goes_on():
    network = Network()
    host, other = network.host("host"), network.host("other")
    found = []

    def step():
        before = time.time()
        host.step_clock("-3s")
        found.append(round(time.time() - before))
        other.step_clock("+3s")
        found.append(round(time.time() - before))

    host.start(step)
    network.run()
    assert found == [-3, -3]


def test_what_is_wrong_with_a_clock_is_said():
    network = Network()
    for words, says in (({"clock": "5s"}, "'5s' has no sign"), ({"drift": "5%"}, "'5%' is no drift")):
        with pytest.raises(ValueError, match=says):
            network.host("host", **words)
    host = network.host("host")
    with pytest.raises(ValueError, match="step the clock of host"):
        host.step_clock("+5s")
    with pytest.raises(ValueError, match="'later' has no sign"):
        network.at("1s", host.step_clock, "later")
        host.start(time.sleep, 2)
        network.run()
