"""Libraries that cannot run in a simulated process: C of their own does their network's work, and asks nobody.

Their import is refused, with what to take instead. The error is an ImportError too, so that a program for which such
a library is an option (`try: import uvloop`) goes on without it. docs/escapes.md has this list. Likewise functions of
the C library that `ctypes` looks up.
"""

INSTEAD = {
    "uvloop": "asyncio's own event loop does the same, simulated",
    "rloop": "asyncio's own event loop does the same, simulated",
    "winloop": "asyncio's own event loop does the same, simulated",
    "gevent": "use threads or asyncio: greenlets of its own would leave the program's thread",
    "grpc": "use grpclib, which speaks it in Python over asyncio",
    "zmq": "use a socket library in Python, such as websockets, or plain sockets",
    "pynng": "use a socket library in Python, such as websockets, or plain sockets",
    "pycurl": "use requests, httpx, aiohttp or urllib",
    "curl_cffi": "use requests, httpx, aiohttp or urllib",
    "pycares": "use socket.getaddrinfo, or dnspython",
    "psycopg": "use pg8000 or asyncpg",
    "psycopg2": "use pg8000 or asyncpg",
    "MySQLdb": "use PyMySQL or aiomysql",
    "pymssql": "use a driver in Python, such as python-tds",
    "pyodbc": "use a driver in Python",
    "cx_Oracle": "use oracledb in its thin mode",
    "confluent_kafka": "use kafka-python or aiokafka",
}
"""What to take instead, by the name of the package."""

_FUNCTIONS = """
clock_gettime gettimeofday time clock times localtime ftime timespec_get
sleep usleep nanosleep clock_nanosleep pause sigwait sigtimedwait alarm setitimer timer_create timerfd_create
socket socketpair connect bind listen accept accept4 send sendto sendmsg recv recvfrom recvmsg
getaddrinfo gethostbyname gethostbyaddr getnameinfo
select pselect poll ppoll epoll_create epoll_create1 epoll_wait pipe pipe2 eventfd
fork vfork clone execv execve execvp execvpe execl execlp posix_spawn posix_spawnp system popen
pthread_create thrd_create kill killpg raise pthread_kill tgkill
getrandom getentropy random rand arc4random getpid getppid gethostname uname
"""
C_FUNCTIONS = frozenset(_FUNCTIONS.split())
"""Functions of the C library that a program may not look up: each would answer from the machine.

syscall(2) is none of them: trio looks it up when it is imported, in case it has to wait for children.
"""
