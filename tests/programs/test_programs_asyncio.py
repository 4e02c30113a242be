"""asyncio in worlds: one order on every run, loops in threads, and C's futures and tasks where worlds have them."""

import subprocess
import sys

import pytest
from running import output_of, run_all, same_as_python, write

from farhost.network.network import Network
from farhost.programs.run import ProgramSpec
from farhost.programs.world import HAS_ASYNCIO
from farhost.trace.hashes import HashSink
from farhost.trace.tracer import Tracer

ORDERS = """
import asyncio, random, sys

async def work(number, delay):
    await asyncio.sleep(delay)
    return number

async def main():
    # What lies between the futures in memory is another thing in each run.
    junk = [bytearray(size) for size in map(int, sys.argv[1:])]
    def tasks(delays):
        made = []
        for number, delay in enumerate(delays):
            made.append(asyncio.create_task(work(number, delay), name=f"task {number}"))
            junk.append(bytearray(len(junk) * 97 % 1009))
        return made
    same = [0.01] * 20
    print("as_completed", [await one for one in asyncio.as_completed(tasks(same))])
    print("as_completed", [await one for one in asyncio.as_completed([work(n, 0) for n in range(20)])])
    done, pending = await asyncio.wait(tasks(same))
    print("wait", [task.get_name() for task in done], pending)
    done, pending = await asyncio.wait(tasks([0.01, 0.02] * 10), return_when=asyncio.FIRST_COMPLETED)
    print("wait", [task.result() for task in done], [task.get_name() for task in pending])
    done, pending = await asyncio.wait(tasks([0.5] * 20), timeout=0.1)
    print("wait", done, [task.get_name() for task in pending])
    print("gather", await asyncio.gather(*tasks(same)))
    print("set", [task.get_name() for task in set(tasks(same))])
    print("all_tasks", [task.get_name() for task in asyncio.all_tasks()])
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(20)]
    for future in futures:
        loop.call_soon(future.set_result, futures.index(future))
    done, _ = await asyncio.wait(futures)
    print("futures", [future.result() for future in done])
    order = []
    async def cancelled(number):
        try:
            await asyncio.sleep(10)
        finally:
            order.append(number)
    try:
        async with asyncio.timeout(0.1):
            async with asyncio.TaskGroup() as group:
                for number in range(10):
                    group.create_task(cancelled(number))
    except TimeoutError:
        print("cancelled", order)
    left = [asyncio.create_task(cancelled(number)) for number in range(10, 20)]
    await asyncio.sleep(0)
    return order

print("at the end", asyncio.run(main()))
"""


def ordered(folder, *arguments):
    """What the script of orders prints, in a process of its own: with other addresses each time."""
    path = write(folder, ORDERS)
    command = [sys.executable, "-m", "farhost", "run", " ".join(["box=" + str(path), *arguments]), "--format", "json"]
    # Without the start that steadies hash seed and addresses (`farhost.cli.main`), as other callers of a run are.
    program = f"import sys; from farhost.cli.run import run; sys.argv[1:] = {command[4:]!r}; run()"
    environment = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "random"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    import json

    found = json.loads(done.stdout)
    assert found["processes"][0]["status"] == 0, found["processes"][0]["stderr"]
    return found["processes"][0]["stdout"]


def test_as_completed_wait_and_gather_have_one_order_whatever_the_addresses(tmp_path):
    first = ordered(tmp_path)
    assert ordered(tmp_path) == first
    assert ordered(tmp_path, "100", "5000", "33", "70000") == first
    assert ordered(tmp_path, *map(str, range(1, 3000, 7))) == first
    lines = first.splitlines()
    in_order = list(range(20))
    assert lines[0] == f"as_completed {in_order}"
    assert lines[1] == f"as_completed {in_order}"
    assert lines[5] == f"gather {in_order}"


def test_orders_are_those_of_the_pure_futures_too(tmp_path, monkeypatch):
    """Where C's futures cannot be had, and elsewhere: one trace."""
    if not HAS_ASYNCIO:
        pytest.skip("this Python's _asyncio is one for all worlds: they have the pure one")
    path = write(tmp_path, ORDERS)

    def run():
        hashes = HashSink()
        outcome = run_all(ProgramSpec("box", [str(path)]), network=Network(1, Tracer(hashes)))
        return outcome.processes[0].stdout, hashes.result()

    with_c = run()
    monkeypatch.setattr("farhost.programs.world.HAS_ASYNCIO", False)
    assert run() == with_c


LOOPS = """
import asyncio, threading

async def main(name):
    assert asyncio.get_running_loop() is loops[name]
    task = asyncio.current_task()
    for _ in range(3):
        await asyncio.sleep(0.01)
        assert asyncio.get_running_loop() is loops[name] and asyncio.current_task() is task
        assert asyncio.all_tasks() == {task}
        future = asyncio.Future()
        assert future.get_loop() is loops[name]
        loops[name].call_later(0.01, future.set_result, name)
        assert await future == name

loops = {}
def run(name):
    loops[name] = asyncio.new_event_loop()
    loops[name].run_until_complete(main(name))
    loops[name].close()
    try:
        asyncio.get_running_loop()
    except RuntimeError as error:
        print(name, error)

threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
run("main")
"""


def test_loops_in_threads_of_one_process_keep_apart(tmp_path):
    assert output_of(tmp_path, LOOPS) == "".join(f"{n} no running event loop\n" for n in (0, 1, 2, "main"))


CLASSES = """
import asyncio, asyncio.exceptions, asyncio.futures, asyncio.tasks

class Own(asyncio.Future):
    pass

async def coroutine():
    await asyncio.sleep(0)
    raise asyncio.CancelledError("why")

async def main():
    loop = asyncio.get_running_loop()
    future, task = loop.create_future(), asyncio.create_task(coroutine(), name="x")
    print(future, isinstance(future, asyncio.Future), isinstance(task, asyncio.Future))
    print(asyncio.isfuture(task), issubclass(asyncio.Task, asyncio.Future), isinstance(Own(), asyncio.Future))
    try:
        await task
    except asyncio.CancelledError as error:
        print(type(error) is asyncio.exceptions.CancelledError, error.args, task.cancelled())
    try:
        future.result()
    except asyncio.InvalidStateError as error:
        print(type(error) is asyncio.exceptions.InvalidStateError)
    future.set_result(5)
    try:
        future.set_result(6)
    except asyncio.InvalidStateError:
        print("invalid state")
    print(await future, future.done(), future)
    own = Own(loop=loop)
    loop.call_soon(own.set_exception, KeyError("x"))
    try:
        await own
    except KeyError as error:
        print(repr(error))
    outer = asyncio.shield(asyncio.sleep(0.01, 7))
    print(await asyncio.wait_for(outer, 1))
    for wrong in (lambda: asyncio.Task(5), lambda: asyncio.Task(None, loop=loop)):
        try:
            wrong()
        except TypeError as error:
            print(error)
    try:
        asyncio.Future(1)
    except TypeError:
        print("TypeError")

asyncio.run(main())
try:
    asyncio.current_task()
except RuntimeError as error:
    print(error)
"""


def test_futures_and_tasks_are_as_in_cpython(tmp_path):
    same_as_python(tmp_path, CLASSES)


def test_futures_and_tasks_are_as_in_cpython_where_c_has_them(tmp_path):
    if not HAS_ASYNCIO:
        pytest.skip("this Python's _asyncio is one for all worlds: they have the pure one")
    source = "import asyncio, _asyncio; print(asyncio.Future is _asyncio.Future, asyncio.Task, asyncio.Future)"
    same_as_python(tmp_path, source)


def test_two_processes_share_no_tasks_and_no_exceptions(tmp_path):
    source = """
        import asyncio, sys, time
        async def main():
            tasks = [asyncio.create_task(asyncio.sleep(0.5), name=f"{sys.argv[1]} {n}") for n in range(3)]
            await asyncio.sleep(0.1)
            print(sorted(task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}))
            time.sleep(0.1)
            tasks[0].cancel()
            print([type(one).__name__ for one in await asyncio.gather(*tasks, return_exceptions=True)])
        asyncio.run(main())
    """
    path = str(write(tmp_path, source))
    outcome = run_all(*(ProgramSpec(name, [path, name], name) for name in ("one", "two")))
    for process in outcome.processes:
        names = [f"{process.name} {n}" for n in range(3)]
        assert process.stdout == f"{names}\n['CancelledError', 'NoneType', 'NoneType']\n", process.stderr
