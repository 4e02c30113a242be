"""Twisted's client over TLS: coroutines, a queue, a time-out. Arguments: host, port, folder of certificates."""

import sys

from twisted.internet import defer, endpoints, protocol, ssl, task
from twisted.protocols.basic import LineReceiver


class Asker(LineReceiver):
    def __init__(self) -> None:
        self.answers = defer.DeferredQueue()

    def lineReceived(self, line: bytes) -> None:
        self.answers.put(line)


async def main(reactor, host: str, port: str, folder: str) -> None:
    with open(f"{folder}/authority.pem", encoding="ascii") as file:
        authority = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(file.read())])
    options = ssl.optionsForClientTLS(host, authority)
    endpoint = endpoints.wrapClientTLS(options, endpoints.HostnameEndpoint(reactor, host, int(port)))
    connection = await endpoint.connect(protocol.Factory.forProtocol(Asker))
    for line in (b"hello", b"x" * 10_000, b"later"):
        connection.sendLine(line)
        answer = await connection.answers.get()
        print(len(answer), answer[:11])
    print("secured:", connection.transport.getPeerCertificate() is not None)
    waiting = connection.answers.get().addTimeout(1, reactor)
    try:
        await waiting
    except defer.TimeoutError:
        print("timed out")
    connection.transport.loseConnection()


task.react(lambda *arguments: defer.ensureDeferred(main(*arguments)), sys.argv[1:])
