"""The Internet checksum against RFC 1071's words and a sum made word by word."""

from hypothesis import given, settings
from hypothesis import strategies as st

from farhost.wire.checksum import finish, internet_checksum, is_intact, pseudo_header_sum, word_sum


def slow_sum(data: bytes) -> int:
    """RFC 1071 §4.1, as its C code has it."""
    total = sum(data[place] << 8 | data[place + 1] for place in range(0, len(data) - 1, 2))
    if len(data) % 2:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_the_sum_is_the_one_of_the_rfc(data: bytes) -> None:
    assert word_sum(data) == slow_sum(data) % 0xFFFF
    if any(data):
        assert internet_checksum(data) == ~slow_sum(data) & 0xFFFF


def test_the_example_of_rfc_1071() -> None:
    assert word_sum(bytes.fromhex("0001f203f4f5f6f7")) == 0xDDF2
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D


def test_a_known_ipv4_header() -> None:
    header = bytes.fromhex("4500003c1c46400040060000ac100a63ac100a0c")
    assert internet_checksum(header) == 0xB1E6
    assert is_intact(word_sum(header) + 0xB1E6)
    assert not is_intact(word_sum(header) + 0xB1E7)


@settings(deadline=None)
@given(st.binary(max_size=50).map(lambda half: half * 2), st.binary(max_size=50))
def test_sums_of_parts_add_up(even: bytes, rest: bytes) -> None:
    assert (word_sum(even) + word_sum(rest)) % 0xFFFF == word_sum(even + rest)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_flipped_bit_is_seen(data: bytes, draws: st.DataObject) -> None:
    checksum = internet_checksum(data)
    bit = draws.draw(st.integers(0, 8 * len(data) - 1))
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not is_intact(word_sum(bytes(flipped)) + checksum) or not any(data)


def test_a_sum_of_minus_zero_has_the_checksum_zero() -> None:
    assert finish(0xFFFF) == finish(0) == finish(0x1FFFE) == 0


def test_the_pseudo_header_counts_addresses_protocol_and_length() -> None:
    source, destination = bytes([192, 0, 2, 1]), bytes([198, 51, 100, 2])
    words = source + destination + bytes([0, 17]) + (300).to_bytes(2, "big")
    assert pseudo_header_sum(source, destination, 17, 300) % 0xFFFF == slow_sum(words) % 0xFFFF
    six = bytes(range(16)), bytes(range(16, 32))
    words = b"".join(six) + (70000).to_bytes(4, "big") + bytes([0, 0, 0, 6])
    assert pseudo_header_sum(*six, 6, 70000) % 0xFFFF == slow_sum(words) % 0xFFFF
