"""fcntl and ioctl on sockets, on the operating system and on farhost by one function; real files pass through."""

import array
import errno
import fcntl as fcntl_of_the_system
import os
import tempfile
import termios

from both_sides import Modules, modules_of, outcome, same, simulate

from farhost.programs.directory import high_base

FIONBIO = 0x5421


def test_flags_of_the_descriptor_and_of_the_open_file():
    def ask(modules: Modules):
        fcntl = modules.fcntl
        one, two = modules.socket.socketpair()
        seen = [fcntl.fcntl(one, fcntl.F_GETFD), fcntl.fcntl(one, fcntl.F_GETFL), fcntl.fcntl(one, fcntl.F_SETFD, 0)]
        seen += [fcntl.fcntl(one, fcntl.F_GETFD)]
        seen += [fcntl.fcntl(one, fcntl.F_SETFL, 0o4000), fcntl.fcntl(one.fileno(), fcntl.F_GETFL)]
        seen += [outcome(lambda: one.recv(1)), one.gettimeout()]
        copy = fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 40)
        seen += [copy >= 40, fcntl.fcntl(copy, fcntl.F_GETFD)]
        modules.c_socket.close(copy)
        seen += [outcome(lambda: fcntl.fcntl(copy, fcntl.F_GETFD))]
        one.close()
        two.close()
        return seen

    same(ask)


def test_how_much_is_there_and_non_blocking():
    def ask(modules: Modules):
        ioctl = modules.fcntl.ioctl
        one, two = modules.socket.socketpair()
        one.send(b"12345")
        count = array.array("i", [0])
        seen = [ioctl(two, termios.FIONREAD, count), count[0], ioctl(two, termios.FIONREAD, bytes(4))]
        seen += [ioctl(two, termios.FIONREAD, array.array("i", [7]), False)]
        seen += [ioctl(one, FIONBIO, (1).to_bytes(4, "little")), outcome(lambda: one.recv(1))[0]]
        one.close()
        two.close()
        return seen

    assert same(ask)[:3] == [0, 5, b"\5\0\0\0"]


def test_a_real_file_goes_to_the_real_module_and_a_stray_number_does_not():
    def ask(process):
        fcntl = modules_of(process).fcntl
        with tempfile.TemporaryFile() as file:
            number = fcntl_of_the_system.fcntl(file, fcntl_of_the_system.F_DUPFD, high_base())
            fcntl.flock(number, fcntl.LOCK_EX)
            flags = fcntl.fcntl(number, fcntl.F_GETFL) & 0o3
            os.close(number)
            stray = (
                outcome(lambda: fcntl.fcntl(file, fcntl.F_GETFL)),
                outcome(lambda: fcntl.lockf(file, fcntl.LOCK_EX)),
            )
        return flags, *stray

    bad = ("OSError", (errno.EBADF, "Bad file descriptor"))
    assert simulate(ask)[0] == (2, bad, bad)
