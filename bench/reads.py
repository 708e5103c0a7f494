#!/usr/bin/env python3
"""Reading through the served API out of a long history: 2,000 requests a second, by wrk.

  bench/reads.py [--history N] [--seconds S]

A few runs are submitted and canceled, then copied in the database up to --history ended ones, all
with details. wrk keeps 32 connections, each of which pauses between two requests so that together
they ask 2,000 times a second; a last line asks as fast as answers come.
"""
import argparse
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/e2e"))
import harness  # noqa: E402  # pylint: disable=wrong-import-position
from start import Api  # noqa: E402  # pylint: disable=wrong-import-position

REAL = 60
CONNECTIONS = 32
PAUSE = "function delay() return math.random(0, {}) end\n".format(2 * CONNECTIONS * 1000 // 2000)


def submit(yard, api):
    """Ended runs that the service wrote itself."""
    definition = api.call("POST", "/v3/ml_assets/training_definitions", {
        "name": "bench", "framework": {"name": "python", "version": "system"}, "command": "true"})
    (yard.directory / "model.py").write_text("print('model')\n")
    yard.run("zip", "-q", yard.directory / "model.zip", "model.py", cwd=yard.directory)
    content = definition["entity"]["training_definition_version"]["content_url"]
    api.connection.request("PUT", content.removeprefix(yard.api),
                           (yard.directory / "model.zip").read_bytes(), api.headers)
    assert api.connection.getresponse().read() == b'{"ok":"true"}'
    store = {"endpoint_url": "http://127.0.0.1:1", "access_key_id": "k", "secret_access_key": "s"}
    run = {"model_definition": {"name": "bench", "definition_href": definition["metadata"]["url"],
                                "execution": {"command": "sleep 3600",
                                              "compute_configuration": {"name": "k80x4"}}},
           "training_data_reference": {"type": "s3", "connection": store, "source": {"bucket": "a"}},
           "training_results_reference": {"type": "s3", "connection": store,
                                          "target": {"bucket": "b"}}}
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


def wrk(yard, api, path, seconds, script):
    arguments = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    for name, value in api.headers.items():
        arguments += ["-H", f"{name}: {value}"]
    out = yard.run(*arguments, *(["-s", script] if script else []), yard.api + path).out
    if "Non-2xx" in out:
        raise AssertionError(out)
    latency = dict(re.findall(r"^ +(50|99)% +(\S+)", out, re.M))
    rate = re.search(r"Requests/sec: +(\S+)", out).group(1)
    return f"{float(rate):7,.0f}/s   median {latency['50']:>8}   p99 {latency['99']:>8}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--history", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    harness.require("wrk", "zip")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-bench-reads-"))
    yard = harness.Service(directory, arguments=["--check-buckets", "false", "--retention", "36500d",
                                                "--store-retry", "1s"])
    try:
        urls = submit(yard, Api(yard.start()))
        yard.stop()
        copy(yard.state / "trainyard.db", options.history)
        api = Api(yard.start(timeout=120))
        script = directory / "pause.lua"
        script.write_text(PAUSE)
        print(f"history {options.history:,}; resident {resident(yard.pid):.0f} MiB", flush=True)
        for name, path in (("one run", urls[0]), ("page of 50", "/v3/models?limit=50"),
                           ("page of 50, summary", "/v3/models?view=summary&limit=50")):
            print(f"  {name:20} {wrk(yard, api, path, options.seconds, script)}", flush=True)
        print(f"  {'one run, no pause':20} {wrk(yard, api, urls[0], options.seconds, None)}")
        print(f"resident {resident(yard.pid):.0f} MiB")
    finally:
        yard.end()
        shutil.rmtree(directory, ignore_errors=True)


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) / 256


if __name__ == "__main__":
    main()
