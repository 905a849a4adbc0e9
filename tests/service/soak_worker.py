"""One client of a soak: single writes, one after the other, every one of them stored.

`python -I -S soak_worker.py SERVICE NUMBER COUNT` with the directory of `client.py`; prints how many were stored.
"""

import sys

sys.path.insert(0, sys.argv[1])
from client import Client  # type: ignore[import-not-found]


def main() -> None:
    """Write and count."""
    number, count = int(sys.argv[2]), int(sys.argv[3])
    client = Client(store="soak", user="ada", agent=f"client-{number}", timeout=120.0)
    stored = 0
    for place in range(count):
        text, key = f"Client {number} saw heron {place} by the river.", f"c{number}-{place}"
        if place % 4:
            found = client.call("record", {"text": text, "session": f"{number}-{place // 40}", "key": key})
        else:
            found = client.call("remember", {"text": text, "key": key})
        if found["status"] != "stored":
            raise SystemExit(f"{key} was {found}")
        stored += 1
    client.close()
    print(stored)


if __name__ == "__main__":
    main()
