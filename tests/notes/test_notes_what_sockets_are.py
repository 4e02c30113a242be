"""The notes' opening: inter-process communication, servers and clients, pipes, "sockets are freaking files"."""

import pytest


def talking_server() -> None:
    import socket
    import sys

    listener = socket.create_server(("", int(sys.argv[1])))
    print("listening", flush=True)
    for _ in range(int(sys.argv[2])):
        client, _ = listener.accept()
        client.sendall(b"hello " + client.recv(100))
        client.close()


def talking_client() -> None:
    import socket
    import sys

    with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as server:
        server.sendall(sys.argv[3].encode())
        print(server.makefile().read())


def test_a_client_contacts_the_server_by_its_published_address(machine):
    result = machine.run_all(
        server=[talking_server, "{port}", "1"], client=[talking_client, "{server}", "{port}", "ann"]
    )
    assert result["client"].out == "hello ann\n"
    assert result["server"].status == 0


def test_any_process_can_make_contact_not_only_one_of_the_same_fork_tree(machine):
    result = machine.run_all(
        server=[talking_server, "{port}", "2"],
        ann=[talking_client, "{server}", "{port}", "ann"],
        bob=[talking_client, "{server}", "{port}", "bob"],
    )
    assert (result["ann"].out, result["bob"].out) == ("hello ann\n", "hello bob\n")


def pipe_program() -> None:
    import errno
    import os

    reader, writer = os.pipe()
    assert os.write(writer, b"one way") == 7
    assert os.read(reader, 100) == b"one way"
    for wrong in (lambda: os.write(reader, b"back"), lambda: os.read(writer, 100)):
        try:
            wrong()
        except OSError as error:
            assert error.errno == errno.EBADF, error
        else:
            raise AssertionError("the wrong end of a pipe worked")
    os.close(writer)
    assert os.read(reader, 100) == b""


def test_a_pipe_is_a_one_way_street_and_its_wrong_end_is_ebadf(machine):
    machine.run(pipe_program)


def two_way_program() -> None:
    import socket

    left, right = socket.socketpair()
    left.send(b"there")
    right.send(b"back")
    assert right.recv(100) == b"there"
    assert left.recv(100) == b"back"


def test_a_socket_is_a_two_way_street(machine):
    machine.run(two_way_program)


def file_program() -> None:
    import os
    import socket
    import stat

    left, right = socket.socketpair()
    descriptor = left.fileno()
    assert isinstance(descriptor, int) and descriptor > 2
    assert stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    assert os.write(descriptor, b"as a file") == 9
    assert os.read(right.fileno(), 100) == b"as a file"
    again = os.dup(descriptor)
    left.close()
    assert os.write(again, b"still open") == 10
    assert right.recv(100) == b"still open"
    os.close(again)
    assert os.read(right.fileno(), 100) == b""
    try:
        os.write(again, b"closed")
    except OSError as error:
        print(error.strerror)


def test_sockets_are_files(machine):
    assert machine.run(file_program).out == "Bad file descriptor\n"


def descriptor_program() -> None:
    import os
    import socket

    sockets = [socket.socket() for _ in range(4)]
    numbers = [one.fileno() for one in sockets]
    assert numbers == list(range(numbers[0], numbers[0] + 4)), numbers
    sockets[1].close()
    assert os.dup(numbers[0]) == numbers[1], "the lowest free number is taken"


def test_a_new_descriptor_is_the_lowest_free_number(machine):
    machine.run(descriptor_program)


def unix_address_program() -> None:
    import os
    import socket
    import stat

    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind("chat.sock")
    server.listen()
    assert "chat.sock" in os.listdir(".")
    assert stat.S_ISSOCK(os.stat("chat.sock").st_mode)
    client = socket.socket(socket.AF_UNIX)
    client.connect("chat.sock")
    accepted, _ = server.accept()
    client.send(b"local")
    assert accepted.recv(100) == b"local"
    assert (client.getpeername(), accepted.getsockname(), accepted.getpeername()) == ("chat.sock", "chat.sock", "")
    server.close()
    try:
        socket.socket(socket.AF_UNIX).bind("chat.sock")
    except OSError as error:
        print(error.strerror)
    os.unlink("chat.sock")
    socket.socket(socket.AF_UNIX).bind("chat.sock")


def test_a_unix_domain_address_is_a_filename_which_stays_until_unlinked(machine):
    assert machine.run(unix_address_program).out == "Address already in use\n"


def unix_server() -> None:
    import socket

    server = socket.socket(socket.AF_UNIX)
    server.bind("/tmp/farhost-notes.sock")
    server.listen()
    print("listening", flush=True)
    server.accept()


def unix_client() -> None:
    import os
    import socket

    try:
        socket.socket(socket.AF_UNIX).connect("/tmp/farhost-notes.sock")
    except FileNotFoundError as error:
        print(error.strerror, os.path.exists("/tmp/farhost-notes.sock"))
    else:
        print("connected", os.path.exists("/tmp/farhost-notes.sock"))


@pytest.mark.only_farhost("one machine cannot be two hosts")
def test_the_unix_domain_is_local_to_the_computer(machine):
    apart = machine.run_all(server=[unix_server], client=[unix_client])
    assert apart["client"].out == "No such file or directory False\n"
    together = machine.run_all(one_host=True, server=[unix_server], client=[unix_client])
    assert together["client"].out == "connected True\n"


def crash_program() -> None:
    import os
    import socket

    server = socket.socket(socket.AF_UNIX)
    server.bind("crashed.sock")
    server.listen()
    os._exit(3)


def after_crash_program() -> None:
    import socket

    for attempt in (lambda one: one.connect("crashed.sock"), lambda one: one.bind("crashed.sock")):
        try:
            attempt(socket.socket(socket.AF_UNIX))
        except OSError as error:
            print(error.strerror)


def test_the_socket_file_stays_after_a_crash(machine):
    result = machine.run_all(one_host=True, statuses=(0, 3), crashing=[crash_program], after=[after_crash_program])
    assert result["crashing"].status == 3
    assert result["after"].out == "Connection refused\nAddress already in use\n"


def loopback_program() -> None:
    import socket

    for family, loopback, length in ((socket.AF_INET, "127.0.0.1", 4), (socket.AF_INET6, "::1", 16)):
        server = socket.create_server((loopback, 0), family=family)
        client = socket.socket(family)
        client.connect(server.getsockname())
        accepted, address = server.accept()
        assert address[0] == loopback == client.getsockname()[0]
        client.send(b"local")
        assert accepted.recv(100) == b"local"
        assert len(socket.inet_pton(family, loopback)) == length, "32 and 128 bits"
        assert len(address) == (2 if family == socket.AF_INET else 4)


def test_ipv4_and_ipv6_have_a_loopback_address_and_ipv6_has_128_bits(machine):
    machine.run(loopback_program)


def port_program() -> None:
    import socket

    one = socket.socket()
    for port in (10_001, 40_000, 65_535):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", port))
            assert other.getsockname() == ("127.0.0.1", port)
    for port in (65_536, -1):
        try:
            one.bind(("127.0.0.1", port))
        except OverflowError as error:
            print(error)
    one.bind(("127.0.0.1", 0))
    assert 1024 <= one.getsockname()[1] <= 65_535, "port 0 asks for an ephemeral port"


def test_a_port_is_16_bits_and_goes_to_65535(machine):
    assert machine.run(port_program).out == "bind(): port must be 0-65535.\n" * 2
