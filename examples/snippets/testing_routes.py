import envoi
from envoi.testing import Answer, Server

with Server() as server:

    @server.route("/users/<name>", methods=["GET", "PUT"])
    def user(request):
        if request.method == "PUT":
            return Answer(201, {"saved": request.json()}, [("Location", request.path)])
        return {"name": request.parameters["name"]}

    server.add("/robots.txt", "User-agent: *\n")

    print(envoi.get(f"{server.url}/users/ada").json())
    # > {'name': 'ada'}
    print(envoi.put(f"{server.url}/users/ada", json={"age": 36}).headers["Location"])
    # > /users/ada
    print([(request.method, request.path) for request in server.requests])
    # > [('GET', '/users/ada'), ('PUT', '/users/ada')]
    print(server.connections)
    # > 1
