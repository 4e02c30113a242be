"""The command line's words: what they mean, and that every mistake is named with its remedy."""

import pytest

from farhost.scenario.words import (
    LinkWords,
    Program,
    WordError,
    parse_link,
    parse_names,
    parse_programs,
)

HOSTS = ["client", "server", "web-1"]


@pytest.mark.parametrize(
    ("words", "programs"),
    [
        (["server.py 5000"], [Program("server", ("server.py", "5000"), "server")]),
        (["a/b/chat_server.py"], [Program("chat_server", ("a/b/chat_server.py",), "chat_server")]),
        (
            ["box=server.py s", "box=client.py s"],
            [Program("box", ("server.py", "s"), "server"), Program("box", ("client.py", "s"), "client")],
        ),
        (["server.py x=1"], [Program("server", ("server.py", "x=1"), "server")]),
        (["server.py 'two words'"], [Program("server", ("server.py", "two words"), "server")]),
        (["-m http.server 8000"], [Program("server", ("-m", "http.server", "8000"), "server")]),
        (["python server.py 5000"], [Program("server", ("server.py", "5000"), "server")]),
        (["web=-m http.server"], [Program("web", ("-m", "http.server"), "web")]),
        (["my script.py".replace(" ", "\\ ")], [Program("my-script", ("my script.py",), "my-script")]),
    ],
)
def test_programs_run_on_hosts_named_after_them_or_given(words, programs):
    assert parse_programs(words) == programs


def test_a_second_program_of_a_name_gets_a_host_of_its_own():
    assert [program.host for program in parse_programs(["client.py", "client.py", "d/client.py"])] == [
        "client",
        "client2",
        "client3",
    ]


def test_a_host_after_a_script_has_no_name_that_means_something_else():
    words = ["01.py", "localhost.py", "Peer.py", "peer.py"]
    assert [program.host for program in parse_programs(words)] == ["host-01", "host-localhost", "Peer", "peer2"]


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("", "names no program"),
        ("localhost=server.py", "every host itself"),
        ("127.1=server.py", "read as the address"),
        ("server=", "names no program"),
        ("'server.py", "quote the whole program"),
        ("ser_ver!=server.py", "no host name"),
        ("-web=server.py", "no host name"),
    ],
)
def test_a_program_that_is_none_is_refused(word, says):
    with pytest.raises(WordError, match=says):
        parse_programs([word])


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("delay=40ms loss=2%", LinkWords("", "", True, "delay=40ms loss=2%")),
        ("client>server: delay=40ms", LinkWords("client", "server", False, "delay=40ms")),
        ("client-server:delay=40ms", LinkWords("client", "server", True, "delay=40ms")),
        ("client-web-1: loss=1%", LinkWords("client", "web-1", True, "loss=1%")),
        ("web-1 > client: loss=1%", LinkWords("web-1", "client", False, "loss=1%")),
    ],
)
def test_a_link_says_where_and_what(text, link):
    assert parse_link(text, HOSTS) == link


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("client>srever: delay=1ms", "no host 'srever': the hosts are client, server, web-1"),
        ("client-srever: delay=1ms", "no host 'srever'"),
        ("client: delay=1ms", "one end of a link"),
        ("client>client: delay=1ms", "two ends"),
    ],
)
def test_a_link_that_is_none_is_refused(text, says):
    with pytest.raises(WordError, match=says):
        parse_link(text, HOSTS)


def test_where_there_are_no_hosts_that_is_said():
    with pytest.raises(WordError, match="no host 'a': the hosts are none"):
        parse_link("a>b: delay=1ms", [])


def test_a_name_stands_for_hosts_and_addresses():
    assert parse_names("www = server, 10.9.9.9") == ("www", ("server", "10.9.9.9"))


@pytest.mark.parametrize(
    ("text", "says"), [("www", "write a name"), ("www=", "write a name"), ("w w=a", "host name")]
)
def test_a_name_that_is_none_is_refused(text, says):
    with pytest.raises(WordError, match=says):
        parse_names(text)
