"""What the three backends share: everything that needs no event loop of its own kind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from envoi._io.resolver import shared_resolver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from envoi._io.protocols import Address, Backend, Lock, SecureStream, Stream, TLSConfig, Waiter

    class ResolverBackend(Protocol):
        """What `BackendBase.resolve` needs of the backend."""

        def resolver_waiter(self) -> tuple[Waiter, Callable[[], None]]: ...


class BackendBase:
    """The base of `BlockingBackend`, `AsyncioBackend` and `TrioBackend`."""

    def lock(self) -> Lock:
        """As in `Backend`. A thread lock in every backend, because the garbage collector runs in
        any thread.
        """
        return threading.Lock()

    async def resolve(
        self: ResolverBackend, host: str, port: int, deadline: float
    ) -> Sequence[Address]:
        """As in `Backend`."""
        resolver = shared_resolver()
        known = resolver.known(host, port)
        if known is not None:
            return known
        waiter, wake = self.resolver_waiter()
        return await resolver.answer(host, port, waiter, wake, deadline)

    async def prepare_tls(self: Backend, config: TLSConfig) -> None:
        """As in `Backend`."""
        from envoi._io import tls

        await tls.prepare(self, config)

    async def start_tls(
        self: Backend, stream: Stream, config: TLSConfig, server_hostname: str, deadline: float
    ) -> SecureStream:
        """As in `Backend`."""
        from envoi._io import tls

        return await tls.start(self, stream, config, server_hostname, deadline)
