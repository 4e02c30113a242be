"""The message encoding of every system call, by round trip for each row of the table."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farhost.kernel.files import Received, Stat
from farhost.kernel.syscalls.encoding import (
    LONG,
    VERSION,
    BadMessage,
    Reply,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from farhost.kernel.syscalls.signatures import CALLS, CALLS_BY_NUMBER, ArgType
from farhost.kernel.syscalls.table import FUNCTIONS
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6, SockaddrOther, SockaddrUn

INTEGERS = st.integers(-(2**127), 2**127 - 1)
SMALL = st.integers(-(2**31), 2**31)
PORTS = st.integers(0, 65535)
WORDS = st.integers(0, 2**32 - 1)
ADDRESSES = st.one_of(
    st.builds(SockaddrIn, PORTS, st.binary(min_size=4, max_size=4)),
    st.builds(SockaddrIn6, PORTS, st.binary(min_size=16, max_size=16), WORDS, WORDS),
    st.builds(SockaddrUn, st.binary(max_size=108)),
    st.builds(SockaddrOther, PORTS, st.binary(max_size=126)),
)
TUPLES = st.lists(SMALL, max_size=4).map(tuple)
CONTROL = st.lists(st.tuples(SMALL, SMALL, st.binary(max_size=8)), max_size=3).map(tuple)
VALUES = {
    ArgType.INT: INTEGERS,
    ArgType.BYTES: st.binary(max_size=50),
    ArgType.ADDRESS: ADDRESSES,
    ArgType.OPTIONAL_INT: st.none() | INTEGERS,
    ArgType.OPTIONAL_ADDRESS: st.none() | ADDRESSES,
    ArgType.CHUNKS: st.lists(st.binary(max_size=9), max_size=4).map(tuple),
    ArgType.INTS: TUPLES,
    ArgType.PAIRS: st.lists(st.tuples(SMALL, INTEGERS), max_size=4).map(tuple),
    ArgType.CONTROL: CONTROL,
    ArgType.SETS: st.tuples(TUPLES, TUPLES, TUPLES),
    ArgType.ACCEPTED: st.tuples(SMALL, ADDRESSES),
    ArgType.NAMES: st.tuples(st.text(max_size=20)),
    ArgType.RECEIVED: st.builds(
        Received, st.binary(max_size=20), st.none() | ADDRESSES, SMALL, CONTROL, st.none() | SMALL
    ),
    ArgType.STAT: st.builds(Stat, *[INTEGERS] * 7),
    ArgType.NOTHING: st.none(),
}


def test_every_type_has_values_to_try():
    assert set(VALUES) == set(ArgType)


def test_every_call_has_a_number_of_its_own():
    assert len(CALLS_BY_NUMBER) == len(CALLS)
    assert all(CALLS[name].name == name for name in CALLS)
    assert set(FUNCTIONS) == set(CALLS)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_messages_of_every_call_survive(name):
    row = CALLS[name]

    @settings(max_examples=20, deadline=None, database=None)
    @given(st.tuples(*[VALUES[wanted] for wanted in row.arguments]), VALUES[row.result], st.integers(1, 133))
    def round_trip(arguments, result, errno):
        again = decode_request(*encode_request(name, arguments))
        assert again == (name, arguments)
        assert all(type(one) is type(other) for one, other in zip(again[1], arguments))
        reply = decode_reply(name, *encode_reply(name, Reply(result)))
        assert reply == Reply(result)
        assert type(reply.result) is type(result)
        for sigpipe in (False, True):
            failure = Reply(None, errno, sigpipe)
            assert decode_reply(name, *encode_reply(name, failure)) == failure

    round_trip()


def test_messages_to_the_byte():
    minus_one = "00" + "ff" * 8
    assert encode_request("listen", (3, -1)).head.hex() == "020032" + "00" * 8 + "03" + minus_one
    assert encode_reply("socket", Reply(None, 24)).head.hex() == "020018"
    assert encode_reply("write", Reply(None, 32, sigpipe=True)).head.hex() == "028020"


def test_what_is_long_travels_in_the_tail_as_it_is():
    data = memoryview(bytearray(LONG))
    message = encode_request("sendto", (3, data, 0, None))
    assert message.tail is data
    assert len(message.head) < 40
    assert decode_request(*message)[1][1] is data
    for name, result in (("read", data), ("recvfrom", Received(data, None, 0, ()))):
        reply = encode_reply(name, Reply(result))
        assert reply.tail is data
        assert decode_reply(name, *reply).result == result
    assert encode_request("sendto", (3, bytes(LONG - 1), 0, None)).tail == b""


def test_a_tail_belongs_to_one_value():
    head, tail = encode_request("write", (3, bytes(LONG)))
    with pytest.raises(BadMessage):
        decode_request(*encode_request("listen", (3, 5))._replace(tail=b"x"))
    assert decode_request(head, tail)[1] == (3, bytes(LONG))
    with pytest.raises(BadMessage):
        decode_reply("getsockopt", head[:3] + b"\xff" * 5, tail)


def test_other_versions_and_damaged_messages_are_refused():
    message = encode_request("sendto", (3, b"data", 0, SockaddrIn(5000, bytes(4)))).head
    assert message[0] == VERSION
    with pytest.raises(BadMessage):
        decode_request(bytes((VERSION + 1,)) + message[1:])
    with pytest.raises(BadMessage):
        decode_request(message + b"\0")
    for end in range(len(message)):
        with pytest.raises(BadMessage):
            decode_request(message[:end])


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=60), st.sampled_from(sorted(CALLS_BY_NUMBER)))
def test_any_bytes_are_a_call_or_refused(rest, number):
    message = bytes((VERSION,)) + number.to_bytes(2, "big") + rest
    try:
        name, arguments = decode_request(message)
    except BadMessage:
        return
    assert decode_request(*encode_request(name, arguments)) == (name, arguments)


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=60), st.sampled_from(sorted(CALLS)))
def test_any_bytes_are_a_reply_or_refused(rest, name):
    try:
        reply = decode_reply(name, bytes((VERSION,)) + rest)
    except BadMessage:
        return
    assert decode_reply(name, *encode_reply(name, reply)) == reply


@pytest.mark.parametrize(
    "address",
    [
        SockaddrIn(65536, bytes(4)),
        SockaddrIn(-1, bytes(4)),
        SockaddrIn(80, bytes(16)),
        SockaddrIn6(80, bytes(4)),
        SockaddrIn6(80, bytes(16), 0, 2**32),
        SockaddrUn(bytes(127)),
        SockaddrOther(65536),
    ],
)
def test_an_address_that_no_struct_holds_is_refused(address):
    with pytest.raises(BadMessage):
        decode_request(*encode_request("bind", (3, address)))


def test_values_of_other_types_are_refused():
    for name, arguments in (
        ("nothing", ()),
        ("listen", (1,)),
        ("listen", (1, b"2")),
        ("bind", (1, ("path",))),
        ("bind", (1, SockaddrUn(5))),
        ("sendmsg", (1, (b"x",), None, ((1, 2),), 0)),
        ("listen", (1, 2**200)),
    ):
        with pytest.raises(BadMessage):
            encode_request(name, arguments)
    for name, reply in (
        ("listen", Reply(5)),
        ("socket", Reply(5, 1)),
        ("uname", Reply((object(),))),
        ("recvfrom", Reply(b"data")),
        ("socket", Reply(None)),
    ):
        with pytest.raises(BadMessage):
            encode_reply(name, reply)
    with pytest.raises(BadMessage):
        decode_reply("uname", *encode_reply("socket", Reply(5)))
