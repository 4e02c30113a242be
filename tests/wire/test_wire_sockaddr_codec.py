"""Socket address structs: their bytes, what is ignored in them, and Linux's own verdict on the same bytes."""

import ctypes
import errno
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farhost.wire import linux
from farhost.wire.byte_order import ByteOrder
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6, SockaddrOther, SockaddrUn
from farhost.wire.sockaddr_codec import SockaddrError, copy_out, pack, parse

IN = bytes.fromhex("0200 1388 7f000001") + bytes(8)
IN6 = bytes.fromhex("0a00 1388 000abcde") + bytes(15) + b"\1" + bytes.fromhex("02000000")
UN = b"\1\0"
LOOPBACK6 = bytes(15) + b"\1"

ports = st.integers(0, 0xFFFF)
words = st.integers(0, 0xFFFFFFFF)
paths = st.binary(max_size=107).map(lambda path: path.replace(b"\0", b"x"))
addresses = st.one_of(
    st.builds(SockaddrIn, ports, st.binary(min_size=4, max_size=4)),
    st.builds(SockaddrIn6, ports, st.binary(min_size=16, max_size=16), words, words),
    st.builds(SockaddrUn, paths | st.binary(max_size=107).map(lambda name: b"\0" + name)),
    st.builds(SockaddrOther, st.integers(11, 0xFFFF) | st.just(0), st.binary(max_size=126)),
)
orders = st.sampled_from(["little", "big"])


@settings(deadline=None)
@given(addresses, orders)
def test_what_is_packed_parses_to_the_same(address: SockaddrIn | SockaddrUn, order: ByteOrder) -> None:
    assert parse(pack(address, order), byte_order=order) == address


def test_the_structs_byte_by_byte_on_hosts_of_either_order() -> None:
    four, six = SockaddrIn(5000, bytes([127, 0, 0, 1])), SockaddrIn6(5000, LOOPBACK6, 0xABCDE, 2)
    assert pack(four) == IN and parse(IN) == four
    assert pack(six) == IN6 and parse(IN6) == six
    assert pack(four, "big") == b"\0\2" + IN[2:]
    assert pack(six, "big") == b"\0\x0a" + IN6[2:24] + bytes.fromhex("00000002")
    assert pack(SockaddrUn(b"/tmp/s")) == b"\1\0/tmp/s\0"
    assert pack(SockaddrUn(b"\0name")) == b"\1\0\0name"
    assert pack(SockaddrUn(b"")) == b"\1\0"


def test_dirty_sin_zero_and_bytes_behind_a_struct_are_ignored() -> None:
    assert parse(IN[:8] + b"\xff" * 8) == parse(IN)
    assert parse(IN + b"\xff" * 112) == parse(IN)
    assert parse(IN6 + b"\xff" * 100) == parse(IN6)


def test_an_old_sockaddr_in6_has_no_scope() -> None:
    assert parse(IN6, 24) == parse(IN6, 27) == SockaddrIn6(5000, LOOPBACK6, 0xABCDE, 0)


def test_a_path_ends_at_its_first_zero_or_where_the_length_says() -> None:
    assert parse(UN + b"/tmp/s\0rest") == SockaddrUn(b"/tmp/s")
    assert parse(UN + b"/tmp/server", 2 + 6) == SockaddrUn(b"/tmp/s")
    assert parse(UN + b"p" * 108) == SockaddrUn(b"p" * 108)
    assert len(pack(SockaddrUn(b"p" * 108))) == 111


def test_an_abstract_name_has_all_bytes_that_the_length_counts() -> None:
    assert parse(UN + b"\0a\0\0") == SockaddrUn(b"\0a\0\0")
    assert parse(UN + b"\0", 3) == SockaddrUn(b"\0")
    assert parse(UN, 2) == SockaddrUn(b"")


@pytest.mark.parametrize(
    ("data", "size", "domain", "name"),
    [
        (IN, 15, linux.AF_INET, "EINVAL"),
        (IN, 1, linux.AF_INET, "EINVAL"),
        (IN, 0, linux.AF_INET, "EINVAL"),
        (IN, -1, linux.AF_INET, "EINVAL"),
        (IN, 17, linux.AF_INET, "EINVAL"),
        (IN + bytes(113), 129, linux.AF_INET, "EINVAL"),
        (IN6, 28, linux.AF_INET, "EAFNOSUPPORT"),
        (IN6, 15, linux.AF_INET, "EINVAL"),
        (IN6, 23, linux.AF_INET6, "EINVAL"),
        (b"\3\0" + bytes(26), 28, linux.AF_INET6, "EAFNOSUPPORT"),
        (b"\3\0" + bytes(26), 23, linux.AF_INET6, "EINVAL"),
        (IN, 16, linux.AF_UNIX, "EINVAL"),
        (UN + bytes(109), 111, linux.AF_UNIX, "EINVAL"),
        (IN, 15, None, "EINVAL"),
    ],
)
def test_a_length_or_family_that_does_not_fit(data: bytes, size: int, domain: int | None, name: str) -> None:
    with pytest.raises(SockaddrError) as caught:
        parse(data, size, domain=domain)
    assert (caught.value.name, caught.value.errno) == (name, getattr(linux, name))


def test_what_only_some_calls_refuse_is_left_to_them() -> None:
    assert parse(bytes(2), domain=linux.AF_INET) == SockaddrOther(0)
    assert parse(bytes(16), domain=linux.AF_INET6) == SockaddrOther(0, bytes(14))
    assert parse(IN, domain=linux.AF_INET6) == SockaddrIn(5000, bytes([127, 0, 0, 1]))
    assert parse(b"\x11\0abc") == SockaddrOther(linux.AF_PACKET, b"abc")


def test_a_short_buffer_gets_the_beginning_and_the_true_length() -> None:
    four = SockaddrIn(5000, bytes([127, 0, 0, 1]))
    assert copy_out(four, 5) == (IN[:5], 16)
    assert copy_out(four, 200) == (IN, 16)
    assert copy_out(SockaddrUn(b""), 50) == (b"\1\0", 2)
    assert copy_out(None, 50) == (b"", 0)
    with pytest.raises(SockaddrError, match="EINVAL"):
        copy_out(four, -1)


def linux_verdict(domain: int, kind: int, data: bytes, size: int) -> str:
    """What connect(2) says of an address, as far as length and family go: connecting is no bind, and no file."""
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket(domain, kind) as sock:
        sock.setblocking(False)
        if libc.connect(sock.fileno(), data, size) == 0:
            return ""
        return errno.errorcode[ctypes.get_errno()]


@pytest.mark.parametrize("domain", [linux.AF_INET, linux.AF_INET6, linux.AF_UNIX])
@pytest.mark.parametrize("data", [IN, IN6, UN + b"\0farhost-nobody" + bytes(20), b"\3\0" + bytes(40), bytes(40)])
def test_linux_refuses_the_same_lengths_and_families(domain: int, data: bytes) -> None:
    data = data[:2] + b"\0\x09" + data[4:] if data[0] != 1 else data
    data += bytes(140 - len(data))
    for size in (0, 1, 3, 8, 15, 16, 23, 24, 28, 110, 111, 128, 129):
        verdict = linux_verdict(domain, socket.SOCK_DGRAM, data, size)
        try:
            parse(data, size, domain=domain)
        except SockaddrError as error:
            assert verdict == error.name, size
        else:
            assert verdict in ("", "ECONNREFUSED", "EADDRNOTAVAIL", "ENETUNREACH"), size


def test_linux_gives_the_same_bytes_for_a_path_without_its_zero(tmp_path) -> None:  # type: ignore[no-untyped-def]
    libc = ctypes.CDLL(None, use_errno=True)
    path = (str(tmp_path).encode() + b"/" + b"p" * 108)[:108]
    if not path.startswith(str(tmp_path).encode() + b"/"):
        pytest.skip("the temporary directory's path is too long for a socket")
    with socket.socket(socket.AF_UNIX) as sock:
        assert libc.bind(sock.fileno(), UN + path, 110) == 0
        buffer, length = ctypes.create_string_buffer(128), ctypes.c_uint(128)
        assert libc.getsockname(sock.fileno(), buffer, ctypes.byref(length)) == 0
        assert copy_out(parse(UN + path), 128) == (buffer.raw[: length.value], 111)
        length.value = 5
        assert libc.getsockname(sock.fileno(), buffer, ctypes.byref(length)) == 0
        assert copy_out(parse(UN + path), 5) == (buffer.raw[:5], length.value)
