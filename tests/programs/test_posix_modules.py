"""The C calls by name: `farhost.posix` with exceptions, `farhost.posix.c` with -1 and errno."""

import errno

import pytest
from both_sides import simulate

from farhost.network.network import Network
from farhost.programs.posix.modules import make_posix_calls
from farhost.programs.run import ProgramSpec, run_programs
from farhost.wire import linux


def calls(process, name="farhost.posix"):
    return make_posix_calls(process)[name]


def address_of(posix, text, port):
    address = posix.sockaddr_in()
    posix.memset(address, 0, posix.sizeof(address))
    address.sin_family = posix.AF_INET
    address.sin_port = posix.htons(port)
    assert posix.inet_pton(posix.AF_INET, text, address.sin_addr) == 1
    return address


def on_host(body, byte_order="little"):
    network = Network()
    network.host("server", byte_order=byte_order)
    return simulate(body, network=network)[0]


@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_the_notes_server_and_client_talk_on_hosts_of_either_order(byte_order):
    def serve(process):
        posix = calls(process)
        sfd = posix.socket(posix.AF_INET, posix.SOCK_STREAM, 0)
        address = posix.sockaddr_in()
        address.sin_family = posix.AF_INET
        address.sin_port = posix.htons(5000)
        address.sin_addr.s_addr = posix.htonl(posix.INADDR_ANY)
        posix.bind(sfd, address, posix.sizeof(address))
        posix.listen(sfd, 3)
        client, length = posix.sockaddr_in(), posix.socklen_t(posix.sizeof(posix.sockaddr_in))
        cfd = posix.accept(sfd, client, length)
        shown = posix.inet_ntop(posix.AF_INET, client.sin_addr), length.value, posix.ntohs(client.sin_port) > 0
        data = posix.read(cfd, 100)
        posix.write(cfd, data.upper())
        posix.close(cfd)
        posix.close(sfd)
        return shown, data

    def talk(process):
        posix = calls(process)
        fd = posix.socket(posix.AF_INET, posix.SOCK_STREAM, 0)
        address = address_of(posix, "127.0.0.1", 5000)
        posix.connect(fd, address, posix.sizeof(posix.sockaddr_in))
        posix.write(fd, b"hello", 4)
        buffer = bytearray(10)
        return posix.read(fd, buffer, 10), bytes(buffer[:4]), posix.read(fd, 10), posix.close(fd)

    network = Network()
    network.host("server", byte_order=byte_order)
    served, talked = simulate(serve, talk, network=network)
    assert served == (("127.0.0.1", 16, True), b"hell")
    assert talked == (4, b"HELL", b"", 0)


def test_structs_are_packed_as_c_packs_them():
    def pack(process):
        posix = calls(process)
        v4 = address_of(posix, "192.168.0.1", 772)
        v6 = posix.sockaddr_in6()
        v6.sin6_family, v6.sin6_port, v6.sin6_scope_id = posix.AF_INET6, posix.htons(772), 3
        posix.inet_pton(posix.AF_INET6, "::1", v6.sin6_addr)
        un = posix.sockaddr_un()
        un.sun_family = posix.AF_UNIX
        un.sun_path = "a.sock"
        sizes = [posix.sizeof(kind) for kind in (posix.sockaddr, posix.sockaddr_un, posix.sockaddr_storage)]
        return bytes(v4).hex(), bytes(v6).hex(), bytes(un)[:10].hex(), sizes, v4.sin_addr.s_addr, un.sun_path.value

    zeros = "0" * 16
    little = on_host(pack)
    assert little == (
        f"02000304c0a80001{zeros}",
        f"0a00030400000000{'0' * 30}0103000000",
        "0100612e736f636b0000",
        [16, 110, 128],
        0x0100A8C0,
        b"a.sock",
    )
    big = on_host(pack, "big")
    assert big[0] == f"00020304c0a80001{zeros}"
    assert big[1] == f"000a030400000000{'0' * 30}0100000003"
    assert big[4] == 0xC0A80001


def test_a_forgotten_htons_binds_another_port():
    def forget(process):
        posix = calls(process)
        fd = posix.socket(posix.AF_INET, posix.SOCK_DGRAM, 0)
        address = address_of(posix, "127.0.0.1", 0)
        address.sin_port = 5000
        posix.bind(fd, address, posix.sizeof(address))
        bound, length = posix.sockaddr_in(), posix.socklen_t(16)
        posix.getsockname(fd, bound, length)
        return posix.ntohs(bound.sin_port)

    assert on_host(forget) == 34835
    assert on_host(forget, "big") == 5000


def test_numbers_on_the_wire_need_htons_on_one_host_and_not_on_the_other():
    def write(process):
        posix = calls(process)
        left, right = posix.socketpair(posix.AF_UNIX, posix.SOCK_STREAM, 0)
        posix.write(left, posix.uint16_t(posix.htons(772)))
        posix.write(left, posix.uint16_t(772))
        number = posix.uint16_t()
        posix.write(left, b"\3\4")
        seen = posix.read(right, 4)
        posix.read(right, number, posix.sizeof(number))
        return seen, posix.ntohs(number.value)

    assert on_host(write) == (bytes([3, 4, 4, 3]), 772)
    assert on_host(write, "big") == (bytes([3, 4, 3, 4]), 772)


def test_errors_are_exceptions_here_and_minus_one_there():
    def fail(process):
        posix, plain = calls(process), calls(process, "farhost.posix.c")
        with pytest.raises(ConnectionRefusedError) as caught:
            posix.connect(posix.socket(2, 1, 0), address_of(posix, "127.0.0.1", 9), 16)
        fd = plain.socket(plain.AF_INET, plain.SOCK_STREAM, 0)
        result = plain.connect(fd, address_of(plain, "127.0.0.1", 9), 16)
        seen = [
            result,
            plain.errno == plain.ECONNREFUSED,
            plain.errno(),
            int(plain.errno),
            plain.strerror(plain.errno),
        ]
        plain.perror("connect")
        seen += [plain.close(999), int(plain.errno), plain.close(fd), int(plain.errno)]
        return [caught.value.errno, *seen, bytes(process.stderr)]

    number = errno.ECONNREFUSED
    assert on_host(fail)[:6] == [number, -1, True, number, number, "Connection refused"]
    assert on_host(fail)[6:10] == [-1, errno.EBADF, 0, errno.EBADF]


def test_lengths_are_judged_as_linux_judges_them():
    def misuse(process):
        posix = calls(process, "farhost.posix.c")
        fd = posix.socket(posix.AF_INET, posix.SOCK_STREAM, 0)
        address = address_of(posix, "127.0.0.1", 5000)
        seen = []
        for length in (15, 0, -1, 200):
            seen += [posix.bind(fd, address, length), int(posix.errno)]
        seen += [posix.bind(fd, None, 16), int(posix.errno), posix.bind(99, None, 16), int(posix.errno)]
        address.sin_zero = b"garbage!"
        seen += [posix.bind(fd, address, 16)]
        short = posix.socklen_t(4)
        bound = posix.sockaddr_in()
        seen += [posix.getsockname(fd, bound, short), short.value, bytes(bound)[:6].hex()]
        return seen

    einval = [-1, errno.EINVAL]
    assert on_host(misuse) == [*einval * 4, -1, errno.EFAULT, -1, errno.EBADF, 0, 0, 16, "020013880000"]


def test_a_length_beyond_the_struct_is_refused_in_words():
    def overflow(process):
        posix = calls(process)
        fd = posix.socket(posix.AF_INET6, posix.SOCK_STREAM, 0)
        with pytest.raises(BufferError, match="28 bytes of address"):
            posix.getsockname(fd, posix.sockaddr_in(), posix.socklen_t(28))
        with pytest.raises(BufferError, match="memset of 17 bytes"):
            posix.memset(posix.sockaddr_in(), 0, 17)
        with pytest.raises(TypeError, match="value-result"):
            posix.getsockname(fd, posix.sockaddr_in(), 16)

    on_host(overflow)


def test_unix_paths_without_a_terminator():
    def bind(process):
        posix = calls(process)
        fd = posix.socket(posix.AF_UNIX, posix.SOCK_DGRAM, 0)
        address = posix.sockaddr_un()
        address.sun_family = posix.AF_UNIX
        address.sun_path = b"/" + b"x" * 107
        posix.bind(fd, address, posix.sizeof(address))
        bound, length = posix.sockaddr_storage(), posix.socklen_t(128)
        posix.getsockname(fd, bound, length)
        posix.unlink(address.sun_path.value)
        return length.value, bytes(bound)[2:111]

    assert on_host(bind) == (111, b"/" + b"x" * 107 + b"\0")


def test_datagrams_polls_and_selects():
    def exchange(process):
        posix = calls(process)
        one, two = (posix.socket(posix.AF_INET, posix.SOCK_DGRAM, 0) for _ in range(2))
        target = address_of(posix, "127.0.0.1", 5001)
        posix.bind(two, target, 16)
        seen = [posix.poll([(two, posix.POLLIN)], 10)]
        seen += [posix.sendto(one, b"chunk", 0, target, 16), posix.sendto(one, b"chunks", 5, 0, target, 16)]
        sender, length = posix.sockaddr_in(), posix.socklen_t(16)
        seen += [posix.recvfrom(two, 100, 0, sender, length), length.value, posix.ntohl(sender.sin_addr.s_addr)]
        entry = posix.pollfd(two, posix.POLLIN)
        seen += [posix.poll([entry], 1, 0), entry.revents == posix.POLLIN]
        readers = posix.fd_set()
        posix.FD_SET(two, readers)
        seen += [posix.select(two + 1, readers, None, None, posix.timeval(0, 5)), posix.FD_ISSET(two, readers)]
        buffer = bytearray(9)
        seen += [posix.recv(two, buffer, 9, 0), bytes(buffer[:5])]
        seen += [posix.select(two + 1, readers, None, None, posix.timeval(0, 5)), posix.FD_ISSET(two, readers)]
        return seen

    assert on_host(exchange) == [
        [], 5, 5, b"chunk", 16, 0x7F000001, 1, True, 1, True, 5, b"chunk", 0, False,
    ]  # fmt: skip


@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_options_in_the_host_s_order(byte_order):
    def options(process):
        posix = calls(process)
        fd = posix.socket(posix.AF_INET, posix.SOCK_STREAM, 0)
        posix.setsockopt(fd, posix.SOL_SOCKET, posix.SO_KEEPALIVE, posix.c_int(1), 4)
        posix.setsockopt(fd, posix.SOL_SOCKET, posix.SO_LINGER, posix.linger(1, 7), 8)
        posix.setsockopt(fd, posix.SOL_SOCKET, posix.SO_RCVTIMEO, posix.timeval(3, 250000), 16)
        value, length = posix.c_int(), posix.socklen_t(4)
        linger, limit = posix.linger(), posix.timeval()
        posix.getsockopt(fd, posix.SOL_SOCKET, posix.SO_KEEPALIVE, value, length)
        posix.getsockopt(fd, posix.SOL_SOCKET, posix.SO_LINGER, linger, posix.socklen_t(8))
        posix.getsockopt(fd, posix.SOL_SOCKET, posix.SO_RCVTIMEO, limit, posix.socklen_t(16))
        kind = posix.getsockopt(fd, posix.SOL_SOCKET, posix.SO_TYPE)
        return value.value, length.value, linger.l_onoff, linger.l_linger, limit.tv_sec, limit.tv_usec, kind

    assert on_host(options, byte_order) == (1, 4, 1, 7, 3, 250000, 1)


def test_urgent_data_by_c_s_names():
    def urgent(process):
        c = calls(process)
        told = []
        fds = c.socketpair(c.AF_UNIX, c.SOCK_STREAM, 0)
        c.signal(c.SIGURG, told.append)
        c.fcntl(fds[1], c.F_SETOWN, c.getpid())
        c.send(fds[0], b"abX", 3, c.MSG_OOB)
        first = [c.sockatmark(fds[1]), c.recv(fds[1], 10, 0), c.sockatmark(fds[1])]
        buffer = bytearray(5)
        return told, first, c.recv(fds[1], buffer, 5, c.MSG_OOB), bytes(buffer), c.fcntl(fds[1], c.F_GETOWN) > 0

    assert on_host(urgent) == ([23], [0, b"ab", 1], 1, b"X" + bytes(4), True)


def test_a_pipe_goes_one_way():
    def pipe(process):
        posix = calls(process, "farhost.posix.c")
        ends = [0, 0]
        seen = [posix.pipe(ends), posix.write(ends[1], b"x"), posix.read(ends[0], 5)]
        seen += [posix.write(ends[0], b"x"), int(posix.errno), posix.read(ends[1], 5), int(posix.errno)]
        copy = posix.dup(ends[1])
        posix.close(ends[1])
        return [*seen, posix.write(copy, b"y"), posix.fcntl(ends[0], posix.F_GETFL)]

    assert on_host(pipe) == [0, 1, b"x", -1, errno.EBADF, -1, errno.EBADF, 1, 0]


def test_a_broken_pipe_kills_by_default_and_is_an_error_when_ignored():
    def broken(process, *, ignore):
        posix = calls(process, "farhost.posix.c")
        if ignore:
            assert posix.signal(posix.SIGPIPE, posix.SIG_IGN) == posix.SIG_DFL
        left, right = posix.socketpair(posix.AF_UNIX, posix.SOCK_STREAM, 0)
        posix.close(right)
        return process, posix.write(left, b"x"), int(posix.errno)

    assert on_host(lambda process: broken(process, ignore=True))[1:] == (-1, errno.EPIPE)
    statuses = []
    on_host(
        lambda process: (
            process.at_end.append(lambda: statuses.append(process.status)) or broken(process, ignore=False)
        )
    )
    assert statuses == [-linux.SIGPIPE]


def test_a_handler_runs_and_the_old_one_is_told():
    def handle(process):
        posix = calls(process)
        seen = []
        posix.signal(posix.SIGUSR1, seen.append)
        posix.kill(posix.getpid(), posix.SIGUSR1)
        old = posix.signal(posix.SIGUSR1, posix.SIG_DFL)
        return seen, old == seen.append, posix.sleep(2), process.runtime.scheduler.now_ns >= 2_000_000_000

    assert on_host(handle) == ([linux.SIGUSR1], True, 0, True)


def test_importing_the_module_gives_sigpipe_its_default_action():
    def touch(process):
        modules = make_posix_calls(process)
        signals = process.kernel_process.signals
        before = signals.disposition(linux.SIGPIPE)
        assert modules["farhost.posix"].AF_INET == 2
        return before, signals.disposition(linux.SIGPIPE), modules["farhost"].posix.c is modules["farhost.posix.c"]

    assert on_host(touch) == (1, 0, True)


def test_outside_of_a_run_the_import_says_what_to_do():
    with pytest.raises(ImportError, match="Start it with farhost run"):
        from farhost.posix import socket  # noqa: F401


FORMS = """
import farhost.posix
import farhost.posix.c as plain
from farhost.posix import AF_INET, SOCK_DGRAM, close, errno, socket
from farhost.posix import c
from farhost.posix.c import *

fd = farhost.posix.socket(AF_INET, SOCK_DGRAM, 0)
assert c is plain
assert plain.close(99) == -1 and plain.errno == EBADF and close(99) == -1
try:
    farhost.posix.close(99)
except OSError as error:
    print(error.errno, fd, sizeof(sockaddr_in))
try:
    from farhost.posix import no_such_call
except ImportError as error:
    print(error)
"""
KILLED = """
from farhost.posix import *
left, right = socketpair(AF_UNIX, SOCK_STREAM, 0)
close(right)
write(left, b"x")
print("still here")
"""
SPARED = KILLED.replace("write(", "signal(SIGPIPE, SIG_IGN)\nwrite(")
SPARED_BEFORE = "import signal\nsignal.signal(signal.SIGPIPE, lambda *_: print('caught'))\n" + KILLED


def run_script(tmp_path, text):
    script = tmp_path / "script.py"
    script.write_text(text)
    network = Network()
    network.host("server")
    return run_programs(network, [ProgramSpec("server", [str(script)])]).processes[0]


def test_a_script_imports_the_calls_in_every_form(tmp_path):
    ended = run_script(tmp_path, FORMS)
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == [
        f"{errno.EBADF} 3 16",
        "cannot import name 'no_such_call' from 'farhost.posix' (unknown location)",
    ]


def test_a_script_dies_of_sigpipe_unless_it_said_otherwise(tmp_path):
    killed = run_script(tmp_path, KILLED)
    assert (killed.status, killed.stdout) == (-linux.SIGPIPE, "")
    spared = run_script(tmp_path, SPARED)
    assert (spared.status, spared.stdout) == (1, "")
    assert "BrokenPipeError" in spared.stderr
    handled = run_script(tmp_path, SPARED_BEFORE)
    assert (handled.status, handled.stdout) == (1, "caught\n")
