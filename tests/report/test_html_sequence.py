"""The sequence diagram: what is drawn, of runs and of small traces."""

import functools
import re
import socket
from xml.etree import ElementTree

import pytest
from recorded import failing, lossy, many, read_all, record, serve_report

from farhost import Network
from farhost.report.html import sequence
from farhost.report.html.panel import pack
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.story import story_of
from farhost.trace.events import FaultEvent, PacketEvent, ProcessEnded, ProcessStarted, SignalSent
from farhost.wire.packet import ACK, Flow, Packet, TcpSegment

A, B = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))


class Picture:
    """A panel's drawing, as it can be asked."""

    def __init__(self, run, most=100_000):
        self.panel = sequence.panel(story_of(run, most))
        text = str(self.panel.body)
        self.root = ElementTree.fromstring(f"<div>{text}</div>")
        self.pieces = [
            self._shown() if piece is None else ElementTree.fromstring(f"<svg>{piece}</svg>")
            for piece in self.panel.data["pieces"]
        ]
        steps = self.panel.data["axis"]
        self.places, time_ns, place = {}, 0, 0
        for step_ns, step in zip(*steps, strict=True):
            time_ns, place = time_ns + step_ns, place + step
            self.places[time_ns] = place

    def _shown(self):
        return self.root.find(".//svg[@class='sequence-part']")

    def having(self, *classes, piece=None):
        """The elements of the window that have all these classes."""
        root = self._shown() if piece is None else self.pieces[piece]
        return [e for e in root.iter() if set(classes) <= set(e.get("class", "").split())]

    def words(self):
        return [text.text for text in self._shown().iter("text")]


def points(arrow):
    """The ends of an arrow's line."""
    x, y = map(int, re.match(r"translate\((\d+) (\d+)\)", arrow.get("transform")).groups())
    across, down = map(int, re.match(r"M0 0L(-?\d+) (-?\d+)", arrow.find("path").get("d")).groups())
    return (x, y), (x + across, y + down)


def transfer(size=30_000, until="60s", befall=None, **words):
    net = Network(seed=3)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="20ms", **words)
    server.start(functools.partial(serve_report, size))
    client.start(read_all)
    if befall is not None:
        befall(net, server, client)
    return record(net, until)


def test_a_failing_run():
    picture = Picture(failing())
    heads = [text.text for text in picture.root.iter("text") if text.get("class") == "host middle"]
    assert heads == ["server", "client"]
    words = picture.words()
    for expected in ("SYN", "SYN ACK", "data 1:1001", "recv(512) = 1000 in 80 ms", "✗ client exits 1"):
        assert expected in words
    assert "connect(512) = ECONNREFUSED in 80 ms" in words


def test_every_packet_is_an_arrow_of_its_time():
    run = transfer()
    picture = Picture(run)
    journeys = story_of(run).journeys
    arrows = picture.having("journey")
    assert [int(arrow.get("data-sent")) for arrow in arrows] == [journey.sent_ns for journey in journeys]
    for arrow, journey in zip(arrows, journeys, strict=True):
        (_, start), (_, end) = points(arrow)
        assert (start, end) == (picture.places[journey.sent_ns], picture.places[journey.arrived_ns])
        assert start < end


def test_a_lost_packet_is_one_broken_arrow_with_a_cross_and_its_reason():
    picture = Picture(transfer(drop="DATA#3"))
    (lost,) = picture.having("journey", "lost")
    assert len(lost.findall("path[@class='died']")) == 1
    assert next(lost.iter("text")).text == "drop"
    assert lost.get("data-arrived") is None
    (x1, _), (x2, _) = points(lost)
    (a, _), (b, _) = points(picture.having("journey", "syn")[0])
    assert x1 in (a, b)
    assert x2 == (a + b) / 2, "in the middle of the way"
    assert len(picture.having("died")) == 2, "and the SYN that nobody listened for"
    again = [arrow for arrow in picture.having("journey", "again") if "data" in arrow.get("class")]
    assert len(again) == 1
    assert again[0].findall("text")[-1].text.endswith(" R")


def test_what_its_receiver_refuses_dies_at_its_lifeline():
    refused = Picture(failing()).having("journey", "refused")
    for arrow in refused:
        (cross,) = arrow.findall("path[@class='died']")
        start, end = points(arrow)
        assert cross.get("d").startswith(f"M{end[0] - start[0] - 5} {end[1] - start[1] - 5}l")
        assert "no-socket" in [text.text for text in arrow.iter("text")]


def test_reordered_packets_cross():
    picture = Picture(lossy(100_000, loss="0%"))
    late = picture.having("journey", "late")
    assert late
    arrows = [arrow for arrow in picture.having("journey") if arrow.get("data-arrived")]
    for arrow in late:
        (x, start), (_, end) = points(arrow)
        lines = [points(other) for other in arrows]
        assert any(one[0] == x and one[1] > start and other[1] < end for one, other in lines)
        assert " late" in arrow.findall("text")[-1].text


def test_a_duplicate_is_two_arrows():
    picture = Picture(transfer(duplicate="20%"))
    copies = picture.having("journey", "copy")
    assert copies
    for copy in copies:
        same = [a for a in picture.having("journey") if a.get("data-sent") == copy.get("data-sent") and a is not copy]
        ends = [points(arrow) for arrow in same]
        assert points(copy)[0] in [start for start, _ in ends]
        assert points(copy) not in ends, "they are not one on the other"
        assert " dup" in copy.findall("text")[-1].text


def test_a_corrupt_packet_is_told():
    picture = Picture(transfer(corrupt="30%"))
    corrupt = [a for a in picture.having("journey", "refused") if " corrupt" in a.findall("text")[-1].text]
    assert corrupt
    assert all("checksum" in "".join(text.text for text in arrow.iter("text")) for arrow in corrupt[:3])


@pytest.mark.parametrize("both", [True, False])
def test_a_partition_is_a_band_from_cut_to_mending(both):
    direction = None if both else "server>client"

    def befall(net, server, client):
        net.at("70ms", functools.partial(net.partition, server, client, direction=direction))
        net.at("1300ms", functools.partial(net.heal, server, client, direction=direction))

    picture = Picture(transfer(100_000, befall=befall))
    bands = picture.having("band", "partition")
    assert len(bands) == 1
    words = "client – server" if both else "server → client"
    assert bands[0].find("text").text == f"{words} cut for 1.23 s"
    xs = [int(float(text.get("x"))) for text in picture.root.iter("text") if text.get("class") == "host middle"]
    for band in bands:
        box = band.find("rect")
        top, height = float(box.get("y")), float(box.get("height"))
        start_ns, end_ns = int(band.get("data-start")), int(band.get("data-end"))
        assert (start_ns, end_ns) == (70_000_000, 1_300_000_000)
        assert (top, top + height) == pytest.approx((picture.places[start_ns], picture.places[end_ns]), abs=1)
        assert [float(box.get("x")), float(box.get("x")) + float(box.get("width"))] == xs
    assert picture.having("journey", "lost"), "what was sent meanwhile"


def test_a_drawn_partition_is_a_band_too():
    net = Network(seed=3, faults="partition=100%:1s")
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="20ms")
    server.start(functools.partial(serve_report, 3_000_000))
    client.start(read_all)
    run = record(net)
    struck = [event for event in run.events if isinstance(event, FaultEvent) and event.kind == "partition"]
    bands = Picture(run).having("band", "partition")
    assert [int(band.get("data-start")) for band in bands] == [event.time_ns for event in struck] != []


def test_a_crash_cuts_the_lifeline():
    def befall(net, server, client):
        net.at("70ms", functools.partial(client.restart, "2s"))

    picture = Picture(transfer(100_000, befall=befall))
    (crash,) = picture.having("crash")
    assert crash.find("path").get("class") == "cross"
    start_ns, end_ns = int(crash.get("data-start")), int(crash.get("data-end"))
    assert (start_ns, end_ns) == (70_000_000, 2_070_000_000)
    lines = [re.match(r"M(\d+) (\d+)V(\d+)", line.get("d")).groups() for line in picture.having("lifeline")]
    client_x = max(int(x) for x, _, _ in lines)
    of_client = [(int(top), int(bottom)) for x, top, bottom in lines if int(x) == client_x]
    (_, first_end), (second_start, _) = of_client
    assert (first_end, second_start) == (picture.places[start_ns], picture.places[end_ns])
    assert len(lines) == 3


def test_a_stopped_program_is_hatched():
    def befall(net, server, client):
        net.at("70ms", net.programs[1].pause)
        net.at("300ms", net.programs[1].resume)

    picture = Picture(transfer(100_000, befall=befall))
    (paused,) = picture.having("paused")
    assert (paused.get("data-start"), paused.get("data-end")) == ("70000000", "300000000")
    assert "SIGSTOP to client: stopped" in picture.words()


def test_a_pause_is_folded_and_says_how_long_it_was():
    def befall(net, server, client):
        net.at("5s", functools.partial(net.partition, server, client))

    picture = Picture(transfer(befall=befall))
    folds = picture.having("fold")
    assert folds
    spans = [int(fold.get("data-end")) - int(fold.get("data-start")) for fold in folds]
    assert max(spans) > 1_000_000_000
    for fold, span in zip(folds, spans, strict=True):
        assert re.fullmatch(r"~[\d.e+]+ (s|ms|us|ns)~", fold.find("text").text)
        room = picture.places[int(fold.get("data-end"))] - picture.places[int(fold.get("data-start"))]
        assert room <= 200, span


def test_faults_on_calls_have_a_flash():
    net = Network(seed=3, faults="short-read=50%")
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="20ms")
    server.start(functools.partial(serve_report, 30_000))
    client.start(read_all)
    picture = Picture(record(net))
    flashes = [fault.find("text").text for fault in picture.having("fault")]
    assert flashes
    assert all(text.startswith("↯ short-read") for text in flashes)


def send_datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(3):
            sender.sendto(bytes(12 + number), ("server", 7))


def test_datagrams_and_icmp():
    net = Network(seed=3)
    net.host("server")
    net.host("client").start(send_datagrams)
    words = Picture(record(net)).words()
    assert {"UDP 12 B", "UDP 13 B", "UDP 14 B"} <= set(words)
    assert any("unreachable" in word for word in words)


def test_labels_of_one_host_do_not_lie_on_each_other():
    picture = Picture(lossy(), most=400)
    places = {}
    for text in (e for group in picture.having("call") for e in group.iter("text")):
        places.setdefault(text.get("x"), []).append(float(text.get("y")))
    assert places
    for ys in places.values():
        assert all(later - earlier >= 12 for earlier, later in zip(sorted(ys), sorted(ys)[1:], strict=False))


def segment(start, size, ordinal=1):
    body = TcpSegment(40000, 5000, start, 1, ACK, 500, payload=bytes(size))
    return Packet(A, B, 6, body, flow=Flow("a:40000>b:5000", 0), ordinal=ordinal)


def trace(*events):
    return RecordedRun(RunFacts("passed", True, "", 7, 1000), list(events))


def test_text_of_programs_is_escaped():
    evil = "<script>alert(1)</script>"
    run = trace(
        ProcessStarted(0, evil, evil, 100, (evil,)),
        FaultEvent(3, evil, evil, evil, 0),
        SignalSent(4, evil, evil, 15, evil),
        ProcessEnded(5, evil, evil, 100, 1),
    )
    picture = Picture(run)
    assert "<script" not in str(picture.panel.body)
    assert evil in str([text.text for text in picture.root.iter("text")])


def test_a_run_without_events_and_one_without_packets():
    assert "Nothing" in str(sequence.panel(story_of(trace())).body)
    assert Picture(trace(ProcessStarted(0, "a", "a", 100, ("a",)))).having("process")


def test_a_router_stands_between_those_that_it_joins():
    net = Network(seed=3)
    for name in ("left", "right"):
        net.segment(name, delay="10ms")
    net.host("server", segments=("right",))
    net.host("client", segments=("left",)).start(send_datagrams)
    net.router("router", ("left", "right"))
    picture = Picture(record(net))
    heads = [
        (float(text.get("x")), text.text) for text in picture.root.iter("text") if text.get("class") == "host middle"
    ]
    assert [name for _, name in sorted(heads)] == ["server", "router", "client"]


def test_many_hosts_share_the_last_column():
    events = []
    for number in range(20):
        packet = Packet(A, B, 6, TcpSegment(number, 5000, 1, 1, ACK, 500, payload=b"x"), flow=Flow(f"f{number}"))
        host = f"h{number:02d}"
        events.append(PacketEvent(number, host, "eth0", "sent", "", packet, 1))
        events.append(PacketEvent(number + 50, "hub", "eth0", "received", "", packet, 1))
    picture = Picture(trace(*sorted(events)))
    heads = [text.text for text in picture.root.iter("text") if text.get("class") == "host middle"]
    assert len(heads) == 8
    assert heads[-1] == "other hosts"
    assert "hub" in heads
    assert len(picture.having("journey")) == 20
    assert "14 hosts share the last column: h06, h07" in str(picture.panel.body)


def test_a_long_run_is_cut_into_pieces_that_are_all_of_it():
    run = lossy(400_000)
    story = story_of(run)
    assert story.window.hidden_before > 400
    picture = Picture(run, most=400)
    data = picture.panel.data
    assert len(data["pieces"]) == len(data["borders"]) - 1 > 3
    assert data["pieces"][data["shown"]] is None
    assert data["borders"][0] == 0
    assert sorted(data["borders"]) == data["borders"]
    drawn = {}
    for number in range(len(data["pieces"])):
        for arrow in picture.having("journey", piece=number):
            drawn.setdefault((points(arrow)[0][1], arrow.findall("text")[-1].text), set()).add(number)
    assert {start for start, _ in drawn} == {picture.places[journey.sent_ns] for journey in story.journeys}
    assert any(len(numbers) > 1 for numbers in drawn.values()), "arrows that cross a border are on both sides"
    assert f"{story.window.hidden_before} events hidden before" in str(picture.panel.body)


def test_a_very_long_run_is_within_the_limits():
    story = story_of(many())
    assert len(story.events) > 18_000
    panel = sequence.panel(story)
    assert len(pack(panel.data)) < 12 * len(story.events), "1.2 MB for 100,000 events"
    assert len(panel.body) < 200_000
    arrows = sum(piece.count('class="journey') for piece in panel.data["pieces"] if piece)
    arrows += str(panel.body).count('class="journey')
    assert len(story.journeys) <= arrows <= 1.2 * len(story.journeys), "all are there, few of them twice"
    assert max(len(piece or "") for piece in panel.data["pieces"]) < 100_000, "what is put in at a time"


def test_the_same_trace_gives_the_same_bytes():
    panels = [sequence.panel(story_of(lossy(400_000))) for _ in range(2)]
    assert panels[0].body == panels[1].body
    assert pack(panels[0].data) == pack(panels[1].data)
