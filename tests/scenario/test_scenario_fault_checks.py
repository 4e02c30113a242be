"""Faults that somebody asked for by name, where nothing is that they could befall."""

import pytest

from farhost.network.network import Network
from farhost.programs.timed_faults.table import TIMED_FAULTS
from farhost.scenario.faults import DNS_FAULTS, every_fault, parse_faults, replayed
from farhost.scenario.words import WordError


def network(name_server=False):
    made = Network()
    for host in ("server", "client", "ns"):
        made.host(host)
    if name_server:
        made.name_server("ns", {})
    return made


def check(text, **options):
    made = network(**options)
    parse_faults([text], list(made.hosts)).check(made)


@pytest.mark.parametrize("word", DNS_FAULTS)
def test_faults_of_name_servers_need_a_name_server(word):
    with pytest.raises(WordError, match=f"{word}: there is no name server .* --name-server ns"):
        check(f"{word}=5%")
    with pytest.raises(WordError, match="'server' is no name server: they are ns"):
        check(f"server: {word}=5%", name_server=True)
    check(f"{word}=5%", name_server=True)
    check(f"ns: {word}=5%", name_server=True)


@pytest.mark.parametrize("word", DNS_FAULTS)
def test_a_fault_of_name_servers_reaches_them_and_has_its_words(word):
    made = network(name_server=True)
    fault = DNS_FAULTS[word]
    parse_faults([f"{word}=25%"]).apply_to_network(made)
    found = getattr(made.name_servers["ns"].conditions, fault.word)
    assert found in ((1, 4), ((1, 4), 3000, ()))
    assert fault.format(fault.parse("25%")) == "25%" and fault.help.endswith(".")
    assert "ns: 10.0.0.1 asks web. A #1" in fault.describe("ns: 10.0.0.1 asks web. A #1", 20)
    replayed([word]).apply_to_network(made)
    assert getattr(made.name_servers["ns"].conditions, fault.word) in ((1, 1), ((1, 1), 86_400_000, ()))


def test_a_late_answer_is_told_with_its_span():
    assert DNS_FAULTS["dns-slow"].describe("ns: x", 1500) == "a query was answered 1.5 s late: ns: x"


@pytest.mark.parametrize("word", TIMED_FAULTS)
def test_a_fault_of_times_is_for_its_own_sort_of_thing_or_for_a_host(word):
    places = {"links": "client>server", "programs": "server/worker", "hosts": "server"}
    check(f"server: {word}=5%")
    check(f"{word}=5%")
    for sort, place in places.items():
        if sort in ("hosts", TIMED_FAULTS[word].befalls):
            check(f"{place}: {word}=5%")
        else:
            with pytest.raises(WordError, match=f"{word} befalls {TIMED_FAULTS[word].befalls}"):
                check(f"{place}: {word}=5%")


@pytest.mark.parametrize("word", ["pause", "short-read"])
def test_a_program_that_there_is_not_is_named(word):
    made = network()
    faults = parse_faults([f"server/worker: {word}=5%"], list(made.hosts))
    faults.check(made, ["server/worker", "client"])
    with pytest.raises(WordError, match=r"no program 'server/worker': there are server/main, client"):
        faults.check(made, ["server/main", "client"])


def test_every_word_that_a_run_can_have_taken_is_in_the_one_table():
    assert set(every_fault()) >= {*TIMED_FAULTS, *DNS_FAULTS}
