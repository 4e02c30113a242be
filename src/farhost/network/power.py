"""A host's power: off, and on again. What a power cut does that no program can do in time.

Off: its processes are gone in the middle of whatever they did; its sockets are closed by nobody, so no FIN and no RST
leaves; what arrives meanwhile is dropped (`host-down`), and nobody is told. What it had handed to a link is on its
way. On again: another kernel with the same addresses, settings, clock and socket files. It knows nothing of what was
before, so a peer that goes on sending is answered with RST (RFC 9293 §3.5.1, half-open connections).
"""

from typing import TYPE_CHECKING

from farhost.kernel.kernel import Kernel
from farhost.kernel.process import Process
from farhost.network.resolver import Resolver
from farhost.trace.events import FaultEvent

if TYPE_CHECKING:
    from farhost.network.host import Host


def cut_power(host: "Host") -> list[Process]:
    """Now. The processes that ran; none if the host is off already. ValueError for this machine itself (TUN)."""
    if any(port.divert is not None for _, port in host.ports):
        raise ValueError(f"{host.name} is this machine itself: it cannot be crashed")
    if not host.up:
        return []
    _trace(host, "crash")
    host.up = False
    for _, port in host.ports:
        port.go_off(host.network.tracer)
    return host.kernel.go_off()


def restore_power(host: "Host", kernel: Kernel) -> None:
    """The host comes up with a fresh kernel; its interfaces are as they were."""
    assert not host.up, f"{host.name} is up"
    host.up = True
    host.boots += 1
    kernel.place = f"{host.name}~{host.boots}"
    kernel.succeed(host.kernel)
    host.kernel = kernel
    host.resolver = Resolver(host.names.sources, kernel)
    for _, port in host.ports:
        port.come_up(kernel)
    _trace(host, "boot")


def _trace(host: "Host", kind: str) -> None:
    tracer = host.network.tracer
    if tracer.on:
        tracer.emit(FaultEvent(host.network.scheduler.now_ns, host.name, kind, host.name, 0))
