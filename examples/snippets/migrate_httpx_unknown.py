import envoi

try:
    envoi.post(f"{url}/post", content=b"raw")
except envoi.InvalidOption as error:
    print(error)
    # > content= is not an option of a request; did you mean data=?
