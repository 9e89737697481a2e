"""A network bridge for each engine that is started here, so that none touches another's, nor its firewall rules."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from zlib import crc32

from outside.machine import Refusal, run

if TYPE_CHECKING:
    from collections.abc import Iterable

# Of the private range (RFC 1918), a part that engines do not pick by themselves.
POOL = ipaddress.IPv4Network("10.213.0.0/16")


def device(name: str) -> str:
    """The bridge's name: at most 15 characters (IFNAMSIZ), another one for each engine."""
    return f"wb-{crc32(name.encode()):08x}"


def free_network(taken: Iterable[str]) -> ipaddress.IPv4Network:
    """The first /24 of the pool that overlaps none of `taken`, networks or interface addresses with a prefix length."""
    used = [ipaddress.ip_interface(address).network for address in taken]
    for network in POOL.subnets(new_prefix=24):
        if not any(network.overlaps(other) for other in used):
            return network
    raise Refusal(f"no free network is left in {POOL}")


def read_addresses(listing: str) -> list[str]:
    """The addresses in the output of `ip -o -4 addr`, as "10.213.0.1/24"."""
    lines = (line.split() for line in listing.splitlines())
    return [words[words.index("inet") + 1] for words in lines if "inet" in words]


def create(name: str) -> str:
    """Makes the bridge, with an address and the way out. Returns its network; `remove` takes all of it away."""
    bridge = device(name)
    _forget_link(bridge)
    network = free_network(read_addresses(run(["ip", "-o", "-4", "addr"])))
    address = f"{network.network_address + 1}/{network.prefixlen}"
    run(["ip", "link", "add", bridge, "type", "bridge"])
    run(["ip", "addr", "add", address, "dev", bridge])
    run(["ip", "link", "set", bridge, "up"])
    for rule in _rules(bridge, str(network)):
        run(["iptables", "-w", *_with(rule, "-I")])
    return str(network)


def remove(name: str, network: str) -> None:
    bridge = device(name)
    for rule in _rules(bridge, network):
        _quietly("iptables", "-w", *_with(rule, "-D"))
    _forget_link(bridge)


def _rules(bridge: str, network: str) -> list[list[str]]:
    return [
        ["-t", "nat", "POSTROUTING", "-s", network, "!", "-o", bridge, "-j", "MASQUERADE"],
        ["-t", "filter", "FORWARD", "-i", bridge, "-j", "ACCEPT"],
        ["-t", "filter", "FORWARD", "-o", bridge, "-j", "ACCEPT"],
    ]


def _with(rule: list[str], action: str) -> list[str]:
    return [*rule[:2], action, *rule[2:]]


def _forget_link(bridge: str) -> None:
    _quietly("ip", "link", "delete", bridge)


def _quietly(*command: str) -> None:
    """For taking away what may be gone already."""
    try:
        run(command)
    except Refusal:
        return
