"""select, poll, epoll and selectors over sockets, on the operating system and on farhost by the same function."""

import errno
import fcntl
import os
import tempfile

from both_sides import SYSTEM, Modules, modules_of, outcome, same, simulate

from farhost.programs.directory import high_base


def pair(modules: Modules):
    return modules.socket.socketpair()


def test_select_gives_back_the_very_objects():
    def ask(modules: Modules):
        select = modules.select.select
        one, two = pair(modules)
        seen = [select([one, two], [], [], 0) == ([], [], [])]
        two.send(b"x")
        ready = select([one, two], [one, two.fileno()], [one], 1)
        seen += [ready[0] == [one], ready[1] == [one, two.fileno()], ready[2]]
        seen += [select([one, one], (), [], 0)[0] == [one, one], select(iter([one]), {two}, [])[0] == [one]]
        two.close()
        seen += [select([one], [], [], None)[0] == [one], outcome(lambda: select([two], [], [], 0))[0]]
        one.close()
        return seen

    same(ask)


def test_select_waits_for_its_time_and_no_longer():
    def wait(process):
        modules = modules_of(process)
        one, two = pair(modules)
        before_ns = process.runtime.scheduler.now_ns
        nothing = modules.select.select([one], [], [], 0.25)
        after_ns = process.runtime.scheduler.now_ns
        one.close()
        two.close()
        return nothing, after_ns - before_ns

    nothing, waited_ns = simulate(wait)[0]
    assert nothing == ([], [], [])
    assert 250_000_000 <= waited_ns < 250_010_000


def test_poll_objects():
    def ask(modules: Modules):
        select = modules.select
        one, two = pair(modules)
        poll = select.poll()
        poll.register(one, select.POLLIN)
        poll.register(two.fileno(), select.POLLIN | select.POLLOUT)
        seen = [[events for _, events in poll.poll(0)], [events for _, events in poll.poll()]]
        one.send(b"x")
        seen += [[(fd == two.fileno(), events) for fd, events in poll.poll(10)]]
        poll.modify(two, 0)
        seen += [poll.poll(0), poll.poll(1)]
        one.close()
        seen += [
            sorted(events for _, events in poll.poll(0)),
            poll.unregister(two),
            outcome(lambda: poll.unregister(two))[0],
        ]
        two.close()
        return seen

    same(ask)


def test_epoll_level_edge_and_one_shot():
    def ask(modules: Modules):
        select = modules.select
        one, two = pair(modules)
        with select.epoll() as level, select.epoll(5) as edge, select.epoll(flags=select.EPOLL_CLOEXEC) as once:
            level.register(two, select.EPOLLIN)
            edge.register(two, select.EPOLLIN | select.EPOLLET)
            once.register(two.fileno(), select.EPOLLIN | select.EPOLLONESHOT)
            seen = [[each.poll(0) for each in (level, edge, once)]]
            one.send(b"abc")
            for _ in range(2):
                seen.append([[events for _, events in each.poll(0)] for each in (level, edge, once)])
            once.modify(two, select.EPOLLIN | select.EPOLLONESHOT)
            seen.append([events for _, events in once.poll(timeout=1, maxevents=4)])
            seen.append(outcome(lambda: level.register(two))[1:])
            level.unregister(two)
            seen += [level.poll(0), outcome(lambda: level.unregister(two))[1:], level.closed]
            again = select.epoll.fromfd(modules.fcntl.fcntl(edge, modules.fcntl.F_DUPFD_CLOEXEC))
            one.send(b"more")
            seen.append([events for _, events in again.poll(0.01)])
            again.close()
            seen.append(outcome(lambda: edge.poll(0))[1:])
        seen += [level.closed, once.closed, outcome(level.fileno)]
        one.close()
        two.close()
        return seen

    same(ask)


def test_every_selector_of_selectors_works():
    def ask(modules: Modules):
        selectors = modules.selectors
        seen = []
        for kind in ("SelectSelector", "PollSelector", "EpollSelector", "DefaultSelector"):
            one, two = pair(modules)
            with getattr(selectors, kind)() as selector:
                selector.register(one, selectors.EVENT_READ, "one")
                selector.register(two, selectors.EVENT_READ | selectors.EVENT_WRITE, "two")
                one.send(b"x")
                seen.append(sorted((key.data, events) for key, events in selector.select(1)))
                selector.modify(two, selectors.EVENT_WRITE, "changed")
                seen.append(sorted((key.data, events) for key, events in selector.select(0)))
                selector.unregister(two)
                seen.append(selector.select(0.001))
            one.close()
            two.close()
        return seen

    same(ask)


def test_a_listener_is_readable_when_a_client_has_connected():
    def ask(modules: Modules):
        socket, select = modules.socket, modules.select.select
        with socket.create_server(("127.0.0.1", 0)) as listener:
            seen = [select([listener], [listener], [], 0) == ([], [], [])]
            with socket.create_connection(listener.getsockname()) as client:
                seen.append(select([listener], [], [], 1)[0] == [listener])
                served, _ = listener.accept()
                served.close()
                seen.append(select([client], [client], [], 1) == ([client], [client], []))
        return seen

    assert all(same(ask))


def test_a_real_file_is_always_ready_and_epoll_refuses_it():
    def ask(modules: Modules):
        select = modules.select
        one, two = pair(modules)
        with tempfile.TemporaryFile() as file:
            number = fcntl.fcntl(file, fcntl.F_DUPFD, 600) if modules is SYSTEM else real_number(file)
            poll = select.poll()
            poll.register(number)
            poll.register(one, select.POLLIN)
            seen = [[events for _, events in poll.poll(5000)]]
            if number < 1024 or modules is not SYSTEM:
                ready = select.select([one, number], [number], [number], 5)
                seen.append((ready[0] == [number], ready[1] == [number], ready[2]))
            with select.epoll() as epoll:
                seen += [outcome(lambda: epoll.register(number)), outcome(lambda: epoll.poll(0))]
                os.close(number)
                seen += [outcome(lambda: epoll.register(number))]
            seen += [[events for _, events in poll.poll(5000)]]
            if modules is not SYSTEM:
                assert outcome(lambda: select.select([number], [], []))[1][0] == errno.EBADF
        one.close()
        two.close()
        return seen

    same(ask)


def real_number(file):
    """A real descriptor where a simulated process has its real descriptors."""
    return fcntl.fcntl(file, fcntl.F_DUPFD, high_base())
