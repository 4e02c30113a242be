"""Who is woken when several threads wait: the same ones on both machines."""

from differ import agree


def test_several_threads_and_one_event(tmp_path):
    def program():
        import os
        import select
        import threading
        import time

        EPOLLWAKEUP = 1 << 29

        def who_wakes(flags, instances, events):
            """Three threads wait, in an instance each or in one; the readers' places in the order of their events."""
            r, w = os.pipe()
            epolls = [select.epoll() for _ in range(instances)]
            for epoll in epolls:
                epoll.register(r, select.EPOLLIN | flags)
            woken, threads = [], []

            def wait(place):
                if epolls[place % instances].poll(0.5):
                    woken.append(place)

            for place in range(3):
                threads.append(threading.Thread(target=wait, args=(place,)))
                threads[-1].start()
                time.sleep(0.05)
            told = []
            for _ in range(events):
                os.write(w, b"x")
                time.sleep(0.1)
                told.append(sorted(woken))
            for thread in threads:
                thread.join()
            print(instances, hex(flags), told, sorted(woken))

        for flags in (0, select.EPOLLET, select.EPOLLEXCLUSIVE, select.EPOLLEXCLUSIVE | select.EPOLLET):
            who_wakes(flags, 1, 2)
            who_wakes(flags, 3, 2)
        who_wakes(select.EPOLLEXCLUSIVE | EPOLLWAKEUP, 3, 1)

    agree(tmp_path, program)


def test_several_threads_accept(tmp_path):
    def program():
        import socket
        import threading
        import time

        for family, name in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, "listener.sock")):
            listener = socket.socket(family)
            listener.bind(name)
            listener.listen()
            served, clients, threads = [], [], []

            def serve(place, listener=listener, served=served):
                for _ in range(2):
                    connection, _ = listener.accept()
                    served.append(place)
                    connection.close()

            for place in range(3):
                threads.append(threading.Thread(target=serve, args=(place,)))
                threads[-1].start()
                time.sleep(0.03)
            for _ in range(6):
                clients.append(socket.socket(family))
                clients[-1].connect(listener.getsockname())
                time.sleep(0.03)
            for thread in threads:
                thread.join()
            print(served)

    agree(tmp_path, program)


def test_rules_of_the_flags(tmp_path):
    def program():
        import os
        import select

        from telling import tell

        EPOLLWAKEUP = 1 << 29
        r, w = os.pipe()
        epoll, inner = select.epoll(), select.epoll()
        for flags in (EPOLLWAKEUP, select.EPOLLEXCLUSIVE | EPOLLWAKEUP | select.EPOLLET):
            tell("added", epoll.register, r, select.EPOLLIN | flags)
            tell("modified", epoll.modify, r, select.EPOLLIN)
            tell("removed", epoll.unregister, r)
        exclusive = select.EPOLLEXCLUSIVE
        for events in (select.EPOLLPRI, select.EPOLLRDHUP, select.EPOLLONESHOT, select.EPOLLRDNORM):
            tell("refused", epoll.register, r, select.EPOLLIN | exclusive | events)
        tell("refused", epoll.register, inner, select.EPOLLIN | exclusive)
        epoll.register(r, select.EPOLLIN)
        tell("refused", epoll.modify, r, select.EPOLLIN | exclusive)
        epoll.modify(r, select.EPOLLIN | select.EPOLLONESHOT)
        inner.register(epoll, select.EPOLLIN | select.EPOLLET)
        for _ in range(2):
            os.write(w, b"x")
            tell("outer", lambda: [events for _, events in inner.poll(0)])
            tell("once", lambda: [events for _, events in epoll.poll(0)])
            tell("not again", epoll.poll, 0)
            epoll.modify(r, select.EPOLLIN | select.EPOLLONESHOT)
            tell("outer", lambda: [events for _, events in inner.poll(0)])
        tell("outer", lambda: [events for _, events in inner.poll(0)])

    agree(tmp_path, program)
