"""What moves counters, on loopback: run as a script, on Linux and on a simulated host, with the name of a case."""

import socket
import struct
import sys
import time

LOCAL = "127.0.0.1"


def listener(backlog=5):
    sock = socket.socket()
    sock.bind((LOCAL, 0))
    sock.listen(backlog)
    return sock


def pair():
    with listener() as listening:
        client = socket.create_connection(listening.getsockname())
        return client, listening.accept()[0]


def refused():
    with socket.socket() as sock:
        assert sock.connect_ex((LOCAL, 9))


def orderly():
    client, server = pair()
    client.sendall(b"question")
    server.recv(100)
    server.sendall(b"answer")
    client.recv(100)
    client.close()
    server.recv(100)
    server.close()


def held():
    return pair()


def half_closed():
    client, server = pair()
    client.shutdown(socket.SHUT_WR)
    server.recv(1)
    return client, server


def linger():
    client, server = pair()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    server.close()


def unread():
    client, server = pair()
    client.sendall(b"nobody reads this")
    server.close()
    client.close()


def nobody():
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendto(b"anybody?", (LOCAL, 9))


def datagrams():
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind((LOCAL, 5000))
        for _ in range(3):
            sock.sendto(b"x", (LOCAL, 5000))
        sock.recv(10, socket.MSG_PEEK)
        sock.recv(10)
        sock.recv(10)


def overflow():
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind((LOCAL, 5000))
        for _ in range(20):
            sock.sendto(bytes(1000), (LOCAL, 5000))
        sock.recv(2000)


def backlog():
    socks = []
    listening = listener(0)
    for _ in range(3):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listening.getsockname())
        socks.append(sock)
    time.sleep(0.3)
    return listening, socks


def syn_again():
    kept = backlog()
    time.sleep(2.5)
    return kept


def echo():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        data = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
        checksum = ~(0x0800 + 1 + 1) & 0xFFFF
        sock.sendto(data[:2] + struct.pack("!H", checksum) + data[4:], (LOCAL, 0))
        sock.recv(100)
        sock.recv(100)


def bad_udp_checksum():
    with socket.socket(type=socket.SOCK_DGRAM) as there, socket.socket(2, socket.SOCK_RAW, 17) as sock:
        there.bind((LOCAL, 5000))
        sock.sendto(struct.pack("!HHHH", 6000, 5000, 9, 1) + b"x", (LOCAL, 0))


def bad_tcp_checksum():
    with listener() as there, socket.socket(2, socket.SOCK_RAW, 6) as sock:
        port = there.getsockname()[1]
        sock.sendto(struct.pack("!HHIIBBHHH", 6000, port, 1, 0, 0x50, 2, 1000, 1, 0), (LOCAL, 0))


def cut_datagram():
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind((LOCAL, 5000))
        sock.sendto(bytes(60000), (LOCAL, 5000))
        sock.recv(65000)


def keepalive():
    client, server = pair()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    time.sleep(2.5)
    return client, server


def stranger():
    with socket.socket(2, socket.SOCK_RAW, 200) as sock:
        sock.sendto(b"protocol 201?", (LOCAL, 0))
    with socket.socket(2, socket.SOCK_RAW, 201) as sock:
        sock.close()


if __name__ == "__main__":
    kept = globals()[sys.argv[1]]()
    time.sleep(0.1)
    if len(sys.argv) > 2:  # On Linux: this network namespace is its own.
        for path in ("/proc/net/snmp", "/proc/net/netstat"):
            with open(path) as file:
                lines = [line.split() for line in file]
            for names, values in zip(lines[::2], lines[1::2]):
                for name, value in zip(names[1:], values[1:]):
                    print(names[0].rstrip(":") + name, value)
    else:
        print("counted")
        time.sleep(1)
