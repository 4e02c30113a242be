import logging
import socket
import time

import pytest

import farhost
from farhost import InvariantError, Network


def host_with(function, *arguments):
    net = Network(seed=3)
    program = net.host("host").start(function, *arguments)
    return net, program


def test_always_ends_the_run_at_the_call_after_which_it_does_not_hold():
    seen = []

    def count():
        for number in range(10):
            time.sleep(1)
            seen.append(number)

    net, _ = host_with(count)
    net.always(lambda: len(seen) < 3, "fewer than three")
    with pytest.raises(InvariantError) as caught:
        net.run()
    first, second = str(caught.value).splitlines()
    assert first == "always: fewer than three does not hold"
    assert second.startswith("at 4.0000")
    assert " s of virtual time, after host: clock_nanosleep(" in second or "after host: nanosleep(" in second
    assert seen == [0, 1, 2]
    assert caught.value.outcome.kind == "invariant"
    assert caught.value.__notes__ == ["seed 3"]
    assert "failed: an invariant does not hold (virtual time 4.0" in net.report()
    assert "  always: fewer than three does not hold" in net.report()


def test_what_a_check_raises_is_the_cause_and_its_words_are_told():
    def check():
        assert not broken, "it is broken"

    broken = []

    def fail():
        time.sleep(1)
        broken.append(1)
        time.sleep(1)

    net, _ = host_with(fail)
    net.always(check)
    with pytest.raises(InvariantError, match="always: check does not hold") as caught:
        net.run()
    assert "AssertionError: it is broken" in str(caught.value)
    assert isinstance(caught.value.__cause__, AssertionError)


def test_what_holds_changes_nothing():
    def ask():
        with socket.create_connection(("server", 5000)) as own:
            own.sendall(b"hello")
            assert own.recv(5) == b"hello"

    def serve():
        with socket.create_server(("", 5000)) as listener:
            own, _ = listener.accept()
            with own:
                own.sendall(own.recv(5))

    def run(watched):
        net = Network(seed=1)
        server, client = net.host("server"), net.host("client")
        net.link(server, client, delay="40ms")
        server.start(serve)
        client.start(ask)
        if watched:
            net.always(lambda: None)
            net.always(lambda: True)
        return net.run()

    assert run(True) == run(False)


def test_a_check_is_made_at_the_end_too_and_a_plain_false_is_enough():
    seen = []
    net, _ = host_with(seen.append, 1)
    net.always(lambda: not seen)
    with pytest.raises(InvariantError, match=r"always: net\.always\(lambda: not seen\) does not hold"):
        net.run()


def test_a_check_runs_outside_of_the_simulation():
    clocks = []
    net, _ = host_with(time.sleep, 1)
    net.always(lambda: clocks.append(time.time()))
    net.run()
    assert all(abs(clock - time.time()) < 100 for clock in clocks)
    assert net.outcome.virtual_ns < 1_100_000_000


def test_eventually_must_come_true_within_its_time():
    seen = []

    def late():
        time.sleep(3)
        seen.append(1)
        time.sleep(3)

    net, _ = host_with(late)
    net.eventually(lambda: seen, within="4s")
    assert net.run().ok
    seen.clear()
    net, _ = host_with(late)
    net.eventually(lambda: seen, within="2s", message="stored")
    with pytest.raises(InvariantError) as caught:
        net.run()
    assert str(caught.value) == "eventually: stored did not come true within 2s\nat 2.000000 s of virtual time"
    assert caught.value.outcome.virtual_ns < 3_000_000_000


def test_eventually_looks_at_the_end_of_its_time_also_in_a_long_wait():
    seen = []

    def early():
        time.sleep(1)
        seen.append(1)
        time.sleep(60)
        seen.clear()

    net, _ = host_with(early)
    net.eventually(lambda: seen, within="4s")
    assert net.run().ok


def test_eventually_is_broken_where_the_run_ends_before():
    def check():
        assert [] == [1]

    net, _ = host_with(time.sleep, 1)
    net.eventually(check, within="1h")
    with pytest.raises(InvariantError, match="eventually: check did not come true within 3600s: the run has ended"):
        net.run()


def test_eventually_said_in_a_run_counts_from_then():
    seen = []

    def later():
        time.sleep(10)
        net.eventually(lambda: seen, within="2s")
        time.sleep(1)
        seen.append(1)
        time.sleep(1)

    net, _ = host_with(later)
    assert net.run().ok
    seen.append(1)
    net, _ = host_with(later)
    net.always(lambda: True)
    assert net.run().ok


def test_an_assertion_is_not_yet_and_another_exception_ends_the_run():
    net, _ = host_with(time.sleep, 5)
    net.eventually(lambda: {}["a"], within="9s")
    with pytest.raises(InvariantError, match="KeyError: 'a'"):
        net.run()
    assert net.outcome.virtual_ns < 6_000_000_000


def test_a_run_that_fails_anyway_fails_as_it_did():
    net, _ = host_with(lambda: 1 / 0)
    net.eventually(lambda: False, within="9s")
    with pytest.raises(ZeroDivisionError):
        net.run()


def test_checks_see_sockets_and_what_was_printed_so_far(tmp_path):
    script = tmp_path / "serve.py"
    script.write_text(
        "import socket, time\n"
        "listener = socket.create_server(('', 5000))\n"
        "print('listening', flush=True)\n"
        "time.sleep(1)\n"
        "print('bye', flush=True)\n"
    )
    net = Network()
    host = net.host("host")
    program = host.start(script)
    looked = []

    def look():
        states = [row.state for row in host.sockets()]
        if not looked or looked[-1] != (states, program.stdout):
            looked.append((states, program.stdout))

    net.always(look)
    net.run()
    assert looked[0] == (["UNCONN"], "") or looked[0] == ([], "")
    assert (["LISTEN"], "listening\n") in looked
    assert looked[-1][1] == "listening\nbye\n"
    assert program.stdout == "listening\nbye\n"


def test_a_program_that_catches_everything_does_not_go_on():
    went_on = []

    def stubborn():
        while True:
            try:
                time.sleep(1)
                went_on.append(1)
            except BaseException:
                logging.debug("caught")

    net, _ = host_with(stubborn)
    net.always(lambda: len(went_on) < 2)
    assert net.run(check=False).kind == "invariant"
    assert len(went_on) == 2


def test_wrong_words_are_refused():
    net, _ = host_with(print)
    with pytest.raises(TypeError, match="always\\(True\\): give it a function that looks"):
        net.always(True)
    with pytest.raises(ValueError, match="within=5 has no unit"):
        net.eventually(lambda: True, within=5)
    net.run()
    with pytest.raises(ValueError, match="this network has run"):
        net.always(lambda: True)
    assert farhost.always is not None
