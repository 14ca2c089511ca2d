from urllib.request import urlcleanup, urlretrieve

import envoi


def retrieve(address, path, report=None, size=64 * 1024):
    with envoi.get(address, stream=True) as response, open(path, "wb") as file:
        response.raise_for_status()
        total = int(response.headers.get("Content-Length", -1))
        for count, piece in enumerate(response.iter_content(size), 1):
            done = file.tell() + file.write(piece)
            if report is not None:
                report(count, done, total)
    return path, response.headers


reports = []
path, headers = urlretrieve(
    f"{url}/download/100000", folder / "theirs", lambda *report: reports.append(report)
)
print(path.stat().st_size, headers["Content-Length"], reports[-1][2])
# > 100000 100000 100000
urlcleanup()  # removes what urlretrieve made when it was given no path

path, headers = retrieve(
    f"{url}/download/100000", folder / "ours", lambda *report: reports.append(report)
)
print(path.stat().st_size, headers["Content-Length"], reports[-1][1:])
# > 100000 100000 (100000, 100000)
