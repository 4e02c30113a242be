"""The hosts table, and dig's view of it."""

import pytest

from farhost.network.dns_answer import answer, reverse_answer
from farhost.network.hosts_table import HostsTable
from farhost.wire import linux
from farhost.wire.addresses import LOOPBACK_V4, LOOPBACK_V6, parse_address

A, B, C = parse_address("10.0.0.1"), parse_address("10.0.0.2"), parse_address("fd00::1")


def make_table() -> HostsTable:
    table = HostsTable()
    table.add("youtube", A)
    table.add("youtube", B)
    table.add("youtube", C)
    table.add("youtu.be", A, canonical="youtube")
    return table


def test_one_name_has_several_addresses_and_one_address_several_names() -> None:
    table = make_table()
    assert table.addresses("youtube") == [A, B, C]
    assert table.addresses("youtube", linux.AF_INET6) == [C]
    assert table.names(A) == ["youtube", "youtu.be"]
    assert table.canonical("youtu.be") == "youtube"
    assert table.aliases("youtube") == ["youtu.be"]


def test_localhost_is_there_from_the_start_with_both_families() -> None:
    table = HostsTable()
    assert table.addresses("localhost") == [LOOPBACK_V4, LOOPBACK_V6]
    assert table.names(LOOPBACK_V4) == ["localhost"]


def test_names_compare_without_case_or_final_dot() -> None:
    table = make_table()
    assert "YouTube." in table
    assert table.addresses("YOUTUBE", linux.AF_INET) == [A, B]


def test_what_is_not_there_has_nothing() -> None:
    table = make_table()
    assert table.addresses("nobody") == [] and "nobody" not in table
    assert table.names(parse_address("9.9.9.9")) == []


def test_a_name_can_be_removed() -> None:
    table = make_table()
    table.remove("youtube")
    assert table.addresses("youtube") == []
    assert table.names(A) == ["youtu.be"]


@pytest.mark.parametrize("name", ["", "two words", "x" * 254])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no host name"):
        HostsTable().add(name, A)


@pytest.mark.parametrize("name", ["10.0.0.1", "fe80::1", "127.1", "7"])
def test_a_name_that_is_read_as_an_address_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is read as the address"):
        HostsTable().add(name, A)


def test_localhost_stands_for_loopback_addresses_alone() -> None:
    table = HostsTable()
    with pytest.raises(ValueError, match="every host itself"):
        table.add("LocalHost", A)
    table.add("localhost", "127.0.1.1")
    assert A not in table.addresses("localhost")


def test_the_name_of_a_host_is_its_alone_and_an_alias_may_be_shared() -> None:
    table = HostsTable()
    for host, address in (("one", A), ("two", B)):
        table.claim(host, ["www"])
        table.add_host_address(host, ["www"], address)
    assert table.addresses("www") == [A, B]
    with pytest.raises(ValueError, match="'One' is the name of a host"):
        table.add("One", B)
    table.add("one", A)
    table.add("www", C)
    for name, why in (("ONE", "a host 'one' already"), ("www", "an alias of the host 'one'")):
        with pytest.raises(ValueError, match=why):
            table.claim(name, [])
    with pytest.raises(ValueError, match="the alias 'one' is the name of a host"):
        table.claim("three", ["one"])
    table.claim("three", ["Three"])


def test_the_name_of_a_host_that_was_removed_may_be_added_anew() -> None:
    table = HostsTable()
    table.claim("one", [])
    table.add_host_address("one", [], A)
    table.remove("one")
    table.add("one", B)
    assert table.addresses("one") == [B]


def test_a_final_dot_is_no_part_of_a_name_that_is_added() -> None:
    table = HostsTable()
    table.add("www.", A)
    assert table.addresses("www") == [A]


def test_dig_answers_with_records_an_alias_with_a_cname_first() -> None:
    table = make_table()
    assert answer(table, "youtube", "A").lines == ("youtube.\t0\tIN\tA\t10.0.0.1", "youtube.\t0\tIN\tA\t10.0.0.2")
    alias = "youtu.be.\t0\tIN\tCNAME\tyoutube."
    assert answer(table, "youtu.be").lines == (alias, "youtube.\t0\tIN\tA\t10.0.0.1")
    assert answer(table, "youtu.be", "aaaa").lines == (alias,)
    assert answer(table, "localhost", "aaaa").lines == ("localhost.\t0\tIN\tAAAA\t::1",)
    assert answer(table, "nobody").status == "NXDOMAIN"
    assert reverse_answer(table, A).lines == (
        "1.0.0.10.in-addr.arpa.\t0\tIN\tPTR\tyoutube.",
        "1.0.0.10.in-addr.arpa.\t0\tIN\tPTR\tyoutu.be.",
    )
    with pytest.raises(ValueError, match="'MX'"):
        answer(table, "youtube", "MX")
