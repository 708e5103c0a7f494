#!/usr/bin/env python3
# ctest: timeout 900
"""Every endpoint, driven from the served OpenAPI document by a generator: no 5xx, no answer that the
document does not have."""
import json
import pathlib
import shutil
import tempfile
import urllib.error
import urllib.request

import harness

GENERATOR = "schemathesis==4.32.5"
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,"
          "response_schema_conformance,response_headers_conformance")


def test_the_generator_finds_nothing_that_is_not_documented():
    program = harness.python_with("schemathesis", GENERATOR) / "schemathesis"
    directory = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-openapi-"))
    # Generated endpoints of object stores are not to be asked for buckets.
    yard = harness.Service(directory, arguments=["--check-buckets", "false"]).start()
    try:
        # One worker: the generator's threads break CPython 3.11's parser now and then.
        done = yard.run(
            program, "run", yard.api + "/openapi.json", "--checks", CHECKS, "--workers", "1",
            "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "5", "--no-shrink",
            "--seed", "1", "--request-timeout", "30", "--continue-on-failure", "--warnings", "off",
            "--header", "Authorization: Bearer " + yard.token(),
            # One's own password is not to change meanwhile.
            "--exclude-path", "/v3/users/{name}/password",
            cwd=directory, check=False, timeout=800)
        assert done.code == 0, done.out[-8000:] + done.err[-2000:]
        assert "traceback" not in yard.log.read_text(errors="replace").lower()
    finally:
        yard.end()
        shutil.rmtree(directory, ignore_errors=True)


def test_what_a_call_is_refused_with_is_documented(yard):
    document = json.load(urllib.request.urlopen(yard.api + "/openapi.json", timeout=30))
    bearer = {"Authorization": "Bearer " + yard.token()}

    def call(method, path, body=None, headers=None):
        request = urllib.request.Request(
            yard.api + path, method=method, data=body if isinstance(body, bytes) or body is None
            else json.dumps(body).encode(), headers={**bearer, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def expect(status, method, pattern, path=None, **sent):
        assert str(status) in document["paths"][pattern][method.lower()]["responses"], (method, pattern, status)
        got = call(method, path or pattern, **sent)
        assert got[0] == status and got[1]["errors"], (method, path or pattern, got)

    definition = {"name": "d", "framework": {"name": "python", "version": "system"}}
    made = call("POST", "/v3/ml_assets/training_definitions", definition)[1]["metadata"]["guid"]
    reader = call("POST", "/v3/tokens", {"scope": "read"})[1]["token"]
    run = "/v3/models/{id}"
    one = "/v3/ml_assets/training_definitions/{id}"
    expect(400, "GET", run, "/v3/models/%zz")
    expect(400, "GET", "/v3/models", headers={"Host": "no host"})
    expect(401, "GET", "/v3/models", headers={"Authorization": "Bearer x"})
    expect(403, "POST", "/v3/models", body={}, headers={"Authorization": "Bearer " + reader})
    expect(404, "GET", run, "/v3/models/training-xxxxxxxxx")
    expect(409, "POST", "/v3/users", body={"name": yard.variables["ML_USERNAME"], "password": "long enough"})
    expect(412, "DELETE", one, "/v3/ml_assets/training_definitions/" + made, headers={"If-Match": '"other"'})
    for too_long in ("/v3/models", "/v3/models/checks", "/v3/experiments", "/v3/ml_assets/training_definitions"):
        expect(413, "POST", too_long, body=b" " * ((1 << 20) + 1))
    expect(417, "GET", "/v3/models", headers={"Expect": "tea"})


if __name__ == "__main__":
    harness.main(globals())
