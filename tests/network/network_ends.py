"""A channel between two ends that only write down what arrives, on the real scheduler and the real chance."""

from typing import NamedTuple

from farhost.kernel.environment import Environment
from farhost.network.channel import Channel
from farhost.network.conditions import Conditions
from farhost.network.damage import Damaged
from farhost.sim.choices import Choices
from farhost.sim.scheduler import Scheduler
from farhost.trace.events import Event
from farhost.trace.tracer import Tracer
from farhost.wire.packet import ACK, Flow, Packet, TcpSegment, UdpDatagram
from farhost.wire.segmentation import split

CLIENT, SERVER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])


class Card:
    """What a channel reads of an interface."""

    def __init__(self, name: str, mtu: int = 1500) -> None:
        self.name = name
        self.mtu = mtu


class End:
    """What a channel asks of a port; `tests/network/test_network_run.py` runs the same with real ones."""

    def __init__(self, host: str, address: bytes, scheduler: Scheduler) -> None:
        self.host = host
        self.address = address
        self.interface = Card("eth0")
        self.scheduler = scheduler
        self.batches: list[tuple[int, list[Packet]]] = []
        self.refused: list[Damaged] = []

    def receive(self, packets: list[Packet]) -> None:
        self.batches.append((self.scheduler.now_ns, packets))

    def refuse(self, damaged: Damaged) -> None:
        self.refused.append(damaged)

    def address_like(self, address: bytes) -> bytes | None:
        return self.address if len(self.address) == len(address) else None


class Events:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def take(self, event: Event) -> None:
        self.events.append(event)


class Bench(NamedTuple):
    """A channel and all around it."""

    scheduler: Scheduler
    choices: Choices
    source: End
    target: End
    channel: Channel
    events: list[Event]

    def arrivals(self) -> list[tuple[int, Packet]]:
        """(when, packet) with super-segments cut into their pieces."""
        return [
            (when, piece) for when, packets in self.target.batches for packet in packets for piece in split(packet)
        ]

    def run(self) -> None:
        self.scheduler.run()
        self.channel.check_invariants()
        assert self.channel.in_flight == 0


def make_bench(text: str = "", seed: int = 1, replay: dict | None = None, traced: bool = True) -> Bench:
    scheduler = Scheduler()
    choices = Choices(seed, replay)
    sink = Events()
    tracer = Tracer(sink) if traced else Tracer()
    source, target = End("client", CLIENT, scheduler), End("server", SERVER, scheduler)
    environment = Environment(scheduler, choices, tracer)
    channel = Channel("client>server", source, target, Conditions.parse(text), environment)  # type: ignore[arg-type]
    return Bench(scheduler, choices, source, target, channel, sink.events)


def datagram(ordinal: int, size: int = 100, dont_fragment: bool = True) -> Packet:
    body = UdpDatagram(49152, 5000, ordinal.to_bytes(4, "big") + bytes(max(size - 4, 0)))
    flow = Flow("client udp:49152")
    return Packet(CLIENT, SERVER, 17, body, dont_fragment=dont_fragment, flow=flow, ordinal=ordinal)


def burst(start: int, size: int, piece: int = 1000, flags: int = ACK, identification: int = 0) -> Packet:
    payload = bytes((start + number) % 251 for number in range(size))
    segment = TcpSegment(49152, 5000, 1001 + start, 1, flags, 100, payload=payload, segment_size=piece)
    flow = Flow("client:49152>server:5000", 1000)
    return Packet(CLIENT, SERVER, 6, segment, identification=identification, flow=flow)
