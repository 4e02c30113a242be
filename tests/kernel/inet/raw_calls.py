"""What the tests of raw and ping sockets share: messages and headers as bytes, sockets of root."""

import struct

from inet_calls import InetSystemCalls, Sockets, address
from kernel_calls import FarhostCalls, make_kernel, make_thread

from farhost.wire import linux
from farhost.wire.checksum import internet_checksum, is_intact, word_sum

RAW = linux.SOCK_RAW | linux.SOCK_NONBLOCK
PING = linux.SOCK_DGRAM | linux.SOCK_NONBLOCK
LOCAL = address("127.0.0.1", 0)
LOCAL6 = address("::1", 0)
SPARE = 253
"""A protocol for experiments (RFC 3692)."""


class RawSockets(Sockets):
    """`Sockets` of a process that may have raw ones."""

    def raw(self, protocol=SPARE, domain=linux.AF_INET):
        return self.calls.socket(domain, RAW, protocol)

    def ping(self, domain=linux.AF_INET, bound=None):
        fd = self.calls.socket(domain, PING, 1 if domain == linux.AF_INET else 58)
        if bound is not None:
            self.calls.bind(fd, bound)
        return fd

    def drain(self, fd, size=70000):
        """All that waits, as bytes."""
        found = []
        while isinstance(data := self.received(fd, size), bytes):
            found.append(data)
        return found

    def queued_error(self, fd):
        """An entry of the error queue: data, address, the control message's level, type and bytes; or the errno."""
        try:
            entry = self.calls.recvmsg(fd, 2000, 512, linux.MSG_ERRQUEUE)
        except OSError as error:
            return error.errno
        ((level, kind, data),) = entry.control
        return entry.data, entry.address, (level, kind, data)


def make_raw_sockets(which, tmp_path, **settings):
    """`system`, which has to be root, or `farhost`."""
    if which == "system":
        return RawSockets(InetSystemCalls(tmp_path))
    return RawSockets(FarhostCalls(make_thread(make_kernel(user="root", **settings))))


def message(kind, identifier, sequence, data=b"", code=0):
    """An ICMP message with its checksum."""
    whole = struct.pack(">BBHHH", kind, code, 0, identifier, sequence) + data
    return whole[:2] + internet_checksum(whole).to_bytes(2, "big") + whole[4:]


def request(identifier, sequence, data=b"abc"):
    return message(linux.ICMP_ECHO, identifier, sequence, data)


def header(
    protocol,
    data=b"",
    *,
    source="0.0.0.0",
    destination="127.0.0.1",
    identification=0,
    fragment=0,
    ttl=64,
    first=0x45,
    length=0,
    checksum=0,
):
    """An IPv4 header as a program writes it, and what follows it."""
    ends = address(source, 0).address + address(destination, 0).address
    start = struct.pack(">BBHHHBBH", first, 0, length, identification, fragment, ttl, protocol, checksum)
    return start + ends + data


def header6(protocol, data=b"", *, source="::1", destination="::1", version=6, length=None, rest=0, hops=64):
    """An IPv6 header as a program writes it."""
    ends = address(source, 0).address + address(destination, 0).address
    size = len(data) if length is None else length
    return struct.pack(">IHBB", version << 28 | rest, size, protocol, hops) + ends + data


def described(packet):
    """Of a received IPv4 packet: header length, type of service, flags, TTL, protocol, source, destination, and what
    follows; its size and checksum are right. What is no packet is given back."""
    if not isinstance(packet, bytes):
        return packet
    length = (packet[0] & 15) * 4
    assert is_intact(word_sum(packet[:length]))
    assert int.from_bytes(packet[2:4], "big") == len(packet)
    return (length, packet[1], packet[6] >> 5, packet[8], packet[9], packet[12:16], packet[16:20], packet[length:])
