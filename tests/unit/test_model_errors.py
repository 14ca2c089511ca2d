"""Which request an error happened to."""

from __future__ import annotations

from envoi._model.errors import RequestException, blame


def test_blame_notes_request_and_response():
    request, response = object(), object()
    error = RequestException("what happened")
    blame(error, request)
    assert (error.request, error.response) == (request, None)
    blame(error, request, response)
    assert (error.request, error.response) == (request, response)


def test_blame_keeps_what_is_known():
    request, response = object(), object()
    error = RequestException("what happened", request=request, response=response)
    blame(error, object(), object())
    assert (error.request, error.response) == (request, response)


def test_blame_takes_a_response_without_a_request():
    error = RequestException("what happened")
    blame(error, None, None)
    assert (error.request, error.response) == (None, None)
