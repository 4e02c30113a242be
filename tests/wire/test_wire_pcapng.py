"""Capture files: their blocks byte by byte, and tshark's verdict on every sort of packet."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from wire_packets import A4, A6, B4, one_of_every_sort

from farhost.wire import pcapng
from farhost.wire.codec import encode
from farhost.wire.packet import Packet, UdpDatagram

TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")
VALIDATION = [f"{name}:TRUE" for name in ("ip.check_checksum", "tcp.check_checksum", "udp.check_checksum")]
VALIDATION += ["udplite.check_checksum:TRUE", "udplite.ignore_checksum_coverage:FALSE"]
BAD = " || ".join(
    ["_ws.malformed", "_ws.expert.severity == 8388608"]
    + [f"{name}.checksum.status == 0" for name in ("ip", "tcp", "udp", "icmp", "icmpv6")]
)


def blocks(data: bytes) -> list[tuple[int, bytes]]:
    """Type and content of each block; the two lengths must agree."""
    found = []
    while data:
        kind, size = struct.unpack_from("<II", data)
        assert size % 4 == 0 and struct.unpack_from("<I", data, size - 4) == (size,)
        found.append((kind, data[8 : size - 4]))
        data = data[size:]
    return found


def test_a_section_header_byte_by_byte() -> None:
    assert pcapng.section_header() == bytes.fromhex(
        "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000".replace(" ", "")
    )
    ((_, content),) = blocks(pcapng.section_header("farhost", comment="seed 7"))
    assert content[16:] == b"\1\0\6\0seed 7\0\0" + b"\4\0\7\0farhost\0" + bytes(4)


def test_an_interface_has_raw_packets_and_nanoseconds() -> None:
    ((kind, content),) = blocks(pcapng.interface_description("eth0"))
    assert (kind, content) == (1, b"\x65\0\0\0\0\0\0\0" + b"\2\0\4\0eth0" + b"\t\0\1\0\t\0\0\0" + bytes(4))
    ((_, content),) = blocks(pcapng.interface_description(addresses=[(A4, 24), (A6, 64)], speed_bps=10**9))
    assert b"\4\0\x08\0" + A4 + bytes([255, 255, 255, 0]) in content
    assert b"\5\0\x11\0" + A6 + b"\x40" in content
    assert b"\x08\0\x08\0" + (10**9).to_bytes(8, "little") in content


def test_a_packet_block_byte_by_byte() -> None:
    ((kind, content),) = blocks(pcapng.enhanced_packet(3, (5 << 32) + 7, b"abcde"))
    assert (kind, content) == (6, struct.pack("<IIIII", 3, 5, 7, 5, 5) + b"abcde\0\0\0")
    ((_, content),) = blocks(pcapng.enhanced_packet(0, 0, b"ab", pcapng.OUTBOUND, "lost", 99, drops=1))
    options = b"\1\0\4\0lost" + b"\2\0\4\0\2\0\0\0" + b"\4\0\x08\0\1\0\0\0\0\0\0\0" + bytes(4)
    assert content == struct.pack("<IIIII", 0, 0, 0, 2, 99) + b"ab\0\0" + options


def test_names_and_secrets_byte_by_byte() -> None:
    record = pcapng.NameRecord(A4, ("server", "www"))
    ((kind, content),) = blocks(pcapng.name_resolution([record, pcapng.NameRecord(B4, ())]))
    assert (kind, content) == (4, b"\1\0\x0f\0" + A4 + b"server\0www\0" + b"\0" + bytes(4))
    ((kind, content),) = blocks(pcapng.decryption_secrets(b"CLIENT_RANDOM"))
    assert (kind, content) == (10, b"KSLT" + b"\x0d\0\0\0" + b"CLIENT_RANDOM\0\0\0")


def capture(path: Path, packets: list[bytes]) -> Path:
    path.write_bytes(
        pcapng.section_header("farhost", "a comment")
        + pcapng.interface_description("server eth0", "every sort of packet")
        + pcapng.name_resolution([pcapng.NameRecord(A4, ("server",)), pcapng.NameRecord(A6, ("server6",))])
        + pcapng.decryption_secrets(b"CLIENT_RANDOM " + b"0" * 64 + b" " + b"1" * 96 + b"\n")
        + b"".join(
            pcapng.enhanced_packet(0, 1_000_000_000 + 123 * number, data, pcapng.OUTBOUND, f"packet {number}")
            for number, data in enumerate(packets)
        )
    )
    return path


def tshark(path: Path, *arguments: str) -> list[str]:
    assert TSHARK is not None
    preferences = [word for preference in VALIDATION for word in ("-o", preference)]
    command = [TSHARK, "-r", str(path), *preferences, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return run.stdout.splitlines()


@needs_tshark
def test_tshark_finds_nothing_malformed_and_no_bad_checksum(tmp_path: Path) -> None:
    packets = [data for packet in one_of_every_sort() for data in encode(packet)]
    path = capture(tmp_path / "every.pcapng", packets)
    assert len(tshark(path)) == len(packets)
    assert tshark(path, "-Y", BAD) == []
    good = " || ".join(f"{name}.checksum.status == 1" for name in ("tcp", "udp", "icmp", "icmpv6"))
    whole = [packet for packet in one_of_every_sort() if not packet.fragment_offset and not packet.more_fragments]
    assert len(tshark(path, "-Y", good)) >= sum(len(encode(packet)) for packet in whole)


@needs_tshark
def test_tshark_would_find_a_bad_checksum(tmp_path: Path) -> None:
    packets = [bytearray(encode(Packet(A4, B4, 17, UdpDatagram(1, 2, b"payload")))[0]) for _ in range(3)]
    packets[1][-1] ^= 1
    packets[2][8] ^= 1
    found = tshark(capture(tmp_path / "bad.pcapng", [bytes(data) for data in packets]), "-Y", BAD)
    assert len(found) == 2


@needs_tshark
def test_tshark_checks_udplite_as_far_as_it_is_covered(tmp_path: Path) -> None:
    whole, partly = (bytearray(encode(Packet(A4, B4, 136, UdpDatagram(1, 2, b"payload", n)))[0]) for n in (15, 10))
    late = [bytes(data[:-1]) + b"!" for data in (whole, partly)]
    file = capture(tmp_path / "lite.pcapng", [bytes(whole), bytes(partly), *late])
    columns = ("udplite", "udp.checksum.status", "udp.checksum_coverage", "udp.length")
    lines = tshark(file, "-T", "fields", *[word for name in columns for word in ("-e", name)])
    assert len(lines) == 4
    assert [line.split("\t")[1] for line in lines] == ["1", "1", "0", "1"]
    assert len(tshark(file, "-Y", BAD)) == 1


@needs_tshark
def test_tshark_shows_times_interfaces_comments_and_names(tmp_path: Path) -> None:
    path = capture(tmp_path / "one.pcapng", [encode(Packet(A4, B4, 17, UdpDatagram(1, 2, b"x")))[0]] * 2)
    fields = (
        "frame.time_epoch",
        "frame.interface_name",
        "frame.comment",
        "ip.src_host",
        "frame.packet_flags_direction",
    )
    lines = tshark(path, "-o", "nameres.network_name:TRUE", "-T", "fields", *[w for f in fields for w in ("-e", f)])
    time, interface, comment, host, direction = lines[1].split("\t")
    assert time == "1.000000123"
    assert (interface, comment, host) == ("server eth0", "packet 1", "server")
    assert int(direction, 0) == pcapng.OUTBOUND
