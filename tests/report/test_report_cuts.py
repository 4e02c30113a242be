"""Every cut of a stream has a cause, the right one: over random transfers under all faults, and one by one."""

from collections import Counter

import pytest
from transfers import transfer

from farhost.report.story.byte_streams import byte_streams
from farhost.report.story.cuts import Cause, cuts
from farhost.report.story.story import story_of

LATER = {
    Cause.SENT_AGAIN,
    Cause.SPLIT,
    Cause.RECEIVE_WINDOW,
    Cause.CONGESTION_WINDOW,
    Cause.SEND_BUFFER_FULL,
    Cause.MSS,
    Cause.ARRIVED_LATER,
}
"""Of the end of a read: what came behind was not there yet."""


def stream_of(run, name=None):
    """The one stream of a run, or that which goes to a host."""
    story = story_of(run)
    found = [stream for stream in byte_streams(story.events, story.samples) if name in (None, stream.reader)]
    assert len(found) == 1
    return found[0]


def check(stream):
    """What holds of every stream; how often each cause was given."""
    ends = {write.start + write.size for write in stream.writes}
    read_ends = {read.start + read.size for read in stream.reads}
    found = cuts(stream)
    places = [(cut.row, cut.offset) for cut in found]
    assert len(places) == len(set(places)), "one cause each"
    assert {cut.offset for cut in found if cut.row == "read"} == read_ends - ends
    assert {cut.offset for cut in found if cut.row == "merge"} == ends - read_ends
    segment_ends = {segment.start + segment.size for segment in stream.segments if segment.ordinal == 1}
    assert {cut.offset for cut in found if cut.row == "segment"} == segment_ends - ends
    by_end = {read.start + read.size: read for read in stream.reads}
    for cut in found:
        if cut.row == "read":
            check_read(stream, by_end[cut.offset], cut)
        elif cut.row == "merge":
            check_merge(stream, cut)
        elif cut.row == "segment":
            assert cut.cause in LATER - {Cause.SENT_AGAIN, Cause.ARRIVED_LATER}, cut
    return Counter(cut.cause for cut in found)


def check_read(stream, read, cut):
    """A read got no more: it could not have, or did not want it."""
    if cut.cause is Cause.ASKED_FEWER:
        assert read.size == read.asked
    elif cut.cause is Cause.SHORT_READ:
        assert read.size < read.asked and stream.arrivals.find(cut.offset - 1) is not None
    else:
        assert cut.cause in LATER, cut
        arrival = stream.arrivals.find(cut.offset)
        assert arrival is None or arrival.readable_ns < 0 or arrival.readable_ns >= read.time_ns - 1_000, cut


def check_merge(stream, cut):
    """What was read together was there together."""
    if cut.cause is Cause.NOT_READ:
        assert cut.offset > stream.read
        return
    read = next(read for read in stream.reads if read.start < cut.offset < read.start + read.size)
    arrival = stream.arrivals.find(cut.offset)
    assert 0 <= arrival.readable_ns <= read.time_ns
    assert (arrival.start < cut.offset) == (cut.cause is Cause.ONE_SEGMENT)


@pytest.mark.parametrize("number", range(45))
def test_every_boundary_has_one_cause(number):
    run = transfer(number)
    stream = stream_of(run, "reader")
    check(stream)
    written = b"".join(stream.data(write.start, write.start + write.size) for write in stream.writes)
    assert len(written) == stream.written and stream.read <= stream.written


def test_the_random_transfers_show_every_cause():
    counted = Counter()
    for number in range(45):
        counted += check(stream_of(transfer(number), "reader"))
    assert set(counted) == set(Cause), set(Cause) - set(counted)
