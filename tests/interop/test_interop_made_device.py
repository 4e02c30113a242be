"""A TUN device that root made for a user without privileges, and one that goes while it is in use.

The user is nobody. He has a /dev/net of his own that he may open, and may read what root may (CAP_DAC_READ_SEARCH),
so that he finds a Python that is in root's home.
"""

import os
import subprocess
import sys

import pytest
from namespaces import Namespace, why_not
from terminals import FARHOST, Terminals

USER = 65534
NETWORK = ("--ipv4", "10.77.0.0/24", "--ipv6", "fd77::/64", "--host", "box")
CAPABILITIES = ("--inh-caps", "--ambient-caps", "--bounding-set")
BECOME = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] + [
    f"{word}=-all,+dac_read_search" for word in CAPABILITIES
]
REFUSED = """
import socket
import sys

try:
    socket.create_connection((sys.argv[1], 9), timeout=10)
except ConnectionRefusedError:
    print("refused")
"""
MAKE = f"ip tuntap add dev fh3 mode tun user {USER}"
V4, V6 = "ip addr add 10.77.0.254/24 dev fh3", "ip addr add fd77::fe/64 dev fh3"
UP = "ip link set dev fh3 txqueuelen 5000 up"


def prefix(space, mode):
    """The words that run a command as the user, who finds a /dev/net/tun of that mode."""
    node = f'mount -t tmpfs none /dev/net && mknod -m {mode} /dev/net/tun c 10 200 && exec "$@"'
    return (*space.prefix, "sh", "-c", node, "sh", *BECOME)


def run(space, *lines):
    """Root types commands."""
    space.run("sh", "-ec", "\n".join(lines))


def reached(space):
    """The kernel's packets reach the simulated host, by both protocols, and its answers the kernel."""
    return [space.run(sys.executable, "-c", REFUSED, address) for address in ("10.77.0.1", "fd77::1")] == [
        "refused\n"
    ] * 2


@pytest.fixture(name="space")
def _space():
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with Namespace() as made:
        yield made


@pytest.fixture(name="user")
def _user(space, tmp_path_factory):
    words = prefix(space, "0666")
    look = "import farhost; open('/dev/net/tun', 'r+b', buffering=0)"
    tried = subprocess.run([*words, sys.executable, "-c", look], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no other user can be had here: {tried.stderr.strip()[-80:]}")
    with Terminals(tmp_path_factory.mktemp("u"), words) as made:
        os.chown(made.runtime, USER, USER)
        yield made


@pytest.fixture(name="root")
def _root(space, tmp_path_factory):
    with Terminals(tmp_path_factory.mktemp("r"), space.prefix) as made:
        yield made


def refused(terminals, *words):
    """What is said of a network that does not come up."""
    said = terminals.farhost("up", "--foreground", *words, status=2, prefix=True)
    assert "Traceback" not in said
    return said


def commands(said):
    """The commands in it that are to be copied."""
    return [line.strip() for line in said.splitlines() if line.startswith("  ")]


@pytest.mark.parametrize(
    ("made", "faults"),
    [
        ([], "making the device fh3 takes CAP_NET_ADMIN: run as root, or have root run this once:"),
        ([MAKE], "(it has no address 10.77.0.254/24, it has no address fd77::fe/64, it is down)"),
        ([MAKE, V4, V6], "the device fh3 is not set up for this network (it is down): run as root, or"),
        ([MAKE, V4, UP], "(it has no address fd77::fe/64)"),
        (
            [MAKE, V4.replace("/24", "/32"), V6.replace("/64", "/128"), UP],
            "(it has no address 10.77.0.254/24, it has",
        ),
        ([MAKE, V4, V6, UP + " mtu 1400"], "(its MTU is 1400 and not 1500)"),
    ],
    ids=["none", "bare", "down", "no IPv6", "other networks", "other MTU"],
)
def test_what_root_is_asked_to_run_is_enough(space, user, made, faults):
    run(space, *made)
    said = refused(user, "--tun", "fh3", *NETWORK)
    assert faults in said
    run(space, *commands(said))
    user.up("--tun", "fh3", *NETWORK)
    assert reached(space)


def test_a_device_that_is_ready_is_used_and_stays(space, user):
    run(space, MAKE, V4, V6, UP)
    for _ in range(2):
        said = user.farhost("up", "--tun", "fh3", *NETWORK, prefix=True)
        assert "behind fh3)" in said
        assert "queue" not in said
        assert reached(space)
        user.farhost("down", prefix=True)
        user.wait(lambda: not list(user.runtime.glob("farhost/*.sock")), "the network does not end")


def test_a_short_queue_is_pointed_out(space, user):
    run(space, MAKE, V4, V6, "ip link set dev fh3 up")
    process = user.up("--tun", "fh3", *NETWORK)
    said = "".join(process.stdout.readline() for _ in range(3))
    assert "the queue of fh3 is 500 packets long" in said
    assert "ip link set dev fh3 txqueuelen 5000" in said
    assert reached(space)


def test_what_root_is_asked_to_run_is_said_of_a_network_in_the_background_too(user):
    said = user.farhost("up", "--tun", "fh3", *NETWORK, status=2, prefix=True)
    assert commands(said)[0] == MAKE
    assert len(commands(said)) == 4


def test_who_may_not_open_the_device_file_is_told_so(space, user):
    user.prefix = list(prefix(space, "0600"))
    said = refused(user, "--tun", "fh3", *NETWORK)
    assert "this user may not open /dev/net/tun: run as root, or have root run this once:" in said
    assert commands(said)[:2] == ["chmod 0666 /dev/net/tun", MAKE]


def test_a_device_of_somebody_else_is_not_taken(space, user, root):
    run(space, MAKE.replace(str(USER), "1"))
    assert "the device fh3 was made for another user" in refused(user, "--tun", "fh3", *NETWORK)
    assert "there is a device lo that is no TUN device" in refused(user, "--tun", "lo", *NETWORK)
    root.up("--tun", "fh3", *NETWORK)
    assert "the device fh3 is in use by another process" in refused(root, "--network", "b", "--tun", "fh3", *NETWORK)


def test_root_mends_what_is_wrong_with_a_device(space, root):
    run(space, MAKE, V4.replace("/24", "/32"), V6.replace("/64", "/128"), UP + " mtu 1400")
    root.up("--tun", "fh3", *NETWORK)
    assert "mtu 1500" in space.run("ip", "link", "show", "fh3")
    assert reached(space)


def test_root_uses_a_device_that_is_up_with_its_routes(space, root):
    run(space, MAKE, V4, UP)
    root.up("--tun", "fh3", *NETWORK)
    assert reached(space)


def test_ipv6_that_is_off_is_said(space, root):
    run(space, MAKE, "echo 1 >/proc/sys/net/ipv6/conf/fh3/disable_ipv6")
    assert "IPv6 is off (sysctl net.ipv6.conf.fh3.disable_ipv6)" in refused(root, "--tun", "fh3", *NETWORK)


def outside(terminals):
    """The machine in `farhost status`: what is wrong with its device, and the line for people."""
    (found,) = (host for host in terminals.status()["hosts"] if host["outside"] == "fh4")
    (line,) = (line for line in terminals.farhost("status").splitlines() if "behind" in line)
    return found["outside_faults"], line.partition("  (")[2]


def test_a_device_that_somebody_changes_is_missed(space, root):
    root.up("--tun", "fh4", *NETWORK)
    assert outside(root) == ([], "this machine, behind fh4)")
    run(space, "ip link set fh4 down")
    no_v6 = "it has no address fd77::fe/64"  # Linux drops it with the link: keep_addr_on_down.
    assert outside(root) == ([no_v6, "it is down"], f"this machine, behind fh4: {no_v6}, it is down)")
    run(space, "ip link set fh4 up")
    assert outside(root)[0] == [no_v6]
    run(space, V6.replace("fh3", "fh4"))
    assert outside(root)[0] == []
    assert reached(space)


def test_a_device_that_goes_is_missed(space, root):
    process = root.up("--tun", "fh4", *NETWORK)
    run(space, "ip link del fh4")
    assert outside(root) == (["it is gone"], "this machine, behind fh4: it is gone)")
    run(space, "ip tuntap add dev fh4 mode tun")
    assert outside(root)[0] == ["it is gone"]
    root.farhost("down")
    gone = "farhost: the device fh4 is gone: this machine is no host of the network any more"
    _, complaints = process.communicate(timeout=10)
    assert complaints == f"{gone}, until `farhost down` and another `farhost up`\n"


def test_a_device_that_goes_is_missed_in_the_log(space, root):
    done = subprocess.run(
        [*space.prefix, *FARHOST, "up", "--tun", "fh4", *NETWORK],
        env=root.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    run(space, "ip link del fh4")
    log = root.runtime / "farhost" / "default.log"
    root.wait(lambda: "the device fh4 is gone" in log.read_text(), "nothing is said of the device")
    root.farhost("down")
