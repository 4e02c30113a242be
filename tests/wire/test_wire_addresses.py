"""Text forms of addresses: RFC 4291's and RFC 5952's examples, and glibc's own answers to any text."""

import socket

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from farhost.wire import addresses, linux
from farhost.wire.addresses import AddressError, inet_aton, inet_ntop, inet_pton, parse_address, parse_network

V6_PARTS = st.sampled_from(
    ["0", "1", "ff", "ffff", "abcd", "12345", "00", "0001", ":", "::", ":", "1.2.3.4", "g", "."]
)
V6_TEXTS = st.lists(V6_PARTS, max_size=14).map("".join) | st.lists(
    st.sampled_from(["0", "1", "ffff", "1.2.3.4", ""]), min_size=2, max_size=9
).map(":".join)
V4_PARTS = st.sampled_from(
    ["0", "1", "01", "255", "256", "0x7f", "0X1", "08", "0x", "4294967295", "4294967296", "65536"]
)
V4_TEXTS = st.lists(V4_PARTS, min_size=1, max_size=5).map(".".join) | st.text("0123456789abcdefx. \t-", max_size=12)


def theirs(call, *arguments):  # type: ignore[no-untyped-def]
    try:
        return call(*arguments)
    except OSError:
        return None


def ours(call, *arguments):  # type: ignore[no-untyped-def]
    try:
        return call(*arguments)
    except AddressError:
        return None


@settings(deadline=None, max_examples=500)
@given(V6_TEXTS | V4_TEXTS)
@example("::")
@example(":::")
@example("1:2:3:4:5:6:7::")
@example("::1:2:3:4:5:6:7:8")
@example("1:2:3:4:5:6:1.2.3.4")
@example("1:2:3:4:5:6:7:1.2.3.4")
@example("::1.2.3.4")
@example("::1.2.3")
@example("1.2.3.4::")
def test_inet_pton_takes_what_glibc_takes(text: str) -> None:
    for family in (linux.AF_INET, linux.AF_INET6):
        assert ours(inet_pton, family, text) == theirs(socket.inet_pton, family, text)


@settings(deadline=None, max_examples=500)
@given(V4_TEXTS)
@example("127.1")
@example("1.2.3.4 and more")
@example("1.2.3.4\n")
@example(" 1.2.3.4")
@example("0x.1")
@example("1.2.3.4.")
@example("9" * 5000)
def test_inet_aton_takes_what_glibc_takes(text: str) -> None:
    assert ours(inet_aton, text) == theirs(socket.inet_aton, text)


words6 = st.lists(st.sampled_from([0, 0, 0, 1, 0xFFFF, 0xABC]), min_size=8, max_size=8)


@settings(deadline=None, max_examples=500)
@given(
    words6.map(lambda words: b"".join(word.to_bytes(2, "big") for word in words))
    | st.binary(min_size=16, max_size=16)
)
@example(bytes(10) + b"\xff\xff\1\2\3\4")
@example(bytes(12) + b"\1\2\3\4")
@example(bytes(14) + b"\1\2")
def test_inet_ntop_writes_what_glibc_writes_and_it_reads_back(packed: bytes) -> None:
    assert inet_ntop(packed) == socket.inet_ntop(socket.AF_INET6, packed)
    assert inet_pton(linux.AF_INET6, inet_ntop(packed)) == packed
    assert inet_ntop(packed[:4]) == socket.inet_ntop(socket.AF_INET, packed[:4])


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"),
        ("FF01:0:0:0:0:0:0:101", "ff01::101"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("0:0:0:0:0:0:0:0", "::"),
        ("0:0:0:0:0:FFFF:129.144.52.38", "::ffff:129.144.52.38"),
        ("2001:0db8::0001", "2001:db8::1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("192.168.0.1", "192.168.0.1"),
    ],
)
def test_the_examples_of_rfc_4291_and_rfc_5952(text: str, canonical: str) -> None:
    assert inet_ntop(parse_address(text)) == canonical


def test_192_168_0_1_and_its_32_bits() -> None:
    packed = inet_pton(linux.AF_INET, "192.168.0.1")
    assert " ".join(f"{byte:08b}" for byte in packed) == "11000000 10101000 00000000 00000001"


def test_an_error_names_the_text() -> None:
    with pytest.raises(AddressError, match=r"not an IPv4 address: '1\.2\.3'"):
        inet_pton(linux.AF_INET, "1.2.3")
    with pytest.raises(AddressError, match="IPv6"):
        inet_pton(linux.AF_INET6, "1.2.3.4")
    with pytest.raises(AddressError, match="not an IP address"):
        parse_address("server")


def test_an_exact_inet_aton_takes_nothing_behind_the_address() -> None:
    assert addresses.inet_aton_exact("127.1") == addresses.LOOPBACK_V4
    for text in ("127.1 ", "127.1 x", "x"):
        with pytest.raises(AddressError):
            addresses.inet_aton_exact(text)


def test_networks() -> None:
    assert parse_network("10.0.0.0/24") == (bytes([10, 0, 0, 0]), 24)
    for text in ("10.0.0.0", "10.0.0.0/33", "10.0.0.1/24", "10.0.0.0/", "10.0.0.0/x", "::/129", "10.0.0.0/024"):
        with pytest.raises(AddressError):
            parse_network(text)
    prefix, length = parse_network("fd00::/64")
    assert addresses.in_network(parse_address("fd00::9"), prefix, length)
    assert not addresses.in_network(parse_address("fd00:0:0:1::9"), prefix, length)
    assert not addresses.in_network(parse_address("10.0.0.1"), prefix, 0)
    assert addresses.in_network(parse_address("10.0.0.1"), addresses.ANY_V4, 0)


def test_kinds_of_addresses() -> None:
    kinds = {
        "is_loopback": (["127.0.0.1", "127.9.9.9", "::1"], ["128.0.0.1", "::2", "::ffff:127.0.0.1"]),
        "is_multicast": (["224.0.0.1", "239.1.1.1", "ff02::1"], ["223.0.0.1", "240.0.0.1", "fe80::1"]),
        "is_link_local": (["169.254.1.1", "fe80::1", "febf::1"], ["169.253.1.1", "fec0::1"]),
        "is_unspecified": (["0.0.0.0", "::"], ["0.0.0.1", "::1"]),
        "is_broadcast": (["255.255.255.255"], ["255.255.255.254", "ffff::"]),
        "is_v4_mapped": (["::ffff:1.2.3.4"], ["::1.2.3.4", "1.2.3.4", "::fffe:1.2.3.4"]),
    }
    for name, (yes, no) in kinds.items():
        function = getattr(addresses, name)
        assert [function(parse_address(text)) for text in yes + no] == [True] * len(yes) + [False] * len(no), name


def test_mapped_addresses_there_and_back() -> None:
    four, six = parse_address("1.2.3.4"), parse_address("fd00::1")
    assert inet_ntop(addresses.map_v4(four)) == "::ffff:1.2.3.4"
    assert addresses.unmap_v4(addresses.map_v4(four)) == four
    assert addresses.map_v4(six) == addresses.unmap_v4(six) == six
    assert (addresses.family_of(four), addresses.family_of(six)) == (linux.AF_INET, linux.AF_INET6)


def test_endpoints() -> None:
    assert addresses.format_endpoint(parse_address("10.0.0.1"), 80) == "10.0.0.1:80"
    assert addresses.format_endpoint(parse_address("::1"), 80) == "[::1]:80"
