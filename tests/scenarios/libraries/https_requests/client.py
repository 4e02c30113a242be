"""`requests` and `urllib` over TLS: verified, unverified, by threads. Arguments: host, port, folder of keys."""

import concurrent.futures
import ssl
import sys
import urllib.request

import requests

base, authority = f"https://{sys.argv[1]}:{sys.argv[2]}", f"{sys.argv[3]}/authority.pem"
with requests.Session() as session:
    session.verify = authority
    print([len(session.get(f"{base}/{count}", timeout=20).text) for count in (1, 100, 10_000)])
with concurrent.futures.ThreadPoolExecutor(3) as pool:
    print([one.text for one in pool.map(lambda _: requests.get(base, verify=authority, timeout=20), range(3))])
try:
    requests.get(base, timeout=20)
except requests.exceptions.SSLError as error:
    print("not verified:", "CERTIFICATE_VERIFY_FAILED" in str(error))
context = ssl.create_default_context(cafile=authority)
with urllib.request.urlopen(base, timeout=20, context=context) as answer:
    print(answer.status, answer.read())
