"""HTTP by hand, for tests that say byte for byte what goes over the wire.

    with raw_http.connect(yard.api) as peer:
        answer = peer.exchange(b"GET /healthz HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
"""
import base64
import os
import socket
import ssl
import struct
import urllib.parse
from typing import NamedTuple

PATIENCE = 60


class Answer(NamedTuple):
    status: int
    headers: dict  # lower-case names
    body: bytes


class Peer:
    def __init__(self, plain):
        self.socket = plain
        self.stream = plain.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def exchange(self, request):
        self.socket.sendall(request)
        return self.answer(head_only=request.startswith(b"HEAD "))

    def answer(self, head_only=False):
        status, headers = self._head()
        while status == 100:
            status, headers = self._head()
        if head_only or status in (101, 204, 304):
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, self._chunks())
        return Answer(status, headers, self.stream.read(int(headers.get("content-length", 0))))

    def frames(self):
        """The texts of the WebSocket frames that come; ends with the code of the close frame."""
        while True:
            first, length = self.stream.read(2)
            assert first & 0x80 and not length & 0x80, "whole frames without a mask"
            if length == 126:
                length, = struct.unpack(">H", self.stream.read(2))
            elif length == 127:
                length, = struct.unpack(">Q", self.stream.read(8))
            payload = self.stream.read(length)
            if first & 0x0f == 8:
                yield struct.unpack(">H", payload[:2])[0]
                return
            if first & 0x0f == 1:
                yield payload.decode()

    def _head(self):
        line = self.stream.readline().decode()
        assert line.startswith("HTTP/1.1 "), f"no answer but {line!r}"
        headers = {}
        while (field := self.stream.readline().decode().rstrip("\r\n")):
            name, value = field.split(":", 1)
            headers[name.lower()] = value.strip()
        return int(line.split()[1]), headers

    def _chunks(self):
        body = b""
        while size := int(self.stream.readline().split(b";")[0], 16):
            body += self.stream.read(size)
            self.stream.readline()
        self.stream.readline()
        return body


def connect(url, context=None):
    """`context`: for https, an ssl.SSLContext; the system's authorities without one."""
    parts = urllib.parse.urlsplit(url)
    plain = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
    if parts.scheme in ("https", "wss"):
        plain = (context or ssl.create_default_context()).wrap_socket(plain, server_hostname=parts.hostname)
    return Peer(plain)


def upgrade(target, host, headers=()):
    """The request that opens a WebSocket."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(), *headers, "", ""]
    return "\r\n".join(lines).encode()
