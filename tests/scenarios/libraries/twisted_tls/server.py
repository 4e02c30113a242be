"""Twisted over TLS (pyOpenSSL): lines, answered with a delay and from a thread. Arguments: port, certificates."""

import sys

from twisted.internet import endpoints, reactor, task, threads
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver


class Answerer(LineReceiver):
    def lineReceived(self, line: bytes) -> None:
        if line == b"later":
            task.deferLater(reactor, 0.5, self.sendLine, b"it is later")
        else:
            threads.deferToThread(line.upper).addCallback(self.sendLine)


server = endpoints.serverFromString(reactor, f"ssl:{sys.argv[1]}:privateKey={sys.argv[2]}/server.pem")
server.listen(Factory.forProtocol(Answerer))
reactor.run()
