import envoi

with open(folder / "film.bin", "wb") as film:
    film.truncate(50_000_000)  # far more than is ever held in memory
with open(folder / "film.bin", "rb") as film:
    response = envoi.post(f"{url}/status/200", files={"film": film})
print(response.request.headers["Content-Length"])
# > 50000…
