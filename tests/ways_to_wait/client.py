"""A client of all that server.py offers. Usage: client.py SERVER CERTIFICATE"""

import asyncio
import concurrent.futures
import os
import socket
import ssl
import sys
import urllib.request


async def ask_by_tls(server, certificate):
    context = ssl.create_default_context(cafile=certificate)
    reader, writer = await asyncio.open_connection(server, 5000, ssl=context)
    writer.write(b"by tls\n")
    answer = await reader.readline()
    writer.close()
    return answer


def ask(server, port):
    with socket.create_connection((server, port)) as connection:
        connection.sendall(f"at {port}\n".encode())
        return connection.recv(100)


def main():
    server, certificate = sys.argv[1:]
    print(asyncio.run(ask_by_tls(server, certificate)))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        print(*pool.map(ask, [server] * 3, [5001, 5002, 5003]))
    with urllib.request.urlopen(f"http://{server}:5004/page") as page:
        print(page.read())
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reading, writing = os.pipe()
        ours.sendall(b"by a pair")
        os.write(writing, theirs.recv(100))
        print(os.read(reading, 100))


if __name__ == "__main__":
    main()
