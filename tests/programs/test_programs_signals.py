"""Signals of simulated processes: handlers, interrupted calls, alarms, default actions."""

from running import output_of, run_all, run_one, same_as_python, write

from farhost.programs.run import ProgramSpec


def test_a_handler_runs_and_the_call_goes_on(tmp_path):
    source = """
        import signal, time
        def handler(number, frame):
            print("handler", signal.Signals(number).name, frame.f_code.co_name)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        began = time.monotonic()
        time.sleep(0.2)
        print(round(time.monotonic() - began, 1))
    """
    same_as_python(tmp_path, source)


def test_a_handler_that_raises_ends_the_call(tmp_path):
    source = """
        import signal, os
        class Timeout(Exception): pass
        def handler(number, frame): raise Timeout
        signal.signal(signal.SIGALRM, handler)
        r, w = os.pipe()
        signal.alarm(1)
        try:
            os.read(r, 1)
        except Timeout:
            print("timed out")
        print(signal.alarm(0), signal.getsignal(signal.SIGPIPE), signal.getsignal(signal.SIGINT).__name__)
    """
    same_as_python(tmp_path, source)


def test_handlers_interrupt_locks_and_joins_in_the_main_thread(tmp_path):
    source = """
        import signal, threading, time
        signal.signal(signal.SIGALRM, lambda n, f: print("alarm"))
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        t = threading.Thread(target=time.sleep, args=(0.2,)); t.start()
        t.join()
        print("joined")
        def stop(n, f): raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        lock = threading.Lock(); lock.acquire()
        try:
            lock.acquire()
        except KeyboardInterrupt:
            print("interrupted")
    """
    same_as_python(tmp_path, source)


def test_raise_signal_and_kill_reach_the_handler_at_once(tmp_path):
    source = """
        import os, signal
        seen = []
        signal.signal(signal.SIGUSR1, lambda n, f: seen.append(n))
        signal.raise_signal(signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)
        print(len(seen))
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGUSR1)
        print(len(seen), signal.getsignal(signal.SIGUSR1))
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            print("interrupt")
        try:
            signal.signal(signal.SIGKILL, print)
        except OSError as error:
            print(error)
    """
    same_as_python(tmp_path, source)


def test_a_blocked_signal_waits_and_sigwait_takes_it(tmp_path):
    source = """
        import os, signal
        signal.signal(signal.SIGUSR1, lambda n, f: print("handled"))
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        os.kill(os.getpid(), signal.SIGUSR1)
        print(signal.sigpending())
        print(signal.sigwait({signal.SIGUSR1}))
        os.kill(os.getpid(), signal.SIGUSR1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        print("end")
    """
    same_as_python(tmp_path, source)


def test_the_wakeup_descriptor_gets_the_number(tmp_path):
    source = """
        import os, signal
        r, w = os.pipe()
        os.set_blocking(w, False)
        signal.set_wakeup_fd(w)
        signal.signal(signal.SIGUSR1, lambda n, f: None)
        os.kill(os.getpid(), signal.SIGUSR1)
        print(os.read(r, 10) == bytes([signal.SIGUSR1]))
    """
    same_as_python(tmp_path, source)


def test_another_process_of_the_host_is_killed(tmp_path):
    victim = write(
        tmp_path,
        """
        import os, time
        print(os.getpid(), flush=True)
        try:
            time.sleep(1000)
        finally:
            print("no last words")
        """,
        "victim.py",
    )
    killer = write(tmp_path, "import os, signal\nos.kill(100, signal.SIGTERM)\n", "killer.py")
    outcome = run_all(ProgramSpec("host", [str(victim)], "victim"), ProgramSpec("host", [str(killer)], "killer"))
    assert [process.status for process in outcome.processes] == [-15, 0]
    assert outcome.processes[0].stdout == "100\n"
    assert outcome.kind == "failed" and "victim on host was killed by SIGTERM" in outcome.message


def test_a_broken_pipe_is_an_error_in_python_and_kills_by_default(tmp_path):
    source = """
        import os, signal, sys
        r, w = os.pipe()
        os.close(r)
        try:
            os.write(w, b"x")
        except BrokenPipeError as error:
            print(error, flush=True)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.write(w, b"x")
        print("not reached")
    """
    process = same_as_python(tmp_path, source)
    assert process.status == -13


def test_signals_are_for_the_main_thread_only(tmp_path):
    source = """
        import signal, threading
        def other():
            try: signal.signal(signal.SIGUSR1, print)
            except ValueError as error: print(error)
        t = threading.Thread(target=other); t.start(); t.join()
    """
    same_as_python(tmp_path, source)
    assert output_of(tmp_path, "import signal\nprint(signal.strsignal(2))") == "Interrupt\n"
    assert run_one(tmp_path, "import signal\nsignal.raise_signal(15)").status == -15


def test_a_handler_that_raises_does_not_print_a_line_twice(tmp_path):
    source = """
        import _thread, threading
        t = threading.Thread(target=_thread.interrupt_main)
        try:
            t.start()
            for number in range(100):
                print(number)
            t.join()
        except KeyboardInterrupt:
            print("interrupted")
    """
    lines = output_of(tmp_path, source).splitlines()
    assert lines == [*map(str, range(len(lines) - 1)), "interrupted"]


def test_a_thread_that_interrupts_the_main_thread_and_ends_at_once_is_noticed(tmp_path):
    source = """
        import _thread, threading
        t = threading.Thread(target=_thread.interrupt_main)
        try:
            t.start()
            t.join()
            print("missed")
        except KeyboardInterrupt:
            print("interrupted")
    """
    assert output_of(tmp_path, source) == "interrupted\n"


def test_signals_are_waited_for_with_a_time_limit(tmp_path):
    source = """
        import os, signal, time
        wanted = {signal.SIGUSR1, signal.SIGALRM}
        signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
        signal.signal(signal.SIGUSR1, lambda *_: print("handled"))
        signal.signal(signal.SIGALRM, lambda *_: print("handled"))
        began = time.monotonic()
        print(signal.sigtimedwait(wanted, 0.05), time.monotonic() - began >= 0.05, signal.sigtimedwait(wanted, 0))
        os.kill(os.getpid(), signal.SIGUSR1)
        found = signal.sigtimedwait(wanted, 10)
        print(found.si_signo, found.si_code, found.si_pid == os.getpid(), found.si_uid == os.getuid())
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        print(signal.sigwaitinfo(wanted).si_signo, signal.sigpending())
        try:
            signal.sigtimedwait(wanted, -1)
        except ValueError as error:
            print(error)
    """
    same_as_python(tmp_path, source)


def test_no_child_can_be_waited_for_by_waitid_where_there_is_none(tmp_path):
    source = """
        import os
        for idtype in (os.P_ALL, os.P_PID):
            try:
                os.waitid(idtype, 1, os.WEXITED | os.WNOHANG)
            except ChildProcessError as error:
                print(error)
    """
    same_as_python(tmp_path, source)
