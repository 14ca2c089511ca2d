import envoi

(folder / "report.csv").write_text("day,visits\nmonday,3\n")
with open(folder / "report.csv", "rb") as file:
    response = envoi.put(f"{url}/put", data=file)
print(response.json()["headers"]["Content-Length"])
# > 20
