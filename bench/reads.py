#!/usr/bin/env python3
"""Reading through the served API out of a long history, at a fixed rate.

  bench/reads.py [--history N] [--seconds S] [--rate R]

A few runs are submitted and canceled, then copied in the database up to --history ended ones, all
with details. bench/load asks at the given rate over 32 kept-alive connections, whether or not the
answers keep up: for one run, for the first page, for pages all over the history, for the first page
compressed, and for the first page of the summary. Times count from when a request was due, so that
what waits behind a slow answer counts with its wait. nginx, when it is installed, sends a file of
the size of one run and one of the size of a page at the same rate: what is left when there is
nothing to find and nothing to build.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import urllib.parse

from served import Api, harness, processor_seconds, resident_mib, service, sleeping_run

REAL = 60
CONNECTIONS = 32
NGINX = """daemon off; worker_processes 2; error_log stderr error; pid {directory}/nginx.pid;
events {{ worker_connections 128; }}
http {{ access_log off; keepalive_requests 100000000; types {{ application/json json; }}
  client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
  uwsgi_temp_path {directory}; scgi_temp_path {directory};
  server {{ listen 127.0.0.1:{port}; root {directory}; }} }}
"""


def submit(yard, api):
    """Ended runs that the service wrote itself."""
    store = {"endpoint_url": "http://127.0.0.1:1", "access_key_id": "k", "secret_access_key": "s"}
    run = sleeping_run(yard, api, "k80x4", store)
    urls = [api.call("POST", "/v3/models", run)["metadata"]["url"] for _ in range(REAL)]
    for url in urls:
        yard.trainyard("cancel", url.rpartition("/")[2])
    harness.wait_until(lambda: all(run["entity"]["status"]["state"] == "canceled" for run in
                                   api.call("GET", "/v3/models?limit=100")["resources"]),
                       "all runs have ended", timeout=120)
    return urls


def copy(database, history):
    """The last run again and again; a copy's id sorts behind those of the real ones."""
    db = sqlite3.connect(database)
    last, = db.execute("SELECT max(queue_order) FROM runs").fetchone()
    for table in ("runs", "run_details"):
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] != "queue_order"]
        values = ["'training-z' || printf('%08d', n)" if c == "id" else c for c in columns]
        db.execute(f"WITH RECURSIVE seq(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < ?) "
                   f"INSERT INTO {table} (queue_order, {', '.join(columns)}) "
                   f"SELECT {last} + n, {', '.join(values)} FROM seq, {table} WHERE queue_order = {last}",
                   (history - REAL,))
    db.commit()
    db.close()


def pages(api):
    """Paths of pages of 50 all over the history."""
    paths, path = [], "/v3/models?limit=1000"
    while path and len(paths) < 1000:
        start = path.partition("&start=")[2]
        paths.append(f"/v3/models?limit=50&start={start}" if start else "/v3/models?limit=50")
        following = api.call("GET", path).get("next", {}).get("url", "")
        path = following[following.index("/v3/"):] if following else ""
    return paths


class Load:
    """bench/load at one rate against one server, and a line of numbers for each kind of request."""

    def __init__(self, options, port, pids, headers):
        built = harness.program().resolve().parent
        self.program = built / "bench/load/load_generator"
        self.options, self.port, self.pids, self.headers = options, port, pids, headers

    def measure(self, name, paths, headers=None):
        lines = [f"{key}: {value}" for key, value in (self.headers | (headers or {})).items()]
        before = sum(map(processor_seconds, self.pids))
        done = subprocess.run(
            [self.program, str(self.port), str(self.options.rate), str(self.options.seconds),
             str(CONNECTIONS)], input="\n".join([*lines, "", *paths]), text=True,
            capture_output=True, check=True)
        result = json.loads(done.stdout)
        if result["refused"]:
            raise AssertionError(f"{name}: {result}")
        used = (sum(map(processor_seconds, self.pids)) - before) / result["requests"] * 1e6
        print(f"  {name:20} {result['rate']:6,.0f}/s  {result['mean_bytes']:7,.0f} bytes   ms: median "
              f"{result['median_ms']:7.2f}  p99 {result['p99_ms']:7.2f}  p99.9 {result['p999_ms']:7.2f}"
              f"  (generator late p99 {result['generator_p99_ms']:.2f})   {used:5.0f} us cpu", flush=True)
        return result


def floor(yard, options, sizes):
    """The same from nginx, which sends files."""
    if not shutil.which("nginx"):
        print("  (nginx is not installed: no floor)")
        return
    directory = yard.directory / "nginx"
    directory.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name, size in sizes.items():
        (directory / f"{name}.json").write_bytes(b"x" * size)
    directory.chmod(0o755)
    yard.directory.chmod(0o755)
    (directory / "nginx.conf").write_text(NGINX.format(directory=directory, port=port))
    with subprocess.Popen(["nginx", "-c", directory / "nginx.conf", "-p", directory],
                          stderr=subprocess.DEVNULL) as nginx:
        try:
            harness.wait_until((directory / "nginx.pid").exists, "nginx runs")
            children = pathlib.Path(f"/proc/{nginx.pid}/task/{nginx.pid}/children")
            pids = [nginx.pid, *map(int, harness.wait_until(
                lambda: len(found := children.read_text().split()) == 2 and found, "its workers"))]
            load = Load(options, port, pids, {})
            for name in sizes:
                load.measure(f"nginx, {name}", [f"/{name}.json"])
        finally:
            nginx.terminate()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--history", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=2000)
    options = parser.parse_args()
    harness.require("zip")
    with service("reads", "--check-buckets", "false", "--retention", "36500d",
                 "--store-retry", "1s") as yard:
        urls = submit(yard, Api(yard.start()))
        yard.stop()
        copy(yard.state / "trainyard.db", options.history)
        api = Api(yard.start(timeout=120))
        print(f"history {options.history:,}; resident {resident_mib(yard.pid):.0f} MiB; load of the "
              f"machine {os.getloadavg()[0]:.1f}", flush=True)
        anywhere = pages(api)
        load = Load(options, urllib.parse.urlsplit(yard.api).port, [yard.pid], api.headers)
        one = load.measure("one run", [urls[0]])
        page = load.measure("page of 50", ["/v3/models?limit=50"])
        load.measure("one of 1,000 pages", anywhere)
        load.measure("page, as gzip", ["/v3/models?limit=50"], {"Accept-Encoding": "gzip"})
        load.measure("page of the summary", ["/v3/models?view=summary&limit=50"])
        print(f"resident {resident_mib(yard.pid):.0f} MiB", flush=True)
        floor(yard, options, {"run": int(one["mean_bytes"]), "page": int(page["mean_bytes"])})


if __name__ == "__main__":
    main()
