"""The options of Unix domain sockets: SOL_SOCKET alone. Another level is EOPNOTSUPP, as Linux says for this family."""

from farhost.kernel.options import OptionTable
from farhost.kernel.socket_options import SOCKET_ROWS
from farhost.wire import linux

UNIX_OPTIONS = OptionTable(SOCKET_ROWS, unknown_level=linux.EOPNOTSUPP)
