"""The built page in memory: what Vite made of `office/web`, compressed once."""

import gzip
import hashlib
import json
import mimetypes
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

FOLDER: Final = Path(__file__).resolve().parent.parent.parent / "build/web"
PAGE, LOGIN = "index.html", "login.html"
_FOREVER: Final = "public, max-age=31536000, immutable"
_MANIFEST: Final = ".vite/manifest.json"


class AssetsError(Exception):
    """The page is not built; the text says what to do."""


class Asset(NamedTuple):
    """A file: content, compressed content, type, ETag."""

    content: bytes
    compressed: bytes
    type: str
    tag: str


class Assets:
    """All files of the page by path. `public` are those that the login page needs: everything else needs a login."""

    def __init__(self, folder: Path = FOLDER) -> None:
        try:
            manifest = json.loads((folder / _MANIFEST).read_bytes())
            self._files = {
                path.relative_to(folder).as_posix(): _asset(path)
                for path in sorted(folder.rglob("*"))
                if path.is_file() and path.relative_to(folder).parts[0] != ".vite"
            }
            self.public = _needed(manifest, LOGIN)
        except (OSError, ValueError, KeyError) as error:
            raise AssetsError(f"the page is not built in {folder} ({error}): run make setup") from error
        if PAGE not in self._files or LOGIN not in self._files:
            raise AssetsError(f"{folder} has no {PAGE} or no {LOGIN}: run make setup")

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def compressed_bytes(self) -> int:
        """Size of everything, compressed."""
        return sum(len(asset.compressed) for asset in self._files.values())

    def response(self, path: str, request: Request) -> Response:
        """A file, compressed when the browser takes that; 304 when the browser has it."""
        asset = self._files[path]
        cache = "no-cache" if path.endswith(".html") else _FOREVER
        headers = {"ETag": asset.tag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == asset.tag:
            return Response(status_code=304, headers=headers)
        content = asset.content
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            content = asset.compressed
        return Response(content, headers=headers, media_type=asset.type)


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return Asset(content, gzip.compress(content, 9, mtime=0), kind, tag)


def _needed(manifest: dict[str, dict[str, object]], entry: str) -> frozenset[str]:
    """The files that an entry of Vite's manifest loads, itself included."""
    found = {entry}
    waiting = [entry]
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        chunk = manifest[name]
        found.add(str(chunk["file"]))
        for key in ("css", "assets"):
            found.update(map(str, chunk.get(key, ())))  # type: ignore[call-overload]
        waiting += map(str, chunk.get("imports", ()))  # type: ignore[call-overload]
    return frozenset(found)
