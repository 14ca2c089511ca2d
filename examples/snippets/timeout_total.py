import envoi

try:
    # Ten bytes, one every half second: no single wait is long.
    envoi.get(f"{url}/drip?numbytes=10&duration=5", timeout=envoi.Timeout(total=0.3))
except envoi.TotalTimeout as error:
    print(error)
    # > The request took longer than its total of 0.3 s; it was … 127.0.0.1:…. Raise Timeout(total=…), or make it None.
