import envoi

try:
    envoi.get(f"{url}/delay/5", timeout=0.2)
except envoi.ReadTimeout as error:
    print(error)
    # > Timed out waiting for the answer of 127.0.0.1:… after 0.2 s. Raise Timeout(read=…), or make it None to wait for ever.
    print(error.phase, error.seconds)
    # > read 0.2
