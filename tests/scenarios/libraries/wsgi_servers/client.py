"""Clients of the standard library and urllib3. Arguments: host, port."""

import sys
import threading
import urllib.request

import urllib3

host, port = sys.argv[1], int(sys.argv[2])
for offset in range(2):
    with urllib.request.urlopen(f"http://{host}:{port + offset}/page", timeout=30) as answer:
        first = answer.readline()
        print(answer.status, first, len(answer.read()), answer.headers["X-Server"].partition("/")[0])

pool = urllib3.PoolManager(maxsize=4)
results: dict[int, int] = {}


def post(number: int) -> None:
    url = f"http://{host}:{port + number % 2}/upload"
    results[number] = int(pool.request("POST", url, body=b"u" * 1000 * number, timeout=30).data.split()[2])


threads = [threading.Thread(target=post, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print([results[number] for number in range(8)])
