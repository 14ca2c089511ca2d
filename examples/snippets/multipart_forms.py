import envoi

files = [
    ("pages", ("1.txt", "first")),
    ("pages", ("2.txt", b"second", "text/plain")),
    ("note", ("note.txt", ["in ", "pieces"], "text/plain; charset=utf-8", {"X-Id": "7"})),
]
response = envoi.post(f"{url}/post", files=files)
print(response.json()["files"]["note"], response.request.headers["Transfer-Encoding"])
# > in pieces chunked
