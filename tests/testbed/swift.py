"""An OpenStack Swift on loopback: one replica, one device, s3api, with Keystone, v1 tokens or both.

Needs Debian's swift-proxy, swift-account, swift-container, swift-object and memcached. What others find
hard to guess: authtoken must stand before s3api and s3token, else every S3 call is refused; Keystone
answers s3tokens to a service user only; tempauth keeps its tokens in memcached, and without one refuses
every token; the place of swift.conf is fixed in Swift's code, so a small launcher moves it.
"""
import concurrent.futures
import getpass
import os
import socket
import stat

import processes
from keystone import SERVICE_PASSWORD, SERVICE_USER, Keystone

PROGRAMS = {"swift-proxy-server": "swift-proxy", "swift-account-server": "swift-account",
            "swift-container-server": "swift-container", "swift-object-server": "swift-object",
            "memcached": "memcached"}
CHUNK = 1 << 20  # bytes that the servers read and pass on at once; 64 KiB by default, which is slow
REGION = "us-east-1"  # that s3api insists on in a signature

LAUNCHER = """import logging, os, sys
import swift.common.utils as utils

class NoSyslog(logging.NullHandler):
    def __init__(self, *args, **kwargs):
        super().__init__()

utils.ThreadSafeSysLogHandler = NoSyslog
utils.SWIFT_CONF_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "swift.conf")
program = "/usr/bin/" + sys.argv[1]
sys.argv = [program] + sys.argv[2:]
with open(program) as source:
    exec(compile(source.read(), program, "exec"), {"__name__": "__main__", "__file__": program})
"""
RINGS = """import sys
from swift.common.ring import RingBuilder

for argument in sys.argv[2:]:
    kind, port = argument.split("=")
    builder = RingBuilder(part_power=4, replicas=1, min_part_hours=1)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "d1", "weight": 1.0})
    builder.rebalance()
    builder.get_ring().save(f"{sys.argv[1]}/{kind}.ring.gz")
"""
LISTER = """import glob, sys
from swift.common.utils import Timestamp
from swift.container.backend import ContainerBroker

directory, container, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
now = Timestamp.now().internal
row = {"created_at": now, "ctype_timestamp": now, "meta_timestamp": now, "size": 1, "deleted": 0,
       "content_type": "text/plain", "etag": "9dd4e461268c8034f5c8564e155c67a6", "storage_policy_index": 0}
for path in glob.glob(directory + "/d1/containers/*/*/*/*.db"):
    broker = ContainerBroker(path)
    if broker.get_info()["container"] == container:
        broker.merge_items([dict(row, name="%06d" % n) for n in range(count)])
        sys.exit(0)
sys.exit("no container " + container)
"""
SWIFT = """[swift-hash]
swift_hash_path_prefix = testbed
swift_hash_path_suffix = testbed
[storage-policy:0]
name = Policy-0
default = yes
"""
BACKEND = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {etc}
devices = {data}
mount_check = false
workers = 0
fallocate_reserve = 0
log_level = WARNING
[pipeline:main]
pipeline = healthcheck {kind}-server
[filter:healthcheck]
use = egg:swift#healthcheck
[app:{kind}-server]
use = egg:swift#{kind}
network_chunk_size = {chunk}
disk_chunk_size = {chunk}
"""
PROXY = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {etc}
workers = 0
log_level = INFO
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk {auth} copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
object_chunk_size = {chunk}
client_chunk_size = {chunk}
recheck_account_existence = 1
recheck_container_existence = 1
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:s3api]
use = egg:swift#s3api
location = {region}
allow_multipart_uploads = true
max_upload_part_num = 10000
[filter:slo]
use = egg:swift#slo
max_manifest_segments = 10000
"""
PLAIN_FILTERS = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "copy", "dlo")
TEMPAUTH = """[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
"""
SERVICE_LOGIN = """auth_type = password
auth_url = {url}
username = {user}
password = {password}
user_domain_id = default
project_name = service
project_domain_id = default
"""
KEYSTONEAUTH = """[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = {url}
delay_auth_decision = true
cache = swift.cache
include_service_catalog = false
token_cache_time = 5
{login}[filter:s3token]
use = egg:swift#s3token
reseller_prefix = AUTH_
delay_auth_decision = true
auth_uri = {url}
secret_cache_duration = 60
{login}[filter:keystoneauth]
use = egg:swift#keystoneauth
reseller_prefix = AUTH
operator_roles = admin, member
"""


def take_metadata(directory):
    """Swift keeps what it knows of an object in user attributes of its file."""
    probe = directory / "probe"
    probe.touch()
    try:
        os.setxattr(probe, b"user.swift.metadata", b"x" * 1500)
    except OSError as error:
        raise processes.Missing(f"{directory} cannot hold user attributes of files: {error}") from error
    finally:
        probe.unlink()


class Swift:
    """Started servers: `v1` and `keystone` describe how to reach them, None for what is not there."""

    v1_user, v1_key = "test:tester", "testing"

    def __init__(self, running, v1=True, keystone=True, token_life=3600):
        self._running = running
        self._etc = running.directory / "swift"
        self._data = running.directory / "data"
        ports = processes.free_ports(7)
        self._memcached, self._v1_port, self._keystone_port = ports[:3]
        self._backends = dict(zip(("account", "container", "object"), ports[3:6]))
        self.with_v1 = v1
        self.keystone = Keystone(
            running, ports[6], f"http://127.0.0.1:{self._keystone_port}/v1/AUTH_%(project_id)s",
            token_life) if keystone else None
        self.v1_auth_url = f"http://127.0.0.1:{self._v1_port}/auth/v1.0"
        self.v1_s3_endpoint = f"http://127.0.0.1:{self._v1_port}"
        self.keystone_s3_endpoint = f"http://127.0.0.1:{self._keystone_port}"

    def start(self):
        processes.require(PROGRAMS)
        (self._data / "d1").mkdir(parents=True)
        self._etc.mkdir()
        take_metadata(self._data)
        self._write_files()
        with concurrent.futures.ThreadPoolExecutor() as aside:
            identity = aside.submit(self.keystone.start) if self.keystone else None
            self._make_rings()
            self._running.start("memcached", ["memcached", "-u", getpass.getuser(), "-l", "127.0.0.1",
                                              "-p", self._memcached, "-U", "0", "-m", "32"])
            for kind in self._backends:
                self._start_server(kind, f"swift-{kind}-server", kind)
            if self.with_v1:
                self._start_proxy("tempauth", self._v1_port)
            if identity:
                identity.result()
                self._start_proxy("keystone", self._keystone_port)
        return self

    def forget_tokens(self):
        """Every v1 token is refused from now on, as after a restart of a cloud's caches."""
        with socket.create_connection(("127.0.0.1", self._memcached), timeout=10) as connection:
            connection.sendall(b"flush_all\r\n")
            assert connection.recv(100) == b"OK\r\n"

    def list_names(self, container, count):
        """Puts so many names into the listing of a container, without objects: that would take minutes."""
        (self._etc / "lister.py").write_text(LISTER)
        self._running.run("lister", ["/usr/bin/python3", self._etc / "lister.py", self._data, container, count])

    def _write_files(self):
        (self._etc / "launch.py").write_text(LAUNCHER)
        (self._etc / "swift.conf").write_text(SWIFT)
        common = {"user": getpass.getuser(), "etc": self._etc, "data": self._data, "chunk": CHUNK}
        for kind, port in self._backends.items():
            (self._etc / f"{kind}.conf").write_text(BACKEND.format(kind=kind, port=port, **common))
        plain = "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in PLAIN_FILTERS)
        proxy = common | {"memcached": self._memcached, "region": REGION}
        (self._etc / "tempauth.conf").write_text(
            PROXY.format(auth="s3api tempauth", port=self._v1_port, **proxy) + plain + TEMPAUTH)
        if self.keystone:
            login = SERVICE_LOGIN.format(url=self.keystone.url, user=SERVICE_USER, password=SERVICE_PASSWORD)
            (self._etc / "keystone.conf").write_text(
                PROXY.format(auth="authtoken s3api s3token keystoneauth", port=self._keystone_port, **proxy)
                + plain + KEYSTONEAUTH.format(url=self.keystone.url, login=login))
        for file in self._etc.glob("*.conf"):
            file.chmod(stat.S_IRUSR | stat.S_IWUSR)

    def _make_rings(self):
        (self._etc / "rings.py").write_text(RINGS)
        self._running.run("rings", ["/usr/bin/python3", self._etc / "rings.py", self._etc] + [
            f"{kind}={port}" for kind, port in self._backends.items()])

    def _start_server(self, name, program, configuration):
        self._running.start(name, ["/usr/bin/python3", self._etc / "launch.py", program,
                                   self._etc / f"{configuration}.conf", "-v"])

    def _start_proxy(self, auth, port):
        for kind, backend in self._backends.items():
            self._running.wait_http(kind, f"http://127.0.0.1:{backend}/healthcheck")
        self._start_server(f"proxy-{auth}", "swift-proxy-server", auth)
        self._running.wait_http(f"proxy-{auth}", f"http://127.0.0.1:{port}/healthcheck")
