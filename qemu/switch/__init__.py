"""The simulated data centre's switch: learning, IGMP snooping, segments, reproducible faults, captures.

`core.Switch` decides (bytes and the time in, deliveries out); `loop` moves the bytes; `python -m qemu.switch
CONFIG.json` runs both.
"""
