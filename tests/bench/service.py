"""What a call costs from outside: fresh processes, the console script, HTTP, starting the server, its memory and idle time."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import corpus
import measure
import psutil

from eider.api.wire import encode
from eider.client import client as client_file
from eider.client.client import Client, server_notes, socket_path

ROWS = 10_000
_CALL = Path(client_file.__file__).with_name("call.py")
_EIDER = Path(sys.executable).with_name("eider")


@contextmanager
def server() -> Generator[Path]:
    """A home with a server that holds ten thousand utterances and memories."""
    home = Path(tempfile.mkdtemp(prefix="eb-"))
    os.environ["EIDER_HOME"], os.environ["EIDER_SERVER"] = str(home), "auto"
    client = Client(store="bench", user="ada", home_folder=str(home), timeout=120.0)
    try:
        for place in range(0, ROWS, 2_000):
            client.call("record_many", {"items": encode(list(corpus.episodes(2_000, seed=place)))})
        client.call("drain", {})
        client.call("recall", {"query": "warm"})
        yield home
    finally:
        client.ask("POST", "/v1/server/stop", {})
        client.close()
        while server_notes(str(home)):
            time.sleep(0.05)
        shutil.rmtree(home, ignore_errors=True)
        os.environ["EIDER_SERVER"] = "off"


def _process(*command: str) -> Callable[[object], object]:
    return lambda _: subprocess.run(command, check=True, capture_output=True)


@contextmanager
def busy(home: Path) -> Generator[None]:
    """Two clients that write and ask without a pause, and the index compacting behind them."""
    stop = threading.Event()

    def work(number: int) -> None:
        client = Client(store="bench", user=f"other-{number}", home_folder=str(home), timeout=60.0)
        place = 0
        while not stop.is_set():
            place += 1
            client.call("record", {"text": f"Line {place} of {number} about the harbour."})
            client.call("recall", {"query": "who fixed the boat?", "limit": 5})
        client.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def rows() -> Iterator[list[str]]:
    """Wall time of whole processes beside a bare interpreter, interleaved; idle, then beside a busy server."""
    bare_command = (sys.executable, "-I", "-S", "-c", "pass")
    with server() as home:
        stdlib = (sys.executable, "-I", "-S", str(_CALL))
        where = {"EIDER_HOME": str(home), "EIDER_STORE": "bench", "EIDER_USER": "ada"}
        os.environ |= where
        said = json.dumps({"query": "who fixed the boat?", "limit": 5})
        subprocess.run([str(_EIDER), "recall", "warm"], check=True, capture_output=True)
        commands: dict[str, Callable[[object], object]] = {
            "bare interpreter": _process(*bare_command),
            "recall, fresh stdlib process": _process(*stdlib, "recall", said),
            "remember, fresh stdlib process": lambda n: subprocess.run(
                [*stdlib, "remember", json.dumps({"text": f"Fact number {n} {time.time_ns()}."})],
                check=True,
                capture_output=True,
            ),
            "`eider recall`": _process(str(_EIDER), "recall", "who fixed the boat?"),
            "`eider remember`": lambda n: subprocess.run(
                [str(_EIDER), "remember", f"Thing {n} {time.time_ns()}."], check=True, capture_output=True
            ),
            "`eider --version`": _process(str(_EIDER), "--version"),
            "`eider --help`": _process(str(_EIDER), "--help"),
        }
        if peer := os.environ.get("PEER_RECALL"):  # a shell command of a peer that recalls, for the ratio
            commands["peer's recall"] = _process("/bin/sh", "-c", peer)
        idle = _interleaved(commands)
        with busy(home):
            loaded = _interleaved(commands)
        floor = idle["bare interpreter"][12]
        for name, times in idle.items():
            more = loaded[name]
            ratio = f"{times[12] / floor:.1f}"
            yield [name, f"{times[12]:.0f} / {times[23]:.0f}", ratio, f"{more[12]:.0f} / {more[23]:.0f}"]


def _interleaved(commands: Mapping[str, Callable[[object], object]]) -> dict[str, list[float]]:
    """Sorted times in ms of 25 rounds."""
    spent: dict[str, list[float]] = {name: [] for name in commands}
    for n in range(25):
        for name, run in commands.items():
            spent[name].append(measure.once(lambda run=run, n=n: run(n)) * 1e3)  # type: ignore[misc]
    return {name: sorted(times) for name, times in spent.items()}


def http_rows() -> Iterator[list[str]]:
    """Recall over keep-alive HTTP, by the number of clients that ask at once."""
    with server() as home:
        for clients in (1, 8, 32):
            times, errors, seconds = _asked_at_once(home, clients, 400 // clients + 10)
            times.sort()
            yield [
                str(clients),
                f"{times[len(times) // 2]:.1f} / {times[int(len(times) * 0.95)]:.1f}",
                f"{len(times) / seconds:.0f}",
                str(errors),
            ]


def _asked_at_once(home: Path, clients: int, each: int) -> tuple[list[float], int, float]:
    times: list[float] = []
    errors = [0]
    questions = corpus.questions(100)

    def ask(number: int) -> None:
        link = http.client.HTTPConnection("localhost")
        link.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.sock.connect(socket_path(str(home)))
        for n in range(each):
            query = questions[(number * 7 + n) % 100]
            body = json.dumps({"store": "bench", "request": {"user": "ada", "query": query, "limit": 5}})
            start = time.perf_counter()
            link.request("POST", "/v1/recall", body)
            answer = link.getresponse()
            answer.read()
            times.append((time.perf_counter() - start) * 1e3)
            errors[0] += answer.status != 200
        link.close()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, errors[0], time.perf_counter() - start


def life_rows() -> Iterator[list[str]]:
    """Starting a server over ten thousand rows, what it takes, and what it does while nobody asks."""
    with server() as home:
        firsts: list[float] = []
        for _ in range(5):
            client = Client(store="bench", user="ada", home_folder=str(home), timeout=60.0)
            client.ask("POST", "/v1/server/stop", {})
            client.close()
            while server_notes(str(home)):
                time.sleep(0.02)
            firsts.append(measure.once(lambda c=client: c.call("recall", {"query": "who fixed the boat?"})))  # type: ignore[misc]
        yield ["start and first recall (10,000 rows)", f"{sorted(firsts)[2]:.2f} s"]
        process = psutil.Process(int(server_notes(str(home))["pid"]))
        client = Client(store="bench", user="ada", home_folder=str(home), timeout=60.0)
        for n in range(100):
            client.call("recall", {"query": f"what about {n}?"})
        client.close()
        time.sleep(6)
        yield ["resident memory with 10,000 rows", f"{process.memory_info().rss / 1e6:.0f} MB"]
        before, start = sum(process.cpu_times()[:2]), time.perf_counter()
        time.sleep(20)
        idle = (sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - start)
        yield ["processor while idle", f"{idle:.2%}"]


if __name__ == "__main__":
    for title, found in (("processes", rows), ("http", http_rows), ("life", life_rows)):
        print(title, flush=True)
        for row in found():
            print("   ", " · ".join(row), flush=True)
