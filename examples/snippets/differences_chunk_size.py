import envoi

with envoi.get(f"{url}/bytes/100000", stream=True) as response:
    sizes = [len(piece) for piece in response.iter_content(65536)]
print(sum(sizes), max(sizes) <= 65536)
# > 100000 True
