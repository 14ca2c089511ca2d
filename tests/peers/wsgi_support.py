"""Small WSGI applications for tests, and their mounting."""

from __future__ import annotations

import json

from envoi.adapters import WSGIAdapter

TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def mount(new_client, app, *, session=(), **settings):
    """A client whose http://app.test/ is the application.

    Args:
        new_client: the fixture.
        app: the application.
        session: settings of the session.
        **settings: of the adapter.
    """
    client = new_client(**dict(session))
    client.session.mount("http://app.test/", WSGIAdapter(app, **settings))
    client.session.mount("https://app.test", WSGIAdapter(app, **settings))
    return client


def echo(environ, start_response):
    """Answers with the text parts of its environ, and the body, as JSON."""
    told = {name: value for name, value in environ.items() if isinstance(value, str)}
    told["body"] = environ["wsgi.input"].read().decode("latin-1")
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]


class Pieces:
    """An iterable that notes how far it was read, and whether it was closed."""

    def __init__(self, *pieces, fail=None):
        self.pieces = list(pieces)
        self.given = 0
        self.closed = 0
        self.fail = fail

    def __iter__(self):
        return self

    def __next__(self):
        if self.given == len(self.pieces):
            if self.fail is not None:
                raise self.fail
            raise StopIteration
        self.given += 1
        return self.pieces[self.given - 1]

    def close(self):
        self.closed += 1


def answering(body, *fields, status="200 OK"):
    """An application that always gives the same."""

    def app(environ, start_response):
        start_response(status, [*TEXT, *fields])
        return body

    return app
