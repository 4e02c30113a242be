"""Random sequences of calls on connections and datagram sockets of IPv4: all results are the operating system's."""

import pytest
from differ import agree


@pytest.mark.parametrize("seed", range(4))
def test_sequences_on_a_connection(tmp_path, seed):
    """Not compared: edges, of which acknowledgements that the system delays by its own clock make some."""

    def program():
        import errno
        import random
        import socket
        import struct
        import sys
        import time

        from telling import ready, stream_pair

        chance = random.Random(int(sys.argv[1]))
        steps = {
            "send": (6, lambda one: one.send(bytes(chance.choice((1, 100, 3000))), socket.MSG_NOSIGNAL)),
            "recv": (5, lambda one: len(one.recv(chance.choice((1, 50, 5000))))),
            "peek": (1, lambda one: len(one.recv(60, socket.MSG_PEEK))),
            "ready": (3, ready),
            "shut read": (1, lambda one: one.shutdown(socket.SHUT_RD)),
            "shut write": (2, lambda one: one.shutdown(socket.SHUT_WR)),
            "error": (1, lambda one: one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)),
            "peer": (1, lambda one: one.getpeername()[0]),
            "hard": (1, lambda one: one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))),
            "close": (2, lambda one: one.close()),
        }
        names = [name for name, (weight, _) in steps.items() for _ in range(weight)]
        for number in range(50):
            ends = list(stream_pair())
            for one in ends:
                one.setblocking(False)
            for _ in range(14):
                side, name = chance.randrange(2), chance.choice(names)
                if ends[side].fileno() < 0:
                    continue
                try:
                    result = steps[name][1](ends[side])
                except OSError as error:
                    result = errno.errorcode[error.errno]
                time.sleep(0.002)
                print(number, side, name, result, [ready(one) for one in ends if one.fileno() >= 0])
            for one in ends:
                one.close()

    agree(tmp_path, one=[program, str(seed)])


@pytest.mark.parametrize("seed", range(2))
def test_sequences_on_datagram_sockets(tmp_path, seed):
    def program():
        import errno
        import random
        import select
        import socket
        import sys
        import time

        from telling import ready

        chance = random.Random(int(sys.argv[1]))
        mask = select.POLLIN | select.POLLOUT | select.POLLRDHUP

        def other():
            return chance.choice(addresses)

        steps = {
            "send": (4, lambda one: one.send(bytes(chance.choice((0, 1, 100, 3000))))),
            "sendto": (5, lambda one: one.sendto(bytes(chance.choice((0, 1, 100))), other())),
            "recv": (6, lambda one: len(one.recv(chance.choice((1, 50, 5000))))),
            "from": (2, lambda one: addresses.index(one.recvfrom(10)[1])),
            "connect": (3, lambda one: one.connect(other())),
            "ready": (3, ready),
            "shut read": (1, lambda one: one.shutdown(socket.SHUT_RD)),
            "shut write": (1, lambda one: one.shutdown(socket.SHUT_WR)),
            "error": (2, lambda one: one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)),
            "peer": (1, lambda one: addresses.index(one.getpeername())),
            "close": (1, lambda one: one.close()),
        }
        names = [name for name, (weight, _) in steps.items() for _ in range(weight)]
        for number in range(50):
            ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
            epoll = select.epoll()
            for one in ends:
                one.bind(("127.0.0.1", 0))
                one.setblocking(False)
                epoll.register(one, mask | select.EPOLLET)
            addresses = [one.getsockname() for one in ends]
            numbers = [one.fileno() for one in ends]
            for _ in range(20):
                side, name = chance.randrange(3), chance.choice(names)
                if ends[side].fileno() < 0:
                    continue
                try:
                    result = steps[name][1](ends[side])
                except OSError as error:
                    result = errno.errorcode[error.errno]
                time.sleep(0.001)
                edges = sorted((numbers.index(fd), events) for fd, events in epoll.poll(0))
                print(number, side, name, result, edges)
            for one in ends:
                one.close()

    agree(tmp_path, one=[program, str(seed)])
