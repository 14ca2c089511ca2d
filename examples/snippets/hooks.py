import envoi


def tell(response, **options):
    print(response.status_code, response.url.rpartition("/")[2])


envoi.get(f"{url}/redirect/1", hooks={"response": tell})
# > 302 1
# > 200 get
