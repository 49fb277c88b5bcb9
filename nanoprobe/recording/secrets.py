"""Passwords in resource strings: found, and kept out of everything that is written."""

import re

_PASSWORDS = (
    re.compile(r"//[^/@:\s]*:(?P<secret>[^/@\s]+)@"),
    re.compile(r"(?:password|passwd|pwd|token|secret|key)=(?P<secret>[^&;:\s]+)", re.IGNORECASE),
)
_LEAST = 4
"""Shorter secrets are taken out of resource strings only: they may stand in traffic by chance."""


def secrets_in(resource: str) -> list[str]:
    """Return the passwords in a resource string: `//user:PASSWORD@host`, `password=PASSWORD` and the like."""
    return [match["secret"] for pattern in _PASSWORDS for match in pattern.finditer(resource)]


def without_secrets(resource: str) -> str:
    """Return a resource string with a `***` for each password."""
    for secret in secrets_in(resource):
        resource = resource.replace(secret, "***")
    return resource


class Masker:
    """Takes known secrets out of traffic."""

    def __init__(self) -> None:
        self.secrets: list[bytes] = []
        """What is taken out."""

    def learn(self, resource: str) -> None:
        """Know the passwords of a resource string."""
        self.secrets += [each.encode() for each in secrets_in(resource) if len(each) >= _LEAST]

    def mask(self, content: bytes) -> bytes:
        """Return `content` with an asterisk for each byte of a known secret."""
        for secret in self.secrets:
            if secret in content:
                content = content.replace(secret, b"*" * len(secret))
        return content
