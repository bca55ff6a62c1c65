"""For scenarios that run as a process of their own: a network namespace to play in."""

import ctypes
import os
import sys
from pathlib import Path


def enter_namespace() -> None:
    """A network namespace of our own, in a user namespace when we are not root."""
    new_user, new_net = 0x10000000, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(new_net if uid == 0 else new_user | new_net) != 0:
        reason = os.strerror(ctypes.get_errno())
        sys.exit(f"cannot make a network namespace: {reason}; run as root or allow user namespaces")
    if uid != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
