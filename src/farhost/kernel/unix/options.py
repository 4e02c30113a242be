"""The options of Unix domain sockets: SOL_SOCKET alone; another level is EOPNOTSUPP in this family."""

from farhost.kernel.options import OptionTable
from farhost.kernel.socket_options import SOCKET_ROWS
from farhost.wire import linux

UNIX_OPTIONS = OptionTable(SOCKET_ROWS, unknown_level=linux.EOPNOTSUPP)
