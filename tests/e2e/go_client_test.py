#!/usr/bin/env python3
"""What the Go client of 2020 (cloud-annotations, cacli) sends, replayed; see go_client/README.md."""
import gzip
import io
import json
import re
import urllib.parse
import zipfile
from datetime import datetime

import harness
import raw_http

HERE = harness.SOURCE / "tests/e2e/go_client"
RECORDED = harness.SOURCE / "src/wire/testdata"
TIMES = {"created_at", "modified_at", "submitted_at", "running_at", "finished_at", "current_at"}


def requests():
    """The requests by name: head and body with their braces."""
    text = (HERE / "requests.http").read_text()
    parts = re.split(r"^### (\w+)\n", text, flags=re.M)[1:]
    return {name: request.removesuffix("\n") for name, request in zip(parts[::2], parts[1::2])}


def in_chunks(data, size):
    pieces = [data[at:at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


class Client:
    """Replays requests over one connection that is kept."""

    def __init__(self, yard):
        self.address = yard.api
        self.templates = requests()
        self.values = {
            "host": yard.api.split("//")[1], "token": yard.token(), "instance": yard.variables["ML_INSTANCE"],
            "store": yard.store, "access_key": yard.variables["AWS_ACCESS_KEY_ID"],
            "secret_key": yard.variables["AWS_SECRET_ACCESS_KEY"]}
        self.zip_in_chunks = b""
        self.peer = raw_http.connect(yard.api)

    def bytes_of(self, name):
        head, _, body = self.templates[name].partition("\n\n")
        filled = self._fill(body).encode()
        head = self._fill(head.replace("{length}", str(len(filled))))
        if body == "{zip_in_chunks}":
            filled = self.zip_in_chunks
        return head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + filled

    def _fill(self, text):
        for name, value in self.values.items():
            text = text.replace("{" + name + "}", value)
        return text

    def send(self, name, status):
        """The answer's JSON; None without a body."""
        answer = self.peer.exchange(self.bytes_of(name))
        assert answer.status == status, (name, answer)
        assert answer.headers["x-request-id"], answer.headers
        if status == 204:
            return None
        assert answer.headers["content-type"].startswith("application/json"), answer.headers
        body = answer.body
        if answer.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        assert b"\n" not in body.rstrip(b"\n")
        return json.loads(body)


def assert_has_shape(recorded, answered, place):
    """Whatever field was recorded is there, with the same type; times and URLs have the same form."""
    assert type(recorded) is type(answered), (place, recorded, answered)
    if isinstance(recorded, dict):
        for key, value in recorded.items():
            assert key in answered, f"{place}.{key} is missing in {answered}"
            assert_has_shape(value, answered[key], f"{place}.{key}")
    elif isinstance(recorded, list) and recorded:
        assert answered, place
        for each in answered:
            assert_has_shape(recorded[0], each, place + "[]")
    elif place.rsplit(".", 1)[-1] in TIMES:
        assert answered.endswith("Z") and datetime.fromisoformat(answered.replace("Z", "+00:00")), place
    elif place.endswith(("url", "href")):
        assert bool(urllib.parse.urlsplit(recorded).scheme) == bool(urllib.parse.urlsplit(answered).scheme), place


def recorded(name):
    return json.loads((RECORDED / name).read_text())


def follow(client):
    """The text of the monitor's frames, each as strict as the client reads it."""
    with raw_http.connect(client.address) as peer:
        answer = peer.exchange(client.bytes_of("monitor"))
        assert answer.status == 101, answer
        assert answer.headers["sec-websocket-accept"] == "SbfxCwS7t7INQGYlZNWg0TXmzuU=", answer.headers
        *frames, code = peer.frames()
    assert code == 1000, code
    log = ""
    for frame in frames:
        assert len(frame) < 32768
        status = json.loads(frame).get("status", {})
        for time in ("current_at", "submitted_at"):
            if time in status:
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", status[time]), frame
        log += status.get("message", "")
    return log


def train(yard, program, chunk):
    """A client that has started a run of `program`, and the answer to that."""
    harness.require("aws")
    yard.variables.pop("AWS_CA_BUNDLE", None)
    yard.aws("--endpoint-url", yard.store, "s3", "mb", "s3://training-data")
    yard.aws("--endpoint-url", yard.store, "s3", "cp", __file__, "s3://training-data/file")
    client = Client(yard)
    client.zip_in_chunks = in_chunks(zipped({"start.sh": "#!/bin/sh\n" + program}), chunk)

    definition = client.send("define", 201)
    assert_has_shape(recorded("training-definition.json"), definition, "definition")
    client.values["definition_url"] = definition["metadata"]["url"]
    content = definition["entity"]["training_definition_version"]["content_url"]
    client.values["content_path"] = urllib.parse.urlsplit(content).path
    assert client.send("upload", 200) == {"ok": "true"} == recorded("put-training-definition.json")

    started = client.send("train", 202)
    assert_has_shape(recorded("post-model.json"), started, "run")
    client.values["run"] = started["metadata"]["guid"]
    return client, started


def test_its_training_story(yard):
    client, started = train(yard, "for i in $(seq $1); do echo step $i of $1; done\n", 100)
    assert "author" not in started["entity"]["model_definition"]
    run = started["metadata"]["guid"]
    assert started["metadata"]["url"] == f"/v3/models/{run}"
    assert not {"running_at", "finished_at"} & set(started["entity"]["status"]), started

    log = follow(client)
    assert "".join(f"step {i} of 5\n" for i in range(1, 6)) in log, log

    def ended():
        shown = client.send("show", 200)
        assert shown["entity"]["status"]["state"] in ("pending", "running", "completed"), shown
        return shown["entity"]["status"]["state"] == "completed" and shown

    shown = harness.wait_until(ended, "the end of the run", 60, every=0.1)
    assert_has_shape(recorded("get-model-completed.json"), shown, "run")
    location = shown["entity"]["training_results_reference"]["location"]
    assert location == {"bucket": "training-data", "model_location": run}, location
    listed = client.send("list", 200)
    assert [each["metadata"]["guid"] for each in listed["resources"]] == [run]
    assert_has_shape(recorded("get-model-completed.json"), listed["resources"][0], "list")


def test_it_cancels_with_an_object_instead_of_an_array(yard):
    client, started = train(yard, "sleep 1000\n", 1 << 15)
    run = started["metadata"]["guid"]
    assert client.send("cancel", 204) is None
    assert yard.wait_for(run, "canceled") == "canceled"
    status = client.send("show", 200)["entity"]["status"]
    assert status["state"] == "canceled" and "finished_at" in status and "error" not in status, status


for test in (test_its_training_story, test_it_cancels_with_an_object_instead_of_an_array):
    test.arguments = ["--frameworks-file", HERE / "frameworks.yaml"]

if __name__ == "__main__":
    harness.main(globals())
