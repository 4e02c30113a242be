"""One WSGI application, served by waitress on one port and by cheroot on the next. Argument: port."""

import sys
import threading

import cheroot.wsgi
import waitress


def application(environment, start_response):
    body = environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Server", environment["SERVER_SOFTWARE"])])
    yield f"{environment['REQUEST_METHOD']} {environment['PATH_INFO']} {len(body)}\n".encode()
    for number in range(20):
        yield b"%d" % (number % 10) * 1000


port = int(sys.argv[1])
server = cheroot.wsgi.Server(("0.0.0.0", port + 1), application, numthreads=4)
threading.Thread(target=server.start, daemon=True).start()
waitress.serve(application, host="0.0.0.0", port=port, threads=4)
