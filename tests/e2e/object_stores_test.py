#!/usr/bin/env python3
# ctest: timeout 1800
"""What object stores must do, for real: Swift with Keystone and with v1 tokens, its s3api, Ceph's gateway, ours.

The contract is that of src/objectstore/store_contract_test.cpp. Runs besides: large objects of each kind
and keys that no file can have on the way in, tokens that end while a run goes on.
"""
import hashlib
import json
import os
import re
import subprocess
import sys

import harness

sys.path.insert(0, str(harness.SOURCE / "tests/testbed"))
import stores  # noqa: E402
import testbed  # noqa: E402

TOKEN_LIFE = 20  # seconds; a run of this test outlives it
LISTED = 10_050  # more than Swift gives in one answer
FAULTS = "*Faults*OfTheEnvironment*"
bed = testbed.Testbed(token_life=TOKEN_LIFE)

# Writes what it sees of the data, waits, and writes again.
PROGRAM = """import hashlib, json, os, pathlib, sys, time
data, results = pathlib.Path(os.environ["DATA_DIR"]), pathlib.Path(os.environ["RESULT_DIR"])
seen = {os.fsdecode(bytes(p.relative_to(data))): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in data.rglob("*") if p.is_file()}
(results / "seen.json").write_text(json.dumps(seen))
time.sleep(float(sys.argv[1]))
(results / "end.txt").write_text("the end")
"""


def stores_of(kind):
    try:
        return bed.stores_of(kind)
    except testbed.Missing as missing:
        raise harness.Skip(missing) from missing


def check_contract(store, tests="*StoreContract*OfTheEnvironment*", bucket=testbed.BUCKET, **variables):
    program = harness.program().parent / "src/objectstore/objectstore_test"
    if not program.exists():
        raise harness.Skip(f"{program} is not built")
    done = subprocess.run([program, "--gtest_brief=1", f"--gtest_filter={tests}"], check=False, timeout=900,
                          capture_output=True, text=True,
                          env=os.environ | store.variables(bucket) | variables)
    ran = re.search(r"(\d+) tests? from", done.stdout)
    assert done.returncode == 0 and ran and int(ran[1]) > 0, done.stdout + done.stderr


def test_the_contract_holds_at_swift():
    for store in stores_of("swift").values():
        check_contract(store)


def test_the_contract_holds_at_ceph():
    for store in stores_of("rgw").values():
        check_contract(store)


def test_the_contract_holds_at_our_own_store(yard):
    harness.require("aws")
    yard.aws("--endpoint-url", yard.store, "s3", "mb", f"s3://{testbed.BUCKET}")
    store = stores.S3Store(yard.store, yard.variables["AWS_ACCESS_KEY_ID"],
                           yard.variables["AWS_SECRET_ACCESS_KEY"])
    check_contract(store)


def test_faults_do_no_harm_at_swift():
    """Behind a proxy that cuts, delays, shortens, damages and refuses, at each kind of request (faults_test.cpp);
    with TRAINYARD_TEST_FAULTS=all every fault, also twice and for ever."""
    check_contract(stores_of("swift")["swift-keystone"], FAULTS)


def test_faults_do_no_harm_at_ceph():
    check_contract(stores_of("rgw")["rgw-s3"], FAULTS)


def test_long_listings_are_complete():
    """Swift gives 10,000 names at most in an answer, S3 gives 1,000."""
    swift = stores_of("swift")
    stores.SwiftAccount(swift["swift-keystone"]).make_container("many")
    bed.swift.list_names("many", LISTED)
    for name in ("swift-keystone", "swift-keystone-s3"):
        check_contract(swift[name], "*LongListing*", "many", TRAINYARD_TEST_LISTED=str(LISTED))


def submit(yard, store, data, results, seconds):
    connection = store.connection()
    job = yard.write_job("stores", PROGRAM, (data, connection), (results, connection),
                         kind="bluemix_objectstore", arguments=seconds)
    return re.search(r"training-\S{9}", yard.bx("ml", "train", job.with_name("model.zip"), job).out)[0]


def put_data(account, container):
    """Objects of every sort; returns the path that each must have, with its bytes."""
    parts = [os.urandom(1 << 20) for _ in range(5)]
    whole = b"".join(parts)
    for name in (container, container + "_parts"):
        account.make_container(name)
    account.put(f"{container}/plain.bin", whole)
    account.put(f"{container}/empty", b"")
    account.put_static(f"{container}/static.bin", parts, container + "_parts")
    account.put_dynamic(f"{container}/dynamic.bin", parts, container + "_parts")
    account.put(f"{container}/dir/é 日本+%20.txt", b"odd")
    account.put(f"{container}/a", b"beside")
    account.put(f"{container}/a/b", b"below")
    account.put(f"{container}/..//up", b"up")
    suffix = hashlib.sha256(b"a").hexdigest()[:8]
    return {"plain.bin": whole, "empty": b"", "static.bin": whole, "dynamic.bin": whole,
            "dir/é 日本+%20.txt": b"odd", "a/b": b"below", f"a~{suffix}": b"beside",
            "%2E%2E/%2F/up": b"up"}


def check_results(account, results, run, expected):
    seen = json.loads(account.get(f"{results}/{run}/seen.json"))
    assert seen == {path: hashlib.sha256(data).hexdigest() for path, data in expected.items()}, seen
    assert account.get(f"{results}/{run}/end.txt") == b"the end"


def test_every_sort_of_object_arrives_and_a_token_is_renewed_before_it_ends(yard):
    store = stores_of("swift")["swift-keystone"]
    account = stores.SwiftAccount(store)
    expected = put_data(account, "sorts")
    account.make_container("sorts-results")
    run = submit(yard, store, "sorts", "sorts-results", TOKEN_LIFE + 1)
    assert yard.wait_for(run, "completed", "error", "canceled", timeout=200) == "completed"
    account = stores.SwiftAccount(store)  # its own token ended, too
    check_results(account, "sorts-results", run, expected)
    log = account.get(f"sorts-results/{run}/learner-1/load-data.log").decode()
    for key in ("a", "..//up"):
        assert re.search(rf"{re.escape(key)}\b.*placed as", log), log


def test_a_token_that_is_refused_is_replaced(yard):
    store = stores_of("swift")["swift-v1"]
    account = stores.SwiftAccount(store)
    expected = put_data(account, "v1")
    account.make_container("v1-results")
    run = submit(yard, store, "v1", "v1-results", 5)
    harness.wait_until(lambda: f"{run}/seen.json" in account.keys("v1-results"),
                       "results are uploaded while the run goes on", timeout=120, every=0.2)
    bed.swift.forget_tokens()
    assert yard.wait_for(run, "completed", "error", "canceled", timeout=200) == "completed"
    check_results(stores.SwiftAccount(store), "v1-results", run, expected)


if __name__ == "__main__":
    with bed:
        harness.main(globals())
