"""The only userspace of Custom HFT OS: PID 1 (mounts, knobs, supervision) and the trader it starts."""

VERSION = "0.5.0"
