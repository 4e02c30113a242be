"""The notes on packet boundaries: two writes and one read, four ways to split and merge."""

import pytest

SPLITS = ("part of chunk 1", "chunk 1", "chunk 1 + part of chunk 2", "chunk 1 + chunk 2")


def writing_server() -> None:
    import socket
    import sys
    import time

    listener = socket.create_server(("", int(sys.argv[1])))
    print("listening", flush=True)
    client, _ = listener.accept()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(b"1" * 2000)
    client.sendall(b"2" * 2000)
    time.sleep(5)


def reading_client() -> None:
    import socket
    import sys
    import time

    server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    if len(sys.argv) > 3:
        time.sleep(float(sys.argv[3]))
    first = server.recv(100_000)
    rest = b""
    while len(first + rest) < 4000:
        rest += server.recv(100_000)
    assert first + rest == b"1" * 2000 + b"2" * 2000
    print(len(first))


def split(size: int) -> str:
    return SPLITS[(size >= 2000) + (size > 2000) + (size == 4000)]


def first_read(machine, **options) -> int:
    result = machine.run_all(
        server=[writing_server, "{port}"], client=[reading_client, "{server}", "{port}"], **options
    )
    return int(result["client"].out)


@pytest.mark.only_farhost("the system's loopback has no seeds")
def test_all_four_splits_and_merges_are_seen_over_seeds(machine):
    late = machine.run_all(
        server=[writing_server, "{port}"], client=[reading_client, "{server}", "{port}", "1"], link="delay=10ms"
    )
    seen = {split(int(late["client"].out))}
    for seed in range(60):
        if seen == set(SPLITS):
            break
        seen.add(split(first_read(machine, seed=seed, link="delay=10ms loss=25%")))
    assert seen == set(SPLITS)


def local_program() -> None:
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))
    sizes = []

    def read() -> None:
        with socket.create_connection(listener.getsockname()) as server:
            sizes.append(len(server.recv(1000)))
            while server.recv(1000):
                pass

    for _ in range(20):
        reader = threading.Thread(target=read)
        reader.start()
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(b"1" * 20)
        client.sendall(b"2" * 20)
        client.close()
        reader.join()
    assert set(sizes) <= {20, 40}, sizes
    print(sizes.count(20))


@pytest.mark.only_farhost("on the system the scheduler decides; here the rule is checked")
def test_locally_the_second_case_is_the_usual_one(machine):
    assert int(machine.run(local_program).out) > 10


def again_program() -> None:
    import socket

    left, right = socket.socketpair()
    left.sendall(b"a longer message")
    message = b""
    while len(message) < 16:
        piece = right.recv(5)
        assert 0 < len(piece) <= 5
        message += piece
    assert message == b"a longer message"
    left.sendall(b"waited for")
    assert right.recv(10, socket.MSG_WAITALL) == b"waited for"


def test_read_again_to_get_more(machine):
    machine.run(again_program)


def small_reading_client() -> None:
    import socket
    import sys

    server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    size = 0
    while size < 4000:
        size += len(server.recv(900))


@pytest.mark.only_farhost("the cause of a cut is in farhost's trace")
@pytest.mark.parametrize("client", [reading_client, small_reading_client])
@pytest.mark.parametrize("seed", range(5))
def test_a_cut_in_a_read_stands_at_a_segment_boundary_a_buffer_state_or_a_fault(machine, seed, client):
    machine.run_all(
        server=[writing_server, "{port}"],
        client=[client, "{server}", "{port}"],
        link="delay=10ms jitter=5ms loss=10%",
        seed=seed,
        trace=True,
    )
    cuts = machine.last.read_cuts("client")
    boundaries = machine.last.segment_boundaries("server", "client")
    assert cuts
    unexplained = [cut for cut, filled in cuts if not filled and cut not in boundaries]
    assert not unexplained, (cuts, sorted(boundaries))
    if client is small_reading_client:
        assert any(filled and cut not in boundaries for cut, filled in cuts), "the reader's own buffer cut, too"
