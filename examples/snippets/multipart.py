import envoi

(folder / "cat.txt").write_text("miaow")
with open(folder / "cat.txt", "rb") as file:
    response = envoi.post(f"{url}/post", data={"title": "Cat"}, files={"photo": file})
print(response.json()["form"], response.json()["files"])
# > {'title': 'Cat'} {'photo': 'miaow'}
