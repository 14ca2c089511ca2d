import envoi

response = envoi.post(f"{url}/post", data={"name": "Ada", "city": "London"})
print(response.json()["form"])
# > {'name': 'Ada', 'city': 'London'}
