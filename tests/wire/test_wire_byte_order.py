"""Byte order on hosts of either kind; the number 772 of the notes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from farhost.wire.byte_order import ByteOrder, htonl, htons, ntohl, ntohs

ORDERS: tuple[ByteOrder, ...] = ("little", "big")


def test_772_is_03_04_in_network_order_on_either_host() -> None:
    for order in ORDERS:
        assert htons(772, order).to_bytes(2, order) == b"\x03\x04"
        assert htonl(0x7F000001, order).to_bytes(4, order) == b"\x7f\0\0\1"


def test_a_forgotten_htons_makes_34835_of_5000_on_a_little_endian_host_only() -> None:
    for order, port in (("little", 34835), ("big", 5000)):
        assert int.from_bytes((5000).to_bytes(2, order), "big") == port  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))
def test_there_and_back_is_the_same(short: int, long: int) -> None:
    for order in ORDERS:
        assert ntohs(htons(short, order), order) == short
        assert ntohl(htonl(long, order), order) == long


def test_c_keeps_the_low_bits_of_what_is_too_large() -> None:
    assert htons(0x1_0304, "big") == 0x0304 and htons(0x1_0304, "little") == 0x0403
    assert htonl(0x1_0000_0001, "big") == 1 and htonl(0x1_0000_0001, "little") == 0x01000000
