"""Recognises compound files: Office files with a password, and those of programs before 2007."""

_HEAD = bytes.fromhex("d0cf11e0a1b11ae1")
# The stream that holds another file, encrypted.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def is_compound(data: bytes) -> bool:
    """Return whether a file, or its first eight bytes, is a compound file."""
    return data.startswith(_HEAD)


def has_password(data: bytes) -> bool:
    """Return whether a compound file holds an Office file with a password."""
    return _ENCRYPTED in data
