#!/usr/bin/env python3
"""Reading through the served API out of a long history: 2,000 requests a second, by wrk.

  bench/reads.py [--history N] [--seconds S]

A few runs are submitted and canceled, then copied in the database up to --history ended ones, all
with details. wrk keeps 32 connections, each of which pauses between two requests so that together
they ask 2,000 times a second: for one run, for the first page, for pages all over the history, of
which few were asked for before, and for the first page of the summary. A last line asks as fast as
answers come.
"""
import argparse
import pathlib
import re
import sqlite3

from served import Api, harness, resident_mib, service, sleeping_run

REAL = 60
CONNECTIONS = 32
ANYWHERE = "local paths = {{{paths}}}\n" \
           "request = function() return wrk.format(nil, paths[math.random(#paths)]) end\n"
PAUSE = "function delay() return math.random(0, {}) end\n".format(2 * CONNECTIONS * 1000 // 2000)


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
    with service("reads", "--check-buckets", "false", "--retention", "36500d",
                 "--store-retry", "1s") as yard:
        urls = submit(yard, Api(yard.start()))
        yard.stop()
        copy(yard.state / "trainyard.db", options.history)
        api = Api(yard.start(timeout=120))
        (script := yard.directory / "pause.lua").write_text(PAUSE)
        (anywhere := yard.directory / "anywhere.lua").write_text(
            PAUSE + ANYWHERE.format(paths=", ".join(f'"{path}"' for path in pages(api))))
        print(f"history {options.history:,}; resident {resident_mib(yard.pid):.0f} MiB", flush=True)
        for name, path, lua in (("one run", urls[0], script),
                                ("page of 50", "/v3/models?limit=50", script),
                                ("one of 1,000 pages", "/v3/models?limit=50", anywhere),
                                ("page of 50, summary", "/v3/models?view=summary&limit=50", script),
                                ("one run, no pause", urls[0], None)):
            print(f"  {name:20} {wrk(yard, api, path, options.seconds, lua)}", flush=True)
        print(f"resident {resident_mib(yard.pid):.0f} MiB")


if __name__ == "__main__":
    main()
