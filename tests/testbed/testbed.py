"""Real object stores on loopback, started when a test first asks and ended with the `with` block.

    with testbed.Testbed() as bed:
        store = bed.stores_of("swift")["swift-keystone"]

Raises Missing when a server is not installed: `scripts/install-deps test testbed` brings them all.
"""
import shutil
import tempfile

import processes
import rgw
import stores
import swift
from processes import Missing  # noqa: F401, for those who catch it

BUCKET = "contract"


class Testbed:
    def __init__(self, **swift_options):
        self._swift_options = swift_options
        self._directory = tempfile.mkdtemp(prefix="trainyard-testbed-")
        self._running = processes.Processes(self._directory)
        self._stores = {}
        self.swift = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._running.stop_all()
        shutil.rmtree(self._directory, ignore_errors=True)

    def stores_of(self, kind):
        """Name → store of "swift" or "rgw", each with the container or bucket BUCKET."""
        if kind not in self._stores:
            try:
                self._stores[kind] = {"swift": self._start_swift, "rgw": self._start_rgw}[kind]()
                for store in self._stores[kind].values():
                    if isinstance(store, stores.SwiftStore):
                        stores.SwiftAccount(store).make_container(BUCKET)
            except Exception as failure:
                self._stores[kind] = failure
        if isinstance(self._stores[kind], Exception):
            raise self._stores[kind]
        return self._stores[kind]

    def _start_swift(self):
        self.swift = swift.Swift(self._running, **self._swift_options).start()
        return stores.stores_of_swift(self.swift)

    def _start_rgw(self):
        return stores.stores_of_rgw(rgw.Rgw(self._running).start())
