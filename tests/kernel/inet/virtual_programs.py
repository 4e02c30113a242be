"""Programs that wait, for tests of blocking calls: tasks of the scheduler that make system calls on a kernel.

A small `farhost.programs.trap`: try, register, park, try again, with the time limit of `Blocked`.
"""

import os

from farhost.kernel.syscalls.table import FUNCTIONS
from farhost.kernel.waiting import Blocked, GiveUp, KernelError, Waiter
from farhost.network.network import Network

SECOND_NS = 10**9


class Program:
    """One process with one thread, whose calls wait."""

    def __init__(self, network, host, name="program"):
        self.scheduler = network.scheduler
        self.kernel = host.kernel
        self.process = self.kernel.spawn_process(name)
        self.thread = self.process.add_thread()
        self.sigpipes = 0
        self.error = None
        self.result = None

    def start(self, function, *arguments):
        """Run `function(self, ...)` as a task; its result or exception is kept, and the process ends with it."""

        def body():
            try:
                self.result = function(self, *arguments)
            except Exception as error:
                self.error = error
            self.kernel.exit_process(self.process, 0)
            self.kernel.softirq()

        self.task = self.scheduler.spawn(self.thread.process.name, body)
        return self

    def sleep(self, delay_ns):
        """Let time pass."""
        task = self.scheduler.current
        self.scheduler.call_at(self.scheduler.now_ns + delay_ns, self.scheduler.wake, task)
        self.scheduler.park()

    def __getattr__(self, name):
        function = FUNCTIONS[name]

        def call(*arguments):
            try:
                result = function(self.thread, *arguments)
                self.kernel.softirq()
                while isinstance(result, Blocked):
                    result = self._wait(result)
                    self.kernel.softirq()
            except KernelError as error:
                self.kernel.softirq()
                self.sigpipes += error.sigpipe
                raise OSError(error.errno, os.strerror(error.errno)) from None
            finally:
                self.thread.let_go()
            return result

        return call

    def _wait(self, blocked):
        task = self.scheduler.current
        causes = []

        def wake(why):
            if causes:
                return False
            causes.append(why)
            self.scheduler.wake(task)
            return True

        waiters = [(queue, Waiter(mask, lambda bits: wake("ready"))) for queue, mask in blocked.waits]
        for queue, waiter in waiters:
            queue.add(waiter)
        timer = None
        if blocked.deadline_ns is not None:
            timer = self.scheduler.call_at(blocked.deadline_ns, wake, "timeout")
        while not causes:
            self.scheduler.park()
        for queue, waiter in waiters:
            queue.remove(waiter)
        if timer is not None:
            timer.cancel()
        return blocked.retry() if causes[0] == "ready" else blocked.give_up(GiveUp.TIMED_OUT)


def run(network, *programs, until_ns=None):
    """Run until nothing is left to do; raise what a program raised; their results."""
    network.scheduler.run(until_ns)
    for program in programs:
        if program.error is not None:
            raise program.error
    for host in network.hosts.values():
        host.kernel.internet.check_invariants()
    return [program.result for program in programs]


def two_hosts(conditions="", seed=1, **settings):
    """A network with hosts `client` and `server` on one link."""
    network = Network(seed)
    client, server = network.host("client", **settings), network.host("server", **settings)
    if conditions:
        network.link(client, server, conditions)
    return network, client, server
