"""Which events to show, in tcpdump's language (pcap-filter(7)) and a few words of farhost's own."""
