import envoi


def fetch(address):
    try:
        response = envoi.get(address, timeout=2)
        response.raise_for_status()
    except envoi.Timeout as error:
        return f"too slow ({error.phase})"
    except envoi.ConnectionError as error:
        return f"no connection ({type(error).__name__})"
    except envoi.HTTPError as error:
        return f"status {error.response.status_code}"
    except envoi.RequestException as error:
        return f"something else ({type(error).__name__})"
    return "fine"


print(fetch(f"{url}/get"))
# > fine
print(fetch(f"{url}/status/503"))
# > status 503
print(fetch(closed_url))
# > no connection (ConnectionRefused)
print(fetch("example.org"))
# > something else (MissingSchema)
