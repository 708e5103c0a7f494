#!/usr/bin/env python3
"""From submit to the first instruction of the user's command, beside task-spooler; memory at rest.

  bench/start.py [--runs N]

The conditions: the environment is there (the host's shell and python), the data is cached, a slot is
free. Every run writes the time of its first instruction; the clock starts

  api            when the request that creates the run is sent (definition uploaded before)
  bx ml train    when the command line is started: token, definition, upload and run, each time
  tsp            when task-spooler's command line is started: a queue on one machine, as ours, that
                 stages no data, keeps no log and shuts nothing off

in turn, so that all three meet the same machine. A second line of the table says how long the
service took to its ready line, and its resident memory before the first run and after the last.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import time

from served import Api, buckets, harness, model_zip, percentile, resident_mib, service

COMMAND = "date +%s.%N"
STAMP = re.compile(r"^(\d{10}\.\d{9})$", re.M)


def prepare(yard, work):
    """Buckets, data, zip and manifest; the zip's path and the manifest's."""
    buckets(yard)
    (work / "data.bin").write_bytes(os.urandom(1 << 20))
    yard.aws("--endpoint-url", yard.store, "s3", "cp", work / "data.bin", "s3://bench-data/")
    connection = {"endpoint_url": yard.store,
                  "aws_access_key_id": yard.variables["AWS_ACCESS_KEY_ID"],
                  "aws_secret_access_key": yard.variables["AWS_SECRET_ACCESS_KEY"]}
    (work / "job.yaml").write_text(json.dumps({
        "model_definition": {
            "name": "start", "framework": {"name": "python", "version": "system"},
            "execution": {"command": COMMAND, "resource": "small"}},
        "training_data": [{"connection": connection,
                           "source": {"bucket": "bench-data", "type": "s3"}}],
        "training_results": {"connection": connection,
                             "target": {"bucket": "bench-results", "type": "s3"}}}))
    return model_zip(yard), work / "job.yaml"


def first_instruction(yard, api, run):
    """Waits for the run's end, and returns when its command began."""
    def ended():
        status = api.call("GET", f"/v3/models/{run}")["entity"]["status"]
        return status if status["state"] in ("completed", "error", "canceled") else None
    status = harness.wait_until(ended, f"the end of {run}", every=0.05)
    if status["state"] != "completed":
        raise AssertionError(f"{run}: {status}")
    return float(STAMP.search(yard.trainyard("logs", run).out)[1])


def by_command_line(yard, api, archive, manifest):
    begin = time.time()
    out = yard.bx("ml", "train", archive, manifest).out
    return first_instruction(yard, api, re.search(r"training-[\w-]{9}", out)[0]) - begin


def by_api(yard, api, wanted):
    begin = time.time()
    run = api.call("POST", "/v3/models", wanted)["metadata"]["guid"]
    return first_instruction(yard, api, run) - begin


def by_task_spooler(work, variables):
    begin = time.time()
    number = subprocess.run(["tsp", "sh", "-c", COMMAND], env=variables, check=True, cwd=work,
                            capture_output=True, text=True).stdout.strip()
    subprocess.run(["tsp", "-w", number], env=variables, check=True, stdout=subprocess.DEVNULL)
    out = subprocess.run(["tsp", "-c", number], env=variables, check=True, capture_output=True,
                         text=True).stdout
    return float(STAMP.search(out)[1]) - begin


def wanted_run(api, archive, manifest, run):
    """The body that creates a run like `run`, with the definition that is already there."""
    entity = api.call("GET", f"/v3/models/{run}")["entity"]
    keys = json.loads(manifest.read_text())["training_results"]["connection"]
    url = api.upload(archive, {"name": "start", "framework": entity["model_definition"]["framework"]})
    body = {"model_definition": entity["model_definition"] | {"definition_href": url}}
    for name in ("training_data_reference", "training_results_reference"):
        body[name] = entity[name] | {"connection": {
            "endpoint_url": keys["endpoint_url"], "access_key_id": keys["aws_access_key_id"],
            "secret_access_key": keys["aws_secret_access_key"]}}
    return body


def measure(yard, work, runs):
    archive, manifest = prepare(yard, work)
    api = Api(yard)
    out = yard.bx("ml", "train", archive, manifest).out  # fills the caches
    warm = re.search(r"training-[\w-]{9}", out)[0]
    first_instruction(yard, api, warm)
    wanted = wanted_run(api, archive, manifest, warm)
    spooler = None
    if shutil.which("tsp"):
        spooler = {"PATH": os.environ["PATH"], "TMPDIR": str(work), "TS_SOCKET": str(work / "tsp.socket")}
    took = {"api": [], "bx ml train": [], "tsp": []}
    for _ in range(runs):
        took["api"].append(by_api(yard, api, wanted))
        took["bx ml train"].append(by_command_line(yard, api, archive, manifest))
        if spooler:
            took["tsp"].append(by_task_spooler(work, spooler))
    if spooler:
        subprocess.run(["tsp", "-K"], env=spooler, check=True)
    return took


def main():
    parser = argparse.ArgumentParser(description="submit to first instruction")
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    with service("start") as yard:
        begin = time.monotonic()
        yard.start()
        ready = time.monotonic() - begin
        time.sleep(5)
        at_rest = resident_mib(yard.pid)
        work = yard.directory / "work"
        work.mkdir()
        took = measure(yard, work, runs)
        time.sleep(5)
        print(f"{runs} runs each, milliseconds to the first instruction, on {os.cpu_count()} cores, "
              f"load {os.getloadavg()[0]:.1f}")
        print(f"{'':12} {'median':>8} {'p99':>8} {'max':>8}")
        for name, values in took.items():
            if not values:
                print(f"{name:12} not installed (package task-spooler)")
                continue
            row = (statistics.median(values), percentile(values, 0.99), max(values))
            print(f"{name:12}" + "".join(f" {1000 * v:8.1f}" for v in row))
        print(f"ready after {1000 * ready:.0f} ms; resident {at_rest:.1f} MiB at rest, "
              f"{resident_mib(yard.pid):.1f} MiB after the runs")


if __name__ == "__main__":
    main()
