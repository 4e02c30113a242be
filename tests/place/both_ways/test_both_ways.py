"""One file of tests, which passes on simulated hosts and on the operating system (`pytest --no-farhost`) alike."""

import asyncio
import queue
import select
import selectors
import socket
import socketserver
import struct
import sys
import threading
import time
from pathlib import Path

import pytest
from both_ways_programs import receive_all, receive_exactly, serve_connections


def test_echo(farhost):
    server, client = farhost.host("server"), farhost.host("client")
    farhost.link(server, client, delay="40ms", loss="2%")
    seen = []

    def serve():
        with socket.create_server((server.address, 5000)) as listener:
            connection, _ = listener.accept()
            with connection:
                seen.append(connection.recv(100))
                connection.sendall(b"pong")

    def ask():
        with socket.create_connection((server.address, 5000), timeout=10) as connection:
            connection.sendall(b"ping")
            assert connection.recv(100) == b"pong"

    server.start(serve)
    client.start(ask)
    farhost.run(until="60s")
    assert seen == [b"ping"]


def test_a_stream_has_no_boundaries_and_ends_by_half(farhost):
    server, client = farhost.host("server"), farhost.host("client")
    blob = bytes(range(256)) * 1000

    def upper(connection):
        connection.sendall(receive_all(connection)[::-1])

    def ask():
        with socket.create_connection((server.address, 5001)) as connection:
            for start in range(0, len(blob), 7777):
                connection.sendall(blob[start : start + 7777])
            connection.shutdown(socket.SHUT_WR)
            with pytest.raises(BrokenPipeError):
                connection.sendall(b"too late")
            return receive_all(connection)

    server.start(serve_connections, (server.address, 5001), upper)
    asked = client.start(ask)
    farhost.run(until="60s")
    assert asked.result == blob[::-1]


def test_datagrams_keep_their_boundaries(farhost):
    server, client = farhost.host("server"), farhost.host("client")

    def serve():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind((server.address, 5002))
            while True:
                data, peer = receiver.recvfrom(1000)
                receiver.sendto(struct.pack("!H", len(data)), peer)

    def ask():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.settimeout(10)
            sender.connect((server.address, 5002))
            sizes = []
            for size in (0, 1, 500, 2000):
                sender.send(b"x" * size)
                sizes.append(struct.unpack("!H", sender.recv(10))[0])
            return sizes

    server.start(serve)
    asked = client.start(ask)
    farhost.run(until="60s")
    assert asked.result == [0, 1, 500, 1000]


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_SEQPACKET])
def test_unix_sockets_have_names_in_the_file_system(farhost, tmp_path, kind):
    box = farhost.host("box")
    path = tmp_path / "s"

    def serve():
        with socket.socket(socket.AF_UNIX, kind) as listener:
            listener.bind(str(path))
            listener.listen()
            connection, _ = listener.accept()
            with connection:
                connection.sendall(connection.recv(100).upper())

    def ask():
        assert path.is_socket()
        with socket.socket(socket.AF_UNIX, kind) as connection:
            connection.connect(str(path))
            connection.sendall(b"hello")
            answer = connection.recv(100)
        path.unlink()
        return answer, list(path.parent.iterdir())

    box.start(serve)
    asked = box.start(ask)
    farhost.run(until="60s")
    assert asked.result == (b"HELLO", [])


def test_a_thread_for_each_client_and_a_queue_for_all(farhost):
    server = farhost.host("server")
    clients = [farhost.host(f"client{number}") for number in range(3)]
    finished = queue.Queue()

    def serve():
        def attend(connection):
            with connection:
                finished.put(receive_exactly(connection, 5))
                connection.sendall(b"done")

        threads = []
        with socket.create_server((server.address, 5003)) as listener:
            for _ in clients:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=attend, args=(connection,)))
                threads[-1].start()
        for thread in threads:
            thread.join()

    def ask(word):
        with socket.create_connection((server.address, 5003)) as connection:
            connection.sendall(word)
            return connection.recv(10)

    server.start(serve)
    asked = [client.start(ask, b"word%d" % number) for number, client in enumerate(clients)]
    farhost.run(until="60s")
    assert [program.result for program in asked] == [b"done"] * 3
    assert sorted(finished.get_nowait() for _ in clients) == [b"word0", b"word1", b"word2"]


def test_select_and_selectors(farhost):
    server, client = farhost.host("server"), farhost.host("client")

    def serve():
        with selectors.DefaultSelector() as selector, socket.create_server((server.address, 5004)) as listener:
            listener.setblocking(False)
            selector.register(listener, selectors.EVENT_READ)
            left = 2
            while left:
                for key, _ in selector.select():
                    if key.fileobj is listener:
                        connection, _ = listener.accept()
                        selector.register(connection, selectors.EVENT_READ)
                        continue
                    if data := key.fileobj.recv(100):
                        key.fileobj.sendall(data)
                    else:
                        selector.unregister(key.fileobj)
                        key.fileobj.close()
                        left -= 1

    def ask():
        one, two = (socket.create_connection((server.address, 5004)) for _ in range(2))
        with one, two:
            assert select.select([one, two], [], [], 0) == ([], [], [])
            two.sendall(b"two")
            readable, _, _ = select.select([one, two], [], [], 10)
            poll = select.poll()
            poll.register(two, select.POLLIN)
            return readable == [two], [event for _, event in poll.poll(1000)], two.recv(10)

    server.start(serve)
    asked = client.start(ask)
    farhost.run(until="60s")
    assert asked.result == (True, [select.POLLIN], b"two")


def test_asyncio_streams(farhost):
    server, client = farhost.host("server"), farhost.host("client")

    async def attend(reader, writer):
        async for line in reader:
            writer.write(line.title())
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def serve():
        async with await asyncio.start_server(attend, server.address, 5005) as listener:
            await listener.serve_forever()

    async def ask():
        reader, writer = await asyncio.open_connection(server.address, 5005)
        lines = []
        for word in (b"one", b"two"):
            writer.write(word + b" line\n")
            lines.append(await asyncio.wait_for(reader.readline(), 10))
        writer.close()
        await writer.wait_closed()
        return lines

    server.start(serve)
    asked = client.start(ask)
    farhost.run(until="60s")
    assert asked.result == [b"One Line\n", b"Two Line\n"]


def test_a_server_of_the_standard_library_is_at_rest_in_the_end(farhost):
    server, client = farhost.host("server"), farhost.host("client")

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(self.rfile.readline().swapcase())

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    def serve():
        with Server((server.address, 5006), Handler) as listening:
            listening.serve_forever()

    def ask():
        with socket.create_connection((server.address, 5006)) as connection:
            connection.sendall(b"Swap\n")
            return receive_all(connection)

    server.start(serve)
    asked = client.start(ask)
    farhost.run(until="60s")
    assert asked.result == b"sWAP\n"


def test_time_limits(farhost):
    server, client = farhost.host("server"), farhost.host("client")

    def hold(connection):
        connection.recv(1)

    def ask():
        with socket.create_connection((server.address, 5007), timeout=0.2) as connection:
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                connection.recv(1)
            waited = time.monotonic() - began
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(1)
            return waited

    server.start(serve_connections, (server.address, 5007), hold)
    asked = client.start(ask)
    farhost.run(until="60s")
    assert 0.2 <= asked.result < 2


def test_nobody_listens(farhost):
    server, client = farhost.host("server"), farhost.host("client")

    def ask():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.address, 5008), timeout=10)
        return "refused"

    asked = client.start(ask)
    farhost.run(until="60s")
    assert asked.result == "refused"


def test_a_peer_that_closes_with_data_unread_resets(farhost):
    server, client = farhost.host("server"), farhost.host("client")

    def drop(connection):
        select.select([connection], [], [], 10)

    def ask():
        with socket.create_connection((server.address, 5009)) as connection:
            connection.sendall(b"never read")
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
            return "reset"

    server.start(serve_connections, (server.address, 5009), drop)
    asked = client.start(ask)
    farhost.run(until="60s")
    assert asked.result == "reset"


def test_an_exception_of_a_function_is_the_tests(farhost):
    client = farhost.host("client")

    class Mine(Exception):
        pass

    def fail():
        raise Mine("from inside")

    client.start(fail)
    with pytest.raises(Mine, match="from inside") as caught:
        farhost.run(until="60s")
    assert caught.value.__notes__[0].startswith("in client")


def test_scripts_beside_functions(farhost, tmp_path):
    server, client = farhost.host("server"), farhost.host("client")
    script = tmp_path / "asker.py"
    script.write_text(
        "import socket, sys\n"
        "with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:\n"
        "    print(connection.recv(100).decode())\n"
    )

    def greet(connection):
        connection.sendall(b"hello, script")

    server.start(serve_connections, (server.address, 5010), greet)
    asked = client.start(script, server.address, "5010")
    farhost.run(until="60s")
    assert (asked.status, asked.stdout, asked.stderr) == (0, "hello, script\n", "")


def test_exit_statuses_and_output(farhost, capsys):
    host = farhost.host("host")
    one = host.start(lambda: print("printed inside"))
    two = host.start(lambda: sys.exit(3))
    outcome = farhost.run(until="60s", check=False)
    assert (outcome.ok, outcome.kind, one.status, two.status) == (False, "failed", 0, 3)
    assert capsys.readouterr().out == "printed inside\n"


def test_ipv6(farhost):
    server, client = farhost.host("server"), farhost.host("client")

    def greet(connection):
        connection.sendall(b"six")

    def serve():
        with socket.create_server((server.address6, 5011), family=socket.AF_INET6) as listener:
            connection, _ = listener.accept()
            with connection:
                greet(connection)

    def ask():
        with socket.create_connection((server.address6, 5011)) as connection:
            return connection.recv(10), connection.family

    server.start(serve)
    asked = client.start(ask)
    farhost.run(until="60s")
    assert asked.result == (b"six", socket.AF_INET6)


def test_what_the_system_cannot_do_is_skipped_there(farhost):
    one, other = farhost.host("one"), farhost.host("other")
    farhost.partition(one, other)

    def ask():
        with pytest.raises(TimeoutError):
            socket.create_connection((other.address, 5012), timeout=3)

    one.start(ask)
    farhost.run(until="60s")


@pytest.fixture
def mailbox():
    return queue.Queue()


def test_what_fixtures_make_is_shared_with_the_programs(mailbox, farhost):
    one, other = farhost.host("one"), farhost.host("other")
    one.start(lambda: (time.sleep(0.1), mailbox.put(Path("letter"))))
    taker = other.start(lambda: mailbox.get(timeout=10))
    farhost.run(until="60s")
    assert taker.result == Path("letter")
