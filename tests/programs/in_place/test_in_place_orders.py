"""asyncio in functions in place: one order of futures and tasks on every run, whatever their addresses."""

import asyncio
import gc

from in_place_running import result_of


async def work(number, delay):
    await asyncio.sleep(delay)
    return number


def names(tasks):
    return [task.get_name() for task in tasks]


async def orders(junk):
    """Everything that asyncio makes of a set, in order; `junk` keeps memory between the tasks, more on each run."""

    def tasks(delays):
        made = []
        for number, delay in enumerate(delays):
            junk.append(bytearray(len(junk) * 97 % 1009))
            made.append(asyncio.create_task(work(number, delay), name=f"task {number}"))
        return made

    said = [[await one for one in asyncio.as_completed([work(number, 0) for number in range(20)])]]
    said.append([await one for one in asyncio.as_completed(tasks([0.01] * 20))])
    for delays, when, timeout in (
        ([0.01] * 20, asyncio.ALL_COMPLETED, None),
        ([0.01, 0.02] * 10, asyncio.FIRST_COMPLETED, None),
        ([0.5] * 20, asyncio.ALL_COMPLETED, 0.1),
    ):
        done, pending = await asyncio.wait(tasks(delays), return_when=when, timeout=timeout)
        said.append((names(done), names(pending)))
    said.append(await asyncio.gather(*tasks([0.01] * 20)))
    asyncio.current_task().set_name("main")  # Tasks without a name are counted through the whole interpreter.
    said.append(names(asyncio.all_tasks()))
    order = []

    async def cancelled(number):
        try:
            await asyncio.sleep(10)
        finally:
            order.append(number)

    try:
        async with asyncio.timeout(0.1), asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(cancelled(number))
    except TimeoutError:
        said.append(order)
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(20)]
    for number, future in enumerate(futures):
        loop.call_soon(future.set_result, number)
    done, _ = await asyncio.wait(futures)
    said.append([future.result() for future in done])
    return said


def test_as_completed_wait_and_gather_have_one_order_whatever_the_addresses():
    junk = []

    def one_run():
        return asyncio.run(orders(junk))

    first = result_of(one_run)
    for _ in range(4):
        junk.extend(object() for _ in range(1001))
        gc.collect()
        assert result_of(one_run) == first
    in_order = list(range(20))
    assert first[0] == first[5] == sorted(first[1]) == in_order


def test_the_classes_are_those_of_asyncio_inside_and_outside():
    outside = asyncio.new_event_loop()
    before = outside.create_future()

    async def inside():
        future, task = asyncio.get_running_loop().create_future(), asyncio.current_task()

        class Own(asyncio.Future):
            pass

        return [
            isinstance(future, asyncio.Future),
            isinstance(task, asyncio.Task) and isinstance(task, asyncio.Future),
            isinstance(before, asyncio.Future),
            issubclass(asyncio.Task, asyncio.Future),
            isinstance(Own(), asyncio.Future) and not isinstance(future, Own),
            asyncio.isfuture(future) and asyncio.isfuture(task),
            repr(future) == "<Future pending>",
            repr(task).startswith("<Task pending name="),
        ]

    assert result_of(inside) == [True] * 8
    assert type(before).__module__ == "_asyncio"
    assert isinstance(before, asyncio.Future) and not isinstance(before, asyncio.Task)
    assert outside.run_until_complete(asyncio.wait_for(outside.run_in_executor(None, len, "abc"), 5)) == 3
    outside.run_until_complete(outside.shutdown_default_executor())
    outside.close()
