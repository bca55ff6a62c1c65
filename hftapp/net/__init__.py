"""A small sans-I/O network stack: frames and the time in, frames and the next deadline out.

Exactly what trading needs: Ethernet/VLAN, ARP, IPv4, IGMPv3, UDP multicast reception and a TCP client.
"""
