"""Which VISA resources this machine sees; for writing a bench file."""

import pyvisa


def list_resources() -> tuple[str, ...]:
    """Return the VISA resource strings found. Instruments on raw sockets never announce themselves and are not among them."""
    manager = pyvisa.ResourceManager("@py")
    try:
        return tuple(manager.list_resources("?*"))
    finally:
        manager.close()
