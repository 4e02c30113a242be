"""What happens to programs while a network runs: kill, pause, restart; plans, and that they are the same again."""

import os
import socket
import time

import pytest
from controlled import Seen, pair, script

from farhost import Network
from farhost.trace.events import SignalSent
from farhost.trace.hashes import HashSink
from farhost.units import UnitError

# Kill, pause, restart.


def test_a_kill_ends_a_program_and_its_kernel_closes_its_sockets(tmp_path):
    network, _server, client, program = pair(tmp_path)
    seen = Seen(network)

    def talk():
        with socket.create_connection(("server", 5000)) as connection:
            return connection.recv(100)

    asked = client.start(talk)
    network.at("1s", program.kill)
    outcome = network.run()
    assert asked.result == b""
    assert (program.status, outcome.processes[0].ended_by) == (-9, "kill")
    assert program.stdout == "up here again\n"
    assert "server  killed by SIGKILL, as asked" in network.report()
    assert [(event.signal, event.outcome) for event in seen.of(SignalSent)] == [(9, "killed")]


def test_sigterm_runs_a_handler_and_what_it_does_counts(tmp_path):
    source = """
        import signal, sys, time
        def stop(number, frame):
            print("stopping")
            sys.exit(3)
        signal.signal(signal.SIGTERM, stop)
        time.sleep(100)
    """
    network = Network()
    program = network.host("host").start(script(tmp_path, source))
    network.at("1s", program.terminate)
    outcome = network.run(check=False)
    assert (program.stdout, program.status, outcome.kind) == ("stopping\n", 3, "failed")


def test_a_paused_program_does_nothing_while_its_backlog_and_buffers_fill(tmp_path):
    network = Network()
    server, client = network.host("server"), network.host("client")

    def serve():
        taken = []
        with socket.create_server(("", 5000), backlog=1) as listener:
            for _ in range(2):
                connection, _ = listener.accept()
                taken.append((round(time.time() % 100), connection.recv(100)))
                connection.close()
        return taken

    def ask():
        time.sleep(2)
        with socket.create_connection(("server", 5000)) as one, socket.create_connection(("server", 5000)) as two:
            for connection in (one, two):
                connection.sendall(b"kept")
            with pytest.raises(TimeoutError):
                socket.create_connection(("server", 5000), timeout=2)
            return one.recv(1), two.recv(1)

    program = server.start(serve)
    asked = client.start(ask)
    network.at("1s", program.pause)
    network.at("9s", program.resume)
    network.run()
    assert program.result == [(9, b"kept"), (9, b"kept")]
    assert asked.result == (b"", b"")


def test_signals_of_a_stopped_program_wait_for_it_but_for_sigkill(tmp_path):
    network = Network()
    one = network.host("one").start(script(tmp_path, "import time; time.sleep(100)"))
    two = network.host("two").start(script(tmp_path, "import time; time.sleep(100)"))
    for program in (one, two):
        network.at("1s", program.pause)
    network.at("2s", one.terminate)
    network.at("2s", two.kill)
    network.at("5s", one.resume)
    seen = Seen(network)
    outcome = network.run()
    assert [(life.status, life.ended_by) for life in outcome.processes] == [(-15, "kill"), (-9, "kill")]
    ends = [(event.time_ns // 10**9, event.signal, event.outcome) for event in seen.of(SignalSent)]
    assert ends == [
        (1, 19, "stopped"),
        (1, 19, "stopped"),
        (2, 15, "held"),
        (2, 9, "killed"),
        (5, 18, "ignored"),
        (5, 15, "killed"),
    ]


def test_a_program_that_is_restarted_has_its_arguments_and_environment_again(tmp_path):
    source = """
        import os, sys, time
        print(sys.argv[1:], os.environ["A"], os.getpid() > 0, input())
        time.sleep(3)
    """
    network = Network()
    host = network.host("host")
    program = host.start(script(tmp_path, source), "x", env={"A": "b"}, stdin="in")
    network.at("1s", program.restart)
    network.at("10s", program.restart)
    network.run()
    assert program.stdout == "['x'] b True in\n" * 3
    assert [(life.status, life.ended_by, life.name) for life in program.lives] == [
        (-9, "restart", "host"),
        (0, "", "host.2"),
        (0, "", "host.3"),
    ]


# Plans.


def test_links_change_at_their_time():
    network = Network()
    one, two = network.host("one"), network.host("two")
    link = network.link(one, two, delay="1ms")

    def serve():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
            here.bind(("", 5000))
            return [(here.recv(10), round(time.time() % 60, 1)) for _ in range(2)]

    def tell():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
            for word in (b"1", b"2", b"3"):
                here.sendto(word, ("two", 5000))
                time.sleep(2)

    heard = two.start(serve)
    one.start(tell)
    network.at("1s", link.cut)
    network.at("3s", link.mend)
    network.at("3s", link.change, delay="500ms")
    network.run()
    assert heard.result == [(b"1", 0.0), (b"3", 4.5)]


def test_what_a_plan_raises_comes_out_of_the_run():
    network = Network()
    network.host("one").start(time.sleep, 5)
    network.at("1s", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        network.run()


def test_mistakes_are_named(tmp_path):
    network, server, _client, program = pair(tmp_path)
    for act in (server.crash, server.restart, program.kill, program.pause, program.restart):
        with pytest.raises(ValueError, match=r"the network does not run; plan it, such as network.at"):
            act()
    with pytest.raises(UnitError):
        network.at("2", server.crash)
    with pytest.raises(ValueError, match="no signal 'SIGNOT'"):
        program.kill("SIGNOT")
    network.at("1s", program.kill, "TERM")
    network.run()
    with pytest.raises(ValueError, match="this network has run"):
        network.at("2s", server.crash)


def hashed(tmp_path, seed):
    network, server, client, program = pair(tmp_path, seed)
    network.link(server, client, delay="10ms", loss="10%")
    sink = HashSink()
    network.tracer.add(sink)

    def talk():
        for number in range(40):
            try:
                with socket.create_connection(("server", 5000), timeout=1) as connection:
                    connection.sendall(os.urandom(8))
                    connection.recv(8)
            except OSError:
                time.sleep(number / 100)

    client.start(talk)
    network.at("100ms", program.pause)
    network.at("200ms", program.resume)
    network.at("500ms", server.crash)
    network.at("1500ms", server.restart)
    network.at("4s", program.restart)
    network.run()
    return sink.result()


def test_a_run_with_crashes_is_the_same_again(tmp_path):
    assert hashed(tmp_path, 3) == hashed(tmp_path, 3)
    assert hashed(tmp_path, 3) != hashed(tmp_path, 4)


def test_a_program_that_stays_paused_is_reported_as_that(tmp_path):
    network, _server, client, program = pair(tmp_path)

    def ask():
        with socket.create_connection(("server", 5000)) as connection:
            time.sleep(1)
            connection.sendall(b"x")
            connection.recv(1)

    client.start(ask)
    network.at("500ms", program.pause)
    outcome = network.run(check=False)
    assert outcome.kind == "deadlock"
    assert "; the process is stopped (SIGSTOP); 4 is a stream socket" in network.report()


def test_a_program_may_be_killed_by_a_function_that_waits_for_its_port(tmp_path):
    network, server, client, program = pair(tmp_path)
    del server
    seen = []

    def chaos():
        for _ in range(3):
            while True:
                try:
                    socket.create_connection(("server", 5000)).close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.1)
            program.kill()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("server", 5000))
            program.restart()
            seen.append(len(seen))

    client.start(chaos)
    network.run()
    assert seen == [0, 1, 2]
    assert [life.ended_by for life in program.lives] == ["kill", "kill", "kill", ""]


def test_a_plan_with_a_bare_number_or_with_nothing_to_call_is_refused():
    network = Network()
    server = network.host("server")
    with pytest.raises(UnitError, match=r"at\(2, \.\.\.\) has no unit"):
        network.at(2, server.crash)
    with pytest.raises(TypeError, match=r"give it what to call, such as host\.crash"):
        network.at("2s", "crash server")


def test_the_summary_names_an_exception_group(tmp_path):
    source = """
        def fail():
            raise ExceptionGroup("some", [ValueError("a"), ExceptionGroup("in", [TypeError("b")])])
        try:
            1 / 0
        except ZeroDivisionError:
            fail()
    """
    network = Network()
    network.host("host").start(script(tmp_path, source))
    network.run(check=False)
    assert "host  exited 1: ExceptionGroup: some (2 sub-exceptions)" in network.report()
