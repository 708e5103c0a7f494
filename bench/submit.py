#!/usr/bin/env python3
"""Submitting and listing through the served API, durable on the disk of TMPDIR.

  bench/submit.py [--history N] [--batch N]

Fills the queue to --history runs by experiments of --batch training runs each, one request after the
other, and measures on the way, at a tenth of the history and at its end:

  batch      runs taken in a second by one client; each request is one transaction
  single     POST /v3/models, by one client and by sixteen at once (one fsync serves them all)
  one run    GET /v3/models/{id}
  page       GET /v3/models?limit=50, from the middle of the list
  ends       PATCH (cancel) and DELETE of an experiment run of --batch training runs that wait
  10,000     GET /v3/models?view=summary&limit=10000, with the service's processor time for it
"""
import argparse
import statistics
import threading
import time

from served import (Api, buckets, harness, percentile, processor_seconds, references, service,
                    sleeping_run)

SINGLES = 300
READS = 400


def requests_of(yard, api):
    """A run's request, an experiment's, and its reference, of a definition with content."""
    buckets(yard)
    store = {"endpoint_url": yard.store, "access_key_id": yard.variables["AWS_ACCESS_KEY_ID"],
             "secret_access_key": yard.variables["AWS_SECRET_ACCESS_KEY"]}
    run = sleeping_run(yard, api, "small", store)
    return run, {"settings": {"name": "bench"}} | references(store), \
        {"training_definition_url": run["model_definition"]["definition_href"]}


def experiment_of(api, requests, batch):
    _, experiment, reference = requests
    body = experiment | {"training_references": [
        reference | {"name": f"model-{i}"} for i in range(batch)]}
    return f"/v3/experiments/{api.call('POST', '/v3/experiments', body)['metadata']['guid']}"


def ends(api, requests, batch):
    """Cancel of an experiment run, and delete of one that waits."""
    url = experiment_of(api, requests, batch) + "/runs"
    first, second = (api.call("POST", url)["metadata"]["url"] for _ in range(2))
    took = []
    for method, path, body in (
            ("PATCH", first, {"op": "replace", "path": "/status/state", "value": "canceled"}),
            ("DELETE", second, None)):
        start = time.monotonic()
        api.call(method, path, body)
        took.append((time.monotonic() - start) * 1000)
    print(f"of {batch} runs: cancel {took[0]:,.0f} ms, delete {took[1]:,.0f} ms", flush=True)


def batches(yard, api, requests, batch, count):
    url = experiment_of(api, requests, batch) + "/runs"
    start, before = time.monotonic(), processor_seconds(yard.pid)
    for _ in range(count):
        api.call("POST", url)
    taken, used = time.monotonic() - start, processor_seconds(yard.pid) - before
    runs = batch * count
    print(f"batches of {batch}: {runs / taken:,.0f} runs/s ({used / runs * 1000:.2f} ms cpu a run)",
          flush=True)


def singles(yard, run, clients):
    def work(api):
        for _ in range(SINGLES // clients + 1):
            api.call("POST", "/v3/models", run)
    apis = [Api(yard) for _ in range(clients)]
    threads = [threading.Thread(target=work, args=(api,)) for api in apis]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clients * (SINGLES // clients + 1) / (time.monotonic() - start)


def reads(yard, api, path, count):
    times, before = [], processor_seconds(yard.pid)
    for _ in range(count):
        start = time.monotonic()
        api.call("GET", path)
        times.append((time.monotonic() - start) * 1000)
    used = (processor_seconds(yard.pid) - before) * 1000 / count
    return f"{statistics.median(times):.1f} / {percentile(times, 0.99):.1f} ms ({used:.1f} ms cpu)"


def measure(yard, api, history):
    middle = api.call("GET", f"/v3/models?view=summary&limit={min(10_000, history // 2)}")
    one = middle["resources"][-1]["url"]
    start = middle["next"]["url"].rpartition("start=")[2]
    print(f"at {history:,} runs, median / p99:", flush=True)
    print(f"  one run  {reads(yard, api, one, READS)}")
    print(f"  page     {reads(yard, api, '/v3/models?limit=50', READS)}")
    print("  page of the summary, from the middle  "
          f"{reads(yard, api, f'/v3/models?view=summary&limit=50&start={start}', READS)}")
    print(f"  10,000   {reads(yard, api, '/v3/models?view=summary&limit=10000', 20)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--history", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=500)
    options = parser.parse_args()
    harness.require("aws", "zip")
    with service("submit", "--check-buckets", "false", "--cpu-slots", "1") as yard:
        api = Api(yard.start())
        requests = requests_of(yard, api)
        first = options.history // 10 // options.batch
        rest = options.history // options.batch - first
        batches(yard, api, requests, options.batch, first)
        measure(yard, api, first * options.batch)
        batches(yard, api, requests, options.batch, rest)
        measure(yard, api, options.history)
        ends(api, requests, options.batch)
        for clients in (1, 16):
            print(f"single, {clients} clients: {singles(yard, requests[0], clients):,.0f} runs/s")


if __name__ == "__main__":
    main()
