"""Addresses of lift controllers, as staff write them."""

from urllib.parse import urlsplit


def is_address(adapter: str, address: str) -> bool:
    """Whether a gate can reach a controller of this kind so. Names and passwords do not belong into it: they would lie open."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        return False
    if adapter == "modbus":
        number = parts.path.strip("/")
        return parts.scheme == "modbus" and (not number or (number.isdecimal() and int(number) < 256)) and port != 0
    return parts.scheme in ("http", "https")
