import subprocess
import sys

(folder / "program.py").write_text(
    f"import requests; print(requests.get('{url}/get').request.headers['User-Agent'])"
)
command = [sys.executable, "-m", "envoi.as_requests", str(folder / "program.py")]
print(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
# > envoi/…
