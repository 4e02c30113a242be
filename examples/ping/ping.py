"""ping.py [-4|-6] [--raw] [--ttl N] [--interval SECONDS] host [count]: ICMP echo, reported as ping(8) reports it.

A ping socket needs no privilege (net.ipv4.ping_group_range says whose group may have one); --raw needs root.
"""

import argparse
import os
import select
import socket
import struct
import sys
import time

DATA = bytes(range(56))
WAIT_S = 1.0
"""How long the last answers are waited for."""
V4, V6 = socket.AF_INET, socket.AF_INET6
REQUEST, REPLY = {V4: 8, V6: 128}, {V4: 0, V6: 129}
PROTOCOL = {V4: socket.IPPROTO_ICMP, V6: socket.IPPROTO_ICMPV6}
LEVEL = {V4: socket.IPPROTO_IP, V6: socket.IPPROTO_IPV6}
TELL_TTL, TTL_TOLD, SET_TTL, TELL_ERRORS = {V4: 12, V6: 51}, {V4: 2, V6: 52}, {V4: 2, V6: 16}, {V4: 11, V6: 25}
"""IP_RECVTTL, IP_TTL, IP_RECVERR and their like of IPv6: Python lacks some of the names."""
MSG_ERRQUEUE = 0x2000
TROUBLES = {
    (V4, 3, 0): "Destination Net Unreachable",
    (V4, 3, 1): "Destination Host Unreachable",
    (V4, 3, 2): "Destination Protocol Unreachable",
    (V4, 3, 3): "Destination Port Unreachable",
    (V4, 11, 0): "Time to live exceeded",
    (V6, 1, 0): "Destination unreachable: No route",
    (V6, 1, 3): "Destination unreachable: Address unreachable",
    (V6, 3, 0): "Time exceeded: Hop limit",
}


def checksum(data):
    """The one's complement of the one's complement sum of 16-bit words (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def rounded(milliseconds):
    """As many digits as ping(8) prints."""
    digits = 0 if milliseconds >= 100 else 1 if milliseconds >= 10 else 2 if milliseconds >= 1 else 3
    return f"{milliseconds:.{digits}f}"


class Ping:
    """Requests to one host, and what became of them."""

    def __init__(self, words):
        found = socket.getaddrinfo(words.host, None, words.family, socket.SOCK_DGRAM)
        self.family, _, _, _, self.target = found[0]
        self.raw = words.raw
        self.host = words.host
        self.identifier = os.getpid() & 0xFFFF
        self.sent = {}
        self.times = {}
        self.errors = 0
        self.last = False
        kind = socket.SOCK_RAW if words.raw else socket.SOCK_DGRAM
        self.sock = socket.socket(self.family, kind, PROTOCOL[self.family])
        level = LEVEL[self.family]
        self.sock.setsockopt(level, TELL_TTL[self.family], 1)
        self.sock.setsockopt(level, TELL_ERRORS[self.family], 1)
        if words.ttl:
            self.sock.setsockopt(level, SET_TTL[self.family], words.ttl)
        if not words.raw:
            self.sock.bind(("", 0))
            self.identifier = self.sock.getsockname()[1]
        self.poll = select.poll()
        self.poll.register(self.sock, select.POLLIN)

    def send(self, sequence):
        """RFC 792: type, code, checksum, identifier, sequence number; RFC 4443's checksum is the kernel's to make."""
        start = struct.pack("!BBHHH", REQUEST[self.family], 0, 0, self.identifier, sequence & 0xFFFF)
        sum_of_all = checksum(start + DATA) if self.family == V4 else 0
        self.sent[sequence & 0xFFFF] = time.perf_counter()
        try:
            self.sock.sendto(start[:2] + struct.pack("!H", sum_of_all) + start[4:] + DATA, self.target)
        except OSError as error:
            print(f"ping: sendmsg: {error.strerror}")
            self.errors += 1

    def watch(self, deadline):
        """Report what comes until then, or until everything has been answered if that is the last that is awaited."""
        while (left := deadline - time.perf_counter()) > 0:
            for _, events in self.poll.poll(left * 1000):
                if events & select.POLLERR:
                    self.take_error()
                elif events & select.POLLIN:
                    self.take_reply()
            if self.last and len(self.times) + self.errors >= len(self.sent):
                return

    def take_reply(self):
        data, control, _, sender = self.sock.recvmsg(2048, 512)
        now = time.perf_counter()
        if self.raw and self.family == V4:
            data = data[(data[0] & 15) * 4 :]
        if len(data) < 8:
            return
        kind, _, _, identifier, sequence = struct.unpack_from("!BBHHH", data)
        if (kind, identifier) != (REPLY[self.family], self.identifier) or sequence not in self.sent:
            return
        where = LEVEL[self.family], TTL_TOLD[self.family]
        ttl = next((int.from_bytes(value[:4], sys.byteorder) for *what, value in control if (*what,) == where), 0)
        again = " (DUP!)" if sequence in self.times else ""
        milliseconds = (now - self.sent[sequence]) * 1000
        self.times.setdefault(sequence, milliseconds)
        who = f"{self.host} ({sender[0]})" if self.host != sender[0] else sender[0]
        print(
            f"{len(data)} bytes from {who}: icmp_seq={sequence} ttl={ttl} time={rounded(milliseconds)} ms{again}",
            flush=True,
        )

    def take_error(self):
        """An entry of the error queue: our message, and who said what of it (IP_RECVERR in ip(7))."""
        try:
            data, control, _, _ = self.sock.recvmsg(2048, 512, MSG_ERRQUEUE)
        except BlockingIOError:
            self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return
        for level, name, value in control:
            if (level, name) != (LEVEL[self.family], TELL_ERRORS[self.family]):
                continue
            kind, code = value[5], value[6]
            where = value[20:24] if self.family == V4 else value[24:40]
            sequence = int.from_bytes(data[6:8], "big")
            text = TROUBLES.get((self.family, kind, code), f"type {kind} code {code}")
            if len(data) >= 8 and data[4:6] == self.identifier.to_bytes(2, "big"):
                print(f"From {socket.inet_ntop(self.family, where)} icmp_seq={sequence} {text}", flush=True)
                self.errors += 1

    def run(self, count, interval):
        """All requests, at their times; the exit status: whether there was an answer."""
        size = len(DATA)
        whole = f"{size}({size + 28}) bytes of data." if self.family == V4 else f"{size} data bytes"
        print(f"PING {self.host} ({self.target[0]}) {whole}", flush=True)
        began = time.perf_counter()
        for number in range(count):
            self.last = number == count - 1
            self.send(number + 1)
            self.watch(began + number * interval + (WAIT_S if self.last else interval))
        self.report((time.perf_counter() - began) * 1000)
        return 0 if self.times else 1

    def report(self, milliseconds):
        """What ping(8) says at the end."""
        sent, received = len(self.sent), len(self.times)
        errors = f"+{self.errors} errors, " if self.errors else ""
        loss = f"{100 * (sent - received) / sent:g}% packet loss"
        print(f"\n--- {self.host} ping statistics ---")
        print(f"{sent} packets transmitted, {received} received, {errors}{loss}, time {milliseconds:.0f}ms")
        if received:
            times = list(self.times.values())
            mean = sum(times) / received
            deviation = max(sum(value * value for value in times) / received - mean * mean, 0) ** 0.5
            print(f"rtt min/avg/max/mdev = {min(times):.3f}/{mean:.3f}/{max(times):.3f}/{deviation:.3f} ms")


def main():
    parser = argparse.ArgumentParser(prog="ping.py", description="Sends ICMP echo requests to a host.")
    parser.add_argument("-4", dest="family", action="store_const", const=V4, default=socket.AF_UNSPEC)
    parser.add_argument("-6", dest="family", action="store_const", const=V6)
    parser.add_argument("--raw", action="store_true", help="use a raw socket, which needs root")
    parser.add_argument("--ttl", type=int, default=0, help="the hop limit of the requests")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between requests")
    parser.add_argument("host")
    parser.add_argument("count", type=int, nargs="?", default=4)
    words = parser.parse_args()
    try:
        return Ping(words).run(words.count, words.interval)
    except OSError as error:
        print(f"ping: {error.strerror or error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
