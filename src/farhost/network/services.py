"""Well-known services: names and port numbers, as services(5) has them on Debian.

The lines that programs ask for, not all of IANA's. One a line: name, port, protocols, other names.
"""

from typing import NamedTuple

_TABLE = """
echo 7 tcp,udp
discard 9 tcp,udp sink null
systat 11 tcp users
daytime 13 tcp,udp
netstat 15 tcp
qotd 17 tcp quote
chargen 19 tcp,udp ttytst source
ftp-data 20 tcp
ftp 21 tcp
ssh 22 tcp
telnet 23 tcp
smtp 25 tcp mail
time 37 tcp,udp timserver
whois 43 tcp nicname
domain 53 tcp,udp
bootps 67 udp
bootpc 68 udp
tftp 69 udp
gopher 70 tcp
finger 79 tcp
http 80 tcp www
kerberos 88 tcp,udp kerberos5 krb5 kerberos-sec
pop3 110 tcp pop-3
sunrpc 111 tcp,udp portmapper
auth 113 tcp authentication tap ident
nntp 119 tcp readnews untp
ntp 123 udp
netbios-ssn 139 tcp
imap2 143 tcp imap
snmp 161 tcp,udp
snmp-trap 162 tcp,udp snmptrap
bgp 179 tcp
ldap 389 tcp,udp
https 443 tcp,udp
microsoft-ds 445 tcp
submissions 465 tcp ssmtp smtps urd
isakmp 500 udp
rtsp 554 tcp,udp
exec 512 tcp
biff 512 udp comsat
login 513 tcp
who 513 udp whod
shell 514 tcp cmd syslog
syslog 514 udp
printer 515 tcp spooler
talk 517 udp
uucp 540 tcp uucpd
klogin 543 tcp
kshell 544 tcp krcmd
nntps 563 tcp snntp
submission 587 tcp
ldaps 636 tcp,udp
kerberos-adm 749 tcp
domain-s 853 tcp,udp
rsync 873 tcp
ftps-data 989 tcp
ftps 990 tcp
telnets 992 tcp
imaps 993 tcp
pop3s 995 tcp
socks 1080 tcp
openvpn 1194 tcp,udp
l2f 1701 udp l2tp
radius 1812 tcp,udp
radius-acct 1813 tcp,udp radacct
nfs 2049 tcp,udp
cvspserver 2401 tcp
iscsi-target 3260 tcp
mysql 3306 tcp
ms-wbt-server 3389 tcp
nut 3493 tcp,udp
distcc 3632 tcp
svn 3690 tcp subversion
sieve 4190 tcp
sip 5060 tcp,udp
sip-tls 5061 tcp,udp
xmpp-client 5222 tcp jabber-client
xmpp-server 5269 tcp jabber-server
mdns 5353 udp
postgresql 5432 tcp postgres
amqps 5671 tcp
amqp 5672 tcp,sctp
x11 6000 tcp x11-0
x11-1 6001 tcp
x11-2 6002 tcp
x11-3 6003 tcp
x11-4 6004 tcp
x11-5 6005 tcp
x11-6 6006 tcp
x11-7 6007 tcp
redis 6379 tcp
mysql-proxy 6446 tcp
http-alt 8080 tcp webcache
bacula-dir 9101 tcp
zabbix-agent 10050 tcp
echo 4 ddp
kerberos-master 751 udp,tcp kerberos_master
munin 4949 tcp lrrd
syslog-tls 6514 tcp
tproxy 8081 tcp
git 9418 tcp
"""


class Service(NamedTuple):
    """One service under one protocol."""

    name: str
    port: int
    protocol: str
    """tcp or udp."""
    aliases: tuple[str, ...]


def _read() -> tuple[Service, ...]:
    services = []
    for line in _TABLE.split("\n"):
        if line:
            name, port, protocols, *aliases = line.split()
            services += [Service(name, int(port), protocol, tuple(aliases)) for protocol in protocols.split(",")]
    return tuple(services)


SERVICES = _read()
_BY_NAME = {
    (name, service.protocol): service for service in reversed(SERVICES) for name in (service.name, *service.aliases)
}
_BY_PORT = {(service.port, service.protocol): service for service in reversed(SERVICES)}


def service_by_name(name: str, protocol: str | None = None) -> Service | None:
    """getservbyname(3): by name or alias; without a protocol the first of tcp and udp that has it.

    >>> service_by_name("www").port, service_by_name("tftp", "tcp")
    (80, None)
    """
    for candidate in ("tcp", "udp") if protocol is None else (protocol,):
        if (name, candidate) in _BY_NAME:
            return _BY_NAME[name, candidate]
    return None


def service_by_port(port: int, protocol: str | None = None) -> Service | None:
    """getservbyport(3), likewise."""
    for candidate in ("tcp", "udp") if protocol is None else (protocol,):
        if (port, candidate) in _BY_PORT:
            return _BY_PORT[port, candidate]
    return None
