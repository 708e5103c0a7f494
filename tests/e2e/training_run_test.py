#!/usr/bin/env python3
"""A training run from end to end through the real service, with the host's python as framework."""
import json
import pathlib
import re
import textwrap
import time
import urllib.parse
import urllib.request

import harness

PROGRAM = """
import os, sys, time
print("data:", " ".join(sorted(os.listdir(os.environ["DATA_DIR"]))), flush=True)
print("to stderr", file=sys.stderr, flush=True)
os.makedirs(os.path.join(os.environ["RESULT_DIR"], "model"), exist_ok=True)
with open(os.path.join(os.environ["RESULT_DIR"], "model", "weights"), "w") as file:
    file.write("trained")
for i in range(int(sys.argv[2])):
    print("line", i, flush=True)
    time.sleep(float(sys.argv[3]))
sys.exit(int(sys.argv[1]))
"""


def aws(yard, *arguments, **options):
    return yard.run("aws", "--endpoint-url", yard.store, *arguments, **options)


def prepare(yard):
    """Two buckets, some data, a zip; returns the directory of the submission."""
    harness.require("aws", "zip")
    yard.variables.pop("AWS_CA_BUNDLE", None)
    work = yard.directory / "submission"
    work.mkdir()
    (work / "program.py").write_text(PROGRAM)
    (work / "a b.txt").write_text("data")
    aws(yard, "s3", "mb", "s3://training-data")
    aws(yard, "s3", "mb", "s3://training-results")
    aws(yard, "s3", "cp", work / "a b.txt", "s3://training-data/x/a b.txt")
    yard.run("zip", "-q", work / "model.zip", "program.py", cwd=work)
    return work


def manifest(yard, work, command, name="job.yaml", **changes):
    keys = {"framework": "{name: python, version: system}", "size": "small",
            "secret": yard.variables["AWS_SECRET_ACCESS_KEY"], "bucket": "training-data"} | changes
    connection = (f"{{endpoint_url: '{yard.store}', aws_access_key_id: "
                  f"{yard.variables['AWS_ACCESS_KEY_ID']}, aws_secret_access_key: {keys['secret']}}}")
    (work / name).write_text(textwrap.dedent(f"""\
        model_definition:
          name: quick
          framework: {keys['framework']}
          execution:
            command: {command}
            resource: {keys['size']}
        training_data:
        - connection: {connection}
          source: {{bucket: {keys['bucket']}, type: s3}}
        training_results:
          connection: {connection}
          target: {{bucket: training-results, type: s3}}
        """))
    return work / name


def submit(yard, work, command, **changes):
    out = yard.bx("ml", "train", work / "model.zip", manifest(yard, work, command, **changes)).out
    found = re.fullmatch(r"Starting to train \.\.\.\nOK\nModel-ID is '(training-[\w-]{9})'\n", out)
    assert found, out
    return found[1]


def show(yard, run):
    return json.loads(yard.trainyard("show", run, "--json").out)["entity"]["status"]


def wait_end(yard, run, timeout=60):
    return harness.wait_until(
        lambda: (s := show(yard, run))["state"] in ("completed", "error", "canceled") and s,
        f"the end of {run}", timeout)


def results(yard, run):
    listed = aws(yard, "s3", "ls", "--recursive", f"s3://training-results/{run}/").out
    return {line.split(None, 3)[3].removeprefix(run + "/") for line in listed.splitlines()}


def stored_log(yard, run):
    return aws(yard, "s3", "cp", f"s3://training-results/{run}/learner-1/training-log.txt", "-").out


def test_a_run_completes_and_its_results_arrive(yard):
    work = prepare(yard)
    run = submit(yard, work, "python3 program.py 0 3 0")
    assert wait_end(yard, run)["state"] == "completed"
    assert results(yard, run) == {"model/weights", "learner-1/training-log.txt",
                                  "learner-1/load-data.log", "learner-1/load-model.log"}
    log = stored_log(yard, run)
    assert log == yard.trainyard("logs", run).out
    assert log.startswith("Training with training/test data at:\n  DATA_DIR: ")
    assert "data: x\nto stderr\nline 0\nline 1\nline 2\n" in log
    shown = yard.bx("ml", "show", "trained-models", run).out
    assert re.fullmatch(
        rf"Fetching the trained model details with MODEL-ID '{run}' \.\.\.\n"
        rf"ModelId        {run}\nurl            /v3/models/{run}\nName           quick\n"
        r"State          completed\nSubmitted_at   \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n"
        r"OK\nShow trained-models details successful\n", shown), shown
    listed = yard.bx("ml", "list", "trained-models").out
    assert re.fullmatch(
        r"Fetching the list of trained models \.\.\.\n"
        r"SI No   Name    guid                 status      submitted-at\n"
        rf"1       quick   {run}   completed   \S{{20}}\n\n1 records found\.\nOK\n"
        r"List all trained-models successful\n", listed), listed
    assert yard.bx("ml", "delete", "trained-models", run).out == (
        f"Deleting the trained model '{run}' ...\nOK\nDelete trained-models successful\n")
    assert "0 records found." in yard.bx("ml", "list", "trained-models").out
    assert "model/weights" in results(yard, run)


def test_a_live_run_is_deleted_once_it_has_ended_and_stored_what_it_has(yard):
    work = prepare(yard)
    run = submit(yard, work, "echo part > $RESULT_DIR/part; echo is ready; sleep 1000")
    harness.wait_until(lambda: "\nis ready\n" in yard.trainyard("logs", run).out, "its output", 60)
    said = yard.trainyard("delete", run).out
    assert said == f"{run} is being canceled; it is deleted once what it has written is stored\n", said
    harness.wait_until(lambda: run not in yard.trainyard("list").out, "its end", 60)
    assert {"part", "learner-1/training-log.txt"} <= results(yard, run)


def test_a_manifest_is_checked_with_the_service(yard):
    work = prepare(yard)
    good = manifest(yard, work, "python3 program.py 0 1 0")
    checked = yard.trainyard("validate", good, work / "model.zip")
    assert (checked.out, checked.err) == (f"{good} and {work / 'model.zip'}: no errors\n", ""), checked
    for changes, reason in (({"framework": "{name: pythn, version: system}"}, "did you mean python"),
                            ({"size": "{name: k80, nodes: 3}"}, "nodes"),
                            ({"bucket": "nowhere"}, "nowhere")):
        bad = manifest(yard, work, "python3 program.py 0 1 0", "bad.yaml", **changes)
        refused = yard.trainyard("validate", bad, check=False)
        assert refused.code == 2 and reason in refused.err, refused
    assert "0 records found." in yard.bx("ml", "list", "trained-models").out


def call(yard, method, url, body):
    """The answer's JSON; `body` is sent as JSON, and bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(urllib.parse.urljoin(yard.api, url), method=method, data=data,
                                     headers={"Authorization": "Bearer " + yard.token()})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_a_run_gets_the_version_that_is_meant(yard):
    work = prepare(yard)
    definitions = "/v3/ml_assets/training_definitions"
    reference = {"type": "s3", "connection": {
        "endpoint_url": yard.store, "access_key_id": yard.variables["AWS_ACCESS_KEY_ID"],
        "secret_access_key": yard.variables["AWS_SECRET_ACCESS_KEY"]}}

    def add_version(url, text):
        (work / "program.py").write_text(f"print({text!r})")
        yard.run("zip", "-q", work / f"{text}.zip", "program.py", cwd=work)
        made = call(yard, "POST", url, {"name": text, "command": "python3 program.py",
                                        "framework": {"name": "python", "version": "system"}})
        version = made["entity"]["training_definition_version"]
        call(yard, "PUT", version["content_url"], (work / f"{text}.zip").read_bytes())
        return made["metadata"]["url"], version

    def log_of_run(href):
        run = call(yard, "POST", "/v3/models", {
            "model_definition": {"definition_href": href, "name": "versions",
                                 "framework": {"name": "python", "version": "system"},
                                 "execution": {"command": "python3 program.py",
                                               "compute_configuration": {"name": "small"}}},
            "training_data_reference": reference | {"source": {"bucket": "training-data"}},
            "training_results_reference": reference | {"target": {"bucket": "training-results"}}})
        model = run["entity"]["model_definition"]
        run = run["metadata"]["guid"]
        assert wait_end(yard, run)["state"] == "completed"
        return model["definition_version"], yard.trainyard("logs", run).out

    url, first = add_version(definitions, "one")
    again, second = add_version(url, "two")
    assert again == url and first["guid"] != second["guid"]
    for href, version, text in ((url, second, "two"), (first["url"], first, "one"),
                                (second["url"], second, "two")):
        used, log = log_of_run(href)
        assert used == version["guid"] and f"\n{text}\n" in log, (href, used, log)
    shown = yard.bx("ml", "show", "training-definitions", url.rsplit("/", 1)[1]).out
    assert re.search(r"^name +two *$", shown, re.M), shown


def test_a_failure_stays_visible_with_its_verdict_and_results(yard):
    work = prepare(yard)
    run = submit(yard, work, "python3 program.py 3 1 0")
    status = wait_end(yard, run)
    assert status["state"] == "error"
    assert status["verdict"]["exit_code"] == 3
    assert "line 0" in status["verdict"]["last_lines"]
    assert status["error"]["errors"][0]["code"] == "dl_job_failed (C201)"
    assert "model/weights" in results(yard, run)
    assert "(exit code 3)" in yard.bx("ml", "show", "trained-models", run).out


def test_a_canceled_run_stores_what_it_has(yard):
    work = prepare(yard)
    run = submit(yard, work, "python3 program.py 0 1000 0.1")
    harness.wait_until(lambda: "line 1" in yard.trainyard("logs", run).out, "output")
    assert yard.bx("ml", "cancel", "training-runs", run).out == (
        f"Canceling training for MODEL-ID '{run}'...\nOK\nCancel training successful\n")
    assert wait_end(yard, run)["state"] == "canceled"
    assert "model/weights" in results(yard, run)
    assert "line 1" in stored_log(yard, run)


def test_a_run_outlives_a_killed_service_and_its_log_has_no_gap(yard):
    work = prepare(yard)
    run = submit(yard, work, "python3 program.py 0 60 0.1")
    harness.wait_until(lambda: "line 5" in yard.trainyard("logs", run).out, "output")
    api, store = yard.api, yard.store
    yard.kill()
    time.sleep(1)
    yard.start()
    assert (yard.api, yard.store) == (api, store)
    assert wait_end(yard, run)["state"] == "completed"
    log = yard.trainyard("logs", run).out
    assert [line for line in log.splitlines() if line.startswith("line ")] == [
        f"line {i}" for i in range(60)]
    assert log == stored_log(yard, run)


def test_bad_submissions_are_refused_with_a_reason_and_leave_nothing(yard):
    work = prepare(yard)
    for changes, expected in [
            ({"secret": "wrong"}, "secret"),
            ({"bucket": "no-such-bucket"}, "no-such-bucket"),
            ({"framework": "{name: pythn, version: '1'}"}, "did you mean python"),
            ({"size": "huge"}, "small"),
            ({"framework": "{name: caffe, version: system}"}, "not installed")]:
        path = manifest(yard, work, "python3 program.py 0 0 0", **changes)
        done = yard.bx("ml", "train", work / "model.zip", path, check=False)
        assert done.code == 2 and done.err.startswith("FAILED\n"), (changes, done)
        assert expected in done.err, (changes, done.err)
    (work / "text.zip").write_text("import this\n")
    done = yard.bx("ml", "train", work / "text.zip",
                   manifest(yard, work, "python3 program.py 0 0 0"), check=False)
    assert done.code == 2 and "only zip is taken" in done.err, done
    assert "0 records found." in yard.bx("ml", "list", "training-runs").out


def test_secrets_appear_nowhere(yard):
    work = prepare(yard)
    run = submit(yard, work, "env; python3 program.py 1 0 0")
    wait_end(yard, run)
    secret = yard.variables["AWS_SECRET_ACCESS_KEY"]
    assert secret not in stored_log(yard, run)
    assert secret not in yard.trainyard("show", run, "--json").out
    assert secret not in yard.log.read_text()
    for path in (yard.state / "runs").rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


if __name__ == "__main__":
    harness.main(globals())
