"""Where a daemon listens, and what others are told about it: addresses, port, hostname.

Source: reference master.md §1 (ip, port, advertise_ip, advertise_port, hostname, hostname_lookup).
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from dataclasses import dataclass
from threading import Thread

from actors import join_address, split_address
from cluster.cli.complain import StartFault
from cluster.config.shared import DaemonOptions

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
#: How long the look-up of a name may hold the start up.
LOOKUP_S = 5.0
#: Addresses to which no packet is sent: the way to them tells our own address.
_FAR_AWAY = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


@dataclass(frozen=True, slots=True)
class Place:
    """`ip` and `port` are what the socket is bound to; the rest is what others are told."""

    ip: str
    port: int
    advertised_ip: str
    advertised_port: int
    hostname: str

    @property
    def bound(self) -> str:
        """`ip:port` of the socket."""
        return join_address(self.ip, self.port)

    @property
    def advertised(self) -> str:
        """`ip:port` for others."""
        return join_address(self.advertised_ip, self.advertised_port)

    @property
    def local(self) -> str:
        """`ip:port` for processes of this host."""
        if not _is_any(self.ip):
            return self.bound
        return join_address("::1" if ":" in self.ip else LOOPBACK, self.port)

    @property
    def url(self) -> str:
        """Where a browser on this network finds the daemon."""
        return f"http://{self.advertised}/"


def listening_ip(options: DaemonOptions) -> str:
    """The address to bind: the option, else one of this host's name that others can reach."""
    return options.ip or _own_address(socket.AF_INET) or LOOPBACK


def address_towards(address: str) -> str | None:
    """Our own address on the way to `ip:port`; None when there is no way. No packet is sent."""
    ip, port = split_address(address)
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((ip, port or 9))
            return str(probe.getsockname()[0])
        except OSError:
            return None


def place_of(options: DaemonOptions, sock: socket.socket) -> Place:
    """What is known once the socket is bound."""
    ip, port = sock.getsockname()[:2]
    advertised_ip = options.advertise_ip or (outward_address(ip) if _is_any(ip) else ip)
    return Place(
        ip=ip,
        port=port,
        advertised_ip=advertised_ip,
        advertised_port=port if options.advertise_port is None else options.advertise_port,
        hostname=_hostname(options, advertised_ip),
    )


def resolve(host: str) -> str:
    """The address of a host name; an address stays as it is.

    Raises:
        StartFault: nobody knows the name.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise StartFault(f"cannot find the address of {host}: {words}") from None
    families = sorted(found, key=lambda entry: entry[0] != socket.AF_INET)
    return str(families[0][4][0])


def resolve_address(address: str) -> str:
    """`host:port` with the host as an address.

    Raises:
        StartFault: nobody knows the name.
    """
    host, port = split_address(address)
    return join_address(resolve(host), port)


def outward_address(any_ip: str) -> str:
    """Our address on the way out, for a socket bound to every address."""
    family = socket.AF_INET6 if ":" in any_ip else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_FAR_AWAY[family], 9))
            ip = str(probe.getsockname()[0])
        except OSError:
            ip = ""
    if ip and not _is_any(ip) and not _is_loopback(ip):
        return ip
    return _own_address(family) or ("::1" if family == socket.AF_INET6 else LOOPBACK)


def _own_address(family: socket.AddressFamily) -> str | None:
    """An address of this host's name that is not of the loopback, and that the host really has."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, family, socket.SOCK_STREAM)
    except OSError:
        return None
    addresses = [str(entry[4][0]) for entry in found]
    return next((ip for ip in addresses if not _is_loopback(ip) and _is_ours(ip, family)), None)


def _is_ours(ip: str, family: socket.AddressFamily) -> bool:
    """Whether an address can be bound; names of hosts are often out of date."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((ip, 0))
        except OSError:
            return False
    return True


def _hostname(options: DaemonOptions, ip: str) -> str:
    if options.hostname is not None:
        return options.hostname
    return _name_of(ip) if options.hostname_lookup else ip


def _name_of(ip: str) -> str:
    """The name that belongs to an address; the address itself if nobody tells one in time.

    In a thread, because a name server that does not answer holds the call up for long.
    """
    names: list[str] = []

    def look_up() -> None:
        try:
            names.append(socket.getnameinfo((ip, 0), socket.NI_NUMERICSERV)[0])
        except OSError as error:
            log.info("no name belongs to %s: %s", ip, error)

    thread = Thread(target=look_up, name="hostname look-up", daemon=True)
    thread.start()
    thread.join(LOOKUP_S)
    if not names and thread.is_alive():
        log.warning(
            "no name for %s within %g s: others are told the address; --hostname or --no-hostname_lookup "
            "save the wait", ip, LOOKUP_S,
        )  # fmt: skip
    return names[0] if names else ip


def _is_any(ip: str) -> bool:
    return ipaddress.ip_address(ip).is_unspecified


def _is_loopback(ip: str) -> bool:
    return ipaddress.ip_address(ip.partition("%")[0]).is_loopback
