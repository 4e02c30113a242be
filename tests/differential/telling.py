"""What the compared programs import: say what a call gives, in words that are alike on every machine."""

import errno
import socket
import sys
import threading
import time


def tell(what, call, *arguments):
    """Print a call's result or its error's name, and give the result back."""
    try:
        result = call(*arguments)
    except OSError as error:
        name = errno.errorcode.get(error.errno, error.errno) if error.errno else str(error)
        print(f"{what}: {name}")
        return None
    print(f"{what}: {result!r}")
    return result


def stream_pair(family=socket.AF_INET, host="127.0.0.1", prepare=None):
    """Two connected stream sockets: the one that connected, the one that was accepted."""
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        client = socket.socket(family)
        if prepare is not None:
            prepare(client)
        client.connect(listener.getsockname())
        return client, listener.accept()[0]


def later(seconds, function, *arguments):
    """Have a thread do it after a while."""

    def run():
        time.sleep(seconds)
        function(*arguments)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def settle():
    """Let what is under way on this machine come to an end."""
    sys.stdout.flush()
    time.sleep(0.05)
