import envoi

response = envoi.post(f"{url}/post", json={"answer": 42})
print(response.json()["json"])
# > {'answer': 42}
print(response.request.headers["Content-Type"])
# > application/json
