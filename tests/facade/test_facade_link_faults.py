"""Faults of links as programs meet them, said in every way in which links are described."""

import errno
import socket
import time

import pytest

from farhost import Network
from farhost.network.faults.table import FAULTS
from farhost.sim.choices import Choice


def conversation(network, words, family=socket.AF_INET):
    """A server replies with 12 bytes; what each read of the client got, and when it did (in whole ms)."""
    server, client = network.host("server"), network.host("client")
    link = network.link(server, client, **words)

    def serve():
        with socket.create_server(("", 5000), family=family) as listener:
            connection, _ = listener.accept()
            connection.recv(100)
            connection.sendall(b"hello, world")
            time.sleep(1)
            connection.close()

    def ask():
        reads = []
        with socket.socket(family) as connection:
            connection.connect(("server", 5000))
            connection.sendall(b"?")
            began = time.monotonic()
            while data := connection.recv(100):
                reads.append((data, int((time.monotonic() - began) * 1000)))
        return reads

    server.start(serve)
    return link, client.start(ask)


def taken(network):
    return network._network.choices.taken


def ledger(network):
    found = network._network.ledger()
    found.check()
    return found.total


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_reply_that_is_split_is_read_in_two_pieces(family):
    network = Network(seed=1)
    _, client = conversation(network, {"split": "100%", "direction": "server>client"}, family)
    network.run()
    (first, _), (second, _) = client.result
    assert first + second == b"hello, world"
    assert [len(first)] == list(taken(network).values())
    assert ledger(network).split == 1


def test_the_second_piece_of_a_reply_comes_300_ms_later():
    first = Network(seed=1)
    conversation(first, {"split": "100%", "direction": "server>client"})
    first.run()
    (where,) = taken(first)
    half = where.place.replace("0+12", "5+7")
    chosen = {where: 5, Choice("spike", half): 300_000_000}
    network = Network(seed=1)
    network._network.choices.restart(1, chosen)
    words = {kind: FAULTS[kind].replayed for kind in ("split", "spike")}
    _, client = conversation(network, words)
    network.run()
    assert client.result == [(b"hello", 0), (b", world", 300)]
    assert taken(network) == chosen
    said = [FAULTS[choice.kind].describe(*pair) for choice in chosen for pair in [(choice.place, chosen[choice])]]
    flow = where.place.split(" ")[1]
    assert said == [
        f"bytes 0 to 12 of {flow} arrived as 5 + 7 bytes",
        f"bytes 5 to 12 of {flow} came 300 ms late",
    ]


def connecting(words):
    """How long it takes to connect, in whole seconds, and what was dropped."""
    network = Network(seed=1)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, direction="client>server", **words)

    def serve():
        with socket.create_server(("", 5000)) as listener:
            listener.accept()[0].close()

    def ask():
        began = time.monotonic()
        socket.create_connection((server.address, 5000)).close()
        return int(time.monotonic() - began)

    server.start(serve)
    asked = client.start(ask)
    network.run()
    return asked.result, ledger(network).dropped


def test_syns_that_are_counted_out_are_sent_again():
    assert connecting({}) == (0, {})
    assert connecting({"drop": "SYN#1"}) == (1, {"drop": 1})
    assert connecting({"drop": "SYN#1-2"}) == (2, {"drop": 2})
    assert connecting({"drop": "SYN#2"}) == (0, {})


def test_into_a_black_hole_tcp_sends_again_until_it_times_out():
    """Linux does not look for the path's MTU itself (net.ipv4.tcp_mtu_probing is 0): small segments get through,
    large ones never, and nobody says why."""
    network = Network(seed=1)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, delay="1ms", blackhole="1400")

    def serve():
        with socket.create_server(("", 5000)) as listener:
            connection, _ = listener.accept()
            with connection:
                got = [connection.recv(100)]
                time.sleep(1500)
                connection.setblocking(False)
                with pytest.raises(BlockingIOError):
                    connection.recv(100)
                return got

    def ask():
        with socket.create_connection(("server", 5000)) as connection:
            connection.sendall(b"small")
            time.sleep(1)
            connection.sendall(bytes(5000))
            began = time.monotonic()
            with pytest.raises(TimeoutError) as caught:
                connection.recv(1)
            return caught.value.errno, time.monotonic() - began

    served, asked = server.start(serve), client.start(ask)
    network.run(check=False)
    assert served.result == [b"small"]
    assert asked.result[0] == errno.ETIMEDOUT
    assert 900 < asked.result[1] < 1000
    dropped = ledger(network).dropped
    assert list(dropped) == ["blackhole"] and dropped["blackhole"] > 15
