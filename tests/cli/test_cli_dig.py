"""farhost dig: names and addresses of a described network, in dig's manner."""

import pytest
from click.testing import CliRunner

from farhost.cli.commands import farhost


def dig(*words):
    result = CliRunner().invoke(farhost, ["dig", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_host_has_its_address():
    result = dig("server", "--host", "client", "--host", "server")
    assert result.exit_code == 0
    assert "status: NOERROR" in result.output
    assert ";server.\t\tIN\tA\n" in result.output
    assert "\nserver.\t0\tIN\tA\t10.0.0.2\n" in result.output


def test_one_name_stands_for_several_hosts():
    assert dig("www", "+short", "--names", "www=web1,web2").output == "10.0.0.1\n10.0.0.2\n"


def test_ipv6_has_a_type_of_its_own():
    assert dig("www", "AAAA", "+short", "--names", "www=web1,web2").output == "fd00::1\nfd00::2\n"


def test_a_name_may_stand_for_an_address_without_a_host():
    assert dig("far", "+short", "--names", "far=10.9.9.9").output == "10.9.9.9\n"


def test_an_address_has_all_its_names():
    result = dig("-x", "10.0.0.1", "--names", "www=web1")
    assert "1.0.0.10.in-addr.arpa.\t0\tIN\tPTR\tweb1.\n" in result.output
    assert "PTR\twww.\n" in result.output
    assert "ip6.arpa" in dig("-x", "fd00::1", "--host", "a").output


def test_a_name_that_nobody_has_is_nxdomain():
    result = dig("nobody", "--host", "server")
    assert (result.exit_code, "status: NXDOMAIN" in result.output) == (0, True)
    assert "ANSWER: 0" in result.output


def test_the_host_that_is_asked_is_shown():
    assert "the hosts table of server" in dig("server", "@server", "--host", "server").output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "no name to look up"),
        (["server", "MX", "--host", "server"], "'MX' is no record type: they are A, AAAA, CNAME, ANY"),
        (["server", "@nobody", "--host", "server"], "no host 'nobody': the hosts are server"),
        (["server", "+trace", "--host", "server"], "no option '+trace'"),
        (["-x", "10.0.0", "--host", "server"], "10.0.0"),
        (["a", "--host", "a", "--host", "a"], "--host 'a' is given twice"),
        (["localhost", "--host", "localhost"], "every host itself"),
        (["www", "--names", "www"], "write a name, = and hosts"),
    ],
)
def test_a_mistake_is_named_and_exits_2(words, says):
    result = dig(*words)
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output
