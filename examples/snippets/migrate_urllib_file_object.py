import shutil
from urllib.request import urlopen

import envoi

with urlopen(f"{url}/bytes/100000") as theirs, open(folder / "theirs", "wb") as file:
    first = theirs.read(10)
    shutil.copyfileobj(theirs, file)
with envoi.get(f"{url}/bytes/100000", stream=True) as ours, open(folder / "ours", "wb") as file:
    print(ours.raw.read(10) == first)
    # > True
    shutil.copyfileobj(ours.raw, file)
print((folder / "theirs").read_bytes() == (folder / "ours").read_bytes())
# > True

with urlopen(f"{url}/stream/2") as theirs, envoi.get(f"{url}/stream/2", stream=True) as ours:
    print([line.rstrip(b"\n") for line in theirs] == list(ours.iter_lines()))
    # > True
