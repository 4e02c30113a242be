"""Socket tables in samples: the changes amount to what ss(8) shows, at any time; and a run's hash is one."""

import socket
import time

import pytest
from sampled_runs import asyncio_scenario, of, pair, sampled, table, transfer, udp_scenario, unix_scenario

from farhost import Network
from farhost.kernel.inet import endpoint
from farhost.kernel.sampling import MILLISECOND_NS, ROWS_A_MS, HostSampler
from farhost.trace.events import BufferDepth, SocketChange, TcpSample
from farhost.trace.hashes import HashSink


@pytest.mark.parametrize("scenario", [asyncio_scenario, unix_scenario, udp_scenario])
@pytest.mark.parametrize("seed", range(3))
def test_the_changes_amount_to_the_table_at_any_time(scenario, seed):
    network = Network(seed)
    scenario(network)
    events = sampled(network)
    sizes = []

    def compare():
        for host in network.hosts.values():
            rows = host.sockets()
            assert sorted(table(events, host.name).values()) == sorted(row[:] for row in rows)
            sizes.append(len(rows))

    for time_us in range(300, 150_000, 700):
        network.at(f"{time_us}us", compare)
    network.run(until="20s")
    compare()
    assert len(sizes) > 200
    assert max(sizes) >= 1


def test_a_socket_keeps_its_number_from_its_making_to_the_connection_s_end():
    network = transfer(1000, delay="1ms")
    events = sampled(network)
    network.run()
    changes = [change for change in of(events, SocketChange) if change.host == "client"]
    states = {}
    for change in changes:
        states.setdefault(change.number, []).append("gone" if change.row is None else change.row[1])
    (life,) = [list(dict.fromkeys(found)) for found in states.values() if "ESTAB" in found]
    assert life == ["UNCONN", "SYN-SENT", "ESTAB", "FIN-WAIT-1", "TIME-WAIT", "gone"]


def test_a_crash_takes_every_socket_away_and_numbers_go_on_after_the_boot():
    network, server, _ = pair()

    def wait():
        with socket.create_server(("", 5000)) as listener:
            listener.accept()

    server.start(wait)
    events = sampled(network)
    network.at("1s", server.crash)
    network.at("2s", server.restart)
    found = []
    network.at("1500ms", lambda: found.append(table(events, "server")))
    network.run(until="9s", check=False)
    assert found == [{}]
    numbers = [change.number for change in of(events, SocketChange) if change.row is not None]
    assert numbers == sorted(numbers)
    assert (
        len({change.number for change in of(events, SocketChange) if change.row and change.row[1] == "LISTEN"}) == 2
    )


def test_a_host_with_many_sockets_is_compared_less_often_and_its_table_is_right_in_the_end():
    count = 10 * ROWS_A_MS
    network = Network()
    host = network.host("host")

    def open_many():
        socks = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(count)]
        socks[0].bind(("127.0.0.1", 5000))
        for _ in range(300):
            socks[1].sendto(b"x", ("127.0.0.1", 5000))
        for sock in socks:
            sock.close()

    host.start(open_many)
    events = sampled(network)
    network.run()
    changes = of(events, SocketChange)
    looks = sorted({change.time_ns for change in changes})
    several = [time_ns for time_ns in looks if time_ns > looks[0] + MILLISECOND_NS]
    assert len(looks) < 60, "each call was followed by a comparison of all sockets"
    assert len(several) < 20
    assert table(events, "host") == {}


# What they cost.


@pytest.mark.parametrize("scenario", [asyncio_scenario, unix_scenario, udp_scenario])
def test_the_hash_of_a_run_is_one_whether_it_is_sampled_or_not(scenario):
    hashes = []
    for samples in (False, True):
        network = Network(5)
        scenario(network)
        hashing = HashSink()
        network.tracer.add(hashing)
        if samples:
            events = sampled(network)
        network.run(until="20s")
        hashes.append(hashing.result())
    assert hashes[0] == hashes[1]
    assert of(events, SocketChange)


def test_the_samples_of_one_run_are_the_same_each_time():
    found = []
    for _ in range(2):
        network = Network(5)
        asyncio_scenario(network)
        events = sampled(network)
        network.run(until="20s")
        found.append([event for event in events if type(event) in (TcpSample, BufferDepth, SocketChange)])
    assert found[0] == found[1]


def test_what_a_host_with_many_sockets_left_out_is_told_at_the_run_s_end():
    network = Network()
    host = network.host("host")

    def open_many():
        socks = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(10 * ROWS_A_MS)]
        for number, sock in enumerate(socks):
            sock.bind(("127.0.0.1", 5000 + number))
        time.sleep(60)

    host.start(open_many)
    events = sampled(network)
    late, rows = [], []
    network.at("5s", lambda: late.append(table(events, "host")))
    network.at("5s", lambda: rows.extend(host.sockets()))
    network.run(until="6s", check=False)
    assert len(rows) == 10 * ROWS_A_MS
    assert len(late[0]) < len(rows)  # Nothing has happened on any host since the last socket was bound.
    assert sorted(table(events, "host").values()) == sorted(row[:] for row in rows)


def test_nothing_is_compared_or_made_where_nobody_asks_for_samples(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a sample was made")

    for name in ("look", "pay", "go_off", "message_buffer"):
        monkeypatch.setattr(HostSampler, name, refuse)
    monkeypatch.setattr(endpoint, "sample_connection", refuse)
    for scenario in (asyncio_scenario, unix_scenario, udp_scenario):
        network = Network(5)
        scenario(network)
        network.tracer.add(HashSink())
        network.at("30ms", next(iter(network.hosts.values())).crash)
        network.run(until="20s", check=False)
