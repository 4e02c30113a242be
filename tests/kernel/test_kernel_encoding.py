"""The message encoding of every system call, by round trip for each row of the table."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farhost.kernel.files import Received, Stat
from farhost.kernel.syscalls.encoding import (
    VERSION,
    BadMessage,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from farhost.kernel.syscalls.table import CALLS, CALLS_BY_NUMBER, ArgType
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6, SockaddrOther, SockaddrUn

INTEGERS = st.integers(-(2**127), 2**127 - 1)
SMALL = st.integers(-(2**31), 2**31)
ADDRESSES = st.one_of(
    st.builds(SockaddrIn, SMALL, st.binary(min_size=4, max_size=4)),
    st.builds(SockaddrIn6, SMALL, st.binary(min_size=16, max_size=16), SMALL, SMALL),
    st.builds(SockaddrUn, st.binary(max_size=108)),
    st.builds(SockaddrOther, SMALL, st.binary(max_size=20)),
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


@pytest.mark.parametrize("name", sorted(CALLS))
def test_messages_of_every_call_survive(name):
    row = CALLS[name]

    @settings(max_examples=20, deadline=None, database=None)
    @given(st.tuples(*[VALUES[wanted] for wanted in row.arguments]), VALUES[row.result], st.integers(1, 133))
    def round_trip(arguments, result, errno):
        request = encode_request(name, arguments)
        again = decode_request(request)
        assert again == (name, arguments)
        assert all(type(one) is type(other) for one, other in zip(again[1], arguments))
        assert decode_reply(name, encode_reply(name, result)) == (result, 0)
        assert type(decode_reply(name, encode_reply(name, result))[0]) is type(result)
        assert decode_reply(name, encode_reply(name, None, errno)) == (None, errno)

    round_trip()


def test_a_message_to_the_byte():
    assert encode_request("listen", (3, -1)).hex() == "010032050000000201" + "00" * 7 + "0301" + "ff" * 8


def test_other_versions_and_damaged_messages_are_refused():
    message = encode_request("sendto", (3, b"data", 0, SockaddrIn(5000, bytes(4))))
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
def test_any_bytes_are_a_call_or_refused(tail, number):
    message = bytes((VERSION,)) + number.to_bytes(2, "big") + tail
    try:
        name, arguments = decode_request(message)
    except BadMessage:
        return
    assert decode_request(encode_request(name, arguments)) == (name, arguments)


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
    with pytest.raises(BadMessage):
        encode_reply("listen", 5)
    with pytest.raises(BadMessage):
        encode_reply("socket", 5, 1)
    with pytest.raises(BadMessage):
        encode_reply("uname", (object(),))
    with pytest.raises(BadMessage):
        decode_reply("uname", encode_reply("socket", 5))
