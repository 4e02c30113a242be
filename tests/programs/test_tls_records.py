"""Where a reader of TLS records stands, however the bytes come."""

from hypothesis import given
from hypothesis import strategies as st

from farhost.programs.stdlib.tls_records import MAXIMUM_BODY, Records, body_size


def header(size, kind=23, major=3):
    return bytes([kind, major, 3]) + size.to_bytes(2, "big")


@given(sizes=st.lists(st.integers(0, 50), max_size=6), chunks=st.lists(st.integers(1, 70), min_size=1))
def test_the_state_does_not_depend_on_how_the_bytes_come(sizes, chunks):
    stream = b"".join(header(size) + bytes(size) for size in sizes) + header(30)[:3]
    records, start = Records(), 0
    while start < len(stream):
        piece = stream[start : start + chunks[start % len(chunks)]]
        records.advance(piece)
        start += len(piece)
    assert records.wanted == 2
    assert records.is_inside


@given(sizes=st.lists(st.integers(0, 50), max_size=6))
def test_a_reader_that_takes_what_is_wanted_never_takes_of_the_next_record(sizes):
    for size in sizes:
        records, data, taken = Records(), header(size) + bytes(size), 0
        while taken < len(data):
            piece = data[taken : taken + records.wanted]
            records.advance(piece)
            taken += len(piece)
            assert records.is_inside == (taken < len(data))
        assert taken == len(data)
        assert records.wanted == 5


def test_what_is_no_tls_has_no_body_to_wait_for():
    assert body_size(header(40)) == 40
    assert body_size(header(MAXIMUM_BODY)) == MAXIMUM_BODY
    assert body_size(header(MAXIMUM_BODY + 1)) == 0
    assert body_size(header(40, kind=19)) == body_size(header(40, kind=25)) == body_size(header(40, major=2)) == 0
    assert body_size(b"GET /") == body_size(b"\x80\x2e\x01\x03\x01") == 0
