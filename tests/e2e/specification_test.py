#!/usr/bin/env python3
# ctest: serial
# ctest: timeout 1200
"""The specification's S3 example as written, names filled in, and its command line output (T17–T23)."""
import re

import harness

DATA = "mnist-training-data"
RESULTS = "mnist-training-models"
ID = r"training-[A-Za-z0-9_-]{9}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def expect(pattern, text):
    assert re.fullmatch(pattern, text), f"expected:\n{pattern}\ngot:\n{text}"


def lines(*texts):
    return "".join(text + "\n" for text in texts)


def submit(yard):
    """Fills the example's manifest in and submits it; returns the run's id."""
    example = harness.SOURCE / "examples/tensorflow"
    work = yard.directory / "work"
    work.mkdir()
    yard.run("zip", "-q", work / "tf-model.zip", "convolutional_network.py", "input_data.py", cwd=example)
    text = (example / "job.yaml").read_text()
    for name, value in {"<auth-url>": yard.store, "<username>": yard.variables["AWS_ACCESS_KEY_ID"],
                        "<password>": yard.variables["AWS_SECRET_ACCESS_KEY"]}.items():
        text = text.replace(name, value)
    (work / "job.yaml").write_text(text)
    out = yard.bx("ml", "train", "tf-model.zip", "job.yaml", cwd=work).out
    expect(lines(r"Starting to train \.\.\.", "OK", rf"Model-ID is '{ID}'"), out)
    return re.search(ID, out)[0]


def test_the_example_trains_mnist(yard):
    harness.require("aws", "zip")
    yard.variables.pop("AWS_CA_BUNDLE", None)
    for bucket in (DATA, RESULTS):
        yard.aws("--endpoint-url", yard.store, "s3", "mb", f"s3://{bucket}")
    yard.aws("--endpoint-url", yard.store, "s3", "cp", harness.SOURCE / "examples/mnist",
             f"s3://{DATA}/", "--recursive", "--exclude", "*", "--include", "*.gz")
    run = submit(yard)

    expect(lines(r"Fetching the list of trained models \.\.\.",
                 r"SI No   Name       guid                 status    submitted-at",
                 rf"1       tf-mnist   {run}   (pending|running)   {TIME}",
                 "", r"1 records found\.", "OK", "List all trained-models successful"),
           yard.bx("ml", "list", "trained-models").out)
    yard.wait_for(run, "completed", "error", "canceled", timeout=1000)
    expect(lines(rf"Fetching the trained model details with MODEL-ID '{run}' \.\.\.",
                 f"ModelId        {run}", f"url            /v3/models/{run}", "Name           tf-mnist",
                 "State          completed", rf"Submitted_at   {TIME}",
                 "OK", "Show trained-models details successful"),
           yard.bx("ml", "show", "trained-models", run).out)

    listed = yard.aws("--endpoint-url", yard.store, "s3", "ls", "--recursive", f"s3://{RESULTS}/").out
    keys = {line.split(None, 3)[3] for line in listed.splitlines()}
    for name in ("model/saved_model.pb", "learner-1/training-log.txt", "learner-1/load-data.log",
                 "learner-1/load-model.log", "learner-1/evaluation-metrics.txt"):
        assert f"{run}/{name}" in keys, sorted(keys)
    log = yard.aws("--endpoint-url", yard.store, "s3", "cp",
                   f"s3://{RESULTS}/{run}/learner-1/training-log.txt", "-").out
    assert float(re.search(r"^Test accuracy: (0\.\d+)$", log, re.M)[1]) > 0.95, log[-2000:]

    expect(lines(rf"Deleting the trained model '{run}' \.\.\.", "OK", "Delete trained-models successful"),
           yard.bx("ml", "delete", "trained-models", run).out)
    expect(lines(r"Fetching the list of trained models \.\.\.",
                 "SI No   Name   guid   status   submitted-at",
                 "", r"0 records found\.", "OK", "List all trained-models successful"),
           yard.bx("ml", "list", "trained-models").out)
    assert keys == {line.split(None, 3)[3] for line in yard.aws(
        "--endpoint-url", yard.store, "s3", "ls", "--recursive", f"s3://{RESULTS}/").out.splitlines()}


if __name__ == "__main__":
    harness.main(globals())
