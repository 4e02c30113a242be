"""A name server written with dnspython's messages, over UDP and TCP; long answers only fit TCP. Argument: port."""

import socket
import socketserver
import sys
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


def answer(wire: bytes, most: int) -> bytes:
    query = dns.message.from_wire(wire)
    response = dns.message.make_response(query)
    name = query.question[0].name
    match name.labels[0]:
        case b"one":
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.1"))
        case b"many":
            texts = [f'"text number {number} {"." * 60}"' for number in range(40)]
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *texts))
        case _:
            response.set_rcode(dns.rcode.NXDOMAIN)
    try:
        return response.to_wire(max_size=most)
    except dns.exception.TooBig:
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()


class Stream(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while size := self.rfile.read(2):
            wire = answer(self.rfile.read(int.from_bytes(size, "big")), 65535)
            self.wfile.write(len(wire).to_bytes(2, "big") + wire)


class Datagram(socketserver.DatagramRequestHandler):
    def handle(self) -> None:
        self.wfile.write(answer(self.rfile.read(), 512))


class TCPServer(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET
    allow_reuse_address = True


port = int(sys.argv[1])
threading.Thread(target=socketserver.UDPServer(("", port), Datagram).serve_forever, daemon=True).start()
TCPServer(("", port), Stream).serve_forever()
