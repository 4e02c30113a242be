"""The notes' second axis: datagrams go by chunks, get lost and overtake; a stream is restored, maybe re-chunked."""

import pytest


def datagram_program() -> None:
    import socket

    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for chunk in (b"one", b"", b"three" * 100):
        assert client.sendto(chunk, server.getsockname()) == len(chunk)
    assert server.recv(1000) == b"one"
    assert server.recv(1000) == b"", "an empty chunk is a chunk"
    assert server.recv(3) == b"thr", "what does not fit is cut off and gone"
    server.setblocking(False)
    try:
        server.recv(1000)
    except BlockingIOError:
        print("nothing left")


def test_one_write_is_one_chunk_which_is_one_read(machine):
    assert machine.run(datagram_program).out == "nothing left\n"


def counting_server() -> None:
    import socket
    import sys

    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("", int(sys.argv[1])))
    server.settimeout(2)
    print("listening", flush=True)
    try:
        while True:
            print(server.recv(100).decode())
    except TimeoutError:
        pass


def counting_client() -> None:
    import socket
    import sys
    import time

    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for number in range(50):
        assert client.sendto(b"%d" % number, (sys.argv[1], int(sys.argv[2]))) > 0
        time.sleep(0.001)
    assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    print("50 sent without an error")


COUNTING = {"server": [counting_server, "{port}"], "client": [counting_client, "{server}", "{port}"]}


def numbers(text: str) -> list[int]:
    return [int(line) for line in text.split() if line.isdigit()]


@pytest.mark.only_farhost("the system's loopback loses nothing")
def test_a_lost_datagram_and_nobody_told(machine):
    result = machine.run_all(link="delay=10ms loss=20%", **COUNTING)
    assert result["client"].out == "50 sent without an error\n"
    arrived = numbers(result["server"].out)
    assert 25 < len(arrived) < 50
    assert arrived == sorted(arrived), "no reordering was asked for"
    lost = machine.last.dropped("loss")
    assert len(arrived) + lost == 50


@pytest.mark.only_farhost("the system's loopback keeps the order")
def test_datagrams_can_even_be_out_of_order(machine):
    result = machine.run_all(link="delay=10ms reorder=20%", **COUNTING)
    arrived = numbers(result["server"].out)
    assert sorted(arrived) == list(range(50)), "none is lost"
    assert arrived != sorted(arrived)


def test_between_programs_of_one_machine_all_datagrams_arrive_in_order(machine):
    result = machine.run_all(one_host=True, **COUNTING)
    assert numbers(result["server"].out) == list(range(50))


def stream_server() -> None:
    import hashlib
    import socket
    import sys
    import time

    listener = socket.create_server(("", int(sys.argv[1])))
    print("listening", flush=True)
    client, _ = listener.accept()
    time.sleep(0.2)
    digest, reads, size = hashlib.sha256(), 0, 0
    while piece := client.recv(65_536):
        digest.update(piece)
        reads, size = reads + 1, size + len(piece)
    print(digest.hexdigest(), size, reads)


def stream_client() -> None:
    import hashlib
    import socket
    import sys

    data = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(10_000))
    with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as server:
        for start in range(0, len(data), 1000):
            server.sendall(data[start : start + 1000])
    print(hashlib.sha256(data).hexdigest(), len(data))


STREAM = {"server": [stream_server, "{port}"], "client": [stream_client, "{server}", "{port}"]}


def check_stream(result) -> int:
    digest, size = result["client"].out.split()
    server_digest, server_size, reads = result["server"].out.split()[-3:]
    assert (server_digest, server_size) == (digest, size)
    return int(reads)


def test_the_receiver_may_not_see_the_senders_chunking(machine):
    reads = check_stream(machine.run_all(**STREAM))
    assert reads != 320, "320 writes of 1000 bytes"


@pytest.mark.only_farhost("the system's loopback loses nothing")
def test_the_network_stack_confirms_times_out_resends_and_restores(machine):
    check_stream(machine.run_all(link="delay=10ms loss=10% reorder=10% duplicate=2% corrupt=2%", **STREAM))
    assert machine.last.counter("client", "TcpRetransSegs") > 10
    assert machine.last.dropped("loss") > 10
    assert machine.last.counter("client", "TcpInErrs") + machine.last.counter("server", "TcpInErrs") > 0
