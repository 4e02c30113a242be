"""Queries are glibc's, byte by byte; and what answers say."""

import dns.message
import dns.rrset
import pytest

from farhost.network.dns.exchange import Question
from farhost.network.dns.messages import AAAA, PTR, A, Answer, MessageError, is_name, make_queries, read_answer


def answer(question, *records):
    (query,) = make_queries(question, (7,))
    message = dns.message.make_response(dns.message.from_wire(query))
    message.answer = [dns.rrset.from_text(*record) for record in records]
    return message.to_wire(want_shuffle=False)


def test_a_query_has_a_header_and_one_question():
    header = b"\x01\0\0\1\0\0\0\0\0\0"
    assert make_queries(Question("www.Example", (A, AAAA)), (0x1234, 0xFFFF)) == (
        b"\x12\x34" + header + b"\x03www\x07Example\0\0\x01\0\1",
        b"\xff\xff" + header + b"\x03www\x07Example\0\0\x1c\0\1",
    )


def test_a_backslash_is_a_letter():
    (query,) = make_queries(Question("a\\b", (A,)), (0,))
    assert query[12:] == b"\x03a\\b\0\0\1\0\1"


@pytest.mark.parametrize("name", ["a" * 63, "a.b", ("a" * 62 + ".") * 4 + "b", "a_b", "1"])
def test_names(name):
    assert is_name(name)


@pytest.mark.parametrize("name", ["a" * 64, "a..b", ".a", ("a" * 63 + ".") * 4 + "b", "\udcff"])
def test_what_is_no_name(name):
    assert not is_name(name)


def test_addresses_are_in_the_order_of_the_answer():
    data = answer(Question("www", (A,)), ("www.", 60, "IN", "A", "10.0.0.9", "10.0.0.1"))
    assert read_answer(data) == Answer("www", (), (bytes((10, 0, 0, 9)), bytes((10, 0, 0, 1))), ())


def test_aliases_are_followed():
    records = [("a.", 60, "IN", "CNAME", "b."), ("c.", 60, "IN", "A", "10.0.0.1"), ("b.", 60, "IN", "CNAME", "c.")]
    assert read_answer(answer(Question("a", (A,)), *records)) == Answer("c", ("a", "b"), (bytes((10, 0, 0, 1)),), ())
    assert read_answer(answer(Question("a", (AAAA,)), *records)).addresses == ()
    circle = [("a.", 60, "IN", "CNAME", "b."), ("b.", 60, "IN", "CNAME", "a.")]
    assert read_answer(answer(Question("a", (A,)), *circle)).addresses == ()


def test_names_of_an_address():
    name = "1.0.0.10.in-addr.arpa"
    data = answer(Question(name, (PTR,)), (name + ".", 60, "IN", "PTR", "one.", "two.test."))
    assert read_answer(data).names == ("one", "two.test")


def test_what_is_malformed_is_told():
    data = answer(Question("www", (A,)), ("www.", 60, "IN", "A", "10.0.0.9"))
    for broken in (data[:-1], data[:14], b"", data[:5] + b"\0" + data[6:]):
        with pytest.raises(MessageError):
            read_answer(broken)
    assert read_answer(data + b"more").addresses == (bytes((10, 0, 0, 9)),)
