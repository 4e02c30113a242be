"""asyncio in functions in place: a loop for each function, self-pipes, executors, servers at rest, debug mode."""

import asyncio
import contextlib
import logging
import socket
import sys
import threading
import time
import warnings

import pytest
from in_place_running import run_on

from farhost import Network


async def echo(reader, writer):
    while data := await reader.read(100):
        writer.write(data.upper())
        await writer.drain()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def serve_for_ever():
    server = await asyncio.start_server(echo, None, 5000)
    async with server:
        await server.serve_forever()


async def ask(host, *words):
    reader, writer = await asyncio.open_connection(host, 5000)
    found = []
    for word in words:
        writer.write(word)
        found.append(await reader.readexactly(len(word)))
    writer.close()
    await writer.wait_closed()
    return found


def test_several_functions_run_loops_of_their_own_at_one_time(caplog):
    network = Network()
    server = network.host("server")
    clients = [network.host(f"client{number}") for number in range(3)]
    network.link_all(delay="10ms")
    server.start(serve_for_ever)
    programs = [client.start(ask, "server", b"one", b"two") for client in clients]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network.run()
    assert [program.result for program in programs] == [[b"ONE", b"TWO"]] * 3
    assert caplog.records == []


def test_the_running_loop_is_the_functions_own():
    async def look(other_side):
        loop = asyncio.get_running_loop()
        seen = set()
        for _ in range(20):
            await asyncio.sleep(0.01)
            seen.add(asyncio.get_running_loop() is loop)
            seen.add(asyncio.get_event_loop() is loop)
            seen.add(asyncio.current_task().get_coro().__name__ == "look")
            seen.add(len(asyncio.all_tasks()) == 1)
        return seen

    network = Network()
    programs = [network.host(name).start(look, name) for name in "abc"]
    network.run()
    assert [program.result for program in programs] == [{True}] * 3


def test_a_run_inside_a_running_loop_leaves_that_alone():
    async def test():
        loop = asyncio.get_running_loop()
        hooks = sys.get_asyncgen_hooks()
        results = [program.result for program in run_on(lambda: asyncio.run(asyncio.sleep(1, "slept")), time.time)]
        assert asyncio.get_running_loop() is loop
        assert sys.get_asyncgen_hooks() == hooks
        await asyncio.sleep(0)
        return results

    assert asyncio.run(test()) == ["slept", 1767225600.00001]


def test_threads_reach_a_loop_and_its_executor():
    async def work():
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()
        log = []

        def elsewhere():
            time.sleep(3)
            log.append((threading.get_ident() != main, round(loop.time() - began, 2)))
            loop.call_soon_threadsafe(arrived.set)
            return "from a thread"

        main, began = threading.get_ident(), loop.time()
        result = await loop.run_in_executor(None, elsewhere)
        await arrived.wait()
        addresses = await loop.getaddrinfo("host2", 80, type=socket.SOCK_STREAM)
        threaded = await asyncio.to_thread(lambda: (time.sleep(1), threading.get_ident() != main)[1])
        return result, log, addresses[0][4][0], threaded, round(loop.time() - began, 1)

    one, other = run_on(work, work)
    assert one.result[:2] == other.result[:2] == ("from a thread", [(True, 3.0)])
    assert one.result[2:] == ("fd00::2", True, 4.0)


def test_asynchronous_generators_are_finished_by_the_loop_they_belong_to():
    async def work(name):
        async def count():
            try:
                for number in range(10):
                    await asyncio.sleep(0.01)
                    yield number
            finally:
                ended.append(name)

        async for number in count():
            if number == 3:
                break
        await asyncio.sleep(1)
        return name

    ended = []
    network = Network()
    for name in "ab":
        network.host(name).start(work, name)
    network.run()
    assert sorted(ended) == ["a", "b"]


def test_time_limits_and_cancellation():
    async def work():
        began = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.open_connection("host2", 80), 5)
        task = asyncio.create_task(asyncio.sleep(100))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return round(time.monotonic() - began, 1)

    network = Network()
    program = network.host("host1").start(work)
    network.host("host2")
    network.partition("host1", "host2")
    network.run()
    assert program.result == 6.0


def test_datagrams_and_debug_mode():
    class Collect(asyncio.DatagramProtocol):
        def __init__(self):
            self.came = asyncio.get_running_loop().create_future()

        def datagram_received(self, data, address):
            self.came.set_result((data, address[0]))

    async def receive():
        transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            Collect, local_addr=("0.0.0.0", 5000)
        )
        found = await protocol.came
        transport.close()
        return found

    async def send():
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("10.0.0.1", 5000)
        )
        transport.sendto(b"hello")
        transport.close()

    receiver, _ = run_on(lambda: asyncio.run(receive(), debug=True), lambda: asyncio.run(send(), debug=True))
    assert receiver.result == (b"hello", "10.0.0.2")


def test_a_unix_server_makes_its_file_on_the_host_alone(tmp_path):
    path = tmp_path / "asyncio.sock"

    async def serve():
        server = await asyncio.start_unix_server(echo, path)
        async with server:
            await server.serve_forever()

    async def connect():
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"quiet")
        answer = await reader.readexactly(5)
        writer.close()
        await writer.wait_closed()
        return answer, path.is_socket(), [entry.name for entry in tmp_path.iterdir()]

    _, client = run_on(serve, connect, hosts=["box", "box"])
    assert client.result == (b"QUIET", True, ["asyncio.sock"])
    assert list(tmp_path.iterdir()) == []


def test_a_loop_left_by_force_says_nothing(caplog):
    caplog.set_level(logging.DEBUG, "asyncio")

    async def work():
        asyncio.get_running_loop().create_task(serve_for_ever())
        tasks = [asyncio.create_task(asyncio.sleep(1000)) for _ in range(3)]
        await asyncio.wait(tasks)

    network = Network()
    network.host("a").start(work)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        network.run("5s", check=False)
    assert [str(one.message) for one in heard] == []
    assert [record.getMessage() for record in caplog.records if "selector" not in record.getMessage()] == []
