"""The small sequence diagram: which rows there are, which are chosen, and how they are drawn."""

import pickle

import pytest

from farhost import Network
from farhost.report.diagram.choosing import Chosen, choose, seeing_row
from farhost.report.diagram.drawing import ASCII, UNICODE, draw
from farhost.report.diagram.kept import AROUND, Scene, SceneSink
from farhost.report.diagram.rows import CALL, END, FAULT, LOST, PACKET, Row, RowMaker
from farhost.trace import events as ev
from farhost.wire.packet import ACK, SYN, Flow, Packet, TcpSegment, UdpDatagram
from farhost.wire.sockaddr import SockaddrIn

A, B = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
OWNERS = {A: "a", B: "b"}
PLACE = "a:5000>b:1 data 0+5 #1"


def packet(flags=ACK, payload=b"hello", ordinal=1, source=A):
    target = B if source == A else A
    body = TcpSegment(5000, 1, 101, 1, flags, 100, payload=payload)
    return Packet(source, target, 6, body, flow=Flow("a:5000>b:1", 100), ordinal=ordinal)


def at(action, what, time_ns=1_000_000, host="a", reason="", pieces=1):
    return ev.PacketEvent(time_ns, host, "eth0", action, reason, what, pieces)


def call(name, arguments, result=None, error=0, host="b", took_ns=0):
    return ev.SystemCall(2_000_000, host, host, 100, name, arguments, result, error, took_ns)


def rows_of(*events):
    maker = RowMaker(OWNERS)
    return [row for event in events for row in maker.take(event)] + maker.rest()


def texts(*events):
    return [row.text for row in rows_of(*events)]


def test_a_packet_is_one_row_when_it_arrives_from_whom_sent_it():
    (row,) = rows_of(at("sent", packet()), at("received", packet(), 9_000_000, "b"))
    assert (row.host, row.peer, row.time_ns, row.sort) == ("a", "b", 9_000_000, PACKET)
    assert row.text == "seq 1:6, 5 bytes"


def test_a_lost_packet_is_a_row_with_its_fault_and_its_reason():
    fault = ev.FaultEvent(1_000_000, "a", "loss", PLACE, 1)
    (row,) = rows_of(at("sent", packet()), fault, at("dropped", packet(), reason="loss"))
    assert (row.host, row.peer, row.sort, row.reason, row.fault) == ("a", "b", LOST, "loss", ("loss", PLACE))


def test_what_a_link_does_to_a_packet_is_told_when_it_arrives():
    def arrival(action):
        sent, received = at("sent", packet()), at("received", packet(), 31_000_000, "b")
        return texts(sent, ev.FaultEvent(1_000_000, "a", "x", PLACE, 1), at(action, packet()), received, received)

    assert arrival("reordered") == ["seq 1:6, 5 bytes, late (30 ms)", "seq 1:6, 5 bytes, again"]
    assert arrival("duplicated")[0] == "seq 1:6, 5 bytes, sent twice"
    assert arrival("split")[0] == "seq 1:6, 5 bytes, split"


def test_what_befell_data_is_not_told_of_the_acknowledgement_before_it():
    bare, data = packet(payload=b""), packet()
    fault = ev.FaultEvent(1_000_000, "a", "split", PLACE, 2)
    sent = at("sent", bare), at("sent", data), fault, at("split", data)
    assert texts(*sent, at("received", bare, 9_000_000, "b"), at("received", data, 9_000_000, "b")) == [
        "seq 1:6, 5 bytes, split"
    ]


def test_repetitions_flags_and_datagrams():
    assert texts(at("received", packet(ordinal=2), host="b")) == ["again: seq 1:6, 5 bytes"]
    assert texts(at("received", packet(SYN | ACK, b""), host="b")) == ["SYN ACK"]
    assert texts(at("received", Packet(A, B, 17, UdpDatagram(1, 2, b"abc")), host="b")) == ["UDP, 3 bytes"]
    assert texts(at("received", packet(), host="b", pieces=4)) == ["seq 1:6, 5 bytes, 4 packets"]
    assert texts(at("received", packet(ACK, b""), host="b")) == [], "bare acknowledgements say nothing"
    assert texts(at("sent", packet())._replace(interface="lo")) == []


def test_a_packet_that_its_host_throws_away_is_no_arrow():
    (row,) = rows_of(at("dropped", packet(SYN, b""), host="b", reason="no-socket"))
    assert (row.text, row.peer) == ("SYN thrown away (no-socket)", "")
    assert not row.is_struck()


def test_calls_in_few_words():
    received = ev.SystemCall(2, "b", "b", 100, "read", (3, 64), b"hi", 0, 20_000_000)
    assert texts(
        received,
        call("connect", (3, SockaddrIn(5000, A)), error=111),
        call("accept4", (3, 0), (4, SockaddrIn(9, B))),
        call("sendto", (4, b"x" * 13, 0, SockaddrIn(53, bytes((9, 9, 9, 9)))), 13),
        call("read", (4, 64), b""),
        call("poll", (((3, 1),), 500_000_000), ()),
        call("nanosleep", (2_000_000_000,)),
    ) == [
        'read(3, 64) = 2 "hi" <20 ms>',
        "connect(3, a:5000) = -1 ECONNREFUSED",
        "accept4(3) = 4 from b:9",
        "sendto(4, 13 bytes, 9.9.9.9:53) = 13",
        "read(4, 64) = 0",
        "poll([3], 500 ms) = 0 (timed out)",
        "nanosleep(2 s) = 0",
    ]


def test_calls_that_tell_nothing_have_no_row_unless_they_fail():
    quiet = call("setsockopt", (3, 1, 2, b"\1\0\0\0"))
    assert texts(quiet, call("write", (1, b"out"), 3), call("poll", (((3, 1),), None), ((3, 1),))) == []
    assert len(texts(quiet._replace(error=9))) == 1


def test_faults_of_calls_stand_in_the_call_and_others_for_themselves():
    short = ev.FaultEvent(2, "b", "short-read", "a:5000>b:1 at 0", 1)
    other = call("close", (9,), host="a")
    first, second = rows_of(short, other, call("read", (3, 64), b"h"))
    assert first.text == "close(9) = 0"
    assert second.text == 'read(3, 64) = 1 * short-read "h"' and second.sort == FAULT
    pause = ev.FaultEvent(5, "b", "pause", "b at 1.5s", 300)
    assert texts(pause, call("close", (3,)))[0].startswith("* b was stopped at 1.5 s for 300")


def row(number, host="a", peer="", text="x", sort=CALL, **more):
    return Row(number, number * 1_000_000, host, peer, text, sort, **more)


SCENE = Scene(
    ("a", "b"),
    tuple(
        row(number, "b" if number % 2 else "a", fault=("loss", "p") if number == 20 else ("", ""))
        for number in range(40)
    )
    + (row(40, "b", text="b exited with 1", sort=END, failed=True),),
    41,
)


@pytest.mark.parametrize("most", range(1, 15))
def test_so_many_rows_at_most_are_chosen_gaps_among_them(most):
    chosen = choose(SCENE, most, {("loss", "p")}, "b")
    assert len(chosen) <= most and (chosen or most < 3)
    shown = [each.row.number for each in chosen if each.row is not None]
    assert shown == sorted(shown)
    assert len(shown) + sum(each.left_out for each in chosen) == (41 if shown else 0)


def test_the_fault_the_call_that_saw_it_and_the_end_come_first():
    shown = [each.row.number for each in choose(SCENE, 6, {("loss", "p")}, "b") if each.row is not None]
    assert {20, 39, 40} <= set(shown)
    assert seeing_row(SCENE, "b").number == 39


def test_of_a_long_run_rows_around_faults_and_the_end_are_kept_and_can_be_sent():
    with Network() as network:
        network.host("a")
        network.host("b")
        sink = SceneSink(network._network, {("loss", PLACE)})
    for number in range(5000):
        sink.take(call("close", (number,)))
        if number == 2000:
            sink.take(ev.FaultEvent(1_000_000, "a", "loss", PLACE, 1))
            sink.take(at("dropped", packet(), reason="loss"))
    scene = sink.scene()
    assert scene.total == 5001 and len(scene.rows) <= 3 * AROUND + 1
    assert scene.rows[-1].number == 5000 and any(each.fault[0] for each in scene.rows)
    assert [each.number for each in scene.rows] == sorted({each.number for each in scene.rows})
    assert pickle.loads(pickle.dumps(scene)) == scene


def scene_sink(faults=None):
    with Network() as network:
        network.host("a")
        network.host("b")
        return SceneSink(network._network, faults)


def lost(sink, number):
    what = packet()._replace(ordinal=number + 1)
    sink.take(at("sent", what, number))
    sink.take(ev.FaultEvent(number, "a", "loss", f"{PLACE}{number}", 1))
    sink.take(at("dropped", what, number, reason="loss"))


def test_of_many_faults_the_last_ones_before_a_program_failed_are_kept_and_its_end():
    sink = scene_sink()
    for number in range(3000):
        lost(sink, number)
    sink.take(call("recvfrom", (3, 100, 0), error=104))
    sink.take(ev.ProcessEnded(3_000_000, "b", "b", 100, 1))
    for number in range(3000, 6000):
        lost(sink, number)
    scene = sink.scene()
    assert len(scene.rows) < 2000
    (end,) = [number for number, each in enumerate(scene.rows) if each.failed and each.sort == END]
    assert [each.sort for each in scene.rows[end - 3 : end]] == [LOST, LOST, CALL]
    assert seeing_row(scene, "b") == scene.rows[end - 1]
    shown = [each.row.number for each in choose(scene, 8, (), "b") if each.row is not None]
    assert scene.rows[end].number in shown and max(shown) <= scene.rows[end].number


DRAWN = [
    Chosen(None, 34),
    Chosen(row(1, "b", text="connect() = 0")),
    Chosen(row(2, "a", "b", "seq 1:6, 5 bytes", PACKET)),
    Chosen(row(3, "b", "a", "FIN", LOST, reason="loss")),
    Chosen(row(4, "a", "b", "seq 1:6, 5 bytes", LOST, reason="loss")),
    Chosen(row(5, "b", "a", "FIN", PACKET)),
    Chosen(row(6, "b", text="b exited with 1", sort=END, failed=True)),
]


def lines_of(chosen, width=80, signs=UNICODE, hosts=("a", "b")):
    return [text for text, _ in draw(chosen, hosts, width, signs)]


def test_a_diagram_in_ascii():
    assert lines_of(DRAWN, 70, ASCII) == [
        "         a                             b",
        "   .. 34 : events                      :",
        "0.001000 |                             | connect() = 0",
        "0.002000 |----- seq 1:6, 5 bytes ----->|",
        "0.003000 |       lost (loss) x-- FIN --|",
        "0.004000 |-- seq 1:6.. --x lost (loss) |",
        "0.005000 |<----------- FIN ------------|",
        "0.006000 |                             | b exited with 1",
    ]


def test_a_diagram_with_boxes():
    text = "\n".join(lines_of(DRAWN, 100))
    assert "│── seq 1:6, 5 bytes ──✗ lost (loss)" in text and "lost (loss) ✗── FIN ──│" in text
    assert "▶│" in text and "│◀" in text and "… 34 ⋮ events" in text


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("signs", [ASCII, UNICODE])
def test_no_line_is_wider_than_the_paper(width, signs):
    long = [each._replace(row=each.row and each.row._replace(text=each.row.text * 20)) for each in DRAWN]
    names = ("a" * 50, "b" * 50)
    renamed = [
        each._replace(
            row=each.row
            and each.row._replace(host=each.row.host * 50, peer=each.row.peer * 50, time_ns=10**13 + each.row.time_ns)
        )
        for each in long
    ]
    for chosen, hosts in ((DRAWN, ("a", "b")), (long, ("a", "b")), (renamed, names)):
        drawn = lines_of(chosen, width, signs, hosts)
        assert drawn and max(map(len, drawn)) <= width


def test_at_most_four_hosts_have_columns_and_others_are_named():
    hosts = tuple("abcdefg")
    many = [Chosen(row(number, host)) for number, host in enumerate(hosts)]
    many += [Chosen(row(9, "a", "g", "SYN", PACKET)), Chosen(row(10, "a")), Chosen(row(11, "b"))]
    drawn = lines_of(many, 200, ASCII, hosts)
    assert len(drawn[0].split()) == 4
    assert any("events" in line or "event" in line for line in drawn)


def test_nothing_is_drawn_of_nothing():
    assert lines_of([]) == [] and lines_of([Chosen(None, 4)]) == []
    assert choose(Scene(), 10) == []
