"""A loop in curio's manner, in sixty lines: generators yield traps; an epoll object and timers wake them."""

import heapq
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Generator
from itertools import count

Task = Generator[tuple, object, object]


class Kernel:
    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.ready: deque[tuple[Task, object]] = deque()
        self.waiting: dict[int, Task] = {}
        self.sleeping: list[tuple[float, int, Task]] = []
        self.ordinals = count()
        self.alive = 0

    def spawn(self, task: Task) -> None:
        self.alive += 1
        self.ready.append((task, None))

    def run(self) -> None:
        while self.alive:
            self.wait()
            for _ in range(len(self.ready)):
                task, value = self.ready.popleft()
                try:
                    trap, *arguments = task.send(value)
                except StopIteration:
                    self.alive -= 1
                else:
                    getattr(self, f"trap_{trap}")(task, *arguments)

    def wait(self) -> None:
        timeout = 0 if self.ready else -1
        if self.sleeping and not self.ready:
            timeout = max(0, self.sleeping[0][0] - time.monotonic())
        for number, events in self.epoll.poll(timeout):
            self.epoll.unregister(number)
            self.ready.append((self.waiting.pop(number), events))
        while self.sleeping and self.sleeping[0][0] <= time.monotonic():
            self.ready.append((heapq.heappop(self.sleeping)[2], None))

    def trap_io(self, task: Task, sock: socket.socket, events: int) -> None:
        self.epoll.register(sock, events | select.EPOLLONESHOT)
        self.waiting[sock.fileno()] = task

    def trap_sleep(self, task: Task, seconds: float) -> None:
        heapq.heappush(self.sleeping, (time.monotonic() + seconds, next(self.ordinals), task))

    def trap_spawn(self, task: Task, function: Callable[..., Task], *arguments: object) -> None:
        self.spawn(function(*arguments))
        self.ready.append((task, None))


def when_ready(sock: socket.socket, events: int, call: Callable, *arguments: object) -> Task:
    while True:
        try:
            return call(*arguments)
        except BlockingIOError:
            yield "io", sock, events
