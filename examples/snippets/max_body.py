import envoi

try:
    envoi.get(f"{url}/bytes/2000", max_body=1000)
except envoi.BodyTooLarge as error:
    print(error)
    # > The body is larger than max_body=1000 bytes…
