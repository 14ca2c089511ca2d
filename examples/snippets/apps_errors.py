import envoi
from envoi.adapters import WSGIAdapter


def app(environ, start_response):
    raise LookupError("no such table")


with envoi.Session() as session:
    session.mount("http://strict/", WSGIAdapter(app))
    session.mount("http://lenient/", WSGIAdapter(app, raise_app_exceptions=False))
    try:
        session.get("http://strict/")
    except LookupError as error:
        print(repr(error))
        # > LookupError('no such table')
    print(session.get("http://lenient/").status_code)
    # > 500
