import asyncio

from envoi import aio


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        scope["state"]["greeting"] = "Hello"
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shutting down")
        await send({"type": "lifespan.shutdown.complete"})
    else:
        body = scope["state"]["greeting"] + " from " + scope["path"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body.encode()})


async def main():
    async with aio.ASGISession(app) as client:
        response = await client.get("/here")
        print(response.status_code, response.text)


asyncio.run(main())
# > 200 Hello from /here
# > shutting down
