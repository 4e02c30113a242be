"""What programs see of a link that is cut or of a peer without power: never a polite refusal.

What Linux says was seen in network namespaces (docs/decisions/0019).
"""

import errno
import socket
import time

import pytest

from farhost import Network

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
def test_a_neighbour_that_was_heard_of_is_believed_until_a_connection_times_out(direction):
    """The address is remembered when the first SYN leaves and forgotten 8 s after 30 s of silence: the SYN of the
    63rd second waits for an answer."""
    network, server, client = two_hosts()
    server.start(echo)

    def ask():
        connect()
        network.partition(server, client, direction=direction)
        return failing(connect)

    asked = client.start(ask)
    network.run(check=False)
    assert asked.result[0] == "EHOSTUNREACH"


def established(direction, retries=None):
    """How a connection ends over which a byte is sent that nobody answers."""
    network, server, client = two_hosts()
    if retries is not None:
        client.sysctl("net.ipv4.tcp_retries2", retries)
    server.start(echo)

    def ask():
        with socket.create_connection(("server", 5000)) as connection:
            connection.sendall(b"x")
            connection.recv(1)
            network.partition(server, client, direction=direction)
            connection.sendall(b"y")
            return failing(connection.recv, 1)

    asked = client.start(ask)
    network.run(check=False)
    return asked.result


@pytest.mark.parametrize("direction", WAYS)
def test_a_connection_gives_up_after_a_quarter_of_an_hour(direction):
    print(established(direction))
