"""A network of one's own, in which nothing answers at the address that requests' tests of timeouts connect to."""

from __future__ import annotations

import shutil
import subprocess

_SET_UP = """
set -e
ip link set lo up
ip link add swallow type veth peer name swallowed
ip address add 10.255.255.2/30 dev swallow
ip link set swallow up
ip link set swallowed up
ip neighbour replace 10.255.255.1 lladdr 02:00:00:00:00:01 dev swallow nud permanent
exec "$@"
"""
_PREFIX = ("unshare", "--user", "--map-root-user", "--net", "sh", "-c", _SET_UP, "sh")


def private_network() -> tuple[str, ...]:
    """What to put before a command to run it in a network of its own; nothing where the system does not give one."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return ()
    try:
        tried = subprocess.run([*_PREFIX, "true"], capture_output=True, check=False, timeout=30)
    except subprocess.TimeoutExpired:
        return ()
    return _PREFIX if tried.returncode == 0 else ()
