"""Files of the machine in messages: what a process gets of another's ordinary files, and that none is left open."""

import fcntl
import os

import pytest
from running import HOUR_NS, ProgramSpec, output_of, run_all, same_as_python, write

from farhost.kernel.waiting import KernelError
from farhost.network.passed_file import PassedFile

KEEPER = """
    import os, socket
    with socket.create_server("door", family=socket.AF_UNIX) as listener:
        door, _ = listener.accept()
    data, (number, pipe), flags, _ = socket.recv_fds(door, 100, 5)
    print(data, flags, number > 100, pipe < 100)
    print(os.read(number, 5), os.get_inheritable(number), os.fstat(number).st_size)
    os.write(pipe, b"go on")
    print(door.recv(10))
    with open(number) as file: print(file.read())
    try: os.close(number)
    except OSError as error: print(error)
"""
GIVER = """
    import os, socket
    with open("notes.txt", "w+") as file:
        file.write("first second third")
        file.flush()
        file.seek(6)
        reader, writer = os.pipe()
        door = socket.socket(socket.AF_UNIX)
        door.connect("door")
        socket.send_fds(door, [b"take"], [file.fileno(), writer])
    os.close(writer)
    print(os.read(reader, 10))
    door.send(b"read on")
"""


def open_descriptors() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def none_is_left_open():
    before = open_descriptors()
    yield
    assert open_descriptors() == before


def both_on_one_host(folder, first, second):
    """Run two scripts on one host; how they ended."""
    specs = [
        ProgramSpec("host", [str(write(folder, source, f"{name}.py"))], name)
        for name, source in (("first", first), ("second", second))
    ]
    return run_all(*specs, until_ns=HOUR_NS)


def test_a_file_goes_to_another_process_with_its_place_in_it(tmp_path):
    outcome = both_on_one_host(tmp_path, KEEPER, GIVER)
    assert outcome.ok, outcome
    keeper, giver = outcome.processes
    assert keeper.stdout.splitlines() == [
        "b'take' 0 True True",
        "b'secon' True 18",
        "b'read on'",
        "d third",
        "[Errno 9] Bad file descriptor",
    ]
    assert giver.stdout == "b'go on'\n"


def test_what_the_receiver_does_not_close_is_closed_with_it(tmp_path):
    keeper = """
        import socket
        with socket.create_server("door", family=socket.AF_UNIX) as listener:
            door, _ = listener.accept()
        print(len(socket.recv_fds(door, 100, 5)[1]))
    """
    giver = """
        import socket
        door = socket.socket(socket.AF_UNIX)
        door.connect("door")
        file = open(__file__)
        socket.send_fds(door, [b"take"], [file.fileno()] * 3)
    """
    outcome = both_on_one_host(tmp_path, keeper, giver)
    assert outcome.ok, outcome
    assert outcome.processes[0].stdout == "3\n"


def test_what_nobody_receives_is_closed(tmp_path):
    source = """
        import socket
        file = open(__file__)
        one, two = socket.socketpair()
        socket.send_fds(one, [b"a"], [file.fileno()])
        socket.send_fds(one, [b"b"], [file.fileno()])
        print(two.recv(10), two.recvmsg(10, 0)[2] == socket.MSG_CTRUNC)
        for numbers in ([file.fileno(), 700], [file.fileno(), 1 << 30]):
            try: socket.send_fds(one, [b"c"], numbers)
            except OSError as error: print(error)
        try: socket.send_fds(socket.socket(socket.AF_UNIX), [b"d"], [file.fileno()])
        except OSError as error: print(error)
        socket.send_fds(one, [b"e"], [file.fileno()])
    """
    same_as_python(tmp_path, source)


def test_what_is_under_way_when_the_run_ends_is_closed(tmp_path):
    source = """
        import socket
        one, two = socket.socketpair()
        file = open(__file__)
        socket.send_fds(one, [b"x"], [file.fileno()])
        two.recv(10, socket.MSG_PEEK)
        one.recv(10)
    """
    outcome = run_all(ProgramSpec("host", [str(write(tmp_path, source))]))
    assert outcome.kind == "deadlock"


def test_numbers_that_came_are_duplicated_and_changed_as_others_are(tmp_path):
    source = """
        import fcntl, os, socket
        one, two = socket.socketpair()
        with open("data", "w+") as file:
            socket.send_fds(one, [b"x"], [file.fileno()])
        data, ancillary, flags, _ = two.recvmsg(10, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC)
        number = int.from_bytes(ancillary[0][2], "little")
        print(data, flags == socket.MSG_CMSG_CLOEXEC, fcntl.fcntl(number, fcntl.F_GETFD) == fcntl.FD_CLOEXEC)
        again = os.dup(number)
        other = os.open("data", os.O_RDONLY)
        print(os.dup2(number, other) == other, os.write(other, b"abc"), os.lseek(again, 0, os.SEEK_CUR))
        fcntl.fcntl(other, fcntl.F_SETFL, os.O_APPEND)
        print(bool(fcntl.fcntl(number, fcntl.F_GETFL) & os.O_APPEND), os.pread(again, 10, 1))
        fcntl.flock(number, fcntl.LOCK_EX)
        for each in (number, again, other): os.close(each)
    """
    same_as_python(tmp_path, source)


def test_a_number_whose_file_was_closed_is_not_closed_again_at_the_end(tmp_path):
    """The number may be another process's by then."""
    first = """
        import os, socket
        with socket.create_server("door", family=socket.AF_UNIX) as listener:
            door, _ = listener.accept()
        number = os.open(__file__, os.O_RDONLY)
        open(number).close()
        door.send(b"closed")
        print(door.recv(10))
    """
    second = """
        import socket
        door = socket.socket(socket.AF_UNIX)
        door.connect("door")
        print(door.recv(10))
        file = open(__file__)
        door.send(b"opened")
        print(door.recv(10))
        print(file.read().strip()[:6])
    """
    outcome = both_on_one_host(tmp_path, first, second)
    assert outcome.ok, outcome
    assert outcome.processes[1].stdout.splitlines() == ["b'closed'", "b''", "import"]


def test_descriptors_of_standard_output_work_where_they_are_passed(tmp_path):
    source = """
        import os, socket
        one, two = socket.socketpair()
        socket.send_fds(one, [b"x"], [1])
        _, (number,), _, _ = socket.recv_fds(two, 10, 1)
        with open(number, "w") as out: print("printed", file=out)
    """
    assert output_of(tmp_path, source) == "printed\n"


def test_the_duplicate_is_closed_once_and_a_number_out_of_reach_is_an_errno():
    keepers = {}
    reader, writer = os.pipe()
    file = PassedFile(writer, keepers)
    twin = file.duplicate(0, True)
    assert fcntl.fcntl(twin, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
    with pytest.raises(KernelError):
        file.duplicate(1 << 30, True)
    file.release(None)
    file.release(None)
    assert not keepers
    os.close(twin)
    assert os.read(reader, 1) == b""
    os.close(reader)
