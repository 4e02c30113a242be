import socket
import time

import pytest

import farhost
from farhost import Network, RunFailed
from farhost.explore.fork_one import run_in_child
from farhost.explore.orders import Orders
from farhost.scenario.words import WordError
from farhost.trace.trail import first_difference
from farhost.units import UnitError


def serve():
    with socket.socket(type=socket.SOCK_DGRAM) as own:
        own.bind(("", 5000))
        while True:
            data, sender = own.recvfrom(100)
            own.sendto(data, sender)


def ask(count):
    with socket.socket(type=socket.SOCK_DGRAM) as own:
        own.settimeout(1)
        own.connect(("server", 5000))
        for number in range(count):
            own.send(b"%d" % number)
            assert own.recv(10) == b"%d" % number


def echo(seed=0, faults=(), **link):
    net = Network(seed, faults=faults)
    server, client = net.host("server"), net.host("client")
    if link:
        net.link(server, client, **link)
    server.start(serve)
    client.start(ask, 20)
    return net


def obeyed(orders, **words):
    """The verdict of a run under orders."""
    net = echo(**words)
    net.obey(orders)
    try:
        net.run()
    except Exception as error:
        return net.verdict(error)
    return net.verdict()


def test_faults_by_words_befall_the_run():
    assert echo().run().ok
    with pytest.raises(TimeoutError):
        echo(faults="loss=50%").run()
    net = echo()
    net.faults("client>server: loss=100%")
    with pytest.raises(TimeoutError):
        net.run()
    assert "1 dropped (loss 1)" in net.report()


def test_faults_hold_beside_what_was_said_of_links_before_and_after():
    net = Network(faults="duplicate=100%")
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="100ms")
    server.start(serve)
    client.start(ask, 1)
    assert net.run().virtual_ns > 200_000_000
    assert "3 sent, 3 delivered" in net.report() or "duplicated" in net.report()


def test_wrong_words_are_told_at_once_and_wrong_places_at_the_run():
    with pytest.raises(UnitError, match="no fault 'lost'"):
        Network(faults="lost=2%")
    net = echo(faults=["a>b: loss=2%"])
    with pytest.raises(WordError, match="no host 'a'"):
        net.run()
    with pytest.raises(TimeoutError):
        farhost.run(server=serve, client=(ask, 20), faults="loss=50%")


def test_a_fault_that_nothing_could_have_is_told_where_it_was_asked_for_and_not_where_a_profile_has_it():
    with pytest.raises(WordError, match="dns-drop: there is no name server"):
        echo(faults="dns-drop=5%").run()
    with pytest.raises(WordError, match="crash befalls hosts"):
        echo(faults="client>server: crash=5%").run()
    assert echo(faults="threads").run().ok
    net = echo(faults="dns-drop=0%")
    net.name_server("server")
    assert net.run().ok
    echo(faults="default").run(check=False)


def test_orders_give_the_seed_and_the_faults():
    first = obeyed(Orders(7, ("loss=10%",)))
    assert first.seed == 7
    assert not first.ok
    assert first.kind == "failed"
    assert first.signature[:3] == ("failed", "client", "TimeoutError")
    assert "own.recv(10)" in first.signature[3]
    assert "TimeoutError" in first.message
    assert {choice.kind for choice, _ in first.taken} == {"loss"}
    assert first.last
    assert any("recvfrom" in line for line in first.last)
    assert obeyed(Orders(7, ("loss=10%",))) == first
    assert obeyed(Orders(8, ("loss=10%",))).shape != first.shape


def test_a_run_under_orders_is_the_run_of_that_seed():
    ordered, plain = echo(), echo(seed=7)
    ordered.obey(Orders(7))
    assert ordered.run() == plain.run()
    assert ordered.report() == plain.report()
    assert "seed 7" in plain.report()


def test_a_replay_is_the_same_run_byte_for_byte():
    first = obeyed(Orders(7, ("loss=10% duplicate=10%",), trail=True))
    again = obeyed(Orders(7, replay=dict(first.taken), trail=True))
    assert (again.shape, again.content, again.events) == (first.shape, first.content, first.events)
    assert first_difference(first.trail, again.trail) is None
    assert again.signature == first.signature
    assert obeyed(Orders(7, replay={})).ok


def test_a_replay_stands_in_place_of_the_faults_that_the_test_says():
    first = obeyed(Orders(3), faults="loss=20%")
    assert not first.ok
    again = obeyed(Orders(3, replay=dict(first.taken)), faults="loss=20%")
    assert again.shape == first.shape
    assert obeyed(Orders(3, replay={}), faults="loss=20%").ok


def test_what_could_have_happened_is_recorded_if_asked():
    assert obeyed(Orders(7, ("loss=1%",))).asked == ()
    found = obeyed(Orders(7, ("loss=1%",), record=True))
    assert len(found.asked) > 20
    assert {choice.kind for choice, _ in found.asked} == {"loss"}


def test_a_run_that_passed_has_little_to_say():
    found = obeyed(Orders(7))
    assert (found.ok, found.kind, found.message, found.signature, found.last) == (True, "passed", "", (), ())
    assert found.events > 80
    assert found.virtual_ns > 0


def test_an_error_after_the_run_is_an_outcome_and_a_deadlock_is_one():
    net = echo()
    net.obey(Orders(1))
    net.run()
    found = net.verdict(AssertionError("assert 1 == 2"))
    assert (found.kind, found.signature) == ("outcome", ("outcome", "AssertionError"))
    assert found.message == "AssertionError: assert 1 == 2"
    net = Network()
    net.host("host").start(lambda: socket.socket(type=socket.SOCK_DGRAM).recv(1))
    net.obey(Orders(1))
    with pytest.raises(RunFailed) as caught:
        net.run()
    found = net.verdict(caught.value)
    assert found.kind == "deadlock"
    assert "recvfrom" in found.message
    assert found.signature[1].startswith("host in recvfrom at test_facade_obey.py:")


def test_a_broken_invariant_is_a_verdict_with_a_signature_that_outlives_the_time():
    def verdict(pause):
        net = Network()
        net.host("host").start(time.sleep, pause)
        net.always(lambda: False, "never")
        net.obey(Orders(1))
        with pytest.raises(AssertionError) as caught:
            net.run()
        return net.verdict(caught.value)

    assert verdict(1).signature == verdict(2).signature == ("invariant", "always: never does not hold")


def test_what_cannot_be_is_refused():
    net = echo()
    with pytest.raises(ValueError, match="this network has no orders"):
        net.verdict()
    net.run()
    with pytest.raises(ValueError, match="this network has run"):
        net.obey(Orders())
    with pytest.raises(ValueError, match="this network has run"):
        net.faults("loss=2%")


def test_until_of_the_network_holds_where_a_run_says_nothing():
    for until, kind in ((None, "until"), ("9s", "passed")):
        net = Network()
        net.host("host").start(time.sleep, 5)
        net.until = "2s"
        assert net.run(until, check=False).kind == kind


def test_a_run_in_a_forked_child_is_the_run_that_this_process_would_have():
    """Whose steps count: locks that `threading` gets anew in the child are none of the simulated programs'."""

    def ready(orders):
        net.obey(orders)
        net.run(check=False)
        return net.verdict()

    net = echo()
    orders = Orders(5, ("preempt=50% wake=50%",))
    in_child = run_in_child(ready, orders)
    here = ready(orders)
    assert len(here.taken) > 20
    assert in_child == here
