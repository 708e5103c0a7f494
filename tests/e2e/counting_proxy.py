"""A proxy on loopback that passes everything on, counts the requests by their first line, and can hold some."""
import collections
import re
import socket
import threading

REQUEST = re.compile(rb"(?:^|\n)(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n")


class CountingProxy:
    """Counts what clients ask of `target`, "http://host:port", through `url`."""

    def __init__(self, target):
        host, port = target.removeprefix("http://").split(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._lock = threading.Lock()
        self._requests = []
        self._held = None  # matches the first lines that wait
        self._holding = 0
        self._go = threading.Event()
        self._go.set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def requests(self):
        """("GET", "/bucket/key?query") of each request so far."""
        with self._lock:
            return list(self._requests)

    def hold(self, pattern):
        """From now on requests whose "METHOD /target" matches wait for release()."""
        self._go.clear()
        self._held = re.compile(pattern)

    def holding(self):
        """How many requests have had to wait so far."""
        with self._lock:
            return self._holding

    def release(self):
        self._held = None
        self._go.set()

    def counts(self, bucket):
        """How many of each sort went to a bucket: "list", "GET", "HEAD" …"""
        counted = collections.Counter()
        for method, target in self.requests():
            path, _, query = target.partition("?")
            if path.rstrip("/") == f"/{bucket}":
                counted["list" if method == "GET" and "list-type" in query else method] += 1
            elif path.startswith(f"/{bucket}/"):
                counted[method] += 1
        return counted

    def _accept(self):
        while True:
            client, _ = self._listener.accept()
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source, sink, count):
        try:
            while data := source.recv(1 << 16):
                if count:
                    # A client sends a request's head in one piece.
                    found = [(m.decode(), t.decode()) for m, t in REQUEST.findall(data)]
                    held = self._held
                    waits = held and any(held.match(f"{m} {t}") for m, t in found)
                    with self._lock:
                        self._requests += found
                        self._holding += bool(waits)
                    if waits:
                        self._go.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, sink):
                end.close()
