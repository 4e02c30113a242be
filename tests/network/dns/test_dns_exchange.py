"""What a process looks at in a message: whose answer it is, and its header; and that exchanges travel as JSON."""

import json

from farhost.network.dns.exchange import (
    Exchange,
    Question,
    Replies,
    Server,
    answers_to,
    drive,
    exchange_as_json,
    exchange_of_json,
    is_lame,
    is_truncated,
    replies_as_json,
    replies_of_json,
    response_code,
)

QUERY = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\x03www\x07example\0\0\1\0\1"
ANSWER = b"\x12\x34\x85\x80\0\1\0\1\0\0\0\0\x03www\x07example\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1"


def test_an_answer_has_the_id_and_the_question():
    assert answers_to(QUERY, ANSWER)
    assert answers_to(QUERY, ANSWER.replace(b"www", b"WwW"))
    assert not answers_to(QUERY, b"\x12\x35" + ANSWER[2:])
    assert not answers_to(QUERY, ANSWER.replace(b"www", b"wwx"))
    assert not answers_to(QUERY, ANSWER.replace(b"\0\0\1\0\1\xc0", b"\0\0\x1c\0\1\xc0")), "AAAA is another question"
    assert not answers_to(QUERY, ANSWER[:20])
    assert not answers_to(QUERY, ANSWER[:4] + b"\0\2" + ANSWER[6:])


def test_a_type_that_looks_like_a_letter_is_no_letter():
    https = QUERY[:-4] + b"\0\x41\0\1"
    assert not answers_to(https, https[:-4] + b"\0\x61\0\1")


def test_the_header_is_read():
    assert (response_code(ANSWER), is_truncated(ANSWER), is_lame(ANSWER)) == (0, False, False)
    assert is_truncated(ANSWER[:2] + b"\x87\x80" + ANSWER[4:])
    assert response_code(ANSWER[:3] + b"\x83" + ANSWER[4:]) == 3
    nothing = QUERY[:2] + b"\x81\x00" + QUERY[4:]
    assert is_lame(nothing), "neither records, nor authority, nor recursion"
    assert not is_lame(QUERY[:2] + b"\x85\x00" + QUERY[4:])
    assert not is_lame(QUERY[:2] + b"\x81\x80" + QUERY[4:])


def test_values_travel_as_json():
    servers = Server(bytes((10, 0, 0, 1)), 5_000_000_000), Server(b"\xfd" + bytes(15), 1)
    exchange = Exchange((QUERY, b"\xff\0"), servers, 2)
    assert exchange_of_json(json.loads(json.dumps(exchange_as_json(exchange)))) == exchange
    replies = (Replies((ANSWER, b"")), Replies((), True, False), Replies((), False, True))
    assert replies_of_json(json.loads(json.dumps(replies_as_json(replies)))) == replies


def test_a_lookup_goes_on_from_its_beginning_with_what_has_come():
    def steps():
        first = yield Question("one", (1,))
        second = yield Question("two", (1,))
        return first, second

    one, two = Replies((b"1",)), Replies((b"2",))
    assert drive(steps(), ()) == Question("one", (1,))
    assert drive(steps(), (one,)) == Question("two", (1,))
    assert drive(steps(), (one, two)) == (one, two)
