"""What a script imports of the standard library before it begins, in no time (`farhost.programs.making`).

Only modules whose code, when it is loaded, depends on nothing that a run decides: it may ask the kernel for something
(`selectors` tries epoll out) and look at a clock (`logging` does), and `random` gets its entropy when the program
begins; but it draws no other entropy, starts no thread and keeps no descriptor. A test loads each of them. The others
are imported in the program's own time.
"""

import ast

from farhost.programs.world import World

_NAMES = """
abc argparse array ast asyncio asyncio.streams atexit base64 binascii bisect bz2 calendar cmath codecs
collections collections.abc concurrent.futures configparser contextlib contextvars copy csv dataclasses datetime
decimal difflib email email.message email.parser enum errno fcntl fnmatch fractions ftplib functools gc getopt
glob graphlib gzip hashlib heapq hmac html html.parser http http.client http.server imaplib inspect io ipaddress
itertools json json.decoder keyword linecache locale logging logging.handlers lzma math mimetypes numbers
operator optparse os os.path pathlib pickle pkgutil platform poplib posix pprint queue random re reprlib
resource sched secrets select selectors shelve shlex shutil signal smtplib socket socketserver sqlite3 ssl stat
statistics string struct subprocess sys sysconfig syslog tarfile tempfile textwrap threading time timeit token
tokenize tomllib traceback types typing unicodedata urllib urllib.error urllib.parse urllib.request warnings
weakref wsgiref xml.etree.ElementTree xmlrpc.client xmlrpc.server zipfile zlib zoneinfo
"""
EARLY = frozenset(_NAMES.split())


def import_early(world: World, argv: tuple[str, ...]) -> None:
    """Import what a script names of EARLY, in its order."""
    for name in early_imports(argv):
        try:
            world.importer.bootstrap._gcd_import(name)
        except ImportError:
            continue  # The script meets it in its own time, and says where.


def early_imports(argv: tuple[str, ...]) -> list[str]:
    """The modules of EARLY that a script's text imports, in its order.

    >>> early_imports(("-m", "http.server"))
    []
    """
    if argv[0] in ("-m", "-c"):
        return []
    try:
        with open(argv[0], "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(dict.fromkeys(alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found[node.module] = None
            found.update(dict.fromkeys(f"{node.module}.{alias.name}" for alias in node.names))
    return [name for name in found if name in EARLY]
