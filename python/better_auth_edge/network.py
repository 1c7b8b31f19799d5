"""Tells private hosts from public ones by their name or address, by the same rules as the Rust
core.
"""

import ipaddress

PRIVATE_DOMAINS = {
    *("localhost", "local", "internal", "private", "intranet", "lan", "home", "corp", "svc"),
    *("consul", "flycast", "test", "example", "invalid"),
}
PRIVATE_NETWORKS = [
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "::/128", "::1/128", "fc00::/7", "fe80::/10"),
    )
]


def exposure(origin: str) -> str | None:
    """Returns a warning about an origin that keys come from by plain HTTP over a public network, or
    None.
    """
    scheme, _, authority = origin.partition("://")
    host = authority if authority.endswith("]") else authority.rpartition(":")[0] or authority
    if scheme != "http" or is_private(host):
        return None
    return (
        f"the keys come from {origin} without TLS: an attacker on the network can replace them and "
        "sign tokens for any user. Use https"
    )


def is_private(host: str) -> bool:
    """Whether a host, in lower case and without a port, is certainly not on the public network."""
    if host.startswith("["):
        return _is_private_address(host.strip("[]"))
    name = host.removesuffix(".")
    last = name.rpartition(".")[2]
    # By the URL Standard such a host is an IPv4 address in any notation.
    if last[:1].isascii() and last[:1].isdigit():
        return _is_private_address(name)
    is_below = name.endswith((".home.arpa", ".localdomain"))
    return "." not in name or last in PRIVATE_DOMAINS or is_below


def _is_private_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return any(address in network for network in PRIVATE_NETWORKS)
