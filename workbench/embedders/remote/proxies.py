"""Whether a proxy of the environment stands between here and an address."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from workbench.embedders.remote.address import Address, host_of, is_loopback


def proxy_hint(address: Address) -> str:
    """Which variable sends requests through a proxy, and how to go round it; "" where none does."""
    host, scheme = host_of(address), urlsplit(address.root).scheme
    proxies = getproxies()
    if is_loopback(address) or not (proxies.get(scheme) or proxies.get("all")):
        return ""
    if proxy_bypass(host):
        return ""
    upper = f"{scheme if proxies.get(scheme) else 'all'}_proxy".upper()
    name = upper if os.environ.get(upper) else upper.lower()
    return f"${name} sends this through a proxy: put {host} into NO_PROXY to go round it."
