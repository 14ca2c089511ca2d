from urllib.robotparser import RobotFileParser

import envoi
from envoi.testing import Server

with Server() as server:
    server.add("/robots.txt", "User-agent: *\nDisallow: /private\n")
    robots = RobotFileParser()
    robots.parse(envoi.get(f"{server.url}/robots.txt").text.splitlines())
    print(
        robots.can_fetch("shop", f"{server.url}/private"),
        robots.can_fetch("shop", f"{server.url}/open"),
    )
    # > False True
