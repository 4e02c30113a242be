"""Names over the network: what a stub resolver asks and makes of the answers, and the name server of a host.

`search` says what is asked (glibc's res_search), `exchange` is the form in which a process gets its queries and gives
back what came, `messages` builds and reads them (dnspython), `settings` is resolv.conf(5). The server: `zone` knows
the records, `server` answers a message, `conditions` say how well it does that, `service` has the sockets.
"""
