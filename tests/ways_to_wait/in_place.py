"""The same as functions in place. Usage: in_place.py CERTIFICATE KEY"""

import sys

import client
import server

from farhost import Network


def main():
    certificate, key = sys.argv[1:]
    net = Network(seed=7)
    net.link(net.host("server"), net.host("client"), delay="40ms", loss="5%")
    net.hosts["server"].start(in_its_arguments, server.main, certificate, key)
    net.hosts["client"].start(in_its_arguments, client.main, "server", certificate)
    net.run()


def in_its_arguments(function, *words):
    sys.argv[1:] = words
    function()


if __name__ == "__main__":
    main()
