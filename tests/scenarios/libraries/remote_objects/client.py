"""Clients of both: calls, callbacks, exceptions, asynchronous results. Arguments: host, port."""

import sys

import Pyro5.api
import rpyc

host, port = sys.argv[1], int(sys.argv[2])
connection = rpyc.connect(host, port)
print("total:", connection.root.total([1, 2, 3]))
told: list[int] = []
connection.root.each((1, 2, 3), told.append)
print("told:", told)
later = rpyc.async_(connection.root.total)(list(range(20)))
later.wait()
print("later:", later.value)
try:
    connection.root.fail()
except KeyError as error:
    print("raised:", str(error).splitlines()[0])
connection.close()

with Pyro5.api.Proxy(f"PYRO:store@{host}:{port + 1}") as store:
    print("stored:", store.put("a", list(range(500))), store.put("b", []))
    print("again:", sum(store.get("a")))
    try:
        store.get("nothing")
    except KeyError as error:
        print("raised:", error)
