"""Objects for others to call: rpyc with a thread for each client, Pyro5 on the next port. Argument: port."""

import sys
import threading

import Pyro5.api
import rpyc
from rpyc.utils.server import ThreadedServer


class Calculator(rpyc.Service):
    def exposed_total(self, numbers):
        return sum(numbers)

    def exposed_each(self, numbers, tell):
        for number in numbers:
            tell(number * number)

    def exposed_fail(self):
        raise KeyError("far away")


@Pyro5.api.expose
class Store:
    def __init__(self) -> None:
        self.values: dict[str, list[int]] = {}

    def put(self, name: str, value: list[int]) -> int:
        self.values[name] = value
        return len(self.values)

    def get(self, name: str) -> list[int]:
        return self.values[name]


port = int(sys.argv[1])
daemon = Pyro5.api.Daemon(host="server", port=port + 1)
daemon.register(Store(), "store")
threading.Thread(target=daemon.requestLoop, daemon=True).start()
ThreadedServer(Calculator, port=port).start()
