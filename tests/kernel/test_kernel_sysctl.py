"""The host's settings."""

import pytest
from kernel_calls import make_kernel

from farhost.kernel.sysctl import SYSCTLS, Sysctls, UnknownSysctl


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


def test_hosts_have_settings_of_their_own():
    one, other = make_kernel(sysctls={"net.core.somaxconn": 1}), make_kernel()
    assert (one.sysctls["net.core.somaxconn"], other.sysctls["net.core.somaxconn"]) == (1, 4096)
