"""Which VISA resources this machine sees; for writing a bench file."""

import warnings

import pyvisa


def list_resources() -> tuple[str, ...]:
    """Return the VISA resource strings found. Instruments on raw sockets never announce themselves and are not among them.

    The resource manager is one for the whole process, and closing it would close every instrument: it is left open.
    """
    with warnings.catch_warnings():
        # PyVISA-py recommends packages that would find more; to somebody writing a bench file that is noise.
        warnings.simplefilter("ignore", UserWarning)
        return tuple(pyvisa.ResourceManager("@py").list_resources("?*"))
