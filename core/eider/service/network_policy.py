"""Rejects filesystem paths in requests from the network, and transfers exports and imports as files.

Files travel instead (`eider.api.upload`): an export is the answer, an import is the body of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eider.api import upload as transfer
from eider.model import config
from eider.model.errors import InputError
from eider.service.http_request import HttpRequest
from eider.service.request_parts import layers, object_in

Execute = Callable[[str, Mapping[str, Any]], Any]
"""Carries out a verb as if asked on this machine."""


def check_paths(asked: HttpRequest) -> None:
    """Raise if a request names a directory of this machine that is not a store of its home.

    Raises:
        InputError: It does.
    """
    named = [asked.body.get("store"), *layers(asked.body)]
    ours = config.home().absolute() / "stores"
    for store in named:
        if isinstance(store, str) and config.is_path(store) and Path(store).parent != ours:
            raise InputError(f"store {store!r} is a path of the server's machine; name a store of its home instead.")
    if asked.name == "publish":
        raise InputError("publish writes to a path of the server's machine; run it there.")
    if asked.name == "import_" and asked.upload is None:
        raise InputError(
            f"import_ reads a path of the server's machine; send the file itself as {transfer.FILE}, "
            "and the request in the header Eider-Request."
        )


def export_to_caller(home: str, body: Mapping[str, Any], carried_out: Execute) -> transfer.Sent:
    """Export to a temporary file to send; only the ending of the path is used."""
    request = object_in(body, "request")
    given = str(request.get("path") or "export.jsonl")
    with transfer.private(home) as place:
        path = place / f"export{next((end for end in ('.gz', '.md') if given.endswith(end)), '')}"
        with transfer.told_of(path, given):
            found = carried_out("export", {**body, "request": {**request, "path": str(path)}})
        return transfer.sent(path, found["value"])


def import_from_upload(upload: Path, asked: HttpRequest, carried_out: Execute) -> Any:
    """Import an uploaded file."""
    request = object_in(asked.body, "request")
    path = transfer.path_of_upload(upload, asked.headers.get("content-type", ""))
    with transfer.told_of(path, str(request.get("path") or "what was sent")):
        return carried_out("import_", {**asked.body, "request": {**request, "path": str(path)}})
