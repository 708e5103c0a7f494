#!/usr/bin/env python3
# ctest: timeout 400
"""Every endpoint, driven from the served OpenAPI document by a generator: no 5xx, no answer that the
document does not have."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.request

import harness

GENERATOR = "schemathesis==4.32.5"
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,"
          "response_schema_conformance,response_headers_conformance")


def generator():
    """schemathesis in a Python of its own; skips when pip cannot get it."""
    source = pathlib.Path(os.environ.get("TRAINYARD_SOURCE", harness.SOURCE))
    place = source / "build" / "e2e-schemathesis"
    if not (place / "installed").exists():
        shutil.rmtree(place, ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", place],
                        [place / "bin" / "pip", "install", "--quiet", GENERATOR]):
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=240)
            except (subprocess.SubprocessError, OSError) as error:
                shutil.rmtree(place, ignore_errors=True)
                raise harness.Skip(f"no {GENERATOR} from pip: {error}") from error
        (place / "installed").touch()
    return place / "bin" / "schemathesis"


def token_of(yard):
    login = f"{yard.variables['ML_USERNAME']}:{yard.variables['ML_PASSWORD']}"
    request = urllib.request.Request(yard.api + "/v3/identity/token", headers={
        "Authorization": "Basic " + base64.b64encode(login.encode()).decode()})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["token"]


def test_the_generator_finds_nothing_that_is_not_documented():
    program = generator()
    directory = pathlib.Path(harness.tempfile.mkdtemp(prefix="trainyard-openapi-"))
    # Generated endpoints of object stores are not to be asked for buckets.
    yard = harness.Service(directory, arguments=["--check-buckets", "false"]).start()
    try:
        done = yard.run(
            program, "run", yard.api + "/openapi.json", "--checks", CHECKS, "--workers", "2",
            "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "5", "--no-shrink",
            "--seed", "1", "--request-timeout", "30", "--continue-on-failure", "--warnings", "off",
            "--header", "Authorization: Bearer " + token_of(yard),
            # One's own password is not to change, nor streams that stay open to be waited for.
            "--exclude-path", "/v3/users/{name}/password",
            cwd=directory, check=False, timeout=380)
        assert done.code == 0, done.out[-8000:] + done.err[-2000:]
        assert "traceback" not in yard.log.read_text(errors="replace").lower()
    finally:
        yard.end()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    harness.main(globals())
