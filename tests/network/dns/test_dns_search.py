"""Which names are asked for, and which failure the caller is told. (Beside glibc: test_programs_names.py.)"""

import pytest

from farhost.network.dns.exchange import Question, Replies, drive
from farhost.network.dns.messages import A, make_queries
from farhost.network.dns.search import Failure, search
from farhost.network.dns.settings import ResolverSettings
from farhost.network.gai_error import HOST_NOT_FOUND, NO_DATA, NO_RECOVERY, TRY_AGAIN

SETTINGS = ResolverSettings.parse("search=one.test,two.test")
CODES = {"nodata": 0, "formerr": 1, "servfail": 2, "nx": 3}
TIMEOUT, REFUSED, FAILED = Replies(()), Replies((), refused=True), Replies((), server_failed=True)


def reply(what, name):
    if isinstance(what, Replies):
        return what
    (query,) = make_queries(Question(name, (A,)), (0,))
    if what == "ok":
        return Replies((query[:2] + b"\x85\x80\0\1\0\1" + query[8:] + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1",))
    return Replies((query[:2] + bytes([0x85, 0x80 | CODES[what]]) + query[4:],))


def look_up(name, *outcomes, settings=SETTINGS):
    """The names that are asked for, and what came of it: an h_errno or `found`."""
    asked, replies = [], []
    for what in (*outcomes, None):
        found = drive(search(name, (A,), settings), tuple(replies))
        if not isinstance(found, Question):
            return asked, found.code if isinstance(found, Failure) else "found"
        asked.append(found.name)
        assert what is not None, asked
        replies.append(reply(what, found.name))
    raise AssertionError(asked)


def test_a_name_without_dots_is_tried_in_each_domain_and_then_as_it_is():
    assert look_up("a", "nx", "nx", "nx") == (["a.one.test", "a.two.test", "a"], HOST_NOT_FOUND)
    assert look_up("a", "nx", "ok") == (["a.one.test", "a.two.test"], "found")


def test_a_name_with_enough_dots_is_tried_as_it_is_first():
    assert look_up("a.b", "ok") == (["a.b"], "found")
    assert look_up("a.b", "nx", "nx", "nx") == (["a.b", "a.b.one.test", "a.b.two.test"], HOST_NOT_FOUND)
    two = SETTINGS._replace(ndots=2)
    assert look_up("a.b", "nx", "nx", "ok", settings=two) == (["a.b.one.test", "a.b.two.test", "a.b"], "found")
    assert look_up("a", "ok", settings=SETTINGS._replace(ndots=0)) == (["a"], "found")


def test_a_dot_at_the_end_is_all():
    assert look_up("a.", "nx") == (["a"], HOST_NOT_FOUND)


@pytest.mark.parametrize(
    "outcomes, code",
    [
        (("nodata", "nx", "nx"), NO_DATA),
        (("nx", "nx", "nodata"), NO_DATA),
        ((FAILED, "nx", "nx"), TRY_AGAIN),
        ((FAILED, "nodata", "nx"), NO_DATA),
        ((TIMEOUT, "nx"), HOST_NOT_FOUND),
        ((TIMEOUT, TIMEOUT), TRY_AGAIN),
        (("formerr", "formerr"), NO_RECOVERY),
        ((REFUSED,), TRY_AGAIN),
    ],
)
def test_which_failure_is_told(outcomes, code):
    assert look_up("a", *outcomes)[1] == code


def test_without_domains_there_is_the_name_alone():
    assert look_up("a", "ok", settings=ResolverSettings()) == (["a"], "found")


def test_what_is_no_name_is_not_asked_for():
    assert look_up("a" * 64) == ([], NO_RECOVERY)
