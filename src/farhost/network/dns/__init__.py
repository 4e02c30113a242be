"""Names over the network: what a stub resolver asks and makes of the answers, and the name server of a host.

`search` and `lookup` say what is asked (glibc's res_search), `exchange` is the form in which a process gets its queries and
gives back what came, `messages` builds and reads DNS messages (dnspython). The server: `zone` knows the records,
`server` answers a message, `conditions` how well it does that, `service` has the sockets.
"""
