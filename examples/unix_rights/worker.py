"""Serves connections that another process has accepted and handed over: `python worker.py worker.sock`."""

import os
import socket
import sys
import threading


def serve(client):
    """Read until the client is done; answer with what came, and who served it."""
    data = b""
    with client:
        while piece := client.recv(4096):
            data += piece
        client.sendall(b"%d bytes, served by process %d\n" % (len(data), os.getpid()))


def main():
    """A descriptor comes with each byte; the end comes when the acceptor has gone."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        acceptor, _ = listener.accept()
    threads = []
    with acceptor:
        while True:
            data, descriptors, _, _ = socket.recv_fds(acceptor, 1, 1)
            if not data:
                break
            # Connections may come in another order than the client uses them in: nobody waits for another.
            threads.append(threading.Thread(target=serve, args=(socket.socket(fileno=descriptors[0]),)))
            threads[-1].start()
    for thread in threads:
        thread.join()
    print(f"worker {os.getpid()} served {len(threads)} connections that it had not accepted")


if __name__ == "__main__":
    main()
