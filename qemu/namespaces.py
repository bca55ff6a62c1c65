"""Network namespaces with a TAP device each, held by file descriptors only.

A namespace here has no name and no path: when the descriptors are closed or their process dies, the kernel removes it
and its devices; nothing stays in /run/netns. Works as root, or as an ordinary user after `enter_user_namespace`.

A thread enters the namespace, does its work there and ends; children started by such a thread live in the namespace.
"""

import ctypes
import fcntl
import os
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Interface
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pyroute2 import IPRoute

_T = TypeVar("_T")

_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_TUN = Path("/dev/net/tun")
_TUNSETIFF = 0x400454CA
_TUNSETOFFLOAD = 0x400454D0
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_TX_QUEUE_FRAMES = 10_000
_MULTICAST_RANGE = "224.0.0.0/4"

_libc = ctypes.CDLL(None, use_errno=True)


class NamespaceError(RuntimeError):
    """A namespace or TAP device could not be made; the text says what to do."""


def may_create() -> bool:
    """Whether this process may make network namespaces as it is (otherwise: `enter_user_namespace`)."""
    return os.geteuid() == 0


def enter_user_namespace() -> None:
    """Become root of a new user namespace, in which network namespaces are free to make.

    Only a process with one thread can; raises `NamespaceError` with the remedy otherwise.
    """
    if threading.active_count() != 1:
        names = [thread.name for thread in threading.enumerate()]
        raise NamespaceError(f"a user namespace needs a process with one thread, this one has {names}")
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER) != 0:
        raise NamespaceError(
            f"the kernel refuses a user namespace ({os.strerror(ctypes.get_errno())}): run as root, or allow "
            "unprivileged user namespaces (kernel.unprivileged_userns_clone, user.max_user_namespaces, "
            "kernel.apparmor_restrict_unprivileged_userns)"
        )
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text)


class Namespace:
    """A network namespace with loopback up and, after `add_tap`, TAP devices. Close it to be rid of it."""

    def __init__(self) -> None:
        self._descriptor = -1
        _in_thread(self._unshare)

    def _unshare(self) -> None:
        if _libc.unshare(_CLONE_NEWNET) != 0:
            raise NamespaceError(
                f"the kernel refuses a network namespace ({os.strerror(ctypes.get_errno())}): run as root or "
                "where user namespaces are allowed"
            )
        self._descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        with _netlink() as netlink:
            netlink.link("set", index=netlink.link_lookup(ifname="lo")[0], state="up")

    def add_tap(self, name: str, address: IPv4Interface, *, multicast: bool = True) -> int:
        """Make a TAP device with this address; gives its descriptor, which the caller owns. One of a namespace has the
        `multicast` route.

        Frames read from it are whole: no vnet header and no offload, so the kernel fills in every checksum and
        segments before it hands them over.
        """
        return self.call(lambda: _configured_tap(name, address, multicast=multicast))

    def call(self, function: Callable[[], _T]) -> _T:
        """Run a function inside the namespace (in a thread of its own) and give its result or raise its error."""

        def inside() -> _T:
            if _libc.setns(self._descriptor, _CLONE_NEWNET) != 0:
                raise NamespaceError(f"cannot enter the network namespace: {os.strerror(ctypes.get_errno())}")
            return function()

        return _in_thread(inside)

    def close(self) -> None:
        """Let go of the namespace; it lives on while processes are in it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _configured_tap(name: str, address: IPv4Interface, *, multicast: bool) -> int:
    try:
        descriptor = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NamespaceError(f"{_TUN}: {error.strerror}: needs the tun driver and read-write access to it") from error
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
        fcntl.ioctl(descriptor, _TUNSETOFFLOAD, 0)
        with _netlink() as netlink:
            index = netlink.link_lookup(ifname=name)[0]
            _silence_ipv6(name)
            netlink.link("set", index=index, state="up", txqlen=_TX_QUEUE_FRAMES)
            netlink.addr("add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen)
            if multicast:
                netlink.route("add", dst=_MULTICAST_RANGE, oif=index)
    except OSError as error:
        os.close(descriptor)
        raise NamespaceError(f"cannot set up the TAP device {name} with {address}: {error}") from error
    return descriptor


def _silence_ipv6(name: str) -> None:
    """Keep the kernel's own IPv6 chatter (router solicitations, listener reports) out of the captures, if it can be."""
    knob = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    if os.access(knob, os.W_OK):
        knob.write_text("1")


@contextmanager
def _netlink() -> Iterator[Any]:
    """A netlink socket in the calling thread's namespace."""
    with IPRoute() as netlink:
        yield netlink


def _in_thread(function: Callable[[], _T]) -> _T:
    """Run a function in a thread that ends with it, so that a changed namespace stays its own."""
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:  # handed to the caller below
            errors.append(error)

    thread = threading.Thread(target=run, name="namespace")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
