"""Programs that run unmodified as attached processes, each beside the same program on the operating system."""

import json
import sys
import textwrap

import pytest
from beside import both
from lines import read_line
from terminals import finish


def test_sockets_of_all_domains_and_types(terminals):
    both(
        terminals,
        """
        import socket

        for family, kind in ((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET6, socket.SOCK_DGRAM)):
            with socket.socket(family, kind) as sock:
                print(sock.fileno(), sock.family, sock.type, sock.getsockname())
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            one, other = socket.socketpair(socket.AF_UNIX, kind)
            print(one.fileno(), other.fileno(), one.send(b"hello"), other.recv(9))
            one.close()
            other.close()
        server = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(server.getsockname())
        accepted, peer = server.accept()
        print(accepted.fileno(), peer == client.getsockname())
        data = bytes(range(256)) * 4000
        client.settimeout(20)
        client.setblocking(True)
        import threading

        threading.Thread(target=client.sendall, args=(data,)).start()
        got = bytearray(len(data))
        view, filled = memoryview(got), 0
        while filled < len(data):
            filled += accepted.recv_into(view[filled:])
        print(got == data)
        """,
    )


def test_descriptors_are_numbered_moved_and_closed_as_the_machines_are(terminals):
    both(
        terminals,
        """
        import errno
        import fcntl
        import os
        import socket

        def say(*calls):
            for call in calls:
                try:
                    print(call())
                except OSError as error:
                    print(errno.errorcode[error.errno])

        one, other = socket.socketpair()
        readme = os.open(__file__, os.O_RDONLY)
        third = socket.socket()
        print(one.fileno(), other.fileno(), readme, third.fileno())
        os.close(readme)
        print(os.dup(one.fileno()), os.dup2(one.fileno(), 40), os.dup2(readme := os.open(__file__, 0), 41))
        os.write(40, b"by a duplicate")
        print(other.recv(99), os.get_inheritable(40), os.get_inheritable(one.fileno()))
        os.dup2(40, 41)
        os.write(41, b"where a file was")
        print(other.recv(99))
        os.dup2(readme, 41)
        print(os.read(41, 6) == open(__file__, "rb").read(6))
        print(fcntl.fcntl(40, fcntl.F_GETFD), fcntl.fcntl(40, fcntl.F_DUPFD_CLOEXEC, 30))
        fcntl.fcntl(40, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        print(os.get_inheritable(40), os.get_blocking(40))
        os.set_blocking(40, False)
        say(lambda: os.read(40, 1), lambda: os.lseek(40, 0, 0), lambda: os.read(77, 1), lambda: os.isatty(40))
        say(lambda: os.fstat(40).st_mode >> 12, lambda: os.pread(40, 1, 0), lambda: os.ftruncate(40, 1))
        os.closerange(30, 45)
        say(lambda: os.read(40, 1), lambda: os.fstat(41))
        import resource

        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
        kept = []
        try:
            while True:
                kept.append(socket.socket())
        except OSError as error:
            print(errno.errorcode[error.errno], len(kept))
        """,
    )


def test_readiness_of_the_networks_and_the_machines_descriptors_together(terminals):
    both(
        terminals,
        """
        import os
        import select
        import socket
        import threading

        reader, writer = os.pipe()
        one, other = socket.socketpair()

        def later(call):
            threading.Timer(0.05, call).start()

        later(lambda: os.write(writer, b"x"))
        print(select.select([reader, one], [], [], 20) == ([reader], [], []))
        os.read(reader, 1)
        later(lambda: other.send(b"x"))
        print(select.select([reader, one], [], [], 20) == ([one], [], []))
        print(select.select([reader, one], [writer, other], [], 20) == ([one], [writer, other], []))
        one.recv(1)
        print(select.select([reader, one], [], [], 0.01), select.select([reader], [], [], 0))
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        poll.register(one, select.POLLIN)
        later(lambda: os.write(writer, b"x"))
        print(poll.poll(20000) == [(reader, select.POLLIN)], poll.poll(0) == [(reader, select.POLLIN)])
        os.read(reader, 1)
        with select.epoll() as epoll:
            epoll.register(one, select.EPOLLIN)
            epoll.register(reader, select.EPOLLIN)
            later(lambda: other.send(b"x"))
            print(epoll.poll(20) == [(one.fileno(), select.EPOLLIN)])
            os.write(writer, b"x")
            print(sorted(epoll.poll(20)) == sorted([(reader, select.EPOLLIN), (one.fileno(), select.EPOLLIN)]))
            epoll.modify(reader, 0)
            one.recv(1)
            print(epoll.poll(0.01))
            epoll.unregister(reader)
            os.close(reader)
            print(epoll.poll(0))
        try:
            select.select([reader, one], [], [], 0)
        except OSError as error:
            print(error.errno)
        """,
    )


def test_signals_interrupt_waits_and_a_call_goes_on_after_a_handler(terminals):
    both(
        terminals,
        """
        import signal
        import socket
        import threading

        one, other = socket.socketpair()

        class Alarm(Exception):
            pass

        def fail(*_):
            raise Alarm

        signal.signal(signal.SIGALRM, fail)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            one.recv(1)
        except Alarm:
            print("interrupted")
        other.send(b"after")
        print(one.recv(9))
        signal.signal(signal.SIGALRM, lambda *_: (print("handled"), other.send(b"later")))
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        print(one.recv(9))
        one.settimeout(0.05)
        try:
            one.recv(1)
        except TimeoutError as error:
            print(error)
        """,
    )


def test_sigpipe_kills_the_real_process_unless_it_is_ignored(terminals):
    source = """
        import signal
        import socket

        one, other = socket.socketpair()
        other.close()
        try:
            one.send(b"x")
        except BrokenPipeError as error:
            print(error, flush=True)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        one.send(b"x")
        print("still here")
        """
    both(terminals, source, status=-13)


def test_asyncio_with_a_server_a_subprocess_signals_and_threads(terminals):
    both(
        terminals,
        """
        import asyncio
        import os
        import signal
        import sys

        async def serve(reader, writer):
            writer.write(b"echo " + await reader.readline())
            await writer.drain()
            writer.close()

        async def main():
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("localhost", port)
            writer.write(b"hello\\n")
            print(await reader.read())
            writer.close()
            child = await asyncio.create_subprocess_exec(sys.executable, "-c", "print('child')", stdout=-1)
            print((await child.communicate())[0])
            loop = asyncio.get_running_loop()
            came = loop.create_future()
            loop.add_signal_handler(signal.SIGUSR1, came.set_result, "signal")
            loop.call_later(0.02, os.kill, os.getpid(), signal.SIGUSR1)
            print(await came, await loop.run_in_executor(None, lambda: "thread"))
            server.close()

        asyncio.run(main())
        """,
    )


def test_files_over_sockets_and_socket_files(terminals):
    both(
        terminals,
        """
        import os
        import socket
        import stat
        import tempfile

        one, other = socket.socketpair()
        with os.fdopen(one.detach(), "w") as file:
            file.write("a line\\n")
        print(other.recv(99), other.recv(99))
        os.chdir(tempfile.mkdtemp())
        server = socket.create_server("here.sock", family=socket.AF_UNIX)
        print(os.path.exists("here.sock"), stat.S_ISSOCK(os.stat("here.sock").st_mode), os.listdir())
        print([entry.name for entry in os.scandir()], os.path.exists("there"), os.access("here.sock", os.W_OK))
        client = socket.socket(socket.AF_UNIX)
        client.connect(os.path.abspath("here.sock"))
        print(server.getsockname(), os.path.basename(client.getpeername()))
        os.rename("here.sock", "moved.sock")
        os.unlink("moved.sock")
        print(os.listdir())
        try:
            os.unlink("moved.sock")
        except FileNotFoundError as error:
            print(error)
        with open("plain", "w") as file:
            print(file.write("x"), os.path.getsize("plain"))
        """,
    )


def test_a_program_that_reads_its_terminal_and_a_socket(terminals):
    terminals.up("--host", "box")
    script = terminals.folder / "chat.py"
    script.write_text(
        textwrap.dedent(
            """
            import select, socket, sys, threading

            one, other = socket.socketpair()
            threading.Timer(0.05, other.sendall, (b"from the socket",)).start()
            left = {sys.stdin, one}
            while left:
                for ready in select.select(list(left), [], [])[0]:
                    print(ready.recv(99) if ready is one else ready.readline())
                    left.remove(ready)
            """
        )
    )
    said = finish(terminals.execute("box", sys.executable, str(script), stdin="typed\n"))
    assert "typed" in said and "from the socket" in said


def test_who_has_no_network_does_not_run(terminals):
    network = terminals.up("--host", "box")
    script = terminals.folder / "script.py"
    script.write_text("import sys\nsys.stdin.readline()\nimport socket\nsocket.socket()\n")
    environment = "import os, json; print(json.dumps(dict(os.environ)))"
    found = finish(terminals.python("box", "-c", environment))
    terminals.farhost("down")
    finish(network)
    terminals.environment.update(
        {name: value for name, value in json.loads(found).items() if name.startswith(("FARHOST", "PYTHONPATH"))}
    )
    said = finish(terminals.machine(sys.executable, str(script)), status=3)
    assert "cannot attach this process" in said and "has ended" in said


SENDER = """
import array
import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect("\\0desk")
    one, other = socket.socketpair()
    reader, writer = os.pipe()
    with open("note.txt", "w+b") as note:
        note.write(b"written before")
        note.flush()
        socket.send_fds(server, [b"some"], [other.fileno(), writer, note.fileno()])
        other.close()
        os.close(writer)
        print(one.recv(100), os.read(reader, 100), server.recv(10))
        note.seek(0)
        print(note.read())
    try:
        socket.send_fds(server, [b"none"], [777])
    except OSError as error:
        print(error.errno)
"""
RECEIVER = """
import os
import resource
import socket

with socket.socket(socket.AF_UNIX) as listener:
    listener.bind("\\0desk")
    listener.listen()
    print("listening", flush=True)
    client, _ = listener.accept()
    data, numbers, flags, _ = socket.recv_fds(client, 100, 10)
    print(data, len(numbers), flags, [os.get_inheritable(number) for number in numbers])
    with socket.socket(fileno=numbers[0]) as passed, open(numbers[1], "wb") as pipe, open(numbers[2], "ab") as note:
        passed.sendall(b"by socket")
        pipe.write(b"by pipe")
        note.write(b", written after")
    client.sendall(b"done")
    print(client.recv(10))
"""


def test_descriptors_of_the_network_and_of_the_machine_are_passed_on(terminals):
    terminals.up("--host", "box")
    receiver = terminals.python("box", "-c", RECEIVER)
    assert read_line(receiver) == "listening\n"
    sender = finish(terminals.python("box", "-c", SENDER))
    assert sender == "b'by socket' b'by pipe' b'done'\nb'written before, written after'\n9\n"
    assert finish(receiver) == "b'some' 3 0 [True, True, True]\nb''\n"


NO_ROOM = """
import os
import resource
import socket

one, other = socket.socketpair()
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (60, hard))
files = [MADE for _ in range(3)]
socket.send_fds(one, [b"x"], files)
for number in files:
    os.close(number)
filler = []
try:
    while True:
        filler.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    os.close(filler.pop())
data, numbers, flags, _ = socket.recv_fds(other, 10, 3)
print(data, len(numbers), bool(flags & socket.MSG_CTRUNC))
"""


@pytest.mark.parametrize("made", ['os.open("/dev/null", os.O_RDONLY)', "os.dup(one.fileno())"])
def test_passed_descriptors_for_which_there_is_no_room_are_let_go(terminals, made):
    _, out, _ = both(terminals, NO_ROOM.replace("MADE", made))
    assert out == "b'x' 1 True\n"


URGENT = """
import fcntl
import os
import signal
import socket

with socket.create_server(("127.0.0.1", 0)) as listener:
    one = socket.create_connection(listener.getsockname())
    other, _ = listener.accept()
got = []
signal.signal(signal.SIGURG, lambda number, frame: got.append(other.recv(1, socket.MSG_OOB)))
fcntl.fcntl(other, fcntl.F_SETOWN, os.getpid())
one.send(b"!", socket.MSG_OOB)
one.sendall(b"plain")
while not got:
    signal.pause()
print(got, other.recv(100), fcntl.fcntl(other, fcntl.F_GETOWN) == os.getpid())
"""


def test_urgent_data_sends_a_real_signal(terminals):
    _, out, _ = both(terminals, URGENT)
    assert out == "[b'!'] b'plain' True\n"
