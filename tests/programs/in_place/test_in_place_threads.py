"""Threads, locks and queues of functions in place: simulated inside, shared with the test outside."""

import asyncio
import ctypes
import errno
import gc
import os
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from in_place_running import result_of, run_on

from farhost import Network, RunFailed


def test_threads_of_a_function_run_in_virtual_time():
    def work():
        woken = []

        def sleeper(seconds):
            time.sleep(seconds)
            woken.append(seconds)

        threads = [threading.Thread(target=sleeper, args=(seconds,)) for seconds in (300, 0.5, 20)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return woken, round(time.monotonic() - began, 2), [thread.is_alive() for thread in threads]

    began = time.perf_counter()
    assert result_of(work) == ([0.5, 20, 300], 300.0, [False, False, False])
    assert time.perf_counter() - began < 60


def test_the_present_thread_is_the_functions_own():
    outside = threading.current_thread(), threading.get_ident(), threading.main_thread(), threading.active_count()

    def who():
        seen = []
        thread = threading.Thread(target=lambda: seen.append((threading.current_thread(), threading.get_ident())))
        thread.start()
        thread.join()
        me = threading.current_thread()
        return (
            me,
            threading.get_ident(),
            seen[0],
            thread,
            threading.main_thread() is me,
            threading.enumerate() == [me],
        )

    one, other = run_on(who, who)
    idents = set()
    for me, ident, (inner, inner_ident), thread, is_main, alone in (one.result, other.result):
        assert (me.name, is_main, alone) == ("MainThread", True, True)
        assert inner is thread
        idents |= {ident, inner_ident}
    assert len(idents | {outside[1]}) == 5
    assert outside == (
        threading.current_thread(),
        threading.get_ident(),
        threading.main_thread(),
        threading.active_count(),
    )


class Slow(threading.local):
    def __init__(self, start):
        self.count = start


PLAIN, COUNTED = threading.local(), Slow(5)


def test_thread_locals_made_at_import_differ_by_simulated_thread():
    PLAIN.name = "outside"
    COUNTED.count = 7

    def work():
        def other():
            seen.append((hasattr(PLAIN, "name"), COUNTED.count))
            PLAIN.name = COUNTED.count = "thread"
            time.sleep(1)
            seen.append((PLAIN.name, COUNTED.count))

        seen = [(hasattr(PLAIN, "name"), COUNTED.count)]
        PLAIN.name = COUNTED.count = "main"
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.5)
        seen.append((PLAIN.name, COUNTED.count))
        thread.join()
        return seen

    expected = [(False, 5), (False, 5), ("main", "main"), ("thread", "thread")]
    assert [program.result for program in run_on(work, work)] == [expected, expected]
    assert (PLAIN.name, COUNTED.count) == ("outside", 7)


def test_a_queue_made_by_the_test_joins_functions_on_different_hosts():
    network = Network()
    things = queue.Queue(maxsize=1)

    def produce():
        for number in range(5):
            things.put(number, timeout=30)
            time.sleep(1)
        things.put(None)

    def consume():
        found = []
        while (thing := things.get(timeout=10)) is not None:
            found.append((thing, round(time.monotonic() - began, 1)))
        return found

    began = 3600.0
    network.host("a").start(produce)
    consumer = network.host("b").start(consume)
    network.run()
    assert consumer.result == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]
    assert things.empty()
    things.put("outside")
    assert things.get() == "outside"


@pytest.mark.parametrize("kind", ["Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"])
def test_queues_of_every_sort(kind):
    network = Network()
    things = getattr(queue, kind)()

    def consume():
        with pytest.raises(queue.Empty):
            things.get(timeout=0.5)
        return things.get()

    def produce():
        time.sleep(1)
        things.put(7)

    consumer = network.host("a").start(consume)
    network.host("b").start(produce)
    network.run()
    assert consumer.result == 7


OLD_QUEUE, OLD_EVENT, OLD_LOCK = queue.Queue(), threading.Event(), threading.Lock()


def test_queues_and_events_made_before_the_network_work_too():
    OLD_EVENT.clear()

    def wait():
        assert not OLD_EVENT.wait(0.25)
        assert OLD_EVENT.wait()
        return OLD_QUEUE.get(timeout=60)

    def send():
        time.sleep(1)
        OLD_EVENT.set()
        time.sleep(1)
        OLD_QUEUE.put("late")

    assert run_on(wait, send)[0].result == "late"


def test_locks_exclude_in_the_order_of_arrival():
    network = Network()
    lock, log = threading.Lock(), []

    def hold(name):
        for turn in range(3):
            with lock:
                log.append(f"{name}{turn}")
                time.sleep(1)

    for name in "abc":
        network.host(name).start(hold, name)
    network.run()
    assert log == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]
    assert not lock.locked()


def test_locks_have_time_limits_in_virtual_time():
    network = Network()
    lock, rlock = threading.Lock(), threading.RLock()

    def hold():
        with lock, rlock, rlock:
            time.sleep(10)

    def take():
        began = time.monotonic()
        found = [
            lock.acquire(False),
            lock.acquire(timeout=2),
            rlock.acquire(timeout=1),
            round(time.monotonic() - began, 1),
        ]
        found += [lock.acquire(), rlock.acquire(), round(time.monotonic() - began)]
        lock.release()
        rlock.release()
        with pytest.raises(RuntimeError):
            lock.release()
        with pytest.raises(RuntimeError):
            rlock.release()
        return found

    network.host("a").start(hold)
    taker = network.host("b").start(take)
    network.run()
    assert taker.result == [False, False, False, 3.0, True, True, 10]


def test_conditions_semaphores_barriers_and_timers():
    def work():
        found = []
        condition, barrier = threading.Condition(), threading.Barrier(3)
        semaphore = threading.Semaphore(2)

        def consumer():
            with condition:
                condition.wait_for(lambda: len(found) == 3)
            found.append("consumed")

        thread = threading.Thread(target=consumer)
        thread.start()
        for number in range(3):
            with condition:
                found.append(number)
                condition.notify_all()
        thread.join()
        event = threading.Event()
        threading.Timer(5, event.set).start()
        found += [event.wait(1), event.wait(), semaphore.acquire(), semaphore.acquire(), semaphore.acquire(timeout=1)]
        threads = [threading.Thread(target=barrier.wait) for _ in range(2)]
        for thread in threads:
            thread.start()
        barrier.wait()
        for thread in threads:
            thread.join()
        return found

    assert result_of(work) == [0, 1, 2, "consumed", False, True, True, True, False]


def test_pools_of_two_functions_work_and_are_shut_at_the_end():
    def work():
        pool = ThreadPoolExecutor(2)
        futures = [pool.submit(time.sleep, seconds) for seconds in (3, 1, 2)]
        for future in futures:
            future.result()
        return round(time.monotonic() - 3600, 1)

    assert [program.result for program in run_on(work, work, work)] == [3.0, 3.0, 3.0]
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(threading.get_ident).result() != threading.get_ident()


def test_the_process_waits_for_its_threads_but_not_for_daemons():
    log = []

    def work():
        threading.Thread(target=lambda: (time.sleep(5), log.append("slept"))).start()
        threading.Thread(target=lambda: (time.sleep(50), log.append("never")), daemon=True).start()

    run_on(work)
    assert log == ["slept"]


def test_a_thread_made_outside_can_be_started_inside():
    network = Network()
    log = []
    thread = threading.Thread(target=lambda: (time.sleep(5), log.append(threading.get_ident())))

    def work():
        thread.start()
        thread.join()
        return thread.ident, thread.is_alive()

    program = network.host("a").start(work)
    network.run()
    assert program.result == (log[0], False)
    assert not thread.is_alive()
    thread.join()


def test_who_is_left_with_a_lock_at_the_end_of_the_run_does_not_keep_it():
    network = Network()
    lock, condition = threading.Lock(), threading.Condition()

    def hold():
        lock.acquire()
        with condition:
            condition.wait()

    network.host("a").start(hold)
    with pytest.raises(RunFailed, match=r"a waits in lock\(\)"):
        network.run()
    assert not lock.locked()
    with lock, condition:
        pass


def test_after_a_run_there_is_no_thread_of_it_left():
    before = threading.enumerate()

    def work():
        thread = threading.Thread(target=threading.Event().wait, daemon=True)
        thread.start()
        time.sleep(1)
        return thread

    thread = result_of(work)
    assert threading.enumerate() == before
    assert not thread.is_alive()
    thread.join()


def test_locks_made_outside_of_the_life_of_networks_are_the_systems():
    gc.collect()  # Networks that other tests have dropped, in cycles with exceptions, are over then.
    kinds = [type(threading.Lock()), type(threading.RLock()), type(queue.SimpleQueue())]
    network = Network()
    assert not set(kinds) & {type(threading.Lock()), type(threading.RLock()), type(queue.SimpleQueue())}
    network.close()
    assert [type(threading.Lock()), type(threading.RLock()), type(queue.SimpleQueue())] == kinds


def test_a_real_thread_and_the_test_share_a_lock_while_a_network_lives():
    with Network():
        lock, passed = threading.Lock(), []
        with lock:
            thread = threading.Thread(target=lambda: (lock.acquire(), passed.append(1), lock.release()))
            thread.start()
            assert not thread.join(0.05)
            assert passed == []
        thread.join()
        assert passed == [1]


def test_an_ident_is_no_thread_to_the_c_library():
    def ask():
        library = ctypes.CDLL(None)
        library.pthread_getname_np.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
        error = library.pthread_getname_np(threading.get_ident(), ctypes.create_string_buffer(64), 64)
        with pytest.raises(ProcessLookupError):
            time.pthread_getcpuclockid(threading.get_ident())
        return error, threading.get_ident(), threading.get_native_id() == os.getpid()

    first, second = (result_of(ask) for _ in range(2))
    assert first[0] in (errno.ENOENT, errno.ESRCH)
    assert first == second
    assert first[2]


def test_a_thread_that_an_unwound_loop_would_start_is_none():
    before = threading.enumerate()
    network = Network()
    server, client = network.host("server"), network.host("client")

    async def serve():
        async with await asyncio.start_server(lambda reader, writer: writer.close(), "", 5000) as listening:
            await listening.serve_forever()

    async def ask():
        reader, writer = await asyncio.open_connection("server", 5000)
        assert await reader.read() == b""
        writer.close()

    server.start(serve)
    client.start(ask)
    network.run()
    assert threading.enumerate() == before
