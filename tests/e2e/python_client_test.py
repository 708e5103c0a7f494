#!/usr/bin/env python3
# ctest: timeout 600
"""IBM's Python client of 2020, from the package index and unchanged, against the service."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import harness

CLIENT = "watson-machine-learning-client==1.0.391"


def client_python():
    """A Python of its own with the client; skips when pip cannot get it."""
    source = pathlib.Path(os.environ.get("TRAINYARD_SOURCE", harness.SOURCE))
    place = source / "build" / "e2e-python-client"
    if not (place / "installed").exists():
        shutil.rmtree(place, ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", place],
                        [place / "bin" / "pip", "install", "--quiet", "setuptools", CLIENT]):
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=400)
            except (subprocess.SubprocessError, OSError) as error:
                shutil.rmtree(place, ignore_errors=True)
                raise harness.Skip(f"no {CLIENT} from pip: {error}") from error
        (place / "installed").touch()
    return place / "bin" / "python"


def make_buckets(yard):
    """Two buckets, through the client's own S3 library."""
    (yard.directory / "buckets.py").write_text("""
import sys, boto3
store = boto3.client("s3", endpoint_url=sys.argv[1])
for bucket in ("training-data", "training-results"):
    store.create_bucket(Bucket=bucket)
store.put_object(Bucket="training-data", Key="digits.txt", Body=b"0123456789")
""")
    yard.run(client_python(), yard.directory / "buckets.py", yard.store)


def test_the_whole_training_story():
    python = client_python()
    directory = pathlib.Path(harness.tempfile.mkdtemp(prefix="trainyard-python-client-"))
    # The client reads logs with the storage keys of the answers.
    yard = harness.Service(directory, arguments=["--echo-secrets", "true"]).start()
    try:
        make_buckets(yard)
        given = directory / "given.json"
        given.write_text(json.dumps({
            "credentials": {"url": yard.api, "username": yard.variables["ML_USERNAME"],
                            "password": yard.variables["ML_PASSWORD"],
                            "instance_id": yard.variables["ML_INSTANCE"]},
            "store": yard.store, "access_key": yard.variables["AWS_ACCESS_KEY_ID"],
            "secret_key": yard.variables["AWS_SECRET_ACCESS_KEY"], "directory": str(directory)}))
        done = yard.run(python, harness.SOURCE / "tests/e2e/python_client_checks.py", given,
                        timeout=500)
        assert "the whole story was told" in done.out, done.out + done.err
    except Exception:
        print(yard.log.read_text(errors="replace")[-6000:])
        raise
    finally:
        yard.end()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    harness.main(globals())
