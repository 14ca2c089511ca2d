import envoi
from envoi.testing import RawServer


def script(connection):
    connection.read_request()
    connection.reset()


with RawServer(script) as server:
    try:
        envoi.get(server.url)
    except envoi.ConnectionError as error:
        print(type(error).__name__, len(server.requests))
        # > ConnectionError 1
