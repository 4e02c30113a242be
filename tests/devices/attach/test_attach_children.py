"""Processes that attached programs start, each beside the same program on the operating system."""

import sys

from beside import both
from lines import read_line
from terminals import LIMIT_S


def test_fork_spawn_and_exec_inherit_descriptors(terminals):
    both(
        terminals,
        """
        import os
        import socket
        import subprocess
        import sys

        def main():
            one, other = socket.socketpair()
            if not (pid := os.fork()):
                one.close()
                other.sendall(b"forked")
                os._exit(7)
            print(one.recv(99), os.waitpid(pid, 0)[1] >> 8)
            child = "import socket, sys; socket.socket(fileno=int(sys.argv[1])).sendall(b'passed')"
            subprocess.run([sys.executable, "-c", child, str(other.fileno())], pass_fds=[other.fileno()], check=True)
            print(one.recv(99))
            subprocess.run([sys.executable, "-c", "print('standard output')"], stdout=other, check=True)
            print(one.recv(99))
            other.set_inheritable(True)
            os.system(f"{sys.executable} -c \\"{child}\\" {other.fileno()}")
            print(one.recv(99))
            child = "import os; print([n for n in range(3, 20) if os.path.exists(f'/dev/fd/{n}')], flush=True)"
            subprocess.run([sys.executable, "-c", child], check=True)
            sys.stdout.flush()
            os.set_inheritable(one.fileno(), True)
            again = "import socket, sys; print(socket.socket(fileno=int(sys.argv[1])).recv(9))"
            other.sendall(b"replaced")
            os.execv(sys.executable, [sys.executable, "-c", again, str(one.fileno())])

        main()
        """,
    )


def test_children_with_an_empty_environment(terminals):
    both(
        terminals,
        """
        import os
        import subprocess

        print(subprocess.run(["/bin/echo", "none"], env={}, stdout=subprocess.PIPE).stdout)
        os.environ.clear()
        print(subprocess.run(["/bin/echo", "cleared"], stdout=subprocess.PIPE).stdout, os.popen("echo shell").read())
        """,
    )


WHEN_IT_IS_GONE = """
import os
import socket
import time

with socket.socket() as sock, socket.socket() as other:
    print("ready", flush=True)
    while not os.path.exists("gone"):
        time.sleep(0.02)
    if not (pid := os.fork()):
        os._exit(7)
    print(os.waitpid(pid, 0)[1] >> 8)
    try:
        sock.bind(("", 5000))
    except OSError as error:
        print(error.strerror)
print("closed")
"""


def test_when_the_network_has_ended_calls_fail_and_the_rest_goes_on(terminals):
    terminals.up("--host", "box")
    program = terminals.execute("box", sys.executable, "-c", WHEN_IT_IS_GONE)
    assert read_line(program) == "ready\n"
    terminals.farhost("down")
    (terminals.folder / "gone").touch()
    out, err = program.communicate(timeout=LIMIT_S)
    assert out.splitlines()[0] == "7" and out.splitlines()[2] == "closed", (out, err)
    assert "has ended" in out.splitlines()[1]
    assert (program.returncode, err) == (0, "")


def test_tracebacks_show_little_of_how_a_call_goes(terminals):
    terminals.up("--host", "box")
    program = terminals.execute("box", sys.executable, "-c", "import socket; socket.create_connection(('box', 9))")
    _, err = program.communicate(timeout=LIMIT_S)
    assert err.endswith("ConnectionRefusedError: [Errno 111] Connection refused\n")
    assert sum("/farhost/" in line for line in err.splitlines()) <= 3, err
