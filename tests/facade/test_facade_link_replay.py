"""A run and its list of faults: it makes the run again, an entry less moves no other, and zero is no change."""

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farhost import Network
from farhost.network.faults.table import FAULTS
from farhost.scenario.faults import replayed
from farhost.sim.choices import Choices
from farhost.trace.events import FaultEvent
from farhost.trace.hashes import HashSink

ZEROS = {kind: "off" if kind in ("drop", "blackhole") else "0%" for kind in FAULTS}
STREAM = bytes(range(256)) * 60


class Made:
    """One run: a stream there and back and some datagrams, or what else is said to be done."""

    def __init__(self, seed, words, replay=None, local=False):
        self.network = Network(seed=seed)
        self.client, self.server = self.network.host("client"), self.network.host("server")
        self.network.link_all(**words)
        if replay is not None:
            self.choices.restart(seed, replay)
            kinds = [kind for kind in dict.fromkeys(choice.kind for choice in replay) if kind != "jitter"]
            replayed(kinds).apply_to_network(self.network._network)
        self.hashes, self.faults = HashSink(), []
        self.network.tracer.add(self.hashes)
        self.network.tracer.add(self)
        if local:
            self.client.start(talk_locally)
        else:
            self.server.start(serve)
            self.client.start(talk)
        self.network.run(until="300s", check=False)
        self.ledger = self.network._network.ledger()
        self.ledger.check()

    @property
    def choices(self) -> Choices:
        return self.network._network.choices

    @property
    def hash(self):
        return self.hashes.result()

    def take(self, event):
        if isinstance(event, FaultEvent):
            self.faults.append(event)


def serve():
    with socket.create_server(("", 5000)) as listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("", 5001))
        connection, _ = listener.accept()
        with connection:
            while data := connection.recv(3000):
                connection.sendall(data)


def talk():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for number in range(10):
            datagrams.sendto(bytes(number), ("server", 5001))
    with socket.create_connection(("server", 5000)) as connection:
        connection.sendall(STREAM)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(5000):
            pass


def talk_locally():
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind("\0here")
        listener.listen()
        client.connect("\0here")
        connection, _ = listener.accept()
        for number in range(1, 21):
            client.sendall(STREAM[:number])
            connection.recv(100)
        connection.close()


@pytest.fixture(scope="module")
def plain():
    """The hash of a run on a link that has a delay and nothing else."""
    return Made(1, {"delay": "5ms"}).hash


@pytest.mark.parametrize("kind", FAULTS)
def test_a_probability_of_zero_leaves_the_trace_as_it_is(plain, kind):
    made = Made(1, {"delay": "5ms", kind: ZEROS[kind]})
    assert made.hash == plain
    assert made.choices.taken == {}


def test_all_probabilities_of_zero_leave_the_trace_as_it_is(plain):
    assert Made(1, {"delay": "5ms", **ZEROS}).hash == plain


STRONG = {
    "split": "20%",
    "loss": "20%",
    "gemodel": "20%:50%",
    "drop": "SYN#1",
    "blackhole": "1000",
    "corrupt": "10%",
    "duplicate": "20%",
    "reorder": "20%",
    "spike": "10%",
}


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_changes_the_trace_and_is_in_it(plain, kind):
    made = Made(1, {"delay": "5ms", kind: STRONG[kind]})
    assert made.hash != plain
    assert {event.kind for event in made.faults} == {kind}
    assert [(event.place, event.amount) for event in made.faults] == [
        (choice.place, size) for choice, size in made.choices.taken.items()
    ]


@pytest.mark.parametrize("kind", FAULTS)
def test_a_conversation_within_a_host_is_the_same_whatever_befalls_links(kind):
    here, there = (Made(1, words, local=True) for words in ({}, {kind: STRONG[kind]}))
    assert here.hash == there.hash
    assert here.hash.events > 40


WORDS = st.fixed_dictionaries(
    {"delay": st.sampled_from(["0s", "3ms", "40ms"])},
    optional={
        "jitter": st.just("2ms"),
        "rate": st.sampled_from(["2mbit", "50mbit"]),
        "limit": st.just("10"),
        "mtu": st.just("900"),
        "split": st.sampled_from(["1%", "20%", "100%"]),
        "loss": st.sampled_from(["1%", "10%"]),
        "gemodel": st.sampled_from(["1%:25%", "5%:50%", "2%"]),
        "drop": st.sampled_from(["SYN#1-2", "DATA#2,4+FIN#1", "ANY#7-9"]),
        "blackhole": st.sampled_from(["1400", "700"]),
        "corrupt": st.just("5%"),
        "duplicate": st.just("10%"),
        "reorder": st.sampled_from(["10%", "10%:50ms"]),
        "spike": st.sampled_from(["2%", "5%:300ms"]),
    },
)


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 10_000), words=WORDS)
def test_the_list_of_faults_makes_the_run_again(seed, words):
    first = Made(seed, words)
    again = Made(seed, words, replay=dict(first.choices.taken))
    assert again.choices.taken == first.choices.taken
    assert again.hash == first.hash
    assert again.ledger == first.ledger


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), words=WORDS, data=st.data())
def test_a_fault_less_is_a_fault_less_and_moves_no_other(seed, words, data):
    faults = dict(Made(seed, words).choices.taken)
    if not faults:
        return
    removed = data.draw(st.sampled_from(list(faults)))
    kept = {choice: size for choice, size in faults.items() if choice != removed}
    again = Made(seed, words, replay=kept).choices.taken
    assert removed not in again
    assert again.items() <= kept.items()
