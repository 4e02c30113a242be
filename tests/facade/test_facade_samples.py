"""Samples of a run: what TCP connections and buffers have come to, for those who ask for them."""

import itertools
import os
import socket
import time

import pytest
from sampled_runs import of, pair, sampled, send, serve, transfer

from farhost import Network
from farhost.trace.events import BufferDepth, SocketChange, StateChange, TcpSample

# TCP.


def test_a_connection_s_samples_are_named_as_its_states_and_lie_in_time_order():
    network = transfer(delay="10ms", rate="10mbit")
    events = sampled(network)
    network.run()
    samples = of(events, TcpSample)
    names = {change.what.removeprefix("tcp ") for change in of(events, StateChange) if ">" in change.what}
    assert {sample.connection for sample in samples} == names
    assert all(sample.connection.startswith(f"{sample.host}:") for sample in samples)
    assert [event.time_ns for event in events] == sorted(event.time_ns for event in events)


def test_the_congestion_window_doubles_in_slow_start_and_halves_on_loss():
    network = transfer(600_000, delay="20ms", rate="20mbit")
    network.add_faults(["client>server: drop=DATA#150"])
    events = sampled(network)
    network.run()
    client = [sample for sample in of(events, TcpSample) if sample.host == "client"]
    assert client[0].congestion_window == 10 * 1460
    assert client[0].slow_start_threshold == -1
    growing = [one.congestion_window for one in client if one.slow_start_threshold == -1 and one.smoothed_rtt_ns]
    assert growing == sorted(growing)
    assert growing[-1] >= 4 * growing[0]
    lost = next(sample for sample in client if sample.slow_start_threshold != -1)
    flight = client[client.index(lost) - 1].in_flight
    assert abs(lost.slow_start_threshold - flight / 2) <= 2 * 1448  # RFC 5681: half of what was under way.
    after = client[client.index(lost) + 1 :]
    assert lost.slow_start_threshold <= max(sample.congestion_window for sample in after) < growing[-1]


def test_round_trip_flight_and_windows_are_those_of_the_link():
    network = transfer(100_000, delay="30ms", rate="100mbit")
    events = sampled(network)
    network.run()
    client = [sample for sample in of(events, TcpSample) if sample.host == "client"]
    measured = [sample for sample in client if sample.smoothed_rtt_ns]
    assert 60_000_000 <= measured[0].smoothed_rtt_ns < 62_000_000
    assert all(sample.rto_ns > sample.smoothed_rtt_ns for sample in measured)
    assert max(sample.in_flight for sample in client) >= 10 * 1448
    assert all(sample.in_flight <= sample.congestion_window + 1448 for sample in client)
    server = [sample for sample in of(events, TcpSample) if sample.host == "server"]
    assert max(sample.receive_queue for sample in server) >= 1448
    told = {sample.receive_window for sample in server}
    assert {sample.send_window for sample in measured} & told


def test_a_full_receive_buffer_shuts_the_window_and_a_read_is_seen_at_once():
    network, server, client = pair(delay="5ms")
    server.start(serve, pause_s=2.0)
    client.start(send, 1_000_000)
    events = sampled(network)
    network.run()
    server_samples = [sample for sample in of(events, TcpSample) if sample.host == "server"]
    assert min(sample.receive_window for sample in server_samples) == 0
    fullest = max(server_samples, key=lambda sample: sample.receive_queue)
    after = server_samples[server_samples.index(fullest) + 1]
    assert after.receive_queue == fullest.receive_queue - 65536
    client_samples = [sample for sample in of(events, TcpSample) if sample.host == "client"]
    assert max(sample.send_queue for sample in client_samples) > 100_000
    assert any(sample.send_window == 0 for sample in client_samples if sample.smoothed_rtt_ns)


def test_nothing_is_told_twice():
    network = transfer(delay="10ms")
    events = sampled(network)
    network.run()
    for host in ("server", "client"):
        told = [sample[1:] for sample in of(events, TcpSample) if sample.host == host]
        assert all(one != next_one for one, next_one in itertools.pairwise(told))
        rows = {}
        for change in of(events, SocketChange):
            if change.host == host:
                assert rows.get(change.number) != change.row
                rows[change.number] = change.row


def test_the_last_sample_has_the_queues_that_ss_shows():
    network, server, client = pair(delay="5ms")
    server.start(serve, pause_s=5.0)
    client.start(send, 1_000_000)
    events = sampled(network)
    seen = []

    def look():
        for host in (server, client):
            (row,) = [row for row in host.sockets() if row.kind == "tcp" and row.state == "ESTAB"]
            last = [sample for sample in of(events, TcpSample) if sample.host == host.name][-1]
            assert (last.receive_queue, last.send_queue) == (row.receive_queue, row.send_queue)
            seen.append(row.receive_queue + row.send_queue)

    for time_ms in (21, 30, 100, 4000):
        network.at(f"{time_ms}ms", look)
    network.run(check=False, until="6s")
    assert len(seen) == 8
    assert sum(seen) > 0


# Buffers.


def test_a_udp_buffer_grows_with_what_arrives_and_shrinks_with_what_is_read():
    network, server, client = pair(delay="1ms")

    def listen():
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.bind(("", 5000))
            time.sleep(1)
            for _ in range(3):
                sock.recv(100)
            time.sleep(1)

    def speak():
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            for size in (100, 100, 3000, 5):
                sock.sendto(bytes(size), ("server", 5000))

    server.start(listen)
    client.start(speak)
    events = sampled(network)
    at_end = []
    network.at("1900ms", lambda: at_end.extend(server.sockets()))
    network.run()
    depths = [sample for sample in of(events, BufferDepth) if sample.buffer == "udp server:5000 receive"]
    assert len(depths) == 8
    heights = [sample.depth for sample in depths]
    assert heights[:4] == sorted(heights[:4])
    assert heights[3:] == sorted(heights[3:], reverse=True)
    assert (heights[6], heights[7]) == (at_end[0].receive_queue, 0)
    assert {sample.limit for sample in depths} == {212992}


def test_two_udp_sockets_on_one_port_have_two_names():
    network = Network()
    host = network.host("host")

    def both():
        socks = []
        for _ in range(2):
            sock = socket.socket(type=socket.SOCK_DGRAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("", 5000))
            socks.append(sock)
        for _ in range(20):
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                sender.sendto(b"x", ("127.0.0.1", 5000))
        for sock in socks:
            sock.close()

    host.start(both)
    events = sampled(network)
    network.run()
    names = {sample.buffer for sample in of(events, BufferDepth)}
    assert names == {"udp host:5000 receive", "udp host:5000/2 receive"}
    last = {sample.buffer: sample.depth for sample in of(events, BufferDepth)}
    assert set(last.values()) == {0}


def test_raw_and_ping_sockets_have_buffers_too():
    network = Network()
    host = network.host("host", user="root", sysctls={"net.ipv4.ping_group_range": (0, 10)})

    def ping():
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
        sock.bind(("127.0.0.1", 7))
        sock.sendto(b"\x08\0\0\0\0\0\0\1hello", ("127.0.0.1", 0))
        sock.recv(100)
        raw.close()
        sock.close()

    host.start(ping)
    events = sampled(network)
    network.run()
    by_name = {}
    for sample in of(events, BufferDepth):
        by_name.setdefault(sample.buffer, []).append(sample.depth)
    raw = [depths for name, depths in by_name.items() if name.startswith("raw ")]
    assert len(raw) == 1
    assert raw[0][-1] == 0
    assert len(raw[0]) == 3  # The request and the reply arrive; the socket is closed.
    assert [depth > 0 for depth in by_name["ping host:7 receive"]] == [True, False]


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET])
def test_unix_buffers_grow_and_shrink(kind):
    network = Network()
    host = network.host("host")

    def talk():
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        one.send(bytes(1000))
        one.send(bytes(1000))
        other.recv(1000)
        other.recv(1000)
        one.send(b"x")
        one.close()
        other.close()

    host.start(talk)
    events = sampled(network)
    network.run()
    depths = [sample.depth for sample in of(events, BufferDepth)]
    assert depths[1] == 2 * depths[0] == 2 * depths[2]
    assert depths[0] > 1000
    assert [depth > 0 for depth in depths] == [True, True, True, False, True, False]
    assert len({sample.buffer for sample in of(events, BufferDepth)}) == 1
    assert of(events, BufferDepth)[0].limit == 212992


def test_pipes_grow_and_shrink():
    network = Network()
    host = network.host("host")

    def talk():
        reader, writer = os.pipe()
        os.write(writer, bytes(5000))
        os.read(reader, 4000)
        os.close(writer)
        os.close(reader)

    host.start(talk)
    events = sampled(network)
    network.run()
    assert [(sample.depth, sample.limit) for sample in of(events, BufferDepth)] == [
        (5000, 65536),
        (1000, 65536),
        (0, 65536),
    ]
    assert of(events, BufferDepth)[0].buffer.startswith("pipe ")
