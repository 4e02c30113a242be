"""Who has which port: the bind tables of TCP, UDP and UDP-Lite, their conflict rules, and ephemeral ports.

The rules are Linux's (net/ipv4/inet_connection_sock.c, inet_hashtables.c, udp.c; socket(7), ip(7)):

- two binds conflict only where their addresses meet: equal, or one the wildcard of the other's family; `::` also
  meets IPv4 unless IPV6_V6ONLY;
- TCP: no conflict if both have SO_REUSEADDR and the one that is there does not listen (TIME_WAIT included), or if
  both have SO_REUSEPORT and one user;
- UDP and UDP-Lite: no conflict if both have SO_REUSEADDR, or both SO_REUSEPORT and one user;
- connect never shares a port that was bound by name but shares one with other connections to other destinations.

In which order ports are looked at is in `port_search.py`.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator

from farhost.kernel.inet.port_search import NEVER, Draw, PortSearch, Ranges, Verdict
from farhost.wire.addresses import ANY_V4, ANY_V6
from farhost.wire.packet import IpAddress

BindOrder = Callable[[int, int, Draw, bool], Iterator[Ranges]]
"""(low, high, draw, SO_REUSEADDR) -> the ports as bind to port 0 looks at them."""


class Binding:
    """One entry of a bind table: a socket's, a connection's, or a TIME_WAIT's. Compared by identity."""

    __slots__ = (
        "address",
        "by_name",
        "device",
        "listening",
        "only_v6",
        "port",
        "reuse_address",
        "reuse_port",
        "time_wait",
        "uid",
    )

    def __init__(self, address: IpAddress, uid: int, only_v6: bool = False) -> None:
        self.address = address
        """4 or 16 bytes; all zero for the wildcard."""
        self.port = 0
        self.uid = uid
        self.only_v6 = only_v6
        self.reuse_address = False
        self.reuse_port = False
        self.listening = False
        self.time_wait = False
        self.by_name = True
        """Made by bind or listen, or inherited from such a one; not by connect."""
        self.device = ""
        """SO_BINDTODEVICE; empty for any."""

    def copy(self) -> "Binding":
        """An entry for a connection that was accepted on this one."""
        other = Binding(self.address, self.uid, self.only_v6)
        other.port = self.port
        other.reuse_address = self.reuse_address
        other.reuse_port = self.reuse_port
        other.device = self.device
        return other


def addresses_meet(one: Binding, other: Binding) -> bool:
    """Whether a packet could be meant for both (inet_rcv_saddr_equal with wildcards)."""
    a, b = one.address, other.address
    if a == b:
        return True
    if a == ANY_V6:
        return len(b) == 16 or not one.only_v6
    if b == ANY_V6:
        return len(a) == 16 or not other.only_v6
    return (a == ANY_V4 and len(b) == 4) or (b == ANY_V4 and len(a) == 4)


def _meet(one: Binding, other: Binding) -> bool:
    same_device = not one.device or not other.device or one.device == other.device
    return same_device and addresses_meet(one, other)


def tcp_conflict(new: Binding, old: Binding, by_name: bool) -> bool:
    """Whether `new` may not share its port with `old` (inet_bind_conflict); `by_name`: the program chose the port."""
    if not _meet(new, old):
        return False
    share_port = new.reuse_port and old.reuse_port and (old.time_wait or new.uid == old.uid)
    if new.reuse_address and old.reuse_address and not old.listening:
        return not by_name
    return not (by_name and share_port)


def udp_conflict(new: Binding, old: Binding, by_name: bool) -> bool:
    """Likewise for datagrams (udp_lib_lport_inuse)."""
    if new.reuse_address and old.reuse_address:
        return False
    if not _meet(new, old):
        return False
    return not (by_name and new.reuse_port and old.reuse_port and new.uid == old.uid)


class PortTable:
    """The ports of one protocol on one host."""

    __slots__ = ("_bind_order", "_buckets", "_conflict", "_search")

    def __init__(self, conflict: Callable[[Binding, Binding, bool], bool], bind_order: BindOrder) -> None:
        self._conflict = conflict
        self._bind_order = bind_order
        self._buckets: dict[int, dict[Binding, None]] = {}
        self._search = PortSearch()

    def add(self, binding: Binding, port: int) -> None:
        """Enter a binding whose port has been found free."""
        assert not binding.port or binding.port == port, "a binding has one port"
        binding.port = port
        self._buckets.setdefault(port, {})[binding] = None

    def remove(self, binding: Binding) -> None:
        """Take a binding out; one that is not in is no error."""
        bucket = self._buckets.get(binding.port)
        if bucket is not None:
            bucket.pop(binding, None)
            if not bucket:
                del self._buckets[binding.port]
            self._search.forget(binding.port)
        binding.port = 0

    def conflicts(self, binding: Binding, port: int, by_name: bool = True) -> bool:
        """Whether `binding` may not have `port`; itself is no conflict."""
        conflict = self._conflict
        return any(old is not binding and conflict(binding, old, by_name) for old in self._buckets.get(port, ()))

    def find_bind_port(self, binding: Binding, low: int, high: int, draw: Draw, now_ns: int) -> int | None:
        """A free port in [low, high] for bind to port 0; None when there is none (inet_csk_find_open_port)."""

        def free_ns(port: int) -> int:
            return NEVER if self.conflicts(binding, port, by_name=False) else 0

        asker = (
            binding.address,
            binding.only_v6,
            binding.reuse_address,
            binding.reuse_port,
            binding.uid,
            binding.device,
        )
        order = self._bind_order(low, high, draw, binding.reuse_address)
        return self._search.find(order, free_ns, asker, now_ns)

    def find_connect_port(
        self, order: Iterable[Ranges], taken_until: Verdict, destination: Hashable, now_ns: int
    ) -> int | None:
        """A port for connect: one that nobody bound by name, and free for the destination by the verdict."""

        def free_ns(port: int) -> int:
            bucket = self._buckets.get(port)
            if not bucket:
                return 0
            if any(entry.by_name for entry in bucket):
                return NEVER
            return taken_until(port)

        return self._search.find(order, free_ns, destination, now_ns)

    def changed(self, binding: Binding) -> None:
        """Something of a binding in the table has changed that may let others share its port."""
        self._search.forget(binding.port)

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        for port, bucket in self._buckets.items():
            assert bucket, "empty buckets are dropped"
            assert all(binding.port == port for binding in bucket)
