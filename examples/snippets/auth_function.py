import envoi


def with_key(request):
    request.headers["X-Key"] = f"key for {request.method} {request.path_url}"
    return request


response = envoi.get(f"{url}/headers", auth=with_key)
print(response.json()["headers"]["X-Key"])
# > key for GET /headers
