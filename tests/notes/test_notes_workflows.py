"""The notes' workflows of client and server, listen, accept and the backlog."""

import pytest


def workflow_server() -> None:
    import socket
    import sys

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", int(sys.argv[1])))
    listener.listen(5)
    print("listening", flush=True)
    clients = []
    for _ in range(3):
        client, address = listener.accept()
        assert address == client.getpeername()
        clients.append(client)
    descriptors = {listener.fileno(), *(client.fileno() for client in clients)}
    assert len(descriptors) == 4, "one descriptor per client and one to wait for new clients"
    for number, client in enumerate(reversed(clients)):
        client.send(b"client %d" % number)
        client.close()
    listener.close()


def workflow_client() -> None:
    import socket
    import sys

    talks = []
    for _ in range(3):
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.connect((sys.argv[1], int(sys.argv[2])))
        talks.append(server)
    print([talk.recv(100).decode() for talk in talks])


def test_one_descriptor_per_client_and_one_to_wait_for_new_clients(machine):
    result = machine.run_all(server=[workflow_server, "{port}"], client=[workflow_client, "{server}", "{port}"])
    assert result["client"].out == "['client 2', 'client 1', 'client 0']\n"
    assert result["server"].status == 0


def declare_program() -> None:
    import select
    import socket
    import threading
    import time

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    began = time.monotonic()
    listener.listen(5)
    assert time.monotonic() - began < 0.2, "listen waits for nobody"
    assert select.select([listener], [], [], 0) == ([], [], [])

    def connect() -> None:
        time.sleep(0.3)
        with socket.create_connection(listener.getsockname()):
            pass

    client = threading.Thread(target=connect)
    client.start()
    assert select.select([listener], [], [], 5) == ([listener], [], [])
    listener.accept()
    assert time.monotonic() - began > 0.25, "accept waits for a client"
    client.join()


def test_listen_declares_and_accept_waits_and_the_file_is_readable_when_a_client_connects(machine):
    machine.run(declare_program)


def listening_write_program() -> None:
    import os
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    for write in (lambda: listener.send(b"data"), lambda: os.write(listener.fileno(), b"data")):
        try:
            write()
        except OSError as error:
            print(type(error).__name__)
    for read in (lambda: listener.recv(10), lambda: listener.getpeername()):
        try:
            read()
        except OSError as error:
            print(error.strerror)


def test_writing_into_a_listening_descriptor_sends_no_data(machine):
    result = machine.run(listening_write_program)
    assert result.out == "BrokenPipeError\nBrokenPipeError\n" + "Transport endpoint is not connected\n" * 2


def close_listener_program() -> None:
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    served = socket.create_connection(address)
    accepted, _ = listener.accept()
    pending = socket.create_connection(address)
    listener.close()
    try:
        print(pending.recv(100))
    except ConnectionResetError as error:
        print("pending:", error.strerror)
    accepted.send(b"lives on")
    print("accepted:", served.recv(100).decode())
    try:
        socket.create_connection(address)
    except ConnectionRefusedError as error:
        print("new:", error.strerror)


def test_closing_the_listening_descriptor_resets_pending_clients_and_accepted_ones_live_on(machine):
    result = machine.run(close_listener_program)
    assert result.out == "pending: Connection reset by peer\naccepted: lives on\nnew: Connection refused\n"


def backlog_program() -> None:
    import select
    import socket

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(3)
    clients = []
    for _ in range(10):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(listener.getsockname())
        clients.append(client)
    for _ in range(3):
        _, connected, _ = select.select([], clients, [], 0.3)
    print(len(connected), "connected", 10 - len(connected), "wait")
    listener.setblocking(False)
    accepted = []
    try:
        while True:
            accepted.append(listener.accept())
    except BlockingIOError:
        pass
    print(len(accepted), "accepted")
    poller = select.poll()
    for client in clients:
        poller.register(client, select.POLLOUT)
    for _ in range(20):
        if sum(bool(events & select.POLLOUT) for _, events in poller.poll(500)) >= 8:
            break
        select.select([], [], [], 0.2)
    print(sum(bool(events & select.POLLOUT) for _, events in poller.poll(0)) >= 8, "room is filled by retries")


def test_a_backlog_of_3_takes_4_of_10_clients_until_accept_is_called(machine):
    result = machine.run(backlog_program)
    assert result.out == "4 connected 6 wait\n4 accepted\nTrue room is filled by retries\n"


def client_address_program() -> None:
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    accepted, address = listener.accept()
    assert address == client.getsockname() == accepted.getpeername()
    assert accepted.getsockname() == client.getpeername() == listener.getsockname()
    unix = socket.socket(socket.AF_UNIX)
    unix.bind("s")
    unix.listen()
    socket.socket(socket.AF_UNIX).connect("s")
    assert unix.accept()[1] == "", "what accept returns depends on the family"


def test_accept_returns_the_clients_address_which_depends_on_the_family(machine):
    machine.run(client_address_program)


def after_connect_program() -> None:
    import os
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    os.write(client.fileno(), b"write")
    assert os.read(server.fileno(), 100) == b"write"
    client.send(b"send")
    assert server.recv(100) == b"send"
    client.shutdown(socket.SHUT_WR)
    assert server.recv(100) == b"", "the other end has finished"
    server.send(b"half open")
    assert client.recv(100) == b"half open", "shutdown closes one direction"
    try:
        client.send(b"more")
    except BrokenPipeError as error:
        print(error.strerror)


def test_read_write_close_and_the_socket_specific_recv_send_shutdown(machine):
    assert machine.run(after_connect_program).out == "Broken pipe\n"


def creation_program() -> None:
    import socket

    for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(family, kind, 0) as one:
                assert one.fileno() > 0
                assert (one.family, one.type) == (family, kind)
                assert one.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == kind
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        assert one.type == socket.SOCK_SEQPACKET, "another advanced type"
    for family, kind, protocol in ((77, 1, 0), (socket.AF_INET, 77, 0), (socket.AF_INET, socket.SOCK_STREAM, 17)):
        try:
            socket.socket(family, kind, protocol)
        except OSError as error:
            print(error.strerror)


def test_a_socket_is_made_of_a_family_a_type_and_protocol_0(machine):
    assert machine.run(creation_program).out == (
        "Address family not supported by protocol\nInvalid argument\nProtocol not supported\n"
    )


def connect_early_program() -> None:
    import socket

    try:
        socket.create_connection(("127.0.0.1", 1))
    except ConnectionRefusedError as error:
        print(error.strerror)


def test_a_client_without_a_server_is_refused(machine):
    assert machine.run(connect_early_program).out == "Connection refused\n"


def three_interfaces_server() -> None:
    import socket
    import sys

    listener = socket.socket()
    listener.bind(("0.0.0.0", int(sys.argv[1])))
    listener.listen()
    print("listening on", listener.getsockname()[0], flush=True)
    for _ in range(4):
        client, _ = listener.accept()
        print("reached at", client.getsockname()[0])
        client.close()


def three_interfaces_client() -> None:
    import socket
    import sys

    for address in sys.argv[2:]:
        with socket.create_connection((address, int(sys.argv[1]))) as server:
            server.recv(1)


@pytest.mark.only_farhost("the system's test machine has the interfaces that it has")
def test_inaddr_any_binds_to_all_network_interfaces_of_a_host_that_has_three(machine):
    network = machine.network()
    network.segment("left", v4="10.0.1.0/24")
    network.segment("right", v4="10.0.2.0/24")
    network.host("server", segments=("net", "left", "right"))
    network.host("client", segments=("net", "left", "right"))
    addresses = ["10.0.0.1", "10.0.1.1", "10.0.2.1"]
    result = machine.run_all(
        network=network,
        server=[three_interfaces_server, "{port}"],
        client=[three_interfaces_client, "{port}", *addresses],
    )
    assert result["server"].out.splitlines() == ["listening on 0.0.0.0", *(f"reached at {one}" for one in addresses)]
