import socket
import sys

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import farhost
from farhost import Network
from farhost.strategies import KINDS, Shape, fault_lists, link_conditions, link_texts, networks
from farhost.units import UnitError

QUICK = settings(max_examples=30, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
THOROUGH = settings(QUICK, max_examples=200)


def echo(net, count=3):
    """A client that sends datagrams and comes through whatever is lost: how many were answered."""
    answered = []

    def serve():
        with socket.socket(type=socket.SOCK_DGRAM) as own:
            own.bind(("", 5000))
            while True:
                data, sender = own.recvfrom(10)
                own.sendto(data, sender)

    def ask():
        with socket.socket(type=socket.SOCK_DGRAM) as own:
            own.settimeout(1)
            for number in range(count):
                own.sendto(b"%d" % number, ("server", 5000))
                try:
                    answered.append(own.recv(10))
                except OSError:
                    continue

    for name in ("server", "client"):
        if name not in net.hosts:
            net.host(name)
    net.hosts["server"].start(serve)
    net.hosts["client"].start(ask)
    return answered


@QUICK
@given(fault_lists(["client", "server"]))
def test_every_list_of_faults_is_one_that_a_network_takes(faults):
    net = Network()
    echo(net)
    net.add_faults(faults)
    net.run(until="60s", check=False)


@QUICK
@given(link_conditions(), link_texts(max_delay="2s", max_loss="50%"))
def test_all_conditions_are_those_of_a_link(words, text):
    net = Network()
    echo(net)
    net.link("server", "client", **words)
    net.run(until="60s")
    farhost.run(host=lambda: None, link=text)


@QUICK
@given(networks())
def test_hosts_of_every_shape_reach_each_other(shape):
    net = Network()
    assert set(shape.build(net)) == {name for name, _ in shape.hosts} >= {"client", "server"}
    answered = echo(net)
    net.run(until="60s")
    assert len(answered) == 3


def test_everything_shrinks_to_what_is_simplest():
    assert find(fault_lists(["a", "b"]), lambda _: True, settings=QUICK) == []
    assert find(link_conditions(), lambda _: True, settings=QUICK) == {}
    assert find(link_texts(), lambda _: True, settings=QUICK) == ""
    assert find(networks(), lambda _: True, settings=QUICK) == Shape(1, (("client", 0), ("server", 0)))
    assert find(fault_lists(["a", "b"]), len, settings=QUICK) == ["a>b: drop=DATA#1"]
    assert find(link_conditions(), lambda words: "loss" in words, settings=QUICK) == {"loss": "1%"}


def test_a_planted_bug_is_found_and_its_faults_shrink_together_with_the_programs_input():
    """The program falls over when the third answer is missing: it takes three datagrams and the loss of one."""

    def breaks(example):
        count, faults = example
        net = Network()
        answered = echo(net, count)
        net.add_faults(faults)
        net.run(until="60s", check=False)
        return count >= 3 and b"2" not in answered

    inputs = st.tuples(st.integers(1, 9), fault_lists(["client", "server"], kinds=["drop"]))
    assert find(inputs, breaks, settings=THOROUGH) == (3, ["client>server: drop=UDP#3"])


def test_several_losses_on_one_link_all_hold():
    net = Network()
    answered = echo(net, 4)
    net.add_faults(["client>server: drop=UDP#1", "client>server: drop=UDP#3", "client-server: delay=20ms"])
    net.run()
    assert answered == [b"1", b"3"]
    assert net.outcome.virtual_ns > 2_080_000_000


def test_what_happens_at_a_time():
    net = Network()
    answered = echo(net, 4)
    net.add_faults(["0ms link client-server down; 1500ms link client-server up"])
    net.run()
    assert len(answered) == 2  # The first two datagrams wait for the neighbour's address meanwhile, as on Linux.
    assert net.outcome.virtual_ns > 1_500_000_000


@pytest.mark.parametrize("text", ["loss", "a>b", "a>b: drop", "server: "])
def test_what_is_no_fault_is_refused_at_once(text):
    with pytest.raises(UnitError, match="such as"):
        Network().add_faults([text])


@pytest.mark.parametrize("text", ["a>b: drop=DATA#1", "client>server: droop=DATA#1", "1s crash mars"])
def test_what_is_not_there_is_an_error_of_the_run(text):
    net = Network()
    echo(net)
    net.add_faults([text])
    with pytest.raises(ValueError, match=r"no host|no word"):
        net.run()


def test_wrong_arguments_are_told():
    with pytest.raises(ValueError, match="at least two different names"):
        fault_lists(["a"])
    with pytest.raises(ValueError, match=f"there are {', '.join(KINDS)}"):
        fault_lists(["a", "b"], kinds=["flood"])
    with pytest.raises(ValueError, match="no such"):
        networks(max_hosts=1)
    with pytest.raises(UnitError, match="500"):
        link_conditions(max_delay="500")
    with pytest.raises(UnitError, match="from 1% up"):
        link_conditions(max_loss="0%")


def test_without_hypothesis_the_remedy_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "farhost.strategies")
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match=r"pip install 'farhost\[hypothesis\]'"):
        import farhost.strategies  # noqa: F401
