import envoi

with (
    envoi.get(f"{url}/download/5000000", stream=True) as response,
    open(folder / "download", "wb") as file,
):
    for piece in response.iter_content(256 * 1024):
        file.write(piece)
print((folder / "download").stat().st_size)
# > 5000000
