"""The packets of a recorded run as a capture (`farhost.devices.capture`)."""

from farhost.devices.capture import BinaryOutput, CapturedInterface, CaptureSink
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.wire.addresses import inet_pton
from farhost.wire.linux import AF_INET, AF_INET6
from farhost.wire.packet import IpAddress


def capture_run(output: BinaryOutput, run: RecordedRun) -> None:
    """Write them to an open binary file."""
    sink = CaptureSink(output, _interfaces(run.facts), _names(run.facts))
    for event in run.events:
        sink.take(event)
    sink.close()


def _interfaces(facts: RunFacts) -> list[CapturedInterface]:
    return [
        CapturedInterface(
            host.name,
            interface.name,
            tuple((_packed(address), length) for address, length in interface.addresses),
            interface.rate_bps,
        )
        for host in facts.hosts
        for interface in host.interfaces
        if interface.kind != "loopback"
    ]


def _names(facts: RunFacts) -> list[tuple[IpAddress, tuple[str, ...]]]:
    return [
        (_packed(address), (host.name, *host.names))
        for host in facts.hosts
        for interface in host.interfaces
        if interface.kind != "loopback"
        for address, _ in interface.addresses
    ]


def _packed(address: str) -> IpAddress:
    return inet_pton(AF_INET6 if ":" in address else AF_INET, address)
