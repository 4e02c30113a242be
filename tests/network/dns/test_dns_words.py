"""Descriptions of resolvers and name servers: every word, and every complaint."""

import pytest

from farhost.network.dns.conditions import NameServerConditions
from farhost.network.dns.settings import ResolverSettings, server_timeout_ns
from farhost.network.dns.words import split_words
from farhost.units import UnitError
from farhost.wire.addresses import parse_address

SECOND_NS = 10**9


def test_all_words_of_a_resolver():
    words = "nameservers=ns,10.0.0.9 search=one.test,two.test. ndots=2 timeout=3s attempts=4 rotate=on"
    expected = ResolverSettings(("ns", "10.0.0.9"), ("one.test", "two.test"), 2, 3 * SECOND_NS, 4, True)
    assert ResolverSettings.parse(words) == expected
    assert ResolverSettings.parse("") == ResolverSettings(None, None, 1, 5 * SECOND_NS, 2, False)
    assert ResolverSettings.parse("nameservers= search=").nameservers == ()


def test_all_words_of_a_name_server():
    words = "domain=example.com. ttl=90s delay=40ms drop=5% drop-next=2 servfail=1% nxdomain=2% wrong=3%"
    found = NameServerConditions.parse(words + " wrong-address=10.9.9.9,fd00::9 slow=5%:2s rotate=off")
    addresses = parse_address("10.9.9.9"), parse_address("fd00::9")
    faults = (1, 20), 2, (1, 100), (1, 50), (3, 100)
    assert found == ("example.com", 90, 40_000_000, *faults, addresses, ((1, 20), 2000, ()), False)
    assert NameServerConditions.of({"drop_next": "3"}).drop_next == 3
    assert NameServerConditions.parse("delay=1s", found)._replace(delay_ns=40_000_000) == found


@pytest.mark.parametrize(
    "words, complaint",
    [
        ("serch=a", "no word 'serch' describes a resolver: they are nameservers, search, ndots"),
        ("search", "'search' is no word=value"),
        ("ndots=1 ndots=2", "'ndots' is given twice"),
        ("ndots=16", "ndots: '16' is not 0 to 15"),
        ("timeout=500ms", "timeout: '500ms' is not 1s to 30s in whole seconds"),
        ("timeout=31s", "timeout: '31s' is not 1s to 30s in whole seconds"),
        ("timeout=5", "timeout: '5' has no unit"),
        ("attempts=0", "attempts: '0' is not 1 to 5"),
        ("rotate=yes", "rotate: 'yes' is neither on nor off"),
        ("nameservers=a,b,c,d", "nameservers: 'a,b,c,d' are 4 name servers: a resolver asks 3 at most"),
        ("search=a..b", "search: 'a..b' is no domain, such as example.com"),
    ],
)
def test_what_is_wrong_with_a_resolver_is_said(words, complaint):
    with pytest.raises(UnitError) as caught:
        ResolverSettings.parse(words)
    assert str(caught.value).startswith(complaint)


@pytest.mark.parametrize(
    "words, complaint",
    [
        ("dely=1s", "no word 'dely' describes a name server: they are domain, ttl, delay, drop, drop-next"),
        ("drop=5", "drop: '5' has no unit"),
        ("drop=101%", "drop: '101%' is more than the whole"),
        ("ttl=1.5s", "ttl: '1.5s' is no TTL"),
        ("wrong-address=ns", "wrong-address: not an IP address: 'ns'"),
        ("domain=a_b.!", "domain: 'a_b.!' is no domain"),
        ("slow=5%:2", "slow: '2' has no unit"),
        ("rotate=never", "rotate: 'never' is neither on nor off"),
        ("drop-next=some", "drop-next: 'some' is not a count"),
    ],
)
def test_what_is_wrong_with_a_name_server_is_said(words, complaint):
    with pytest.raises(UnitError) as caught:
        NameServerConditions.parse(words)
    assert str(caught.value).startswith(complaint)


def test_a_value_that_is_no_text_is_refused():
    with pytest.raises(UnitError, match="write it as text"):
        NameServerConditions.of({"delay": 5})


def test_the_time_for_each_server_is_glibcs():
    settings = ResolverSettings.parse("timeout=1s")
    assert [server_timeout_ns(settings, number, 3) // SECOND_NS for number in range(3)] == [1, 1, 1]
    assert [server_timeout_ns(ResolverSettings(), number, 2) // SECOND_NS for number in range(2)] == [5, 5]


def test_words_are_split():
    assert split_words(" a=1  b=c=d ") == {"a": "1", "b": "c=d"}
