"""`host.ss()` and `host.netstat()`: before a run, in it, and after it."""

import re
import socket
import time
from pathlib import Path

import pytest

from farhost import Network
from farhost.kernel.inet.counters import COUNTERS
from farhost.on_system.network import Network as NetworkOnSystem
from farhost.on_system.program import NotOnSystem


def make(**words):
    network = Network(3)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, **words)
    return network, server, client


def serve():
    with socket.create_server(("", 5000)) as listener:
        connection, _ = listener.accept()
        with connection:
            time.sleep(0.5)
            while connection.recv(65536):
                pass


def send(size=200_000):
    with socket.create_connection(("10.0.0.1", 5000)) as connection:
        connection.sendall(bytes(size))


def test_the_table_prints_as_ss_does_at_any_time_of_a_run():
    network, server, client = make(delay="10ms")
    server.start(serve)
    client.start(send)
    seen = []
    network.at("300ms", lambda: seen.append(server.ss()))
    assert str(server.ss()).split()[:2] == ["Netid", "State"]
    assert len(server.ss()) == 0
    network.run()
    (table,) = seen
    assert [(row.kind, row.state) for row in table] == [("tcp", "LISTEN"), ("tcp", "ESTAB")]
    lines = str(table).splitlines()
    assert re.fullmatch(r"tcp   LISTEN +0 +128 0\.0\.0\.0:5000 +0\.0\.0\.0:\* +users:.*pid=100,fd=512.*", lines[1])
    assert re.match(r"tcp   ESTAB  +\d+ +0 10\.0\.0\.1:5000 +10\.0\.0\.2:\d+ +users:", lines[2])


def test_a_function_in_place_and_a_check_look_at_the_tables():
    network, server, client = make(delay="1ms")
    states, counts = [], []

    def ask():
        with socket.create_connection(("10.0.0.1", 5000)):
            states.extend(row.state for row in client.ss())
            counts.append(client.netstat()["TcpCurrEstab"])

    server.start(serve)
    client.start(ask)
    network.always(lambda: server.netstat()["TcpPassiveOpens"] <= 1 and len(server.ss()) <= 2)
    network.run()
    assert (states, counts) == (["ESTAB"], [1])


def test_counters_tell_what_a_lossy_link_did_to_tcp():
    network, server, client = make(delay="10ms", loss="5%")
    server.start(serve)
    client.start(send)
    assert not any(client.netstat().values())
    network.run()
    counted = client.netstat()
    assert counted["TcpActiveOpens"] == server.netstat()["TcpPassiveOpens"] == 1
    assert counted["TcpRetransSegs"] > 0
    assert counted["TcpExtTCPFastRetrans"] + counted["TcpExtTCPTimeouts"] > 0
    assert f"TcpRetransSegs                  {counted['TcpRetransSegs']}" in str(counted).splitlines()
    assert "TcpEstabResets" not in str(counted)
    assert list(counted) == list(COUNTERS)


def test_a_timeout_is_counted_and_slow_start_after_it():
    network, server, client = make(delay="10ms", rate="10mbit")
    server.start(serve)
    client.start(send)
    link = network.link(server, client, delay="10ms", rate="2mbit")
    network.at("200ms", link.cut)
    network.at("700ms", link.mend)
    network.run()
    counted = client.netstat()
    assert counted["TcpExtTCPTimeouts"] >= 1
    assert counted["TcpExtTCPSlowStartRetrans"] >= 1
    assert counted["TcpRetransSegs"] >= counted["TcpExtTCPSlowStartRetrans"] + 1


def test_a_peer_that_is_gone_is_an_abort_on_timeout():
    network, server, client = make(delay="10ms")

    def patient():
        with socket.create_connection(("10.0.0.1", 5000)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2000)
            time.sleep(0.3)
            connection.sendall(b"x")
            with pytest.raises(TimeoutError):
                connection.recv(1)

    server.start(serve)
    client.start(patient)
    network.at("100ms", server.crash)
    network.run()
    counted = client.netstat()
    assert (counted["TcpExtTCPAbortOnTimeout"], counted["TcpEstabResets"]) == (1, 1)


def test_a_shut_window_is_asked_for():
    network, server, client = make(delay="1ms")

    def slow():
        with socket.create_server(("", 5000)) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection, _ = listener.accept()
            with connection:
                time.sleep(3)
                while connection.recv(65536):
                    pass

    server.start(slow)
    client.start(send)
    network.run()
    assert client.netstat()["TcpExtTCPWinProbe"] >= 2


def test_a_host_that_booted_counts_anew_and_one_that_is_off_has_no_sockets():
    network, server, client = make(delay="1ms")
    server.start(serve)
    client.start(send, 1)
    found = []
    network.at("100ms", server.crash)
    network.at("200ms", lambda: found.append((server.ss(), server.netstat()["TcpPassiveOpens"])))
    network.at("300ms", server.restart)
    network.at("1400ms", lambda: found.append((len(server.ss()), server.netstat()["TcpPassiveOpens"])))
    network.run(until="2s", check=False)
    assert found == [((), 1), (1, 0)]


def test_interfaces_count_the_packets_of_the_links_behind_them():
    network, server, client = make(delay="5ms", loss="3%")
    server.start(serve)
    client.start(send)
    network.run()
    ledger = network._network.ledger()
    sent = {account.name: account.sent for account in ledger.channels}
    delivered = {account.name: account.delivered for account in ledger.channels}
    assert client.netstat().interfaces["eth0"].sent == sent["client>server"]
    assert client.netstat().interfaces["eth0"].received == delivered["server>client"]
    assert server.netstat().interfaces["eth0"].received == delivered["client>server"]
    assert "eth0   1500" in str(server.netstat())


def test_the_first_counter_of_tcp_has_no_part_of_the_second():
    network, server, client = make(delay="5ms", loss="5%")
    server.start(serve)
    client.start(send)
    network.run()
    counted = client.netstat()
    assert counted["TcpOutSegs"] + counted["TcpRetransSegs"] == counted.interfaces["eth0"].sent
    assert counted["IpOutRequests"] == counted.interfaces["eth0"].sent
    assert counted["IpInReceives"] == counted["TcpInSegs"] == counted.interfaces["eth0"].received


def test_a_name_that_nobody_counts_is_an_error_with_those_that_are_like_it():
    network = Network()
    counted = network.host("host").netstat()
    with pytest.raises(KeyError, match="no counter 'TcpRetransSeg': is it TcpRetransSegs"):
        counted["TcpRetransSeg"]
    assert "TcpRetransSeg" not in counted
    assert repr(counted) == "<Counters >"


def test_on_the_operating_system_they_are_refused_with_the_reason():
    network = NetworkOnSystem()
    host = network.host("host")
    with pytest.raises(NotOnSystem, match=r"`ss -tan` in a terminal"):
        host.ss()
    with pytest.raises(NotOnSystem, match=r"`nstat -az` in a terminal"):
        host.netstat()


def test_the_documentation_has_a_line_for_each_counter():
    text = (Path(__file__).parents[2] / "docs" / "state.md").read_text()
    rows = [line for line in text.splitlines() if re.match(r"\| `[A-Z]\w+` \|", line)]
    assert rows == [f"| `{name}` | {meaning} |" for name, meaning in COUNTERS.items()]
