"""A request as a user describes it, before it is prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._model.hooks import RequestHooksMixin
from envoi._model.prepared import PreparedRequest

if TYPE_CHECKING:
    from envoi._model.hooks import Hook
    from envoi._model.types import (
        AuthType,
        CookiesType,
        DataType,
        FilesType,
        HeadersType,
        HooksType,
        JsonType,
        ParamsType,
        URLType,
    )


class Request(RequestHooksMixin):
    """A request as its user describes it. `prepare` makes a `PreparedRequest` of it;
    `Session.prepare_request` adds the session's settings.

    Args:
        method: such as "GET".
        url: where to.
        headers: header fields.
        files: a multipart form's files.
        data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
        params: added to the query.
        auth: user name and password, an `envoi.auth.Auth`, or a callable that takes the request and
            returns it.
        cookies: this request's own.
        hooks: `{"response": function}`: called with the response.
        json: the body, as JSON.

    Examples:
        >>> envoi.Request("POST", "https://example.org/", data={"a": 1}).prepare().body
        'a=1'
    """

    def __init__(
        self,
        method: str | bytes | None = None,
        url: URLType | None = None,
        headers: HeadersType = None,
        files: FilesType = None,
        data: DataType = None,
        params: ParamsType = None,
        auth: AuthType = None,
        cookies: CookiesType = None,
        hooks: HooksType = None,
        json: JsonType = None,
    ) -> None:
        self._hooks: dict[str, list[Hook]] | None = None
        for event, hook in (hooks or {}).items():
            self.register_hook(event, hook)
        self.method = method
        self.url = url
        self.headers: Any = {} if headers is None else headers
        self.files: Any = [] if files is None else files
        self.data: Any = [] if data is None else data
        self.json = json
        self.params: Any = {} if params is None else params
        self.auth = auth
        self.cookies = cookies

    def prepare(self) -> PreparedRequest:
        """The request that will be sent.

        Raises:
            InvalidURL: the URL cannot be used; `MissingSchema` where it has no scheme.
            RequestException: another argument cannot be sent: see the tree in `envoi.exceptions`.
        """
        prepared = PreparedRequest()
        prepared.prepare(
            method=self.method,
            url=self.url,
            headers=self.headers,
            files=self.files,
            data=self.data,
            json=self.json,
            params=self.params,
            auth=self.auth,
            cookies=self.cookies,
            hooks=self.hooks,
        )
        return prepared

    def __repr__(self) -> str:
        return f"<Request [{self.method!s}]>"
