#!/usr/bin/env python3
"""A store behind https with a certificate of one's own: taken with `ca_file`, refused without."""
import atexit
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

import harness

DIRECTORY = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-tls-"))
atexit.register(shutil.rmtree, DIRECTORY, ignore_errors=True)


def certificate(name):
    """A key and a certificate for 127.0.0.1 that signs itself, in one file."""
    file = DIRECTORY / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file, "-out", DIRECTORY / "cert"],
                   check=True, capture_output=True, timeout=60)
    file.write_bytes(file.read_bytes() + (DIRECTORY / "cert").read_bytes())
    return file


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve_tls(pem, store):
    """The address of a listener that takes TLS off and passes everything on to `store`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = store.removeprefix("http://").split(":")

    def serve(plain):
        try:
            with context.wrap_socket(plain, server_side=True) as tls, \
                    socket.create_connection((host, int(port))) as inner:
                back = threading.Thread(target=pump, args=(inner, tls), daemon=True)
                back.start()
                pump(tls, inner)
                back.join()
        except OSError:
            pass  # a client that does not trust us

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"https://127.0.0.1:{listener.getsockname()[1]}"


def submit(yard, endpoint):
    connection = (f"{{endpoint_url: {endpoint}, access_key_id: {yard.variables['AWS_ACCESS_KEY_ID']}, "
                  f"secret_access_key: {yard.variables['AWS_SECRET_ACCESS_KEY']}}}")
    manifest = yard.write_job("tls", "print('trained')\n", ("data", connection), ("results", connection))
    return yard.bx("ml", "train", manifest.with_name("model.zip"), manifest, check=False)


def test_only_a_certificate_of_the_given_authority_is_trusted(yard):
    harness.require("aws", "zip", "openssl")
    for bucket in ("data", "results"):
        yard.aws("--endpoint-url", yard.store, "s3", "mb", f"s3://{bucket}")
    yard.aws("--endpoint-url", yard.store, "s3", "cp", __file__, "s3://data/file")
    refused = submit(yard, serve_tls(certificate("other"), yard.store))
    assert refused.code != 0 and "certificate" in refused.out + refused.err, refused
    taken = submit(yard, serve_tls(DIRECTORY / "ours.pem", yard.store))
    run = re.search(r"training-\S{9}", taken.out)
    assert taken.code == 0 and run, taken
    assert yard.wait_for(run[0].rstrip("'"), "completed", "error", "canceled") == "completed"
    listed = yard.aws("--endpoint-url", yard.store, "s3", "ls", "--recursive", "s3://results/").out
    assert "learner-1/training-log.txt" in listed, listed


test_only_a_certificate_of_the_given_authority_is_trusted.arguments = ["--ca-file", DIRECTORY / "ours.pem"]

if __name__ == "__main__":
    if shutil.which("openssl"):
        certificate("ours")
    harness.main(globals())
