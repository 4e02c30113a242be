"""The host's settings."""

import pytest
from kernel_calls import make_kernel

from farhost.kernel.sysctl import SYSCTLS, Sysctls, UnknownSysctl
from farhost.kernel.sysctl_ranges import RANGES, WORDS


def test_defaults_and_changes():
    settings = Sysctls({"net.core.somaxconn": 3})
    assert settings["net.core.somaxconn"] == 3
    assert settings["net.ipv4.tcp_syn_retries"] == 6
    assert settings.integers("net.ipv4.ip_local_port_range") == (32768, 60999)
    assert settings.word("net.ipv4.tcp_congestion_control") == "reno"
    assert SYSCTLS["net.core.somaxconn"] == 4096


def test_unknown_names_and_wrong_sorts_are_refused():
    settings = Sysctls()
    with pytest.raises(UnknownSysctl):
        settings.set("net.core.nothing", 1)
    with pytest.raises(ValueError):
        settings.set("net.core.somaxconn", "many")
    with pytest.raises(ValueError):
        settings.set("net.ipv4.tcp_rmem", (1, 2))
    settings.set("net.ipv4.tcp_rmem", (1, 2, 3))


def test_every_setting_has_a_range_that_its_default_is_in():
    assert {*RANGES, *WORDS} == set(SYSCTLS)
    Sysctls(SYSCTLS)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("net.ipv4.ip_default_ttl", 99999, "takes 1 to 255, not 99999"),
        ("net.ipv4.ip_default_ttl", 0, "takes 1 to 255"),
        ("net.ipv4.tcp_syn_retries", 128, "takes 1 to 127"),
        ("net.ipv4.tcp_tw_reuse", 3, "takes 0 to 2"),
        ("net.ipv4.tcp_rmem", (4096, 0, 5), "takes 1 to 2147483647, not 0"),
        ("net.ipv4.tcp_rmem", (4096, "x", 5), "takes integers"),
        ("net.ipv4.ip_local_port_range", (5, 4), "the lower integer first"),
        ("net.ipv4.ip_local_port_range", (0, 65535), "takes 1 to 65535"),
        ("net.core.rmem_max", 100, "takes 2304 to"),
        ("net.ipv4.tcp_congestion_control", "fast", "takes reno, not 'fast'"),
        ("net.ipv4.ip_forward", True, "takes values like 0"),
    ],
)
def test_what_linux_does_not_take_is_refused_and_changes_nothing(name, value, why):
    settings = Sysctls()
    with pytest.raises(ValueError, match=why):
        settings.set(name, value)
    Sysctls({name: SYSCTLS[name]})
    assert settings._values == SYSCTLS


def test_nobody_is_a_group_range_as_on_linux():
    assert Sysctls({"net.ipv4.ping_group_range": (1, 0)}).integers("net.ipv4.ping_group_range") == (1, 0)


def test_hosts_have_settings_of_their_own():
    one, other = make_kernel(sysctls={"net.core.somaxconn": 1}), make_kernel()
    assert (one.sysctls["net.core.somaxconn"], other.sysctls["net.core.somaxconn"]) == (1, 4096)
