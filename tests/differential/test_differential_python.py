"""What Python itself promises around sockets: warnings, buffers that errors let go of, locks, threads, zones."""

import gc

from differ import agree


def test_warnings_that_c_raises_go_to_the_programs_own_filters(tmp_path):
    def program():
        import warnings

        async def forgotten():
            pass

        def generator():
            yield 1

        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            forgotten()
            made = generator()
            next(made)
            try:
                made.throw(ValueError, ValueError("x"), None)
            except ValueError:
                pass
            compile("1 is 1", "somewhere", "exec")
        for each in seen:
            print(each.category.__name__, each.message, each.filename[-6:])
        warnings.simplefilter("error")
        try:
            compile("2 is 2", "somewhere", "exec")
        except SyntaxError as error:
            print("error", error)
        warnings.simplefilter("ignore")
        compile("3 is 3", "somewhere", "exec")
        forgotten()

    agree(tmp_path, program)


def test_an_error_lets_go_of_the_callers_buffers(tmp_path):
    def program():
        import os
        import socket

        left, right = socket.socketpair()
        right.close()
        alone, _other = socket.socketpair()
        alone.setblocking(False)
        buffer = bytearray(100)
        calls = {
            "send": lambda: left.send(buffer),
            "send a view": lambda: left.send(memoryview(buffer)),
            "sendall": lambda: left.sendall(buffer),
            "sendmsg": lambda: left.sendmsg([memoryview(buffer)]),
            "write": lambda: os.write(left.fileno(), buffer),
            "writev": lambda: os.writev(left.fileno(), [buffer]),
            "recv_into": lambda: alone.recv_into(buffer),
            "recv_into a view": lambda: alone.recv_into(memoryview(buffer)[:5]),
            "recvfrom_into": lambda: alone.recvfrom_into(buffer),
            "recvmsg_into": lambda: alone.recvmsg_into([buffer]),
            "readv": lambda: os.readv(alone.fileno(), [buffer]),
        }
        for name, call in calls.items():
            try:
                call()
            except OSError as error:
                buffer.append(0)
                print(name, error)

    agree(tmp_path, program)


def test_the_types_of_locks(tmp_path):
    def program():
        import sys
        import threading
        import warnings

        kind = type(threading.Lock())
        print(kind)
        for attempt in (lambda: type("Mine", (kind,), {}), lambda: kind("x"), lambda: threading.Lock().release()):
            try:
                attempt()
            except (TypeError, RuntimeError) as error:
                print(type(error).__name__, error if sys.version_info < (3, 13) else "")
        if sys.version_info < (3, 13):
            try:
                kind()
            except TypeError as error:
                print(error)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            threading.RLock()
            if sys.version_info >= (3, 13):
                threading.RLock(1)
                threading.RLock(a=1)
        print([each.category.__name__ for each in seen], [str(each.message) for each in seen])

    agree(tmp_path, program)


def test_thread_local_data_goes_when_its_thread_ends(tmp_path):
    def program():
        import threading

        class Told:
            def __init__(self, text):
                self.text = text

            def __del__(self):
                print("gone:", self.text)

        local = threading.local()

        def work(text):
            local.value = Told(text)
            print("set:", text)

        for text in ("one", "two"):
            thread = threading.Thread(target=work, args=(text,))
            thread.start()
            thread.join()
            print("joined:", text)
        print(vars(local))

    agree(tmp_path, program)


def test_a_loop_that_polls_a_queue_lets_others_run(tmp_path):
    def program():
        import queue
        import threading

        items = queue.Queue()

        def poll():
            while True:
                try:
                    print(items.get_nowait())
                    return
                except queue.Empty:
                    pass

        thread = threading.Thread(target=poll)
        thread.start()
        items.put("done")
        thread.join()

    agree(tmp_path, program)


def test_zones_and_tzset(tmp_path):
    def program():
        import datetime
        import os
        import time

        def show():
            print(time.tzname, time.timezone, time.altzone, time.daylight)
            for seconds in (0, 10**9, 1.7e9):
                local = time.localtime(seconds)
                print(time.strftime("%c %Z %z", local), local.tm_isdst, local.tm_gmtoff, local.tm_zone)
                print(time.mktime(local), time.ctime(seconds), time.asctime(local))
                print(datetime.datetime.fromtimestamp(seconds).astimezone(), datetime.date.fromtimestamp(seconds))
                aware = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
                print(aware.astimezone(), aware.astimezone().tzinfo)
            for month, day in ((3, 8), (11, 1), (6, 1)):  # Clocks are put forward, and back, at 2 o'clock.
                for hour in (0.9, 1, 1.5, 2, 2.5, 3, 3.1):
                    for fold in (0, 1):
                        moment = datetime.datetime(2026, month, day, fold=fold) + datetime.timedelta(hours=hour)
                        moment = moment.replace(fold=fold)
                        again = datetime.datetime.fromtimestamp(moment.timestamp())
                        print(moment, fold, moment.timestamp(), again, again.fold, moment.astimezone())

        for zone in ("STD-1DST,M3.2.0,M11.1.0", "EST5EDT,M3.2.0,M11.1.0", "UTC0"):
            os.environ["TZ"] = zone
            time.tzset()
            show()

    agree(tmp_path, program)


def test_who_says_what_of_a_threads_exception(tmp_path):
    def program():
        import _thread
        import sys
        import time

        def hook(told):
            print((told.err_msg or "").partition(" <")[0], getattr(told.object, "__name__", None), told.exc_value)

        def work():
            raise ValueError("not caught")

        sys.unraisablehook = hook
        _thread.start_new_thread(work, ())
        time.sleep(0.2)

    agree(tmp_path, program)


def test_the_garbage_collector_as_a_program_sees_it(tmp_path):
    def program():
        import gc

        class Told:
            def __del__(self):
                print("collected")

        print(gc.isenabled())
        gc.disable()
        print(gc.isenabled())
        one = Told()
        one.me = one
        del one
        gc.callbacks.append(lambda phase, info: print(phase, sorted(info)))
        print(gc.collect() > 0)
        gc.enable()
        gc.freeze()
        print(gc.isenabled(), len(gc.get_threshold()))
        try:
            gc.collect(3)
        except ValueError as error:
            print(error)
        gc.callbacks.clear()

    agree(tmp_path, program)


def test_a_program_does_not_switch_on_the_collector_of_this_interpreter(tmp_path):
    def program():
        import gc

        gc.enable()
        print(gc.isenabled())

    was = gc.isenabled()
    gc.disable()
    try:
        agree(tmp_path, program)
        assert not gc.isenabled()
    finally:
        if was:
            gc.enable()
