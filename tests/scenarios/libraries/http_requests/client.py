"""`requests`, with a session and without: plain, JSON, streamed, an error, a time-out."""

import concurrent.futures
import sys

import requests

base = f"http://{sys.argv[1]}:{sys.argv[2]}"
with requests.Session() as session:
    page = session.get(f"{base}/", timeout=20)
    print(page.status_code, page.text, page.headers["Content-Type"])
    answer = session.post(f"{base}/echo", json={"numbers": list(range(50))}, timeout=20).json()
    print(len(answer["got"]["numbers"]), len(answer["sha"]))
    with session.get(f"{base}/long", stream=True, timeout=20) as long:
        body = b"".join(long.iter_content(8192))
    print("long:", len(body), body == bytes(range(256)) * 512)
    print("missing:", session.get(f"{base}/nothing", timeout=20).status_code)
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print("together:", [one.text for one in pool.map(lambda _: requests.get(base, timeout=20), range(4))])
try:
    requests.get(f"http://{sys.argv[1]}:1/", timeout=20)
except requests.ConnectionError as error:
    print("refused:", "Connection refused" in str(error))
