"""Small MTUs, the largest datagrams, and many connections at once, over links as they are."""

import pytest
from machines import Farhost
from troubled_network import build


@pytest.mark.parametrize("host", ["server", "server6"])
def test_an_mtu_of_576_carries_streams_and_datagrams(tmp_path, host):
    def receiver():
        import hashlib
        import socket
        import threading

        listener = socket.create_server(("::", 5000), family=socket.AF_INET6, dualstack_ipv6=True)
        datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        datagrams.bind(("::", 5000))
        print("listening", flush=True)

        def answer():
            data, peer = datagrams.recvfrom(65536)
            datagrams.sendto(hashlib.sha256(data).digest(), peer)

        thread = threading.Thread(target=answer)
        thread.start()
        connection, _ = listener.accept()
        digest = hashlib.sha256()
        while data := connection.recv(65536):
            digest.update(data)
        connection.sendall(digest.digest())
        thread.join()

    def client():
        import hashlib
        import socket
        import sys

        family = socket.AF_INET6 if sys.argv[1].endswith("6") else socket.AF_INET
        info = socket.getaddrinfo("server", 5000, family, socket.SOCK_STREAM)[0]
        data = bytes(range(256)) * 400
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.connect(info[4])
            one.send(data[:20000])
            print(one.recv(100) == hashlib.sha256(data[:20000]).digest())
        with socket.socket(family) as one:
            one.connect(info[4])
            print(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)
            print(one.recv(100) == hashlib.sha256(data).digest())

    network, _ = build("delay=5ms mtu=576")
    finished = Farhost(tmp_path).run_all(network=network, server=[receiver], client=[client, host])
    assert finished["client"].out.splitlines()[::2] == ["True", "True"], finished


@pytest.mark.parametrize("family", ["4", "6"])
def test_the_largest_datagrams_over_an_ordinary_link_with_loss(tmp_path, family):
    """65507 bytes are 45 fragments: one that is lost loses all; those that come are whole."""

    def receiver():
        import socket
        import sys

        kind = socket.AF_INET if sys.argv[1] == "4" else socket.AF_INET6
        one = socket.socket(kind, socket.SOCK_DGRAM)
        one.bind(("", 5000))
        print("listening", flush=True)
        whole = 0
        one.settimeout(100)
        try:
            while True:
                data, _ = one.recvfrom(70000)
                number = data[0]
                assert data == bytes([number]) * 65507
                whole += 1
        except TimeoutError:
            print(whole)

    def client():
        import socket
        import sys
        import time

        kind = socket.AF_INET if sys.argv[1] == "4" else socket.AF_INET6
        one = socket.socket(kind, socket.SOCK_DGRAM)
        one.connect(socket.getaddrinfo("server", 5000, kind, socket.SOCK_DGRAM)[0][4])
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_000_000)
        for number in range(200):
            one.send(bytes([number]) * 65507)
            time.sleep(0.2)
        try:
            one.send(bytes(65508 if kind == socket.AF_INET else 65536))
        except OSError as error:
            print(error.errno)

    network, _ = build("delay=5ms loss=1%")
    finished = Farhost(tmp_path).run_all(network=network, server=[receiver, family], client=[client, family])
    whole = int(finished["server"].out.split()[1])
    assert 90 < whole < 160
    assert finished["client"].out == "90\n"
    assert network.hosts["server"].kernel.internet.counters["IpReasmFails"] >= 0


def test_two_hundred_connections_at_once(tmp_path):
    def receiver():
        import socket
        import threading

        listener = socket.create_server(("0.0.0.0", 5000), backlog=500)
        print("listening", flush=True)

        def serve(connection):
            with connection:
                size = 0
                while data := connection.recv(65536):
                    size += len(data)
                connection.sendall(str(size).encode())

        threads = []
        for _ in range(200):
            connection, _ = listener.accept()
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def client():
        import selectors
        import socket

        selector = selectors.DefaultSelector()
        sizes = {}
        for number in range(200):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("server", 5000))
            sizes[one] = [1000 + number * 10, b""]
            selector.register(one, selectors.EVENT_WRITE)
        right = 0
        while selector.get_map():
            for key, mask in selector.select():
                one = key.fileobj
                state = sizes[one]
                if mask & selectors.EVENT_WRITE:
                    state[0] -= one.send(bytes(min(state[0], 400)))
                    if not state[0]:
                        one.shutdown(socket.SHUT_WR)
                        selector.modify(one, selectors.EVENT_READ)
                elif data := one.recv(100):
                    state[1] += data
                else:
                    right += state[1].isdigit()
                    selector.unregister(one)
                    one.close()
        print(right)

    network, _ = build("delay=10ms loss=2% rate=100mbit")
    finished = Farhost(tmp_path).run_all(network=network, server=[receiver], client=[client])
    assert finished["client"].out == "200\n"
