import envoi


def check(response, **options):
    response.raise_for_status()


with envoi.Session(hooks={"response": check}) as session:
    try:
        session.get(f"{url}/status/404")
    except envoi.HTTPError as error:
        print(error.response.status_code)
        # > 404
    unchecked = session.get(
        f"{url}/status/404", hooks={"response": lambda response, **options: None}
    )
    print(unchecked.ok)
    # > False
