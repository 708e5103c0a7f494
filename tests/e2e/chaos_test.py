#!/usr/bin/env python3
"""The service is killed again and again while runs are submitted and train: none is lost."""
# ctest: serial
import re
import time
from concurrent.futures import ThreadPoolExecutor

import harness
import training_run_test as training

RUNS = 20
KILLS = 3
LINES = 20


def submit_until_accepted(yard, work, manifest):
    """A person's reaction to a service that is away: the same command again."""
    def accepted():
        done = yard.bx("ml", "train", work / "model.zip", manifest, check=False)
        found = re.search(r"Model-ID is '(training-[\w-]{9})'", done.out)
        return found and found[1]
    return harness.wait_until(accepted, "a submission is accepted", timeout=120, every=0.3)


def test_every_accepted_run_completes_whole_though_the_service_is_killed(yard):
    work = training.prepare(yard)
    manifest = training.manifest(yard, work, f"python3 program.py 0 {LINES} 0.05")
    addresses = yard.api, yard.store
    with ThreadPoolExecutor(4) as people:
        submissions = [people.submit(submit_until_accepted, yard, work, manifest)
                       for _ in range(RUNS)]
        for _ in range(KILLS):
            time.sleep(2)
            yard.kill()
            yard.start()
            assert (yard.api, yard.store) == addresses
        runs = [submission.result() for submission in submissions]
    assert len(set(runs)) == RUNS

    for run in runs:
        status = training.wait_end(yard, run, timeout=240)
        assert status["state"] == "completed", status
    for run in runs:
        log = yard.trainyard("logs", run).out
        printed = [int(n) for n in re.findall(r"^line (\d+)$", log, re.M)]
        assert printed == list(range(LINES)), (run, printed)
    stored = training.aws(yard, "s3", "ls", "--recursive", "s3://training-results").out
    for run in runs:
        for name in ("model/weights", "learner-1/training-log.txt"):
            assert stored.count(f" {run}/{name}\n") == 1, (run, name)


if __name__ == "__main__":
    harness.main(globals())
