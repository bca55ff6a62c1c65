"""Exchange wire formats as declarative tables: ITCH 5.0, OUCH 5.0, MoldUDP64, SoupBinTCP 3.00, BinaryFILE.

Time is integer nanoseconds, price is an integer of 1/10,000 dollar, shares are integers. Everything but
`cli` and `scapy_layers` needs the standard library only.
"""
