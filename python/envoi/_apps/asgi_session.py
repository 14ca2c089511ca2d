"""A session for one ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from envoi._apps.async_asgi import AsyncASGIAdapter
from envoi._apps.request import CLIENT
from envoi._sessions.async_session import AsyncSession

if TYPE_CHECKING:
    from typing import Self

    from envoi._model.types import URLType


class ASGISession(AsyncSession):
    """An `AsyncSession` whose requests all go to an ASGI application in this process: a test
    client, with cookies, redirects and hooks.

    `async with` starts the application, and shuts it down at the end. Without it, the application
    is called and not started, as in requests-async.

    Args:
        app: the application, a callable as in ASGI 3.0.
        base_url: relative URLs are joined to it.
        lifespan: as for `ASGIAdapter`; it begins with `async with`.
        raise_app_exceptions: as for `ASGIAdapter`.
        root_path: as for `ASGIAdapter`.
        client: as for `ASGIAdapter`.
        **settings: see `SessionSettings`.

    Examples:
        >>> async def app(scope, receive, send):
        ...     await send({"type": "http.response.start", "status": 200, "headers": []})
        ...     await send({"type": "http.response.body", "body": scope["path"].encode()})
        >>> async def main():
        ...     return (await envoi.aio.ASGISession(app).get("/here")).text
        >>> asyncio.run(main())
        '/here'
    """

    __attrs__: ClassVar[list[str]] = [*AsyncSession.__attrs__, "_app_adapter"]

    def __init__(
        self,
        app: Any,
        base_url: URLType = "http://testserver/",
        *,
        lifespan: str = "auto",
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: str | tuple[str, int] = CLIENT,
        **settings: Any,
    ) -> None:
        super().__init__(base_url=base_url, **settings)
        self._app_adapter = AsyncASGIAdapter(
            app,
            lifespan=lifespan,
            raise_app_exceptions=raise_app_exceptions,
            root_path=root_path,
            client=client,
        )
        self._app_adapter._starts_lifespan = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, self._app_adapter)

    @property
    def app(self) -> Any:
        """The application."""
        return self._app_adapter.app

    async def __aenter__(self) -> Self:
        try:
            await self._app_adapter.startup()
        except BaseException:
            await self.close()
            raise
        return await super().__aenter__()
