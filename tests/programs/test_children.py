"""Python children of scripts: `subprocess`, and what builds on it, as on the operating system."""

import textwrap

import pytest
from running import output_of, run_all, run_one, same_as_python, write

from farhost.network.network import Network
from farhost.programs.run import ProgramSpec
from farhost.trace.hashes import HashSink
from farhost.trace.tracer import Tracer


@pytest.fixture(autouse=True)
def in_one_interpreter(request):
    """A script in a process of its own (`make isolated`) has no children: docs/escapes.md."""
    if request.config.pluginmanager.hasplugin("isolated_plugin"):
        pytest.skip("isolated scripts have no children")


CHILD = """
import os, sys
print("child", sys.argv[1:], os.environ.get("COLOUR"), os.getppid() == int(os.environ["PARENT"]))
sys.stdout.flush()
data = sys.stdin.read()
sys.stderr.write("read " + data)
sys.exit(3)
"""


def with_child(source):
    """A script that first writes `child.py` into its working directory."""
    return f'open("child.py", "w").write({CHILD!r})\n' + textwrap.dedent(source)


def test_a_script_with_words_environment_and_three_pipes(tmp_path):
    source = """
        import os, subprocess, sys
        environment = {"PARENT": str(os.getpid()), "COLOUR": "red"}
        words = [sys.executable, "child.py", "one", "two words"]
        print(subprocess.run(words, input="in", capture_output=True, text=True, env=environment).__dict__["stdout"])
        child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=environment)
        print(child.communicate(b"more"), child.returncode, child.wait(), child.poll(), child.pid > os.getpid())
    """
    same_as_python(tmp_path, with_child(source))


def test_a_module_code_and_options_of_the_interpreter(tmp_path):
    source = """
        import subprocess, sys
        def out(*words, **options):
            print(subprocess.run([sys.executable, *words], capture_output=True, text=True, **options).stdout)
        out("-m", "json.tool", "--compact", input="[1, 2]")
        out("-c", "import sys; print(sys.argv, __name__, sys.warnoptions)", "a", "-b")
        out("-uB", "-W", "ignore", "-Werror", "-c", "import sys; print(sys.warnoptions)")
        out("-c", "import os; print(set(os.environ) - {'LC_CTYPE'})", env={"ONE": "1"})
    """
    same_as_python(tmp_path, source)


def test_ends_of_all_sorts(tmp_path):
    source = """
        import os, signal, subprocess, sys, time
        def start(code):
            return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
        for code in ("pass", "raise SystemExit(7)", "import os; os._exit(9)", "import sys; sys.exit('words')"):
            child = start(code)
            print(child.communicate()[1], child.returncode)
        print(start("1 / 0").communicate()[1].splitlines()[-1])
        for number in (signal.SIGKILL, signal.SIGTERM):
            child = start("import time; time.sleep(1000)")
            try:
                child.wait(0.5)
            except subprocess.TimeoutExpired:
                print(child.poll())
            child.send_signal(number)
            print(child.wait(), child.communicate())
        seen = []
        signal.signal(signal.SIGCHLD, lambda number, frame: seen.append(number))
        child = start("pass")
        print(os.waitpid(child.pid, 0) == (child.pid, 0), seen)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError as error:
            print(error)
        child = start("raise SystemExit(2)")
        found = os.waitid(os.P_PID, child.pid, os.WEXITED)
        print(found.si_pid == child.pid, found.si_status, found.si_code, found.si_signo)
    """
    same_as_python(tmp_path, source)


def test_check_and_time_limits_raise(tmp_path):
    source = """
        import subprocess, sys
        for words in (["-c", "raise SystemExit(1)"], ["-c", "import time; time.sleep(1000)"]):
            try:
                subprocess.run([sys.executable, *words], check=True, timeout=1)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                print(type(error).__name__)
        try:
            subprocess.run([sys.executable, "-c", "pass"], cwd="nowhere")
        except FileNotFoundError as error:
            print(error.filename, error.errno)
    """
    same_as_python(tmp_path, source)


def test_descriptors_that_are_passed_and_those_that_are_not(tmp_path):
    source = """
        import os, socket, subprocess, sys
        reading, writing = os.pipe()
        code = "import os, sys; os.write(int(sys.argv[1]), b'through')"
        words = [sys.executable, "-c", code, str(writing)]
        print(subprocess.run(words, pass_fds=[writing]).returncode, os.read(reading, 100))
        print(subprocess.run(words, stderr=subprocess.PIPE).returncode)
        os.set_inheritable(writing, True)
        print(subprocess.run(words, close_fds=False).returncode, os.read(reading, 100))
        ours, theirs = socket.socketpair()
        with theirs:
            child = subprocess.Popen([sys.executable, "-c", "print(input().upper())"], stdin=theirs, stdout=theirs)
        ours.sendall(b"by a socket\\n")
        print(child.wait(), ours.recv(100))
    """
    same_as_python(tmp_path, source)


def test_files_and_nothing_as_standard_streams(tmp_path):
    source = """
        import os, subprocess, sys
        with open("log", "w") as log:
            log.write("before\\n")
            log.flush()
            code = "import sys; print(repr(sys.stdin.read())); print('error', file=sys.stderr)"
            subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        print(open("log").read())
        print(subprocess.run([sys.executable, "-c", "print(input())"], stdin=open("log"), capture_output=True).stdout)
        print(subprocess.run([sys.executable, "-c", "print(1)"], stdout=subprocess.DEVNULL).returncode)
    """
    same_as_python(tmp_path, source)


def test_output_to_a_pipe_goes_by_buffers_unless_it_is_said_otherwise(tmp_path):
    source = """
        import os, subprocess, sys
        lost = "import os; print('lost?'); os._exit(0)"
        for words, more in ((["-c"], {}), (["-u", "-c"], {}), (["-c"], {"PYTHONUNBUFFERED": "1"})):
            child = subprocess.run([sys.executable, *words, lost], stdout=subprocess.PIPE, env={**os.environ, **more})
            print(child.stdout)
        code = "import sys; print(sys.stdout.line_buffering, sys.stderr.line_buffering, sys.stdout.write_through)"
        print(subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE).stdout)
        print(subprocess.run([sys.executable, "-uc", code], stdout=subprocess.PIPE).stdout)
        late = "import time; print('ready'); time.sleep(1.5)"
        began = __import__("time").monotonic()
        child = subprocess.Popen([sys.executable, "-c", late], stdout=subprocess.PIPE)
        print(child.stdout.readline(), __import__("time").monotonic() - began >= 1.4, child.wait())
    """
    same_as_python(tmp_path, source)


def test_much_through_pipes(tmp_path):
    source = """
        import subprocess, sys
        code = "import sys; sys.stdout.write(sys.stdin.read()[::-1])"
        data = "".join(map(str, range(100_000)))
        found = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, text=True)
        print(found.stdout == data[::-1], found.stderr)
    """
    same_as_python(tmp_path, source)


def test_asyncio_starts_children_too(tmp_path):
    source = """
        import asyncio, sys
        async def main():
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "print(input()); raise SystemExit(4)",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
            print(await child.communicate(b"hello\\n"), child.returncode)
            child = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(1000)")
            child.kill()
            print(await child.wait())
        asyncio.run(main())
    """
    same_as_python(tmp_path, source)


def test_children_have_children_and_share_no_globals(tmp_path):
    source = """
        import os, subprocess, sys
        code = "import subprocess, sys; print(subprocess.run([sys.executable, '-c', 'print(1)']).returncode)"
        print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
        json = sys.modules["subprocess"].marked = True
        code = "import subprocess; print(hasattr(subprocess, 'marked'))"
        print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
        print(subprocess.run([sys.executable, "-c", "import os; os.chdir('/'); os.umask(0)"], umask=0o77).returncode)
        print(os.getcwd() == os.path.realpath("."), oct(os.umask(0o22)))
    """
    same_as_python(tmp_path, source)


def test_a_script_that_names_its_interpreter(tmp_path):
    source = """
        import os, subprocess, sys
        with open("tool", "w") as file:
            file.write("#!/usr/bin/env python3\\nimport sys\\nprint(sys.argv[1:])\\n")
        os.chmod("tool", 0o755)
        print(subprocess.run(["./tool", "a"], capture_output=True).stdout)
        print(subprocess.run(["tool", "a"], executable="./tool", capture_output=True).stdout)
    """
    same_as_python(tmp_path, source)


@pytest.mark.parametrize(
    "call",
    [
        "subprocess.run(['ls', '-l'])",
        "subprocess.run('python child.py', shell=True)",
        "subprocess.run([sys.executable])",
        "subprocess.run([sys.executable, '-i', '-c', 'pass'])",
        "subprocess.run([sys.executable, '-c', 'pass'], preexec_fn=int)",
        "subprocess.run([sys.executable, '-c', 'pass'], user=0)",
        "os.system('true')",
    ],
)
def test_what_is_no_python_is_refused_with_the_remedy(tmp_path, call):
    process = run_one(tmp_path, f"import os, subprocess, sys\n{call}\n")
    assert process.status == 1
    last = process.stderr.splitlines()[-1]
    assert "EscapeError: " in last and "script.py:2 in <module>: " in last and " would leave the simulation: " in last


def test_a_child_serves_and_its_end_is_its_parents_business(tmp_path):
    server = """
        import subprocess, sys
        with open("echo.py", "w") as file:
            file.write(SOURCE)
        subprocess.run([sys.executable, "-c", "raise SystemExit(5)"])
        child = subprocess.Popen([sys.executable, "echo.py"])
        print("serving", flush=True)
        child.wait()
    """
    echo = """
        import socket
        with socket.create_server(("", 5000)) as listener:
            while True:
                with listener.accept()[0] as client:
                    client.sendall(client.recv(100).upper())
    """
    client = """
        import socket
        with socket.create_connection(("server", 5000)) as server:
            server.sendall(b"hello")
            print(server.recv(100))
    """
    specs = [
        ProgramSpec(
            "server", [str(write(tmp_path, server.replace("SOURCE", repr(textwrap.dedent(echo))), "server.py"))]
        ),
        ProgramSpec("client", [str(write(tmp_path, client, "client.py"))]),
    ]
    hashes = []
    for _ in range(2):
        sink = HashSink()
        outcome = run_all(*specs, network=Network(seed=3, tracer=Tracer(sink)))
        assert outcome.kind == "passed", outcome.message
        assert [process.name for process in outcome.processes] == ["server", "client"]
        assert [process.stdout for process in outcome.processes] == ["serving\n", "b'HELLO'\n"]
        hashes.append(sink.result())
    assert hashes[0] == hashes[1]


def test_what_a_child_prints_is_its_programs_output_and_an_orphan_goes_on(tmp_path):
    source = """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5); print('after its parent')"])
        print("the parent ends", flush=True)
    """
    assert output_of(tmp_path, source) == "the parent ends\nafter its parent\n"


def test_a_child_that_waits_for_ever_is_told_with_its_place(tmp_path):
    source = """
        import subprocess, sys
        subprocess.run([sys.executable, "-c", "import os; os.read(os.pipe()[0], 1)"])
    """
    outcome = run_all(ProgramSpec("host", [str(write(tmp_path, source))]))
    assert outcome.kind == "deadlock"
    assert "host waits in wait4(" in outcome.message and "python on host waits in read(" in outcome.message


def test_multiprocessing_by_spawn_with_pipes(tmp_path):
    source = """
        import multiprocessing

        def square(pipe):
            pipe.send(pipe.recv() ** 2)

        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            child = context.Process(target=square, args=(theirs,))
            child.start()
            ours.send(12)
            print(ours.recv())
            child.join()
            print(child.exitcode)
    """
    same_as_python(tmp_path, source)


def test_a_child_keeps_the_signals_that_its_parent_ignores(tmp_path):
    code = "import signal, time; numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2); "
    code += "print([signal.getsignal(n) for n in numbers], flush=True); time.sleep(1); print('survived')"
    source = f"""
        import signal, subprocess, sys
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGUSR2, lambda *_: None)
        child = subprocess.Popen([sys.executable, "-c", {code!r}], stdout=subprocess.PIPE, text=True)
        print(child.stdout.readline())
        child.send_signal(signal.SIGINT)
        child.terminate()
        print(child.stdout.read(), child.wait())
    """
    same_as_python(tmp_path, source)
