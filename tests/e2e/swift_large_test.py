#!/usr/bin/env python3
# ctest: timeout 1800
"""A result of more than 5 GiB, Swift's limit for one object, up to a real Swift and down again as data.

Takes 20 GiB of disk and minutes: only with TRAINYARD_TEST_LARGE=1 (`scripts/check large`).
"""
import hashlib
import os
import re
import sys

import harness

sys.path.insert(0, str(harness.SOURCE / "tests/testbed"))
import stores  # noqa: E402
import testbed  # noqa: E402

SIZE = (5 << 30) + (77 << 20) + 1  # neither whole segments nor whole parts
bed = testbed.Testbed(v1=False)

# Writes the result, or reads it back as data; the log has the digest of every byte.
PROGRAM = f"""import hashlib, os, pathlib, sys
def blocks_of(path):
    if sys.argv[1] == "read":
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                yield block
        return
    block, left = os.urandom((1 << 20) + 4096), {SIZE}
    with open(path, "wb") as file:
        while left:
            begin = left // 509 % 4096
            piece = block[begin:begin + min(left, 1 << 20)]
            file.write(piece)
            left -= len(piece)
            yield piece
place = os.environ["DATA_DIR" if sys.argv[1] == "read" else "RESULT_DIR"]
digest = hashlib.sha256()
for block in blocks_of(pathlib.Path(place) / "large.bin"):
    digest.update(block)
print("digest", digest.hexdigest())
"""


def submit(yard, store, verb, data, **prefix):
    connection = store.connection()
    job = yard.write_job("large", PROGRAM, (data, connection), ("results", connection),
                         kind="bluemix_objectstore", arguments=verb, **prefix)
    run = re.search(r"training-\S{9}", yard.bx("ml", "train", job.with_name("model.zip"), job).out)[0]
    state = yard.wait_for(run, "completed", "error", "canceled", timeout=800)
    assert state == "completed", yard.bx("ml", "show", "training-runs", run).out
    return run


def test_a_result_above_the_limit_of_an_object_is_the_next_runs_data(yard):
    if os.environ.get("TRAINYARD_TEST_LARGE") != "1":
        raise harness.Skip("takes 20 GiB and minutes: TRAINYARD_TEST_LARGE=1 runs it")
    harness.require("zip")
    try:
        store = bed.stores_of("swift")["swift-keystone"]
    except testbed.Missing as missing:
        raise harness.Skip(missing) from missing
    account = stores.SwiftAccount(store)
    for container in ("data", "results"):
        account.make_container(container)
    account.put("data/one.txt", b"1")

    def digest_of(run):
        log = account.get(f"results/{run}/learner-1/training-log.txt").decode()
        return re.search(r"^digest ([0-9a-f]{64})$", log, re.M)[1]

    wrote = submit(yard, store, "write", "data")
    stored = account.send("HEAD", f"results/{wrote}/large.bin").headers
    assert stored["X-Static-Large-Object"] == "True" and stored["Content-Length"] == str(SIZE), stored
    seen = hashlib.sha256()
    answer = account.send("GET", f"results/{wrote}/large.bin")
    while block := answer.read(1 << 20):
        seen.update(block)
    assert seen.hexdigest() == digest_of(wrote)
    read = submit(yard, store, "read", "results", prefix=wrote)
    assert digest_of(read) == digest_of(wrote)
    loaded = account.get(f"results/{read}/learner-1/load-data.log").decode()
    assert "no checksum" not in loaded, loaded


if __name__ == "__main__":
    with bed:
        harness.main(globals())
