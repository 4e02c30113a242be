"""The panel of bytes: what is drawn of real runs, that text is escaped, and that it is bounded."""

import base64
import functools
import random
import re
import socket
import time
from html import unescape

import pytest
from recorded import REPORT, ask_often, datagrams, echo_many, failing, long, lossy, many, record

from farhost import Network
from farhost.report.html.panel import pack
from farhost.report.html.ribbon import MOST_BYTES, MOST_BYTES_OF_ONE, MOST_SUBJECTS, STATIC_SUBJECTS, hex_dump, panel
from farhost.report.recording.store import RecordedRun, read_trace, write_trace
from farhost.report.story.story import story_of
from farhost.trace.events import SocketChange, SystemCall

BLOCK = re.compile(
    r'<g class="block ([a-z ]+)" data-start="(\d+)" data-size="(\d+)" data-time="(\d+)"><title>(.*?)</title>(.*?)</g>'
)
CUT = re.compile(r'<g class="cut" data-cause="([a-zA-Z ]+)"><title>(.*?)</title>')


def made(run):
    """The panel of a run."""
    return panel(story_of(run))


def blocks(text, kind):
    """(start, size, time in ns, title) of the blocks of a class."""
    return [
        (int(start), int(size), int(time_ns), unescape(title))
        for kinds, start, size, time_ns, title, _ in BLOCK.findall(text)
        if kind in kinds.split()
    ]


def colours(text, kind, start):
    """The classes of the coloured parts of the block of a kind that begins there."""
    for kinds, begin, _, _, _, content in BLOCK.findall(text):
        if kind in kinds.split() and int(begin) == start:
            return re.findall(r'class="(c\d|unknown)"', content)
    raise AssertionError(f"no {kind} at {start}")


def test_the_failing_run_shows_one_read_of_five_thousand_bytes():
    body = str(made(failing()).body)
    assert [block[:2] for block in blocks(body, "write")] == [
        *((start, 1000) for start in range(0, 5000, 1000)),
        (5000, 66),
    ]
    assert [block[:2] for block in blocks(body, "segment")] == [(0, 1000), (1000, 1448), (2448, 1448), (3896, 1170)]
    assert [block[:2] for block in blocks(body, "buffer")] == [(0, 1000), (1000, 1448)]
    assert [block[:2] for block in blocks(body, "read")] == [(0, 1000)]
    assert "5066 bytes, 6 writes, 4 segments, 1 read; 4066 bytes never read" in body
    assert [cause for cause, _ in CUT.findall(body)] == ["MSS", "MSS"]
    assert 'class="unread"' in body and "✗ no-socket" in body


def test_a_block_has_the_colours_and_numbers_of_the_writes_that_its_bytes_came_from():
    body = str(made(failing()).body)
    assert colours(body, "write", 1000) == ["c1"] and colours(body, "read", 0) == ["c0"]
    assert colours(body, "segment", 1000) == ["c1", "c2"]  # A segment with the end of one write and part of the next.
    assert colours(body, "segment", 3896) == ["c3", "c4", "c5"]
    (segment,) = (
        content for *_, start, _, _, _, content in BLOCK.findall(body) if start == "3896" and "lost" in body
    )
    assert ">4</text>" in segment and ">5</text>" in segment


def test_a_block_says_what_when_and_by_whom():
    body = str(made(failing()).body)
    assert blocks(body, "write")[0][2:] == (
        200_013_000,
        "write 1: 1000 bytes at offset 0, sendto of server at 0.200014 s",
    )
    (read,) = blocks(body, "read")
    assert read[2] == 240_015_000
    assert read[3].startswith(
        "read 1: 1000 bytes at offset 0, asked for 65536, recvfrom of client at 0.240015 s after"
    )


def test_cuts_have_their_causes_and_lost_segments_are_marked():
    made_panel = made(lossy())
    drawn = "".join(chunk[0] for chunk in made_panel.data["streams"][0]["chunks"])
    causes = {cause for cause, _ in CUT.findall(drawn)}
    assert {"MSS", "one segment", "sent again", "congestion"} <= causes
    again = blocks(drawn, "again")
    assert len(set(again)) == 15 and all("sent again (" in block[3] for block in again)
    lost = [block for block in blocks(drawn, "lost") if "again" not in block[3]]
    assert lost and all("✗ loss" in block[3] for block in lost)
    assert blocks(drawn, "held")


def test_chunks_together_have_every_block_of_a_ribbon():
    made_panel = made(lossy())
    (stream,) = made_panel.data["streams"]
    drawn = "".join(chunk[0] for chunk in stream["chunks"])
    assert {block[0] for block in blocks(drawn, "write")} == set(range(0, 200_000, 1000))
    reads = sorted({block[:2] for block in blocks(drawn, "read")})
    assert reads[0][0] == 0 and sum(size for _, size in reads) == 200_000
    for svg, width, first_ns, last_ns in stream["chunks"]:
        assert f'width="{width}"' in svg and first_ns <= last_ns
    assert stream["chunks"][stream["shown"]][0] in str(made_panel.body)


def test_what_is_not_drawn_is_counted():
    body = str(made(long()).body)
    before, after = re.findall(r'<p class="rest \w+" data-text="(.*?)">(.*?)</p>', body)
    assert re.fullmatch(
        r"… 2\d{4} writes of 200 bytes, \d+ segments, \d+ retransmissions of 1448 bytes, .* reads", before[1]
    )
    assert "writes of 200 bytes" in after[1] and "Long streams are drawn around the moment that matters" in body


def test_the_first_bytes_stand_on_the_page_and_all_of_them_in_its_data():
    made_panel = made(failing())
    (stream,) = made_panel.data["streams"]
    assert base64.b64decode(stream["bytes"]) == REPORT and stream["start"] == 0
    (dump,) = re.findall(r"<pre>(.*?)</pre>", str(made_panel.body), re.DOTALL)
    assert unescape(dump) == hex_dump(REPORT[:256])
    assert unescape(dump).splitlines()[1].startswith("00000010  2c 20 22 73 65 6e 73 6f  72 20 31 22")


def test_long_streams_carry_the_bytes_around_what_is_shown():
    made_panel = made(long())
    (stream,) = made_panel.data["streams"]
    data = base64.b64decode(stream["bytes"])
    whole = REPORT * (5_000_000 // len(REPORT) + 1)
    assert len(data) == MOST_BYTES_OF_ONE and data == whole[stream["start"] : stream["start"] + len(data)]
    assert "64 KiB of a stream" in made_panel.body
    shown = stream["chunks"][stream["shown"]][0]
    low = float(re.search(r'data-low="([\d.]+)"', shown)[1])
    assert stream["start"] <= low < stream["start"] + len(data)


def test_datagrams_leave_gaps_and_stand_out_of_place():
    body = str(made(datagrams("loss=20% duplicate=20% reorder=30%:5ms")).body)
    assert "1 drop" in body or "dropped" in body
    assert len(blocks(body, "write")) == 12 and len(blocks(body, "read")) == len(blocks(body, "buffer"))
    titles = [title for *_, title in blocks(body, "segment")]
    assert any("✗ loss" in title for title in titles) and any("duplicated" in title for title in titles)
    assert ">packets</text>" in body and 'aria-label="Datagrams 0 to 12' in body


def test_rows_have_names_where_they_have_blocks():
    names = [re.findall(r">([a-z ]+)</text>", made(run).body.partition("</svg>")[0]) for run in (failing(), lossy())]
    assert names == [
        ["writes", "segments", "receive buffer", "reads"],
        ["writes", "segments", "sent again", "receive buffer", "reads"],
    ]


def test_a_peek_has_a_row_of_its_own():
    def talk():
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(b"hello")
            theirs.recv(3, socket.MSG_PEEK)
            theirs.recv(100)

    net = Network(seed=1)
    net.host("host").start(talk)
    body = str(made(record(net)).body)
    assert ">peeks</text>" in body
    assert [block[:2] for block in blocks(body, "peek")] == [(0, 3)] and len(blocks(body, "read")) == 1


def test_a_truncated_datagram_has_a_cut():
    body = str(made(datagrams(sizes=(50, 300), room=100)).body)
    (cut,) = CUT.findall(body)
    assert cut == ("asked for fewer", "the read had room for 100 bytes: the other 200 are thrown away (MSG_TRUNC)")


def test_text_of_programs_is_escaped():
    evil = "<script>alert(1)</script>"

    def talk():
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(evil.encode())
            theirs.recv(100)

    net = Network(seed=1)
    net.host("host").start(talk)
    story = story_of(record(net))
    events = [event._replace(process=evil) if isinstance(event, SystemCall) else event for event in story.events]
    samples = [
        sample._replace(row=(*sample.row[:6], ((evil, 100, sample.row[6][0][2]),)))
        for sample in story.samples
        if isinstance(sample, SocketChange) and sample.row is not None
    ]
    made_panel = panel(story._replace(events=events, samples=samples))
    body = str(made_panel.body)
    assert "<script" not in body and body.count("&lt;script&gt;") == 3 and blocks(body, "read")
    assert all("<script" not in chunk[0] for stream in made_panel.data["streams"] for chunk in stream["chunks"])


def test_many_connections_are_chosen_from_and_the_rest_is_counted():
    made_panel = made(many(clients=30, asks=3))
    streams = made_panel.data["streams"]
    body = str(made_panel.body)
    assert len(streams) == MOST_SUBJECTS and body.count('<details class="ribbon"') == STATIC_SUBJECTS
    assert body.count(" open>") == 1 and body.count("<option") == MOST_SUBJECTS
    assert f"{60 - MOST_SUBJECTS} streams left out" in body
    assert [("html" in stream) for stream in streams] == [False] * STATIC_SUBJECTS + [True] * (MOST_SUBJECTS - 3)


def test_troubled_streams_come_first_where_nothing_failed():
    net = Network(seed=3)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="1ms", drop="DATA#3")
    server.start(functools.partial(echo_many, 4))
    client.start(functools.partial(ask_often, 4, 3))
    again = [re.search(r"\d+ sent again", title) for title in _titles(made(record(net)))]
    assert len(again) == 8 and again[0] is not None and not again[-1]


def _titles(made_panel):
    return [unescape(title) for title in re.findall(r"<option value=\"\d+\">(.*?)</option>", str(made_panel.body))]


def test_a_run_without_sockets_says_so():
    net = Network(seed=1)
    net.host("host").start(time.monotonic)
    assert "No socket carried bytes" in made(record(net)).body


def test_the_same_bytes_every_time():
    one, two = made(lossy()), made(lossy())
    assert one.body == two.body and pack(one.data) == pack(two.data)


@pytest.mark.parametrize("run", [failing, lossy, functools.partial(datagrams, sizes=(10, 4000, 20), room=9000)])
def test_a_stored_trace_gives_the_same_panel(tmp_path, run):
    recorded_run = run()
    write_trace(tmp_path / "trace.jsonl.gz", recorded_run.events)
    stored = RecordedRun(recorded_run.facts, read_trace(tmp_path / "trace.jsonl.gz"))
    one, two = made(recorded_run), made(stored)
    assert one.body == two.body and one.data == two.data


@pytest.mark.parametrize("run", [long, many])
def test_the_panel_of_a_long_run_is_bounded(run):
    """Half a second and a megabyte are what a panel may take of the page's five seconds and ten megabytes
    (`python -m benchmarks report` measures)."""
    story = story_of(run())
    assert len(story.events) + len(story.samples) > 30_000
    made_panel = panel(story)
    assert len(made_panel.body) + len(pack(made_panel.data)) < 1_200_000
    carried = sum(len(base64.b64decode(stream["bytes"])) for stream in made_panel.data["streams"])
    assert carried <= MOST_BYTES


def test_what_a_short_write_refused_is_said():
    def send():
        with socket.create_connection(("server", 5000)) as peer:
            peer.settimeout(5)
            left = memoryview(bytes(300_000))
            while left:
                left = left[peer.send(left) :]

    net = Network(seed=1)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="10ms")
    server.start(functools.partial(echo_nothing))
    client.start(send)
    made_panel = made(record(net))
    (stream,) = (stream for stream in made_panel.data["streams"] if stream["name"].startswith("client"))
    drawn = "".join(chunk[0] for chunk in stream["chunks"])
    first = min(blocks(drawn, "write"))
    assert f"the write was cut here, {300_000 - first[1]} bytes were not taken: the send buffer was full" in drawn


def echo_nothing():
    """Read one client to its end."""
    with socket.create_server(("", 5000)) as listener:
        peer, _ = listener.accept()
        with peer:
            while peer.recv(65536):
                pass


def test_bytes_that_do_not_compress_are_bounded_as_well():
    def serve():
        with socket.create_server(("", 5000)) as listener:
            for _ in range(12):
                peer, _ = listener.accept()
                with peer:
                    while peer.recv(777):
                        pass

    def ask():
        for number in range(12):
            chance = random.Random(number)
            with socket.create_connection(("server", 5000)) as peer:
                for _ in range(150):
                    peer.sendall(chance.randbytes(chance.randrange(1, 1500)))

    net = Network(seed=1)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="1ms", loss="1%")
    server.start(serve)
    client.start(ask)
    made_panel = made(record(net))
    assert len(made_panel.body) + len(pack(made_panel.data)) < 1_200_000
    assert "384 KiB in all" in made_panel.body
