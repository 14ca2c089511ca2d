import envoi
from envoi.adapters import ASGIAdapter


async def events(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    number = 0
    try:
        while True:
            number += 1
            line = f"event {number}\n".encode()
            await send({"type": "http.response.body", "body": line, "more_body": True})
    except OSError:
        print("nobody listens any more")


with envoi.Session() as session:
    session.mount("http://testserver/", ASGIAdapter(events, lifespan="off"))
    with session.get("http://testserver/", stream=True) as response:
        lines = response.iter_lines()
        print(next(lines), next(lines))
# > b'event 1' b'event 2'
# > nobody listens any more
