"""What the tests of samples share: runs whose samples are kept, and scenarios."""

import asyncio
import socket
import threading
import time

from farhost import Network
from farhost.trace.events import SocketChange
from farhost.trace.sinks import ListSink


def sampled(network):
    """A list of the run's events, samples among them."""
    sink = ListSink()
    network.tracer.add(sink, samples=True)
    return sink.events


def of(events, kind):
    return [event for event in events if type(event) is kind]


def table(events, host):
    """The rows of a host that its SocketChanges so far amount to."""
    rows = {}
    for change in of(events, SocketChange):
        if change.host == host:
            if change.row is None:
                del rows[change.number]
            else:
                rows[change.number] = change.row
    return rows


def serve(connections=1, pause_s=0.0):
    with socket.create_server(("", 5000)) as listener:
        for _ in range(connections):
            connection, _ = listener.accept()
            with connection:
                time.sleep(pause_s)
                while connection.recv(65536):
                    pass


def send(size, linger_s=0.0):
    with socket.create_connection(("10.0.0.1", 5000)) as connection:
        connection.sendall(bytes(size))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
        time.sleep(linger_s)


def pair(seed=0, **words):
    network = Network(seed)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, **words)
    return network, server, client


def transfer(size=300_000, **words):
    network, server, client = pair(**words)
    server.start(serve)
    client.start(send, size)
    return network


def asyncio_scenario(network):
    server, client = network.host("server"), network.host("client")
    network.link(server, client, delay="3ms", loss="3%", rate="5mbit")

    async def answer(reader, writer):
        while data := await reader.read(1000):
            writer.write(data)
            await writer.drain()
        writer.close()

    def run_server():
        async def main():
            async with await asyncio.start_server(answer, "", 5000) as listener:
                await listener.serve_forever()

        asyncio.run(main())

    def run_client():
        async def one(number):
            await asyncio.sleep(number / 100)
            reader, writer = await asyncio.open_connection("server", 5000)
            for _ in range(3):
                writer.write(bytes(3000))
                await reader.readexactly(3000)
            writer.close()

        async def main():
            await asyncio.gather(*map(one, range(6)))

        asyncio.run(main())

    server.start(run_server)
    client.start(run_client)


def unix_scenario(network):
    host = network.host("host")

    def serve_unix():
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("at")
            listener.listen(1)
            for _ in range(3):
                connection, _ = listener.accept()
                time.sleep(0.002)
                with connection:
                    while data := connection.recv(700):
                        time.sleep(0.001)
                        connection.send(data)

    def one():
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect("at")
            for _ in range(3):
                sock.send(bytes(1000))
                time.sleep(0.0013)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1000):
                pass

    def run_clients():
        threads = [threading.Thread(target=one) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    host.start(serve_unix)
    host.start(run_clients)


def udp_scenario(network):
    server, client = network.host("server"), network.host("client")
    network.link(server, client, delay="2ms", loss="10%")

    def answer():
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.bind(("", 5000))
            while True:
                data, peer = sock.recvfrom(2000)
                time.sleep(0.003)
                sock.sendto(data, peer)

    def ask():
        for number in range(10):
            with socket.socket(type=socket.SOCK_DGRAM) as sock:
                sock.connect(("server", 5000))
                sock.settimeout(0.01)
                try:
                    for _ in range(3):
                        sock.send(bytes(number))
                    sock.recv(100)
                except TimeoutError:
                    pass

    server.start(answer)
    client.start(ask)
