"""Hosts of a test: network namespaces on one switch, which is a bridge in a namespace of its own.

Nothing is made in the namespace the tests run in. Needs root, `ip`, and a kernel with veth and bridge.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

_PREFIX = "tepui-test"
_numbers = count()


class NoNetwork(Exception):
    """Raised when this machine cannot have such a network; says why."""


def ip(*words: str) -> None:
    """Run `ip`.

    Raises:
        NoNetwork: it says no.
    """
    command = ["ip", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoNetwork(f"{' '.join(command)}: {done.stderr.strip()}")


class Host:
    """A host: its own network, host name, `/etc/hosts` and `/var/lib`.

    `/etc/hosts` is that of a fresh Debian machine, which gives the own name an address of the loopback.
    """

    def __init__(self, network: Network, name: str, address: str, directory: Path) -> None:
        self.network = network
        self.name = name
        self.address = address
        self.directory = directory
        self.namespace = network.new_namespace(name)
        self.var_lib = directory / "var-lib"
        self.var_lib.mkdir(parents=True)
        directory.joinpath("hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n")
        directory.joinpath("resolv.conf").write_text("")

    def wrapper(self) -> list[str]:
        """What to put before a command to run it on this host, in the same process."""
        script = (
            f"mount --bind {self.var_lib} /var/lib && "
            f"mount --bind {self.directory}/hosts /etc/hosts && "
            f"mount --bind {self.directory}/resolv.conf /etc/resolv.conf && "
            f"echo {self.name} > /proc/sys/kernel/hostname && "
            'exec "$@"'
        )
        return [
            "ip",
            "netns",
            "exec",
            self.namespace,
            "unshare",
            "--mount",
            "--uts",
            "sh",
            "-c",
            script,
            "sh",
        ]

    def unplug(self) -> None:
        """Cut the cable between host and switch."""
        self._set_link("down")

    def plug_in(self) -> None:
        """Mend the cable."""
        self._set_link("up")

    def _set_link(self, state: str) -> None:
        ip("-n", self.network.switch, "link", "set", self.name, state)


class Network:
    """A switch and the hosts plugged into it, each with an address of one /24 network."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._number = next(_numbers)
        self._namespaces: list[str] = []
        self.switch = self.new_namespace("switch")
        ip("-n", self.switch, "link", "add", "switch", "type", "bridge")
        ip("-n", self.switch, "link", "set", "switch", "up")

    def new_namespace(self, name: str) -> str:
        """An empty network of its own."""
        namespace = f"{_PREFIX}-{os.getpid()}-{self._number}-{name}"
        ip("netns", "add", namespace)
        self._namespaces.append(namespace)
        ip("-n", namespace, "link", "set", "lo", "up")
        return namespace

    def host(self, name: str, address: str) -> Host:
        """A host plugged into the switch."""
        made = Host(self, name, address, self._directory / name)
        self._connect(made, "eth0", f"{address}/24", self.switch, name)
        ip("-n", self.switch, "link", "set", name, "master", "switch", "up")
        return made

    def host_behind(self, router: Host, name: str, address: str, router_address: str) -> Host:
        """A host that reaches nothing but a router, and that nothing but the router reaches."""
        made = Host(self, name, address, self._directory / name)
        self._connect(made, "eth0", f"{address}/24", router.namespace, "inside")
        ip("-n", router.namespace, "addr", "add", f"{router_address}/24", "dev", "inside")
        ip("-n", router.namespace, "link", "set", "inside", "up")
        return made

    def _connect(self, host: Host, device: str, address: str, other: str, other_device: str) -> None:
        """A cable between a host and another namespace."""
        namespace = host.namespace
        peer = ("peer", "name", other_device, "netns", other)
        ip("link", "add", device, "netns", namespace, "type", "veth", *peer)
        ip("-n", namespace, "addr", "add", address, "dev", device)
        ip("-n", namespace, "link", "set", device, "up")

    def close(self) -> None:
        """Remove everything; cables go with their namespaces."""
        for namespace in self._namespaces:
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)
        self._namespaces.clear()


@contextmanager
def running_network(directory: Path) -> Iterator[Network]:
    """A network with nothing in it; removed at the end, whatever happens.

    Raises:
        NoNetwork: this machine cannot.
    """
    network: Network | None = None
    try:
        network = Network(directory)
        yield network
    finally:
        if network is not None:
            network.close()


def reason_against(directory: Path) -> str:
    """Why this machine cannot have such networks; empty if it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "unshare", "mount"):
        if shutil.which(program) is None:
            return f"there is no program {program!r}"
    remove_leftovers()
    try:
        with running_network(directory) as network:
            host = network.host("probe", "10.10.10.1")
            done = subprocess.run([*host.wrapper(), "true"], capture_output=True, text=True, check=False)
            return done.stderr.strip()
    except NoNetwork as fault:
        return str(fault)


def remove_leftovers() -> None:
    """Remove the namespaces of test runs that were killed."""
    for path in Path("/run/netns").glob(f"{_PREFIX}-*"):
        owner = path.name.removeprefix(f"{_PREFIX}-").partition("-")[0]
        if not Path("/proc", owner).exists():
            subprocess.run(["ip", "netns", "del", path.name], capture_output=True, check=False)
