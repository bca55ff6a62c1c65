"""NIC ports: how Ethernet frames enter and leave the trader, one backend per module behind `port.Port`."""
