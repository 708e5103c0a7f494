#!/usr/bin/env python3
# ctest: timeout 1200
"""The specification's Swift example (T14) against a real Keystone and Swift: names filled in, the rest as it is.

Only its framework is the stand-in of mnist_without_tensorflow; specification_test trains with the real one.
"""
import pathlib
import re
import sys

import harness
from specification_test import DATA, ID, RESULTS, TIME, expect, lines

sys.path.insert(0, str(harness.SOURCE / "tests/testbed"))
import stores  # noqa: E402
import testbed  # noqa: E402

STAND_IN = pathlib.Path(__file__).resolve().parent / "mnist_without_tensorflow"
SERVE = ["--frameworks-file", STAND_IN / "frameworks.yaml"]
bed = testbed.Testbed(v1=False)


def keystone_store():
    """The store and a client of it, with the data in its container."""
    try:
        store = bed.stores_of("swift")["swift-keystone"]
    except testbed.Missing as missing:
        raise harness.Skip(missing) from missing
    account = stores.SwiftAccount(store)
    if account.keys(DATA) is None:
        for container in (DATA, RESULTS):
            account.make_container(container)
        for file in (harness.SOURCE / "examples/mnist").glob("*.gz"):
            account.put(f"{DATA}/{file.name}", file.read_bytes())
    return store, account


def prepare(yard, store, **changes):
    """Writes the zip and the manifest with its names filled in; returns the arguments of bx ml train."""
    values = {"<auth-url>": store.auth_url, "<username>": store.user, "<password>": store.password,
              "<region>": store.region, "<domain-name>": store.domain, "<project-id>": store.project_id}
    text = (harness.SOURCE / "examples/tensorflow/job-swift.yaml").read_text()
    for name, value in values.items():
        text = text.replace(name, changes.get(name.strip("<>").replace("-", "_"), value))
    for name in (DATA, RESULTS):
        text = text.replace(name, changes.get(name, name))
    work = yard.directory / "work"
    if not work.exists():
        work.mkdir()
        yard.run("zip", "-q", work / "tf-model.zip", "convolutional_network.py", cwd=STAND_IN)
    (work / "job.yaml").write_text(text)
    return "ml", "train", work / "tf-model.zip", work / "job.yaml"


def test_the_example_trains(yard):
    harness.require("zip")
    store, account = keystone_store()
    out = yard.bx(*prepare(yard, store)).out
    expect(lines(r"Starting to train \.\.\.", "OK", rf"Model-ID is '{ID}'"), out)
    run = re.search(ID, out)[0]
    yard.wait_for(run, "completed", "error", "canceled", timeout=300)
    expect(lines(rf"Fetching the trained model details with MODEL-ID '{run}' \.\.\.",
                 f"ModelId        {run}", f"url            /v3/models/{run}", "Name           tf-mnist",
                 "State          completed", rf"Submitted_at   {TIME}",
                 "OK", "Show trained-models details successful"),
           yard.bx("ml", "show", "trained-models", run).out)
    keys = account.keys(RESULTS)
    for name in ("model/means.json", "learner-1/training-log.txt", "learner-1/load-data.log",
                 "learner-1/load-model.log"):
        assert f"{run}/{name}" in keys, keys
    log = account.get(f"{RESULTS}/{run}/learner-1/training-log.txt").decode()
    assert float(re.search(r"^Test accuracy: (0\.\d+)$", log, re.M)[1]) > 0.7, log
    loaded = account.get(f"{RESULTS}/{run}/learner-1/load-data.log").decode()
    assert f"swift://{DATA} at {store.auth_url}" in loaded and "4 files" in loaded, loaded
    expect(lines(rf"Deleting the trained model '{run}' \.\.\.", "OK", "Delete trained-models successful"),
           yard.bx("ml", "delete", "trained-models", run).out)
    assert account.keys(RESULTS) == keys


test_the_example_trains.arguments = SERVE

WRONG = [
    # what is changed in the manifest, and what the error must say
    ({"password": "Wr0ng"}, "user_name 'alice', its password or domain_name 'lab' is wrong"),
    ({"username": "bob"}, "user_name 'bob', its password or domain_name 'lab' is wrong"),
    ({"domain_name": "lap"}, "its password or domain_name 'lap' is wrong"),
    ({"project_id": "train"}, r"no project with the id 'train' at .*; check project_id, which can be that of "
                              r"'train' \([0-9a-f]{32}\)"),
    ({"region": "dallas"}, "no object store in region 'dallas', only in 'loopback'"),
    ({DATA: "minst"}, r"training_data_reference.*there is no container 'minst'"),
    ({RESULTS: "modles"}, r"training_results_reference.*there is no container 'modles'"),
    ({"auth_url": "http://127.0.0.1:9"}, "http://127.0.0.1:9, or the store that it names, cannot be reached"),
]


def test_mistakes_are_named_at_submit_and_nothing_is_left_of_them(yard):
    harness.require("zip")
    store, account = keystone_store()
    before = {name: account.keys(name) for name in (DATA, RESULTS)}
    for changes, sentence in WRONG:
        done = yard.bx(*prepare(yard, store, **changes), check=False)
        said = done.out + done.err
        assert done.code != 0 and re.search(sentence, said), (changes, done)
        assert store.password not in said and "Wr0ng" not in said, said
    empty = "empty"
    account.make_container(empty)
    done = yard.bx(*prepare(yard, store, **{DATA: empty}), check=False)
    assert done.code != 0 and "there is no training data in swift://empty" in done.out + done.err, done
    assert "0 records found." in yard.bx("ml", "list", "trained-models").out
    assert before == {name: account.keys(name) for name in (DATA, RESULTS)}
    for name in ("minst", "modles"):
        assert account.keys(name) is None


test_mistakes_are_named_at_submit_and_nothing_is_left_of_them.arguments = SERVE

if __name__ == "__main__":
    with bed:
        harness.main(globals())
