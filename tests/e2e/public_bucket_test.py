#!/usr/bin/env python3
"""Training data from a bucket that everybody may read: no keys in the manifest, no signature in the requests."""
import hashlib
import http.server
import json
import re
import threading
import urllib.parse
from xml.sax import saxutils

import harness

OBJECTS = {"train/a.txt": b"public bytes\n", "train/b/c.txt": b"more\n"}
PROGRAM = """import os, pathlib
data = pathlib.Path(os.environ["DATA_DIR"])
print("saw", sorted((str(p.relative_to(data)), p.read_text()) for p in data.rglob("*.txt")))
"""


def etag(body):
    return f'"{hashlib.md5(body).hexdigest()}"'


class PublicStore(http.server.BaseHTTPRequestHandler):
    """The bucket "public" of a store that knows no keys: a signed request is refused."""
    protocol_version = "HTTP/1.1"
    signed = []

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in ({"Content-Length": len(body), "x-amz-request-id": "1"} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code><Message>-</Message></Error>".encode())

    def listing(self):
        entries = "".join(
            f"<Contents><Key>{saxutils.escape(key)}</Key><ETag>{saxutils.escape(etag(body))}</ETag>"
            f"<Size>{len(body)}</Size></Contents>" for key, body in sorted(OBJECTS.items()))
        return (f"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>{len(OBJECTS)}</KeyCount>"
                f"{entries}</ListBucketResult>").encode()

    def do_GET(self):
        path = urllib.parse.unquote(self.path.partition("?")[0])
        if "Authorization" in self.headers:
            self.signed.append(self.path)
            return self.error(403, "InvalidAccessKeyId")
        if not path.startswith("/public"):
            return self.error(403, "AccessDenied")
        if path.rstrip("/") == "/public":
            return self.answer(200, self.listing(), **{"Content-Type": "application/xml"})
        body = OBJECTS.get(path.removeprefix("/public/"))
        if body is None:
            return self.error(404, "NoSuchKey")
        if match := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
            part = body[int(match[1]):int(match[2]) + 1]
            return self.answer(206, part, ETag=etag(body),
                               **{"Content-Range": f"bytes {match[1]}-{match[2]}/{len(body)}"})
        return self.answer(200, body, ETag=etag(body))

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PublicStore)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def write_manifest(yard, data, results):
    return yard.write_job("public", PROGRAM, ("public", data), ("results", results))


def test_a_run_reads_a_public_bucket(yard):
    harness.require("aws", "zip")
    keys = (f"access_key_id: {yard.variables['AWS_ACCESS_KEY_ID']}, "
            f"secret_access_key: {yard.variables['AWS_SECRET_ACCESS_KEY']}")
    results = f"{{endpoint_url: {yard.store}, {keys}}}"
    public = serve()
    yard.aws("--endpoint-url", yard.store, "s3", "mb", "s3://results")
    manifest = write_manifest(yard, f"{{endpoint_url: {public}}}", results)
    checked = yard.trainyard("validate", manifest)
    assert "taken as a public bucket" in checked.out + checked.err, checked
    run = yard.trainyard("train", manifest.parent / "model.zip", manifest).out.strip()
    assert yard.wait_for(run, "completed", "error", "canceled") == "completed", yard.trainyard("logs", run)
    assert ("saw [('train/a.txt', 'public bytes\\n'), ('train/b/c.txt', 'more\\n')]"
            in yard.trainyard("logs", run).out)
    assert not PublicStore.signed
    shown = json.loads(yard.trainyard("show", run, "--json").out)["entity"]
    assert shown["training_data_reference"]["connection"] == {"endpoint_url": public}, shown

    manifest = write_manifest(yard, f"{{endpoint_url: {yard.store}}}", results)
    refused = yard.trainyard("train", manifest.parent / "model.zip", manifest, check=False)
    assert refused.code != 0 and "without credentials" in refused.out + refused.err, refused
    manifest = write_manifest(yard, f"{{endpoint_url: {public}}}", f"{{endpoint_url: {yard.store}}}")
    refused = yard.trainyard("validate", manifest, check=False)
    assert refused.code != 0 and '"access_key_id" is missing' in refused.out + refused.err, refused


test_a_run_reads_a_public_bucket.arguments = ["--sandbox", "off"]

if __name__ == "__main__":
    harness.main(globals())
