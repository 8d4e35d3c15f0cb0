"""Which hosts are providers' own: everything else that speaks their protocols is a relay."""

import ipaddress
import urllib.parse

PROVIDERS = (
    "openai.com", "azure.com", "googleapis.com", "x.ai", "bfl.ai", "bfl.ml", "stability.ai", "fal.ai", "fal.run", "replicate.com", "runwayml.com",
    "ideogram.ai", "recraft.ai", "amazonaws.com", "volces.com", "aliyuncs.com", "minimax.io", "minimaxi.com", "bigmodel.cn", "tencentcloudapi.com",
)  # fmt: skip
"""Domains under which providers serve their own models."""


def relayed(base_url: str) -> bool | None:
    """Is this address a relay's? None where it cannot be told: no name, this machine, a private network."""
    host = (urllib.parse.urlsplit(base_url).hostname or "").rstrip(".")
    if "." not in host or _is_address(host):
        return None
    return not any(host == domain or host.endswith("." + domain) for domain in PROVIDERS)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
