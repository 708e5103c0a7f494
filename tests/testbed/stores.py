"""How a store is reached: for a manifest, for the contract test, and for a plain client of Swift."""
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import NamedTuple


class S3Store(NamedTuple):
    endpoint: str
    access_key: str
    secret_key: str
    region: str = ""

    def variables(self, bucket):
        """What objectstore_test reads; see src/objectstore/served_store_fixture.hpp."""
        names = {"ENDPOINT": self.endpoint, "ACCESS_KEY": self.access_key, "SECRET_KEY": self.secret_key,
                 "REGION": self.region, "BUCKET": bucket}
        return {"TRAINYARD_TEST_S3_" + name: value for name, value in names.items()}


class SwiftStore(NamedTuple):
    auth_url: str
    user: str
    password: str
    region: str = ""
    domain: str = ""
    project_id: str = ""

    def connection(self):
        """That of a manifest, as YAML in one line."""
        values = {"auth_url": self.auth_url, "user_name": self.user, "password": self.password,
                  "region": self.region, "domain_name": self.domain, "project_id": self.project_id}
        return json.dumps({name: value for name, value in values.items() if value})

    def variables(self, bucket):
        names = {"AUTH_URL": self.auth_url, "USER": self.user, "PASSWORD": self.password,
                 "REGION": self.region, "DOMAIN": self.domain, "PROJECT": self.project_id, "BUCKET": bucket}
        return {"TRAINYARD_TEST_SWIFT_" + name: value for name, value in names.items()}


def stores_of_swift(swift):
    """Name → store, of a started Swift."""
    stores = {}
    if swift.with_v1:
        stores["swift-v1"] = SwiftStore(swift.v1_auth_url, swift.v1_user, swift.v1_key)
        stores["swift-s3"] = S3Store(swift.v1_s3_endpoint, swift.v1_user, swift.v1_key)
    if swift.keystone:
        k = swift.keystone
        stores["swift-keystone"] = SwiftStore(k.url, k.user, k.password, k.region, k.domain, k.project_id)
        stores["swift-keystone-s3"] = S3Store(swift.keystone_s3_endpoint, k.access_key, k.secret_key)
    return stores


def stores_of_rgw(rgw):
    return {"rgw-s3": S3Store(rgw.s3_endpoint, rgw.access_key, rgw.secret_key),
            "rgw-swift": SwiftStore(rgw.v1_auth_url, rgw.v1_user, rgw.v1_key)}


class SwiftAccount:
    """A plain client of Swift's own interface, to prepare and look at containers."""

    def __init__(self, store):
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        if "/v3" in store.auth_url:
            answer = self._send("POST", store.auth_url + "/auth/tokens", json.dumps({"auth": {
                "identity": {"methods": ["password"], "password": {"user": {
                    "name": store.user, "domain": {"name": store.domain}, "password": store.password}}},
                "scope": {"project": {"id": store.project_id}}}}).encode(),
                {"Content-Type": "application/json"})
            self._token = answer.headers["X-Subject-Token"]
            catalog = json.load(answer)["token"]["catalog"]
            self.url = next(e["url"] for s in catalog if s["type"] == "object-store"
                            for e in s["endpoints"] if (e["interface"], e["region"]) == ("public", store.region))
        else:
            answer = self._send("GET", store.auth_url, None,
                                {"X-Auth-User": store.user, "X-Auth-Key": store.password})
            self._token = answer.headers["X-Auth-Token"]
            self.url = answer.headers["X-Storage-Url"]

    def _send(self, method, url, body=None, headers=None):
        return self._opener.open(urllib.request.Request(url, body, headers or {}, method=method), timeout=60)

    def send(self, method, path, body=None, query="", **headers):
        """`path` is "container" or "container/key"; header names have '_' for '-'."""
        url = self.url + "/" + urllib.parse.quote(path) + query
        return self._send(method, url, body, {"X-Auth-Token": self._token} | {
            name.replace("_", "-"): value for name, value in headers.items()})

    def make_container(self, name):
        self.send("PUT", name, b"")

    def put(self, path, body, query="", **headers):
        self.send("PUT", path, body, query, **headers)

    def get(self, path):
        return self.send("GET", path).read()

    def put_static(self, path, parts, segments):
        """A static large object whose segments are in the container `segments`."""
        manifest = []
        for number, part in enumerate(parts):
            place = f"{segments}/{path}/{number:08}"
            self.put(place, part)
            manifest.append({"path": "/" + place, "size_bytes": len(part)})
        self.put(path, json.dumps(manifest).encode(), "?multipart-manifest=put")

    def put_dynamic(self, path, parts, segments):
        for number, part in enumerate(parts):
            self.put(f"{segments}/{path}/{number:08}", part)
        self.put(path, b"", X_Object_Manifest=urllib.parse.quote(f"{segments}/{path}/"))

    def keys(self, container):
        """Every key, page by page; None when there is no such container."""
        keys = []
        while True:
            query = "?" + urllib.parse.urlencode({"format": "json", "marker": keys[-1] if keys else ""})
            try:
                page = json.loads(self.send("GET", container, query=query).read() or b"[]")
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return None
                raise
            if not page:
                return keys
            keys += [entry["name"] for entry in page]
