"""Threads, locks, queues and clocks of a simulated process, in virtual time."""

from running import output_of, run_one, same_as_python


def test_sleepers_wake_in_order_of_virtual_time(tmp_path):
    source = """
        import threading, time
        start = time.monotonic()
        def sleeper(seconds):
            time.sleep(seconds)
            print(seconds, round(time.monotonic() - start, 3))
        threads = [threading.Thread(target=sleeper, args=(s,)) for s in (300, 0.5, 20, 0.25)]
        for t in threads: t.start()
        for t in threads: t.join()
    """
    assert output_of(tmp_path, source) == "0.25 0.25\n0.5 0.5\n20 20.0\n300 300.0\n"


def test_locks_exclude_and_wait_with_time_limits(tmp_path):
    source = """
        import threading, time
        lock = threading.Lock()
        log = []
        def holder():
            with lock:
                log.append("held")
                time.sleep(0.2)
                log.append("freed")
        t = threading.Thread(target=holder); t.start()
        time.sleep(0.1)
        print(lock.acquire(False), lock.acquire(timeout=0.02), lock.locked(), log)
        print(lock.acquire(timeout=5), log)
        lock.release()
        try:
            lock.release()
        except RuntimeError as error:
            print(error)
        t.join()
        rlock = threading.RLock()
        with rlock, rlock:
            other = []
            t = threading.Thread(target=lambda: other.append(rlock.acquire(blocking=False)))
            t.start(); t.join()
        print(other, rlock.acquire(False))
    """
    same_as_python(
        tmp_path, source.replace("sleep(2)", "sleep(0.2)").replace("sleep(1)", "sleep(0.1)").replace("0.5", "0.02")
    )


def test_conditions_events_semaphores_barriers_and_timers(tmp_path):
    source = """
        import threading
        condition, items = threading.Condition(), []
        def consumer():
            with condition:
                condition.wait_for(lambda: len(items) == 3)
                print("consumed", items)
        t = threading.Thread(target=consumer); t.start()
        for number in range(3):
            with condition:
                items.append(number)
                condition.notify_all()
        t.join()
        event = threading.Event()
        print(event.wait(0.01))
        threading.Timer(0.02, event.set).start()
        print(event.wait())
        semaphore = threading.Semaphore(2)
        print(semaphore.acquire(), semaphore.acquire(), semaphore.acquire(timeout=0.01))
        barrier = threading.Barrier(3)
        done = []
        threads = [threading.Thread(target=lambda: done.append(barrier.wait() >= 0)) for _ in range(3)]
        for t in threads: t.start()
        for t in threads: t.join()
        print(done, threading.active_count(), threading.current_thread().name)
    """
    same_as_python(tmp_path, source)


def test_queues_of_every_sort(tmp_path):
    source = """
        import queue, threading
        for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue):
            q = kind()
            results = []
            def worker():
                while (item := q.get()) is not None:
                    results.append(item)
            first = lambda: results.append(q.get())
            t = threading.Thread(target=worker if kind is not queue.PriorityQueue else first)
            t.start()
            for item in (3, 1, 2):
                q.put(item)
            if kind is not queue.PriorityQueue:
                q.put(None)
            t.join()
            print(kind.__name__, len(results))
            try:
                q = kind()
                q.get(timeout=0.01)
            except queue.Empty:
                print("empty")
    """
    process = run_one(tmp_path, source)
    assert process.status == 0, process.stderr
    assert "SimpleQueue 3\nempty\n" in process.stdout


def test_thread_locals_are_apart(tmp_path):
    source = """
        import threading
        class Mine(threading.local):
            def __init__(self, start): self.count = start
        plain, mine = threading.local(), Mine(5)
        plain.name = "main"; mine.count += 1
        def other():
            print(hasattr(plain, "name"), mine.count, mine.__dict__)
            plain.name = "other"; mine.count = 0
        t = threading.Thread(target=other); t.start(); t.join()
        print(plain.name, mine.count)
    """
    same_as_python(tmp_path, source)


def test_an_exception_in_a_thread_is_printed_and_the_program_goes_on(tmp_path):
    source = """
        import threading
        def work():
            raise ValueError("in thread")
        t = threading.Thread(target=work, name="Worker"); t.start(); t.join()
        print("after")
    """
    same_as_python(tmp_path, source)


def test_the_program_waits_for_its_threads_but_not_for_daemons(tmp_path):
    source = """
        import threading, time
        def work(seconds):
            try:
                time.sleep(seconds)
                print("slept", seconds)
            finally:
                if seconds > 1: print("never printed")
        threading.Thread(target=work, args=(0.05,)).start()
        threading.Thread(target=work, args=(5000,), daemon=True).start()
        print("main done")
    """
    assert output_of(tmp_path, source) == "main done\nslept 0.05\n"


def test_printing_threads_do_not_collide_in_the_buffer(tmp_path):
    source = """
        import threading, sys
        def talk(name):
            for number in range(50):
                print(name, number)
        threads = [threading.Thread(target=talk, args=(n,)) for n in "abc"]
        for t in threads: t.start()
        for t in threads: t.join()
    """
    lines = output_of(tmp_path, source).splitlines()
    assert sorted(lines) == sorted(f"{name} {number}" for name in "abc" for number in range(50))


def test_clocks_agree_and_polling_makes_progress(tmp_path):
    source = """
        import datetime, time
        began = time.time()
        while time.time() < began + 0.01:
            pass
        print(abs(time.time() - datetime.datetime.now().timestamp()) < 0.001)
        print(time.time_ns() // 10**9 == int(time.time()))
        print(time.localtime().tm_year, time.tzname, time.mktime(time.gmtime(86400)), time.ctime(0))
        t = time.perf_counter(); time.sleep(1.5); print(round(time.perf_counter() - t, 3))
        for wrong in (-1, float("nan")):
            try: time.sleep(wrong)
            except ValueError as error: print(error)
    """
    assert output_of(tmp_path, source).splitlines() == [
        "True",
        "True",
        "2026 ('UTC', 'UTC') 86400.0 Thu Jan  1 00:00:00 1970",
        "1.5",
        "sleep length must be non-negative",
        "Invalid value NaN (not a number)",
    ]


def test_an_import_in_two_threads_runs_the_module_once(tmp_path):
    (tmp_path / "slow.py").write_text("import time\nprint('loading')\ntime.sleep(1)\nvalue = 7\n")
    source = """
        import threading
        def load():
            import slow
            print(slow.value)
        threads = [threading.Thread(target=load) for _ in range(2)]
        for t in threads: t.start()
        for t in threads: t.join()
    """
    assert output_of(tmp_path, source) == "loading\n7\n7\n"


def test_functions_of_the_stand_ins_are_no_methods_when_a_class_holds_them(tmp_path):
    source = """
        import _thread, os, queue, sys, time
        class Holder:
            clock, lock, pid = time.monotonic, _thread.allocate_lock, os.getpid
        print(Holder().clock() > 0, Holder().lock().locked(), Holder().pid() == os.getpid())
        del sys.modules["_thread"], sys.modules["queue"], sys.modules["time"]
        import _thread as again, queue as other, time as clock
        print(again is _thread, other.SimpleQueue.__module__, clock is time)
        try:
            sys.modules.pop("_queue"); import _queue
        except ImportError as error:
            print("blocked")
    """
    assert output_of(tmp_path, source) == "True False True\nTrue queue True\nblocked\n"


def test_thread_locals_stay_apart_while_their_init_sleeps(tmp_path):
    source = """
        import threading, time
        class Slow(threading.local):
            def __init__(self): time.sleep(0.01)
        slow, bad = Slow(), []
        def work(i):
            slow.x = i
            if slow.x != i: bad.append(i)
        threads = [threading.Thread(target=work, args=(i,)) for i in range(10)]
        for t in threads: t.start()
        for t in threads: t.join()
        print(bad)
    """
    same_as_python(tmp_path, source)


def test_processor_time_leaves_out_waiting(tmp_path):
    source = """
        import time
        a, b = time.process_time(), time.thread_time()
        time.sleep(5)
        print(time.process_time() - a < 0.01, time.thread_time() - b < 0.01)
    """
    assert output_of(tmp_path, source) == "True True\n"


def test_what_a_thread_ran_is_let_go_when_it_ends(tmp_path):
    source = """
        import threading, time, weakref
        class Held:
            def __del__(self):
                print("gone", threading.current_thread() is threading.main_thread())
        class Own(threading.Thread):
            def run(self):
                self.held = Held()
                time.sleep(0.05)
        Own(name="own").start()
        time.sleep(0.1)
        timer = threading.Timer(0.05, Held)
        timer.held, timer.name = Held(), "timer"
        timer.start()
        alive = weakref.ref(timer)
        del timer
        time.sleep(0.2)
        print(alive() is None)
        _thread = __import__("_thread")
        def function(held):
            time.sleep(0.05)
        _thread.start_new_thread(function, (Held(),))
        time.sleep(0.1)
        print("end")
    """
    same_as_python(tmp_path, source)
