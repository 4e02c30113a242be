"""What a trace costs per event: off, and for each sink. `python -m benchmarks.trace_cost`; `--events N` for more."""

import argparse
import time
from collections.abc import Callable

from farhost.trace.events import PacketEvent, SystemCall
from farhost.trace.hashes import HashSink
from farhost.trace.sinks import JsonlSink, ListSink
from farhost.trace.tracer import Tracer
from farhost.wire.packet import ACK, PSH, Flow, Packet, TcpSegment
from farhost.wire.sockaddr import SockaddrIn

PAYLOAD = bytes(range(64))
PACKET = Packet(
    source=bytes((10, 0, 0, 1)),
    destination=bytes((10, 0, 0, 2)),
    protocol=6,
    body=TcpSegment(49152, 5000, 1000, 2000, ACK | PSH, 502, payload=PAYLOAD),
    flow=Flow("client:49152>server:5000", 1000),
)
ADDRESS = SockaddrIn(5000, bytes((10, 0, 0, 2)))


class Nowhere:
    """A text file that forgets."""

    def write(self, text: str) -> None:
        """Forget it."""


def system_call(tracer: Tracer) -> None:
    """What the trap does for the trace at every call."""
    if tracer.on:
        tracer.emit(SystemCall(1000, "client", "client", 100, "sendto", (3, PAYLOAD, 0, ADDRESS), 64, 0, 1000))


def packet(tracer: Tracer) -> None:
    """What an interface does for the trace at every packet."""
    if tracer.on:
        tracer.emit(PacketEvent(1000, "client", "eth0", "sent", "", PACKET, 1))


def nothing(tracer: Tracer) -> None:
    """The loop and the call, which are no part of the cost."""


def cost_ns(site: Callable[[Tracer], None], sinks: Callable[[], tuple[object, ...]], events: int) -> float:
    """The least of 5 rounds, in CPU ns per event, without the loop's own cost."""
    rounds = []
    for _ in range(5):
        tracer, silent = Tracer(*sinks()), Tracer()
        started = time.process_time_ns()
        for _ in range(events):
            site(tracer)
        middle = time.process_time_ns()
        for _ in range(events):
            nothing(silent)
        rounds.append((middle - started) - (time.process_time_ns() - middle))
    return min(rounds) / events


def report(events: int = 50_000) -> None:
    """Print the table."""
    readers: dict[str, Callable[[], tuple[object, ...]]] = {
        "off": tuple,
        "hashes": lambda: (HashSink(),),
        "list": lambda: (ListSink(),),
        "json lines": lambda: (JsonlSink(Nowhere()),),
    }
    print(f"CPU ns per event, least of 5 rounds of {events} events")
    print(f"{'read by':<12}{'system call':>12}{'packet':>12}")
    for name, sinks in readers.items():
        print(f"{name:<12}{cost_ns(system_call, sinks, events):>12.0f}{cost_ns(packet, sinks, events):>12.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    report(parser.parse_args().events)
