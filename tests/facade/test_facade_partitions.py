"""What programs see of a link that is cut or of a peer without power: never a polite refusal.

What Linux says was seen in network namespaces (docs/decisions/0019).
"""

import errno
import socket
import time

import pytest

from farhost import Network
from farhost.trace.events import PacketEvent

WAYS = [None, "client>server", "server>client"]


def two_hosts(**words):
    network = Network(seed=1)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, delay="1ms", **words)
    return network, server, client


def echo(family=socket.AF_INET):
    with socket.create_server(("", 5000), family=family) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(100):
                    connection.sendall(data)


def failing(what, *arguments):
    """Which error a call ends with, and after how many seconds."""
    began = time.monotonic()
    with pytest.raises(OSError) as caught:
        what(*arguments)
    return errno.errorcode.get(caught.value.errno, str(caught.value)), round(time.monotonic() - began, 2)


def connect(family=socket.AF_INET):
    with socket.socket(family) as connection:
        connection.connect(("server", 5000))


@pytest.mark.parametrize("direction", WAYS)
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_neighbour_that_does_not_answer_is_unreachable_after_three_seconds(direction, family):
    network, server, client = two_hosts()
    network.partition(server, client, direction=direction)
    server.start(echo, family)
    asked = client.start(lambda: [failing(connect, family), failing(connect, family)])
    network.run(check=False)
    assert asked.result == [("EHOSTUNREACH", 3.06)] * 2


def test_a_peer_without_power_is_unreachable_too():
    network, server, client = two_hosts()
    server.start(echo)
    network.at("1s", server.crash)

    def ask():
        time.sleep(2)
        return failing(connect)

    asked = client.start(ask)
    network.run(check=False)
    assert asked.result == ("EHOSTUNREACH", 3.06)


def test_a_limit_of_three_seconds_is_reached_before_three_questions_are():
    network, server, client = two_hosts()
    network.partition(server, client)
    server.start(echo)
    asked = client.start(failing, socket.create_connection, (server.address, 5000), 3)
    network.run(check=False)
    assert asked.result == ("timed out", 3.0)


@pytest.mark.parametrize("direction", WAYS)
@pytest.mark.parametrize(("silent_s", "seconds"), [(0, 70.06), (70, 14.06)])
def test_a_neighbour_that_was_heard_of_is_believed_for_a_while(direction, silent_s, seconds):
    """Until 30 s after the last packet; then the next SYN leaves and begins 8 s of doubt, after which one waits for
    an answer to ARP: the SYNs are sent after 0, 1, 2, 3, 4, 5, 7, 11, 19, 35 and 67 s."""
    network, server, client = two_hosts()
    server.start(echo)

    def ask():
        connect()
        time.sleep(silent_s)
        network.partition(server, client, direction=direction)
        return failing(connect)

    asked = client.start(ask)
    network.run(check=False)
    assert asked.result == ("EHOSTUNREACH", pytest.approx(seconds, abs=0.01))


def established(direction):
    """How a connection ends over which a byte is sent that nobody answers."""
    network, server, client = two_hosts()
    server.start(echo)

    def ask():
        with socket.create_connection(("server", 5000)) as connection:
            connection.sendall(b"x")
            connection.recv(1)
            if direction == "loss":
                network.link(server, client, loss="100%")
            else:
                network.partition(server, client, direction=direction)
            connection.sendall(b"y")
            return failing(connection.recv, 1)

    asked = client.start(ask)
    network.run(check=False)
    return asked.result


@pytest.mark.parametrize("direction", WAYS)
def test_a_connection_says_after_a_quarter_of_an_hour_that_its_peer_is_unreachable(direction):
    """Its address was long forgotten, and the last retransmissions have waited for an answer to ARP."""
    error, seconds = established(direction)
    assert error == "EHOSTUNREACH"
    assert 924 < seconds < 930


def test_a_connection_that_loses_all_packets_and_has_its_neighbour_times_out():
    assert established("loss")[0] == "ETIMEDOUT"


def test_a_connection_goes_on_when_a_partition_heals_in_time():
    network, server, client = two_hosts()
    server.start(echo)

    def ask():
        with socket.create_connection(("server", 5000)) as connection:
            network.partition(server, client)
            connection.sendall(b"x")
            time.sleep(100)
            network.heal(server, client)
            return connection.recv(1)

    asked = client.start(ask)
    network.run(check=False)
    assert asked.result == b"x"


def test_a_keepalive_is_too_old_for_an_icmp_message_and_times_out():
    """Its sequence number is one that was acknowledged (tcp_v4_err drops what is out of window)."""
    network, server, client = two_hosts()
    server.start(echo)

    def ask():
        with socket.create_connection(("server", 5000)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
            network.partition(server, client)
            return failing(connection.recv, 1)

    asked = client.start(ask)
    seen = []
    network.tracer.add(Sink(seen))
    network.run(check=False)
    assert asked.result == ("ETIMEDOUT", 80.0)
    assert "no-neighbour" in [event.reason for event in seen if isinstance(event, PacketEvent)]


def test_a_router_says_of_a_host_behind_it_that_it_does_not_answer():
    network = Network(seed=1)
    network.segment("west", delay="1ms")
    network.segment("east", delay="1ms")
    client, server = network.host("client", segments=["west"]), network.host("server", segments=["east"])
    network.router("router", ["west", "east"])
    network.partition("router", "server")
    server.start(echo)
    asked = client.start(failing, connect)
    network.run(check=False)
    assert asked.result == ("EHOSTUNREACH", pytest.approx(3.062, abs=0.01))


def test_a_datagram_is_gone_and_send_says_nothing():
    network, server, client = two_hosts()
    network.partition(server, client)

    def send():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.connect((server.address, 5000))
            datagrams.send(b"x")
            time.sleep(5)
            return datagrams.send(b"x")

    asked = client.start(send)
    network.run(check=False)
    assert asked.result == 1


class Sink:
    """Keeps a trace."""

    def __init__(self, events):
        self.events = events

    def take(self, event):
        self.events.append(event)
