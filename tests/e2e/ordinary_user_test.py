#!/usr/bin/env python3
"""The service as its unit file starts it: as a user without any right of root's, who makes files for
itself alone. The other tests run it as whoever runs them, and that may be root."""
import os
import shutil

import harness
import staging_test as staging
import training_run_test as runs

NOBODY = 65534
FILES = 2_000


def start_as_ordinary_user(yard, *arguments):
    """The service of the test anew; who is no ordinary user starts it as nobody."""
    yard.stop()
    yard.arguments = list(arguments)
    if os.geteuid() == 0:
        shutil.rmtree(yard.directory)
        place = yard.directory / "program"
        place.mkdir(parents=True)
        for name in ("trainyard", "bx"):  # the build folder may be closed to others
            shutil.copy(harness.program().with_name(name), place / name)
        os.chmod(yard.directory, 0o755)
        (yard.directory / "home").mkdir()
        yard.state.mkdir()
        for mine in (yard.state, yard.directory / "home"):
            os.chown(mine, NOBODY, NOBODY)
        yard.command = [place / "trainyard"]
        yard.popen |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    yard.popen |= {"umask": 0o077}
    yard.start()


def make_buckets(yard, *names):
    harness.require("rclone")
    source = yard.directory / "source"
    for i in range(FILES):
        (source / f"d{i % 7}").mkdir(parents=True, exist_ok=True)
        (source / f"d{i % 7}" / f"file{i}").write_text(f"{i}\n")
    for name in names:
        yard.run("rclone", "copy", "--transfers", "16", "--s3-provider", "Other", "--s3-env-auth",
                 "--s3-endpoint", yard.store, source, f":s3:{name}")
    return [staging.Bucket(yard, yard.store, name) for name in names]


def check_runs(yard, data, results):
    look = "cat ${DATA_DIR}/*/* | wc -l; echo kept > ${RESULT_DIR}/kept"
    # Two buckets at once and each once more: what one fetches the other sees half done.
    for run in [staging.submit(yard, bucket, results, look) for bucket in (*data, *data)]:
        status = runs.wait_end(yard, run, 120)
        assert status["state"] == "completed", status
        assert str(FILES) in yard.trainyard("logs", run).out.splitlines()
        assert runs.aws(yard, "s3", "cp", f"s3://results/{run}/kept", "-").out == "kept\n"


def test_runs_of_an_ordinary_user(yard):
    start_as_ordinary_user(yard, "--cpu-slots", "4")
    data = make_buckets(yard, "data", "other")
    results = staging.make_bucket(yard, "results")
    check_runs(yard, data, results)
    yard.stop()
    shutil.rmtree(yard.state / "cache")
    yard.arguments += ["--sandbox", "off"]
    yard.start()
    check_runs(yard, data, results)


if __name__ == "__main__":
    harness.main(globals())
