#!/usr/bin/env python3
"""The service as its unit file starts it: as a user without any right of root's, who makes files for
itself alone. The other tests run it as whoever runs them, and that may be root. And a service of root's
that makes files for itself alone, whose commands run as another user."""
import os
import shutil
import zipfile

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


def write_wheel(directory, name, text):
    """A package of one module, to be installed from its file."""
    wheel = directory / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr(f"{name}.py", text)
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")
    return wheel


def test_an_environment_of_a_careful_root_is_there_for_its_commands(yard):
    harness.require("bwrap")
    if os.geteuid() != 0:
        raise harness.Skip("only root runs commands as another user")
    yard.stop()
    wheel = write_wheel(yard.directory, "greeting", "TEXT = 'hello from the environment'\n")
    (yard.directory / "frameworks.yaml").write_text(
        "frameworks: [{name: greeting, runtimes: [{versions: ['1.0'],"
        f" environment: {{packages: ['{wheel}']}}}}]}}]\n")
    yard.arguments = ["--frameworks-file", yard.directory / "frameworks.yaml"]
    yard.popen |= {"umask": 0o077}
    yard.start()
    work = runs.prepare(yard)
    run = runs.submit(yard, work, "id -u; python -c 'import greeting; print(greeting.TEXT)'",
                      framework="{name: greeting, version: '1.0'}")
    status = runs.wait_end(yard, run, 300)
    lines = yard.trainyard("logs", run).out.splitlines()
    assert status["state"] == "completed", (status, lines)
    assert {str(NOBODY), "hello from the environment"} <= set(lines), lines


if __name__ == "__main__":
    harness.main(globals())
