#!/usr/bin/env python3
# ctest: timeout 1200
"""IBM's Python client of 2020, from the package index and unchanged, against the service."""
import json
import pathlib
import shutil
import tempfile

import harness

CLIENT = "watson-machine-learning-client==1.0.391"


def client_python():
    return harness.python_with("python-client", "setuptools", CLIENT) / "python"


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
    directory = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-python-client-"))
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
