"""The headline: what a minimal list of faults did, as one would say it."""

import pytest

from farhost.explore.fault_words import describe_fault, is_time, known_kinds, size_words, unit_ns
from farhost.explore.words import headline
from farhost.report.story.streams import Piece, Stream
from farhost.scenario.faults import every_fault
from farhost.sim.choices import Choice

SERVER, CLIENT = "server:5000>client:49152", "client:49152>server:5000"
MS = 1_000_000


def pieces(*sizes, start_ms=0, asked=None):
    found, offset = [], 0
    for number, size in enumerate(sizes):
        found.append(Piece((start_ms + number) * MS, offset, size, asked or size))
        offset += size
    return tuple(found)


def conversation(reads=(12,), writes=(12,), asked=None):
    """A request, and a reply that is written and read in these sizes."""
    return (
        Stream(CLIENT, True, pieces(4, start_ms=10), pieces(4, start_ms=20)),
        Stream(SERVER, False, pieces(*writes, start_ms=30, asked=asked), pieces(*reads, start_ms=40)),
    )


def reply(start, length, ordinal=1, ending="data"):
    return f"server>client {SERVER} {ending} {start}+{length} #{ordinal}"


def short_read(offset, size):
    return Choice("short-read", f"{SERVER} at {offset}"), size


def test_the_bar_for_usability():
    """As the issue has it."""
    faults = [(Choice("split", reply(0, 12)), 5), (Choice("spike", reply(5, 7)), 300 * MS)]
    text = headline(faults, conversation(reads=(5, 7)))
    assert text == "2 faults: the reply was read as 5 + 7 bytes; the second piece came 300 ms later"


def test_a_piece_that_came_too_late_to_be_read():
    faults = [(Choice("split", reply(0, 12)), 5), (Choice("spike", reply(5, 7)), 300 * MS)]
    text = headline(faults, conversation(reads=(5,)))
    assert text == "2 faults: the reply was read as 5 of its 12 bytes; the rest came 300 ms later"
    faults = [(Choice("split", reply(0, 12)), 5), (Choice("loss", reply(5, 7)), 1)]
    text = headline(faults, conversation(reads=(5,)))
    assert text == "2 faults: the reply was read as 5 of its 12 bytes; the rest was lost"


def test_a_whole_write_that_came_late():
    assert (
        headline([(Choice("spike", reply(0, 12)), 1500 * MS)], conversation()) == "1 fault: the reply came 1.5 s late"
    )


def test_units_of_sizes():
    assert size_words("spike", 300 * MS) == "300 ms" and size_words("pause", 1500) == "1.5 s"
    assert (unit_ns("spike"), unit_ns("pause"), unit_ns("split"), unit_ns("loss")) == (1, MS, None, None)


def test_no_fault_at_all():
    assert headline([]) == "it fails without any fault"


@pytest.mark.parametrize(
    ("reads", "said"),
    [
        ((5, 7), "the reply was read as 5 + 7 bytes"),
        ((5,), "the reply was read as 5 of its 12 bytes"),
        ((2, 3), "the reply was read as 2 + 3 of its 12 bytes"),
        ((1,) * 12, "the reply was read in 12 pieces, the first of 1 byte"),
        ((), "the reply was not read"),
    ],
)
def test_how_a_write_was_read(reads, said):
    assert headline([short_read(0, 5)], conversation(reads=reads)) == f"1 fault: {said}"


def test_one_of_several_writes():
    streams = conversation(reads=(10, 2), writes=(4, 8))
    assert headline([short_read(4, 6)], streams) == "1 fault: write 2 of server was read as 6 + 2 bytes"
    streams = conversation(reads=(4, 3, 5), writes=(4, 8))
    assert headline([short_read(4, 3)], streams) == "1 fault: write 2 of server was read as 3 + 5 bytes"


def test_a_short_read_that_is_not_seen_is_told_as_it_is():
    fault = short_read(0, 12)
    assert headline([fault], conversation(reads=(12,))) == f"1 fault: {describe_fault(*fault)}"


def test_a_cut_that_only_the_network_sees():
    """The first piece is lost, and what is sent again comes whole."""
    faults = [(Choice("split", reply(0, 12)), 5), (Choice("loss", reply(0, 5)), 1)]
    text = headline(faults, conversation(reads=(12,)))
    assert text == "2 faults: the reply was sent as 5 + 7 bytes; the first piece was lost"
    faults = [(Choice("split", reply(2, 8)), 5), (Choice("spike", reply(7, 3)), 3 * MS)]
    text = headline(faults, conversation(reads=(12,)))
    assert text == "2 faults: a part of the reply was sent as 5 + 3 bytes; the second piece came 3 ms later"


def test_a_write_that_the_kernel_took_a_part_of():
    fault = Choice("short-write", f"{SERVER} at 0"), 5
    text = headline([fault], conversation(reads=(5,), writes=(5,), asked=12))
    assert text == "1 fault: the reply went out as 5 of 12 bytes"


def test_loss_and_damage_of_data():
    faults = [(Choice("loss", reply(0, 12)), 1), (Choice("loss", reply(0, 12, 2, "fin")), 1)]
    text = headline(faults, conversation())
    assert text == "2 faults: the reply was lost; the reply was lost when it was sent for the 2nd time"
    assert headline([(Choice("duplicate", reply(0, 12)), 1)], conversation()) == "1 fault: the reply arrived twice"
    loss = Choice("loss", reply(5, 7)), 1
    assert headline([loss], conversation()) == "1 fault: the reply, from byte 5 on, was lost"


def test_a_server_that_speaks_first_does_not_reply():
    greeting = Stream(SERVER, False, pieces(12, start_ms=5), pieces(5, 7, start_ms=8))
    streams = (conversation()[0], greeting)
    assert headline([short_read(0, 5)], streams) == "1 fault: what server sent was read as 5 + 7 bytes"


def test_which_of_several_connections():
    second = "client:49153>server:5000"
    streams = (
        *conversation(),
        Stream(second, True, pieces(4, start_ms=60), pieces(4, start_ms=70)),
        Stream("server:5000>client:49153", False, pieces(12, start_ms=80), pieces(5, 7, start_ms=90)),
    )
    fault = Choice("short-read", "server:5000>client:49153 at 0"), 5
    assert headline([fault], streams) == "1 fault: the reply on connection 2 was read as 5 + 7 bytes"


def test_where_nobody_watched_faults_have_their_own_words():
    fault = Choice("loss", reply(0, 12)), 1
    assert headline([fault]) == f"1 fault: {every_fault()['loss'].describe(reply(0, 12), 1)}"
    syn = Choice("loss", "client>server client:49152>server:5000 syn #1"), 1
    assert headline([syn], conversation()) == f"1 fault: {every_fault()['loss'].describe(syn[0].place, 1)}"


@pytest.mark.parametrize("kind", known_kinds())
def test_every_kind_has_words_and_a_unit_or_none(kind):
    assert describe_fault(Choice(kind, "client-server at 1s"), 7)
    unit = unit_ns(kind)
    assert unit is None or (unit > 0 and is_time(Choice(kind, "x")) and size_words(kind, 2 * unit)[0].isdigit())


def test_jitter_has_words_although_it_is_no_fault():
    assert describe_fault(Choice("jitter", "a>b x #1"), 3) == "a>b x #1 came 2 ns later than the link's delay"
    assert describe_fault(Choice("jitter", "a>b x #1"), 4) == "a>b x #1 came 2 ns earlier than the link's delay"
