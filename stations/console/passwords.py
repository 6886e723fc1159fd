"""Passwords as argon2id hashes.

Hashing takes tens of milliseconds and 64 MiB by intent, so it runs in a thread, two at a time at
most: a burst of logins neither stalls the live pages nor fills the memory.
"""

import asyncio
from functools import partial

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10  # characters of one that somebody chooses
_LONGEST = 1024  # characters; a longer one is nobody's password


class Passwords:
    """argon2id with the library's parameters (RFC 9106, low-memory profile)."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._slots = asyncio.Semaphore(2)
        self._nobody = self._hasher.hash("nobody's password")

    def hash(self, password: str) -> str:
        """The hash to store. Blocks for tens of milliseconds: not for the event loop."""
        if not 0 < len(password) <= _LONGEST:
            raise ValueError(f"a password has 1 to {_LONGEST} characters")
        return self._hasher.hash(password)

    async def hash_later(self, password: str) -> str:
        """The hash, made in a thread."""
        async with self._slots:
            return await asyncio.to_thread(self.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. Without a stored hash the same work is done for nothing,
        so that the time taken tells nobody which accounts exist."""
        async with self._slots:
            return await asyncio.to_thread(partial(self._matches, stored, password))

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str | None, password: str) -> bool:
        try:
            self._hasher.verify(stored or self._nobody, password[:_LONGEST])
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None and len(password) <= _LONGEST
