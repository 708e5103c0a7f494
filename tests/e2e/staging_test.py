#!/usr/bin/env python3
# ctest: timeout 1200
"""Data in and results out through the real service: once, whole, and whatever goes away meanwhile."""
import collections
import concurrent.futures
import hashlib
import os
import pathlib
import signal
import textwrap
import time

import counting_proxy
import harness
import training_run_test as runs

AT_ONCE = 100
Bucket = collections.namedtuple("Bucket", "service endpoint name")

# Writes, waits for a file of the test's, writes again.
PROGRAM = """
import os, sys, time
results = os.environ["RESULT_DIR"]
open(os.path.join(results, "early"), "w").write("early")
print("waiting", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.05)
open(os.path.join(results, "late"), "w").write("late")
sys.exit(int(sys.argv[2]))
"""


def start(yard, *arguments):
    """The service anew, with settings."""
    yard.stop()
    yard.arguments = ["--sandbox", "off", "--results-quiet", "1s", *arguments]
    yard.start()


def elsewhere(yard):
    """Another service of its own, for its store."""
    return harness.Service(yard.directory / "elsewhere").start()


def make_bucket(service, name, files=()):
    harness.require("aws", "zip")
    service.variables.pop("AWS_CA_BUNDLE", None)
    runs.aws(service, "s3", "mb", f"s3://{name}")
    if files:
        source = service.directory / f"source-{name}"
        for path, text in dict(files).items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_text(text)
        runs.aws(service, "s3", "cp", "--recursive", "--only-show-errors", source, f"s3://{name}/")
    return Bucket(service, service.store, name)


def connection(bucket):
    keys = bucket.service.variables
    return (f"{{endpoint_url: '{bucket.endpoint}', aws_access_key_id: {keys['AWS_ACCESS_KEY_ID']}, "
            f"aws_secret_access_key: {keys['AWS_SECRET_ACCESS_KEY']}}}")


def submit(yard, data, results, command):
    return train(yard, *prepare(yard, data, results, command))


def train(yard, definition, manifest):
    return yard.trainyard("train", definition, manifest).out.strip()


def prepare(yard, data, results, command):
    work = yard.directory / "submission"
    work.mkdir(exist_ok=True)
    (work / "program.py").write_text(PROGRAM)
    if not (work / "model.zip").exists():
        yard.run("zip", "-q", work / "model.zip", "program.py", cwd=work)
    (work / "job.yaml").write_text(textwrap.dedent(f"""\
        model_definition:
          name: staged
          framework: {{name: python, version: system}}
          execution: {{command: '{command}', resource: small}}
        training_data:
        - connection: {connection(data)}
          source: {{bucket: {data.name}, type: s3}}
        training_results:
          connection: {connection(results)}
          target: {{bucket: {results.name}, type: s3}}
        """))
    return work / "model.zip", work / "job.yaml"


def stored(bucket, run):
    listed = runs.aws(bucket.service, "s3", "ls", "--recursive", f"s3://{bucket.name}/{run}/",
                      check=False).out
    return {line.split(None, 3)[3].removeprefix(run + "/") for line in listed.splitlines()}


def learner_of(run):
    """The pid of the run's learner."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"learner" in words and run.encode() in words:
                return int(entry.name)
    return None


def wait_for_trouble(yard, run, attempt):
    """That the results wait; before, it is told that requests are tried again."""
    def trouble():
        status = runs.show(yard, run)
        told = status.get("progress", {}).get("trouble", "")
        return (status["phase"] == "storing" and status["attempt"] == attempt
                and "could not be stored" in told and told)
    return harness.wait_until(trouble, "the trouble is told", 90, every=0.2)


def test_data_is_waited_for_while_its_store_is_away(yard):
    start(yard)
    other = elsewhere(yard)
    data = make_bucket(other, "data", {"x": "1", "d/y": "2"})
    results = make_bucket(yard, "results")
    proxy = counting_proxy.CountingProxy(data.endpoint)
    proxy.hold("GET /data/x")
    run = submit(yard, data._replace(endpoint=proxy.url), results, "cat $DATA_DIR/x $DATA_DIR/d/y")
    harness.wait_until(proxy.holding, "the data is on its way", 60)
    other.kill()
    proxy.release()

    def trouble():
        status = runs.show(yard, run)
        told = status.get("progress", {}).get("trouble", "")
        return status["phase"] == "staging" and "had to be tried again" in told and told
    told = harness.wait_until(trouble, "the trouble is told", 60, every=0.2)
    assert "had to be tried again" in yard.trainyard("show", run).out, told
    assert "had to be tried again" in yard.bx("ml", "show", "trained-models", run).out, told

    def lines():  # one every ten seconds
        return yard.trainyard("logs", run, "--file", "load-data.log").out.count("had to be tried again")
    harness.wait_until(lambda: lines() >= 2, "the log tells of it", 60)

    other.start()
    assert (other.store, runs.wait_end(yard, run, 120)["state"]) == (data.endpoint, "completed")
    assert "12" in yard.trainyard("logs", run).out


def test_results_wait_for_a_store_that_is_away_at_the_end(yard):
    start(yard)
    other = elsewhere(yard)
    data = make_bucket(yard, "data", {"x": "1"})
    results = make_bucket(other, "results")
    go = yard.directory / "go"
    run = submit(yard, data, results, f"python3 program.py {go} 0")
    harness.wait_until(lambda: "early" in stored(results, run), "results go up meanwhile", 60)
    other.kill()
    go.write_text("")

    trouble = wait_for_trouble(yard, run, attempt=1)
    assert "they are kept on the machine" in trouble, trouble
    assert trouble in yard.trainyard("show", run).out
    assert trouble in yard.bx("ml", "show", "trained-models", run).out
    assert "the results could not be stored" in yard.trainyard("logs", run).out
    yard.bx("ml", "cancel", "training-runs", run)
    os.kill(learner_of(run), signal.SIGKILL)
    yard.kill()
    yard.start()
    wait_for_trouble(yard, run, attempt=2)
    kept = yard.state / "runs" / run / "mnt" / "results" / "results" / run
    assert {p.name for p in kept.iterdir()} == {"early", "late"}

    other.start()
    assert (other.store, runs.wait_end(yard, run, 120)["state"]) == (results.endpoint, "completed")
    assert stored(results, run) >= {"early", "late", "learner-1/training-log.txt"}
    assert not (yard.state / "runs" / run / "mnt").exists()


def test_a_lost_learner_takes_its_command_with_it_and_no_results(yard):
    start(yard)
    data = make_bucket(yard, "data", {"x": "1"})
    results = make_bucket(yard, "results")
    daemon = ("env -i setsid /bin/sleep 4711 & echo daemon $!; "
              f"python3 program.py {yard.directory / 'never'} 0")
    run = submit(yard, data, results, daemon)
    harness.wait_until(lambda: "early" in stored(results, run), "results go up meanwhile", 60)
    pid = int(yard.trainyard("logs", run).out.split("daemon ")[-1].split()[0])
    assert "4711" in pathlib.Path(f"/proc/{pid}/cmdline").read_text()
    os.kill(learner_of(run), signal.SIGKILL)

    def gone():
        try:
            return "4711" not in pathlib.Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            return True
    harness.wait_until(gone, "the command has ended", 30)
    status = runs.wait_end(yard, run, 90)
    assert (status["state"], status["verdict"]["kind"]) == ("error", "learner_lost"), status
    assert stored(results, run) >= {"early", "learner-1/training-log.txt"}


# Leaves files of all sizes, and once told the largest: 40 MiB go in three parts.
RESULTS = """
import hashlib, os, pathlib, sys, time
results = pathlib.Path(os.environ["RESULT_DIR"])
for name, size in {"empty": 0, "small": 1000, "d/middle": 3 << 20}.items():
    (results / name).parent.mkdir(exist_ok=True)
    (results / name).write_bytes(hashlib.shake_128(name.encode()).digest(size))
print("waiting", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.05)
(results / "large").write_bytes(hashlib.shake_128(b"large").digest(40 << 20))
"""
RESULT_SIZES = {"empty": 0, "small": 1000, "d/middle": 3 << 20, "large": 40 << 20}


def submit_results(yard, data, results, go):
    work = yard.directory / "submission"
    work.mkdir(exist_ok=True)
    (work / "results.py").write_text(RESULTS)
    yard.run("zip", "-q", work / "model.zip", "results.py", cwd=work)
    return submit(yard, data, results, f"python3 results.py {go}")


def hold_in_an_upload(yard, results):
    """A run, and the proxy that holds its second part of the largest result until it is released."""
    proxy = counting_proxy.CountingProxy(results.endpoint)
    go = yard.directory / "go"
    data = make_bucket(yard, "data", {"x": "1"})
    run = submit_results(yard, data, results._replace(endpoint=proxy.url), go)
    harness.wait_until(lambda: "d/middle" in stored(results, run), "results go up meanwhile", 60)
    proxy.hold("PUT .*partNumber=2")
    go.touch()
    harness.wait_until(proxy.holding, "the second part is on its way", 90)
    return proxy, run


def check_results(bucket, run):
    """Every byte is there, and nothing of an upload that was given up."""
    copy = bucket.service.directory / f"copy-{run}"
    runs.aws(bucket.service, "s3", "cp", "--recursive", "--only-show-errors",
             f"s3://{bucket.name}/{run}/", copy)
    for name, size in RESULT_SIZES.items():
        assert (copy / name).read_bytes() == hashlib.shake_128(name.encode()).digest(size), name
    left = runs.aws(bucket.service, "s3api", "list-multipart-uploads", "--bucket", bucket.name).out
    assert "UploadId" not in left, left


def test_results_are_whole_when_the_learner_dies_in_the_middle_of_an_upload(yard):
    start(yard)
    results = make_bucket(yard, "results")
    proxy, run = hold_in_an_upload(yard, results)
    harness.wait_until(lambda: runs.show(yard, run)["phase"] == "storing", "the command ended", 60)
    os.kill(learner_of(run), signal.SIGKILL)
    proxy.release()
    status = runs.wait_end(yard, run, 120)
    assert status["attempt"] == 2, status
    check_results(results, run)


def test_results_are_whole_when_the_store_goes_away_in_the_middle_of_an_upload(yard):
    start(yard)
    other = elsewhere(yard)
    results = make_bucket(other, "results")
    proxy, run = hold_in_an_upload(yard, results)
    other.kill()
    proxy.release()
    wait_for_trouble(yard, run, attempt=1)
    other.start()
    assert (other.store, runs.wait_end(yard, run, 180)["state"]) == (results.endpoint, "completed")
    check_results(results, run)


def start_at_once(yard, job, settings):
    """Submits AT_ONCE runs, of what job() gives, behind one that has the only slot, then gives them a slot each."""
    go = yard.directory / "go"
    start(yard, "--cpu-slots", "1", *settings)
    blocker = submit(yard, make_bucket(yard, "own", {"x": "1"}), make_bucket(yard, "results"),
                     f"while [ ! -e {go} ]; do sleep 0.1; done")
    yard.wait_for(blocker, "running")
    definition, manifest = job()
    with concurrent.futures.ThreadPoolExecutor(4) as submitting:
        started = list(submitting.map(lambda _: train(yard, definition, manifest), range(AT_ONCE)))
    start(yard, "--cpu-slots", str(AT_ONCE + 1), *settings)
    go.touch()
    return started


def test_a_hundred_runs_at_once_cause_one_transfer_and_later_ones_none(yard):
    files = {f"d{i % 3}/file{i}": f"content {i}\n" for i in range(30)}
    data = make_bucket(yard, "data", files)
    proxy = counting_proxy.CountingProxy(data.endpoint)
    through = data._replace(endpoint=proxy.url)
    results = Bucket(yard, data.endpoint, "results")
    command = "cat ${DATA_DIR}/*/* | sort | md5sum"
    proxy.hold("GET /data/.+")
    started = start_at_once(yard, lambda: prepare(yard, through, results, command),
                            ["--check-buckets", "false", "--results-quiet", "0s"])
    deadline = time.monotonic() + 40  # before the one that fetches asks again
    while proxy.counts("data")["list"] < AT_ONCE and time.monotonic() < deadline:
        time.sleep(0.1)
    proxy.release()
    sums = set()
    for run in started:
        assert runs.wait_end(yard, run, 120)["state"] == "completed"
        sums |= {line for line in yard.trainyard("logs", run).out.splitlines() if line.endswith("  -")}
    assert sums == {hashlib.md5("".join(sorted(files.values())).encode()).hexdigest() + "  -"}, sums
    fetched = collections.Counter(target for method, target in proxy.requests()
                                  if method == "GET" and "?" not in target)
    assert fetched == {f"/data/{key}": 1 for key in files}, fetched

    before = proxy.counts("data")
    later = submit(yard, through, results, command)
    assert runs.wait_end(yard, later, 60)["state"] == "completed"
    asked = proxy.counts("data") - before
    assert (asked["list"], asked["GET"]) == (1, 0), asked
    assert "30 files of 30 came from this machine's cache" in yard.trainyard(
        "logs", later, "--file", "load-data.log").out


def test_data_leaves_free_on_the_disk_what_the_setting_says(yard):
    start(yard, "--keep-free", "9000TiB")
    run = submit(yard, make_bucket(yard, "data", {"x": "1"}), make_bucket(yard, "results"), "true")
    status = runs.wait_end(yard, run)
    assert status["state"] == "error" and "must stay free" in str(status["verdict"]), status


def check_that_writing_changes_nothing_for_the_next(yard):
    data = make_bucket(yard, "data", {"a": "one", "d/b": "two"})
    results = make_bucket(yard, "results")
    spoil = ("echo spoilt >> ${DATA_DIR}/a; chmod -R u+w ${DATA_DIR}; echo spoilt > ${DATA_DIR}/d/b; "
             "rm -rf ${DATA_DIR}/d; touch ${DATA_DIR}/new; true")
    assert runs.wait_end(yard, submit(yard, data, results, spoil))["state"] == "completed"
    look = submit(yard, data, results, "cd ${DATA_DIR} && find . -type f | sort && cat a d/b")
    assert runs.wait_end(yard, look)["state"] == "completed"
    assert "./a\n./d/b\nonetwo" in yard.trainyard("logs", look).out


def test_writing_into_a_copy_of_the_data_changes_nothing_for_the_next(yard):
    start(yard)
    check_that_writing_changes_nothing_for_the_next(yard)


def test_writing_into_sandboxed_data_changes_nothing_for_the_next(yard):
    check_that_writing_changes_nothing_for_the_next(yard)


if __name__ == "__main__":
    harness.main(globals())
