"""A Keystone (identity v3) on loopback, with one project, one user and its object store.

Needs Debian's `keystone`. What others find hard to guess: the database is made by keystone-manage, the
fernet keys are plain files; the cache must not be dogpile's "memory", which hands out shared dicts and
breaks EC2 credentials; under uwsgi's threads SQLite fails, so there is one process; uwsgi closes each
connection without saying so, hence the added header, and after 4 s of a busy machine without an answer.
"""
import base64
import hashlib
import json
import os
import urllib.error
import urllib.request

import processes

PROGRAMS = {"keystone-manage": "keystone", "uwsgi": "keystone", "keystone-wsgi-public": "keystone"}
SERVICE_USER, SERVICE_PASSWORD = "swift", "swiftpass"

CONFIGURATION = """[DEFAULT]
use_stderr = true
log_file =
log_dir =
[database]
connection = sqlite:///{directory}/keystone.sqlite
[token]
provider = fernet
expiration = {token_life}
allow_expired_window = 0
[fernet_tokens]
key_repository = {directory}/fernet
[fernet_receipts]
key_repository = {directory}/fernet
[credential]
key_repository = {directory}/credential
[identity]
password_hash_rounds = 4
[cache]
enabled = true
backend = dogpile.cache.memory_pickle
expiration_time = 5
[oslo_policy]
policy_dirs = {directory}/policy.d
"""


class Keystone:
    """`storage_url` goes into the catalogue; "%(project_id)s" in it stands for the project's id."""

    region = "loopback"
    domain = "lab"
    project = "train"
    user = "alice"
    password = "s3cret p%ss"  # on purpose not safe in a URL
    access_key, secret_key = "ksaccesskey", "kssecretkey"

    def __init__(self, running, port, storage_url, token_life=3600):
        self._running = running
        self._directory = running.directory / "keystone"
        self._storage_url = storage_url
        self._token_life = token_life
        self._admin = None
        self._port = port
        self.url = f"http://127.0.0.1:{port}/v3"
        self.project_id = None

    def start(self):
        processes.require(PROGRAMS)
        self._write_files()
        self._manage("db_sync")
        self._manage("bootstrap", "--bootstrap-password", "adminpass", "--bootstrap-region-id", self.region,
                     "--bootstrap-public-url", self.url, "--bootstrap-internal-url", self.url,
                     "--bootstrap-admin-url", self.url)
        self._running.start("keystone", [
            "uwsgi", "--plugins", "python3", "--http-socket", f"127.0.0.1:{self._port}",
            "--wsgi-file", "/usr/bin/keystone-wsgi-public", "--processes", "1", "--enable-threads",
            "--die-on-term", "--need-app", "--buffer-size", "65535", "--disable-logging",
            "--socket-timeout", "60", "--add-header", "Connection: close"],
            {"OS_KEYSTONE_CONFIG_DIR": str(self._directory), "OS_KEYSTONE_CONFIG_FILES": "keystone.conf"})
        self._running.wait_http("keystone", self.url)
        self._fill()
        return self

    def _write_files(self):
        (self._directory / "policy.d").mkdir(parents=True)
        (self._directory / "keystone.conf").write_text(CONFIGURATION.format(
            directory=self._directory, token_life=self._token_life))
        for name in ("fernet", "credential"):
            keys = self._directory / name
            keys.mkdir(mode=0o700)
            for number in "01":
                (keys / number).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
                (keys / number).chmod(0o600)

    def _manage(self, *arguments):
        self._running.run("keystone-manage", [
            "keystone-manage", "--config-file", self._directory / "keystone.conf", *arguments])

    def _fill(self):
        """A service user for Swift; domain, project and user of the tests; the catalogue; S3 keys."""
        self._log_in()
        roles = {role["name"]: role["id"] for role in self._call("GET", "/roles")["roles"]}
        for name in ("service", "member"):
            if name not in roles:
                roles[name] = self._make("roles", name=name)["id"]
        service = self._make("projects", name="service", domain_id="default")
        swift = self._make("users", name=SERVICE_USER, domain_id="default", password=SERVICE_PASSWORD)
        domain = self._make("domains", name=self.domain)
        project = self._make("projects", name=self.project, domain_id=domain["id"])
        user = self._make("users", name=self.user, domain_id=domain["id"], password=self.password,
                          default_project_id=project["id"])
        for where, who, role in ((service, swift, "service"), (service, swift, "admin"),
                                 (project, user, "member")):
            self._call("PUT", f"/projects/{where['id']}/users/{who['id']}/roles/{roles[role]}")
        self.project_id = project["id"]
        self._service = self._make("services", name="swift", type="object-store")
        self.add_endpoint(self.region, self._storage_url)
        # The id of an EC2 credential is the hash of its access key.
        self._call("POST", "/credentials", {"credential": {
            "id": hashlib.sha256(self.access_key.encode()).hexdigest(), "type": "ec2",
            "user_id": user["id"], "project_id": project["id"],
            "blob": json.dumps({"access": self.access_key, "secret": self.secret_key})}})

    def add_endpoint(self, region, storage_url):
        """One more place of the object store in the catalogue."""
        if region != self.region:
            self._make("regions", id=region)
        for interface in ("public", "internal", "admin"):
            self._make("endpoints", service_id=self._service["id"], interface=interface,
                       region_id=region, url=storage_url)

    def _log_in(self):
        answer = self._send("POST", "/auth/tokens", {"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": "admin", "domain": {"id": "default"}, "password": "adminpass"}}},
            "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}})
        self._admin = answer.headers["X-Subject-Token"]

    def _make(self, kind, **values):
        one = kind.removesuffix("s")
        return self._call("POST", f"/{kind}", {one: values})[one]

    def _call(self, method, path, body=None):
        data = self._send(method, path, body).read()
        return json.loads(data) if data else None

    def _send(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | (
                {"X-Auth-Token": self._admin} if self._admin else {}))
        try:
            return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error
