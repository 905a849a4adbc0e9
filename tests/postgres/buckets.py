"""An S3 server of the tests' own: SeaweedFS from a wheel, on loopback, in a temporary directory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ports import free_port


@contextmanager
def bucket_server() -> Generator[dict[str, str]]:
    """A running server; yields the environment that leads to it, with a bucket `notes`."""
    weed = Path(sys.executable).with_name("weed")
    folder = Path(tempfile.mkdtemp(prefix="eider-s3-"))
    ports = set[int]()
    while len(ports) < 8:
        ports.add(free_port())
    master, volume, filer, s3, *rest = ports
    allowed = {
        "identities": [
            {"name": "eider", "credentials": [{"accessKey": "key", "secretKey": "secret"}], "actions": ["Admin"]}
        ]
    }
    (folder / "s3.json").write_text(json.dumps(allowed))
    log = (folder / "log").open("wb")
    grpc = [f"-{part}.port.grpc={port}" for part, port in zip(("master", "volume", "filer", "s3"), rest, strict=True)]
    process = subprocess.Popen(
        [str(weed), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}", f"-volume.port={volume}",
         f"-filer.port={filer}", "-s3", f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}", "-volume.max=8", "-master.volumeSizeLimitMB=64", *grpc],
        stdout=log, stderr=log, cwd=folder,
    )  # fmt: skip
    env = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }
    try:
        _wait(f"http://127.0.0.1:{filer}/", process)
        request = urllib.request.Request(f"http://127.0.0.1:{filer}/buckets/notes/", method="POST")
        urllib.request.urlopen(request, timeout=60).close()
        _wait(env["AWS_ENDPOINT_URL"], process)
        yield env
    finally:
        process.kill()
        process.wait()
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until something answers, whatever it says."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None
        try:
            urllib.request.urlopen(url, timeout=30).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(os.fspath(url))
