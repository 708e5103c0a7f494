#!/usr/bin/env python3
"""Submitting and listing through the served API, durable on the disk of TMPDIR.

  bench/submit.py [--history N] [--batch N]

Fills the queue to --history runs by experiments of --batch training runs each, one request after the
other, and measures on the way, at a tenth of the history and at its end:

  batch      runs taken in a second by one client; each request is one transaction
  single     POST /v3/models, by one client and by sixteen at once (one fsync serves them all)
  one run    GET /v3/models/{id}
  page       GET /v3/models?limit=50, from the middle of the list
  10,000     GET /v3/models?view=summary&limit=10000, with the service's processor time for it
"""
import argparse
import pathlib
import shutil
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/e2e"))
import harness  # noqa: E402  # pylint: disable=wrong-import-position
from start import Api, percentile  # noqa: E402  # pylint: disable=wrong-import-position

SINGLES = 300
READS = 400


def requests_of(yard, api):
    """A run's request and an experiment's reference, of a definition with content."""
    yard.variables.pop("AWS_CA_BUNDLE", None)
    for bucket in ("data", "results"):
        yard.aws("--endpoint-url", yard.store, "s3", "mb", f"s3://bench-{bucket}")
    (yard.directory / "model.py").write_text("print('model')\n")
    yard.run("zip", "-q", yard.directory / "model.zip", "model.py", cwd=yard.directory)
    definition = api.call("POST", "/v3/ml_assets/training_definitions", {
        "name": "bench", "framework": {"name": "python", "version": "system"},
        "command": "sleep 3600"})
    version = definition["entity"]["training_definition_version"]
    connection = api.connection
    connection.request("PUT", version["content_url"].removeprefix(yard.api),
                       (yard.directory / "model.zip").read_bytes(), api.headers)
    assert connection.getresponse().read() == b'{"ok":"true"}'
    store = {"endpoint_url": yard.store, "access_key_id": yard.variables["AWS_ACCESS_KEY_ID"],
             "secret_access_key": yard.variables["AWS_SECRET_ACCESS_KEY"]}
    references = {
        "training_data_reference":
            {"type": "s3", "connection": store, "source": {"bucket": "bench-data"}},
        "training_results_reference":
            {"type": "s3", "connection": store, "target": {"bucket": "bench-results"}}}
    run = {"model_definition": {"name": "bench", "definition_href": definition["metadata"]["url"],
                                "execution": {"command": "sleep 3600",
                                              "compute_configuration": {"name": "small"}}}}
    return run | references, {"settings": {"name": "bench"}} | references, \
        {"training_definition_url": definition["metadata"]["url"]}


def batches(yard, api, requests, batch, count):
    _, experiment, reference = requests
    body = experiment | {"training_references": [
        reference | {"name": f"model-{i}"} for i in range(batch)]}
    url = f"/v3/experiments/{api.call('POST', '/v3/experiments', body)['metadata']['guid']}/runs"
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


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


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
    directory = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-bench-submit-"))
    yard = harness.Service(directory, arguments=["--check-buckets", "false", "--cpu-slots", "1"])
    try:
        api = Api(yard.start())
        requests = requests_of(yard, api)
        first = options.history // 10 // options.batch
        rest = options.history // options.batch - first
        batches(yard, api, requests, options.batch, first)
        measure(yard, api, first * options.batch)
        batches(yard, api, requests, options.batch, rest)
        measure(yard, api, options.history)
        for clients in (1, 16):
            print(f"single, {clients} clients: {singles(yard, requests[0], clients):,.0f} runs/s")
    finally:
        yard.end()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
