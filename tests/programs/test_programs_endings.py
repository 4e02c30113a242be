"""How processes end, as CPython on the operating system ends them: statuses, threads, atexit, hooks, signals."""

import signal

import pytest
from running import run_one, same_as_python

STATUSES = [
    "import sys; sys.exit()",
    "import sys; sys.exit(0)",
    "import sys; sys.exit(True)",
    "import sys; sys.exit(7)",
    "import sys; sys.exit(-1)",
    "import sys; sys.exit(256)",
    "import sys; sys.exit('words for people')",
    "import sys; sys.exit((1, 2))",
    "import sys; sys.exit(3.5)",
    "raise SystemExit",
    "raise SystemExit(1, 2)",
    "class Own(SystemExit): pass\nraise Own(9)",
    "raise KeyboardInterrupt",
    "import os; os.abort()",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "import signal; signal.raise_signal(signal.SIGINT)",
    "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); signal.raise_signal(signal.SIGINT)",
    "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); signal.raise_signal(signal.SIGPIPE)",
    "import signal; signal.raise_signal(signal.SIGHUP)",
    "import sys; sys.stdout.close()",
    "import sys\ntry: sys.exit(4)\nfinally: print('finally')",
    "import sys\ntry: sys.exit(4)\nfinally: sys.exit(5)",
    "exit(6)",
    "quit()",
]


@pytest.mark.parametrize("source", STATUSES)
def test_the_status_is_that_of_cpython(tmp_path, source):
    same_as_python(tmp_path, source)


ENDINGS = {
    "the functions of atexit run backwards": """
        import atexit
        atexit.register(print, "first", end="!\\n")
        @atexit.register
        def second():
            print("second")
            atexit.register(print, "registered at the end")
        def unwanted(): print("unwanted")
        atexit.register(unwanted); atexit.register(unwanted)
        atexit.unregister(unwanted)
        def late(): print("unregistered meanwhile")
        atexit.register(late)
        atexit.register(atexit.unregister, late)
        print(atexit._ncallbacks())
        print("end of main")
    """,
    "an exit asked for in atexit": """
        import atexit, sys
        atexit.register(print, "last")
        atexit.register(sys.exit, 3)
        print("main")
    """,
    "atexit runs after an uncaught exception and after sys.exit": """
        import atexit, sys
        atexit.register(print, "atexit")
        sys.excepthook = lambda kind, error, trace: print("hook", kind.__name__, error)
        raise ValueError("x")
    """,
    "threads that are no daemons are waited for before atexit": """
        import atexit, threading, time
        atexit.register(print, "atexit")
        def work(name, seconds):
            time.sleep(seconds)
            print(name)
        threading.Thread(target=work, args=("second", 0.2)).start()
        threading.Thread(target=work, args=("first", 0.1)).start()
        print("end of main")
    """,
    "daemons are not waited for and run no finally": """
        import threading, time
        def work():
            try:
                time.sleep(5)
            finally:
                print("finally")
        threading.Thread(target=work, daemon=True).start()
        time.sleep(0.05)
        print("end of main")
    """,
    "a thread that a thread starts at the end is waited for": """
        import threading, time
        def inner():
            time.sleep(0.1)
            print("inner")
        def outer():
            time.sleep(0.1)
            try:
                threading.Thread(target=inner).start()
            except RuntimeError as error:  # CPython 3.12.
                print(error)
            print("outer")
        threading.Thread(target=outer).start()
    """,
    "an exit in a thread ends that thread alone": """
        import sys, threading
        def work():
            sys.exit(5)
        thread = threading.Thread(target=work)
        thread.start(); thread.join()
        print("main goes on")
    """,
    "an uncaught exception of a thread does not change the status": """
        import threading
        threading.excepthook = lambda args: print("hook", args.exc_type.__name__, args.thread.name)
        thread = threading.Thread(target=lambda: 1 / 0, name="worker")
        thread.start(); thread.join()
    """,
    "os._exit in a thread ends the process": """
        import os, threading, time
        def work():
            print("thread", flush=True)
            os._exit(9)
        threading.Thread(target=work).start()
        time.sleep(5)
        print("never")
    """,
    "a pool's threads end before atexit": """
        import atexit, time
        from concurrent.futures import ThreadPoolExecutor
        atexit.register(print, "atexit")
        pool = ThreadPoolExecutor(2)
        def work(n):
            time.sleep(n / 10)
            print("job", n)
        for n in (2, 1, 3):
            pool.submit(work, n)
        print("end of main")
    """,
    "an exception in atexit is told and the others run": """
        import atexit
        class Failing:
            def __call__(self): raise ValueError("x")
            def __repr__(self): return "Failing()"
        atexit.register(print, "last")
        atexit.register(Failing())
    """,
    "locals of main are let go with their destructors": """
        class Noisy:
            def __init__(self, name): self.name = name
            def __del__(self): print("gone", self.name)
        _private = Noisy("private")
        public = Noisy("public")
        def hold(): return public
        print("end of main")
    """,
    "what a handler of a signal raises ends the program": """
        import signal, sys, time
        def stop(number, frame): sys.exit(4)
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            time.sleep(5)
        finally:
            print("finally")
    """,
    "an interrupt while threads are waited for": """
        import os, signal, threading, time
        def work():
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.1)
            print("work done")
        signal.signal(signal.SIGTERM, lambda number, frame: print("handler"))
        threading.Thread(target=work).start()
        print("end of main")
    """,
    "argv, environment and the main module are the process's own": """
        import os, sys, __main__
        print(sys.argv[1:], __name__, __main__.__name__, __file__ == sys.argv[0])
        os.environ["ADDED"] = "x"
        print(os.environ["ADDED"], os.getenv("NONE", "none"), "ADDED" in os.environ)
        os.chdir("/")
        print(os.getcwd(), os.path.abspath("x"), os.path.isabs(__file__))
    """,
}


@pytest.mark.parametrize("source", ENDINGS.values(), ids=ENDINGS.keys())
def test_the_end_is_that_of_cpython(tmp_path, source):
    same_as_python(tmp_path, source, "one", "two words")


def test_a_killed_program_leaves_what_it_had_not_flushed(tmp_path):
    source = """
        import atexit, os, signal, sys
        atexit.register(print, "atexit")
        sys.stdout.write("not flushed")
        sys.stderr.write("written\\n")
        sys.stderr.write("not ended")
        try:
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            print("finally")
    """
    ended = run_one(tmp_path, source)
    assert (ended.status, ended.stderr) == (-signal.SIGKILL, "written\n")
    assert "atexit" not in ended.stdout and "finally" not in ended.stdout


@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "raise ValueError"])
def test_output_that_cannot_be_flushed_is_status_120_whatever_else(tmp_path, ending):
    ended = run_one(tmp_path, f"import os, sys; os.close(1); sys.stdout.write('nowhere'); {ending}")
    assert ended.status == 120
    assert ended.stderr.endswith("OSError: [Errno 9] Bad file descriptor\n")
    assert "excepthook" not in ended.stderr
