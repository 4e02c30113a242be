"""Capture files as tshark reads them: well formed, checksums right, names, interfaces, comments."""

import io
import json
import shutil
import subprocess

import pytest

from farhost.devices.capture import CapturedInterface, CaptureSink
from farhost.devices.capture_comments import strength_of
from farhost.network.damage import damage
from farhost.network.network import Network
from farhost.trace.events import FaultEvent, Output, PacketEvent, TlsSecret
from farhost.wire.codec import encode
from farhost.wire.packet import ACK, PSH, IcmpMessage, Packet, TcpSegment, UdpDatagram

A, B = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
A6, B6 = b"\xfd" + bytes(14) + b"\1", b"\xfd" + bytes(14) + b"\2"
DATAGRAM = Packet(A, B, 17, UdpDatagram(5000, 5001, b"hello"))
DATAGRAM6 = Packet(A6, B6, 17, UdpDatagram(5000, 5001, b"hello"))
ECHO6 = Packet(A6, B6, 58, IcmpMessage(128, 0, 1, b"ping"))
SEGMENT = Packet(A, B, 6, TcpSegment(40000, 7, 1, 1, ACK | PSH, 500, payload=bytes(3000), segment_size=1460))
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def capture(events, **options):
    output = io.BytesIO()
    interfaces = [CapturedInterface("a", "eth0", ((A, 24), (A6, 64))), CapturedInterface("b", "eth0", ((B, 24),))]
    sink = CaptureSink(output, interfaces, names=[(A, ("a", "alias")), (B6, ("b",))], **options)
    for event in events:
        sink.take(event)
    sink.close()
    return output.getvalue()


def packet(time_ns, host, action, value, reason="", interface="eth0"):
    return PacketEvent(time_ns, host, interface, action, reason, value, 1)


def tshark(tmp_path, data, *arguments):
    path = tmp_path / "run.pcapng"
    path.write_bytes(data)
    command = ["tshark", "-n", "-r", str(path), "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]
    command += ["-o", "udp.check_checksum:TRUE", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def fields(tmp_path, data, *names):
    wanted = [word for name in names for word in ("-e", name)]
    text = tshark(tmp_path, data, "-T", "json", *wanted)
    return [[row["_source"]["layers"].get(name) for name in names] for row in json.loads(text)]


@needs_tshark
def test_every_packet_is_there_once_for_each_interface_that_saw_it(tmp_path):
    data = capture([packet(1000, "a", "sent", DATAGRAM), packet(41_000_123, "b", "received", DATAGRAM)])
    rows = fields(tmp_path, data, "frame.interface_name", "frame.packet_flags_direction", "frame.time_epoch")
    assert [row[0] for row in rows] == [["a eth0"], ["b eth0"]]
    assert [int(row[1][0], 0) for row in rows] == [2, 1]
    assert rows[1][2][0].endswith("0.041000123") or rows[1][2][0].endswith("00.041000123Z")


@needs_tshark
@pytest.mark.parametrize("value", [DATAGRAM, DATAGRAM6, ECHO6, SEGMENT], ids=["udp", "udp6", "icmp6", "tcp"])
def test_no_packet_is_malformed_and_no_checksum_bad(tmp_path, value):
    data = capture([packet(1000, "a", "sent", value)])
    bad = "_ws.malformed || ip.checksum.status==0 || tcp.checksum.status==0 || udp.checksum.status==0"
    assert tshark(tmp_path, data, "-Y", bad + " || icmpv6.checksum.status==0") == ""
    assert tshark(tmp_path, data) != ""


@needs_tshark
def test_a_super_segment_is_written_as_its_packets(tmp_path):
    rows = fields(tmp_path, capture([packet(1000, "a", "sent", SEGMENT)]), "tcp.len", "tcp.seq_raw")
    assert rows == [[["1460"], ["1"]], [["1460"], ["1461"]], [["80"], ["2921"]]]


@needs_tshark
def test_a_drop_is_a_comment_of_the_packet_that_was_dropped(tmp_path):
    events = [packet(1000, "a", "sent", DATAGRAM), packet(1000, "a", "dropped", DATAGRAM, "loss")]
    assert fields(tmp_path, capture(events), "frame.comment") == [[["dropped: loss"]]]


@needs_tshark
def test_a_drop_of_one_piece_marks_that_piece(tmp_path):
    body = SEGMENT.body._replace(sequence=1461, payload=bytes(1460), flags=ACK, segment_size=1460)
    dropped = SEGMENT._replace(body=body, identification=SEGMENT.identification + 1)
    events = [packet(1000, "a", "sent", SEGMENT), packet(1000, "a", "dropped", dropped, "loss")]
    rows = fields(tmp_path, capture(events), "frame.comment")
    assert rows == [[None], [["dropped: loss"]], [None]]


@needs_tshark
def test_a_drop_at_another_instant_is_a_packet_of_its_own(tmp_path):
    events = [packet(1000, "a", "sent", DATAGRAM), packet(2000, "b", "dropped", DATAGRAM, "checksum")]
    rows = fields(tmp_path, capture(events), "frame.interface_name", "frame.comment")
    assert rows == [[["a eth0"], None], [["b eth0"], ["dropped: checksum"]]]


@needs_tshark
def test_an_interface_that_was_not_announced_is_described_when_it_appears(tmp_path):
    events = [packet(1000, "a", "sent", DATAGRAM), packet(1000, "a", "sent", DATAGRAM, interface="lo")]
    assert fields(tmp_path, capture(events), "frame.interface_name") == [[["a eth0"]], [["a lo"]]]


@needs_tshark
def test_hosts_are_shown_by_name(tmp_path):
    path = tmp_path / "run.pcapng"
    path.write_bytes(capture([packet(1000, "a", "sent", DATAGRAM6._replace(source=B6, destination=A6))]))
    command = ["tshark", "-N", "n", "-r", str(path)]
    assert " b " in subprocess.run(command, capture_output=True, text=True, check=True).stdout


FAULTS = {
    "loss": ("dropped", "loss", 1, "dropped: loss 2%"),
    "drop": ("dropped", "drop", 1, "dropped: drop UDP#1"),
    "spike": ("delayed", "", 200_000_000, "delayed by spike 200 ms"),
    "reorder": ("reordered", "", 1_500, "reordered: held up 1.5 us"),
    "corrupt": ("corrupted", "", 18, "corrupted: bit 17 flipped"),
    "duplicate": ("duplicated", "", 1, "duplicated"),
    "split": ("split", "", 3, "split after 3 bytes of its data"),
}


@needs_tshark
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_said_in_words_with_its_size(tmp_path, kind):
    action, reason, size, comment = FAULTS[kind]
    network = Network()
    network.link_all("loss=2% drop=UDP#1")
    for name in "ab":
        network.host(name)
    events = [
        packet(1000, "a", "sent", DATAGRAM),
        FaultEvent(1000, "a", kind, "a>b a udp:5000 #1", size),
        packet(1000, "a", action, DATAGRAM, reason),
    ]
    rows = fields(tmp_path, capture(events, strength=strength_of(network)), "frame.comment")
    assert rows == [[[comment]]]


@needs_tshark
def test_a_fault_that_is_not_right_before_it_is_not_the_packets(tmp_path):
    fault = FaultEvent(1000, "a", "loss", "a>b a udp:5000 #1", 1)
    events = [fault, packet(1000, "a", "sent", DATAGRAM), packet(1000, "a", "dropped", DATAGRAM, "queue")]
    assert fields(tmp_path, capture(events), "frame.comment") == [[["dropped: queue"]]]
    events = [packet(1000, "b", "sent", DATAGRAM), fault, packet(1000, "b", "dropped", DATAGRAM, "loss")]
    assert fields(tmp_path, capture(events), "frame.comment") == [[["dropped: loss"]]]


@needs_tshark
def test_what_was_dropped_has_the_verdict_of_traffic_control(tmp_path):
    late = DATAGRAM._replace(identification=9)
    events = [
        packet(1000, "a", "sent", DATAGRAM),
        packet(1000, "a", "dropped", DATAGRAM, "loss"),
        packet(2000, "a", "sent", late),
        packet(2000, "a", "delayed", late),
    ]
    assert fields(tmp_path, capture(events), "frame.verdict.ebpf_tc") == [[["2"]], [None]]
    assert tshark(tmp_path, capture(events), "-Y", "frame.verdict.ebpf_tc == 2").count("\n") == 1


@needs_tshark
def test_what_a_fault_has_damaged_is_there_as_it_arrives_and_says_so(tmp_path):
    bit = 8 * 20 + 3
    arrives = damage(DATAGRAM, bit)
    events = [
        packet(1000, "a", "sent", DATAGRAM),
        FaultEvent(1000, "a", "corrupt", "a>b a udp:5000 #1", bit + 1),
        packet(1000, "a", "corrupted", DATAGRAM),
        packet(9000, "b", "received", arrives),
        packet(9000, "b", "dropped", arrives, "udp-checksum"),
    ]
    for hosts in (None, ["b"]):
        rows = fields(tmp_path, capture(events, hosts=hosts), "frame.comment", "udp.checksum.status")
        assert rows[-1] == [[f"corrupted: bit {bit} flipped; dropped: udp-checksum"], ["0"]]
        assert len(rows) == (1 if hosts else 2)


@needs_tshark
def test_a_packet_whose_ip_header_was_damaged_is_there_as_it_arrives(tmp_path):
    bit = 8 * 8 + 1
    events = [
        packet(1000, "a", "sent", DATAGRAM),
        FaultEvent(1000, "a", "corrupt", "a>b a udp:5000 #1", bit + 1),
        packet(1000, "a", "corrupted", DATAGRAM),
        packet(9000, "b", "received", DATAGRAM),
        packet(9000, "b", "dropped", damage(DATAGRAM, bit).packet, "ip-checksum"),
    ]
    rows = fields(tmp_path, capture(events, hosts=["b"]), "ip.ttl", "ip.checksum.status", "frame.comment")
    assert rows[0] == [["64"], ["1"], None], "a copy that arrives unharmed"
    assert rows[1] == [[str(64 ^ 64)], ["0"], [f"corrupted: bit {bit} flipped; dropped: ip-checksum"]]


def test_a_secret_stands_before_the_packets_that_follow_and_once():
    line = "CLIENT_RANDOM 00 11"
    secret = TlsSecret(2000, "b", "server", line)
    events = [packet(1000, "a", "sent", DATAGRAM), secret, secret, packet(2000, "a", "sent", DATAGRAM6)]
    data = capture(events, hosts=["a"])
    at = data.index(f"{line}\n".encode())
    assert data.count(line.encode()) == 1
    assert at < data.index(encode(DATAGRAM6)[0])
    assert data[at - 16 :][:4] == (10).to_bytes(4, "little"), "a decryption secrets block"


@needs_tshark
def test_only_the_packets_of_the_hosts_that_are_asked_for_are_there(tmp_path):
    events = [packet(1000, "a", "sent", DATAGRAM), packet(2000, "b", "received", DATAGRAM)]
    assert fields(tmp_path, capture(events, hosts=["b"]), "frame.interface_name") == [[["b eth0"]]]


def test_other_events_leave_no_trace_in_the_file():
    assert capture([Output(1, "a", "p", 1, b"x")]) == capture([])
