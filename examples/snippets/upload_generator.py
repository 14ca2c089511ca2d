import envoi


def lines():
    for number in range(3):
        yield f"line {number}\n".encode()


response = envoi.post(f"{url}/post", data=lines())
print(response.json()["headers"]["Transfer-Encoding"])
# > chunked
print(response.json()["data"].splitlines())
# > ['line 0', 'line 1', 'line 2']
