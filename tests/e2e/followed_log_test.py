#!/usr/bin/env python3
"""A log that is followed with curl while it is written: as it is, as gzip, and as events."""
import json
import re
import subprocess

import harness

PROGRAM = """import os, time
for batch in range(40):
    print("".join(f"batch {batch} step {i} loss {1 / (1 + i):.6f}\\n" for i in range(500)), end="", flush=True)
    time.sleep(0.02)
print("the end")
"""
LINES = "".join(f"batch {b} step {i} loss {1 / (1 + i):.6f}\n" for b in range(40) for i in range(500))


def follow(yard, run, *options, query="?follow=true"):
    return subprocess.Popen(
        ["curl", "-sS", "--no-buffer", "--max-time", "120", *options, "-H",
         f"Authorization: Bearer {yard.token()}", f"{yard.api}/v3/models/{run}/logs/training-log.txt{query}"],
        env=yard.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def text_of_events(told):
    events = [dict(line.split(": ", 1) for line in event.splitlines()) for event in told.split("\n\n") if event]
    assert events[-1]["event"] == "end", events[-1]
    offset, text = 0, ""
    for event in events[:-1]:
        data = json.loads(event["data"])
        assert data["offset"] == offset, (data["offset"], offset)
        offset, text = int(event["id"]), text + data["text"]
    assert int(events[-1]["id"]) == offset
    return text


def test_a_log_is_followed_in_every_form_while_it_grows(yard):
    harness.require("zip", "curl")
    for bucket in ("data", "results"):
        yard.aws("--endpoint-url", yard.store, "s3", "mb", f"s3://{bucket}")
    yard.run("sh", "-c", "echo x > x", cwd=yard.directory)
    yard.aws("--endpoint-url", yard.store, "s3", "cp", yard.directory / "x", "s3://data/x")
    connection = (f"{{endpoint_url: {yard.store}, aws_access_key_id: {yard.variables['AWS_ACCESS_KEY_ID']}, "
                  f"aws_secret_access_key: {yard.variables['AWS_SECRET_ACCESS_KEY']}}}")
    manifest = yard.write_job("followed", PROGRAM, ("data", connection), ("results", connection))
    run = re.search(r"training-[\w-]{9}", yard.bx("ml", "train", manifest.parent / "model.zip", manifest).out)[0]
    events = ["-H", "Accept: text/event-stream"]
    followers = {"plain": follow(yard, run), "gzip": follow(yard, run, "--compressed"),
                 "from a byte": follow(yard, run, "--compressed", query="?follow=true&offset=1000"),
                 "as it comes": follow(yard, run, "-H", "Accept-Encoding: gzip"),
                 "HTTP/1.0": follow(yard, run, "--http1.0", "--compressed"),
                 "events": follow(yard, run, *events, query=""),
                 "events, gzip": follow(yard, run, "--compressed", *events, query="")}
    got = {}
    for name, curl in followers.items():
        out, complaint = curl.communicate(timeout=150)
        assert curl.returncode == 0, (name, complaint)
        got[name] = out
    assert yard.wait_for(run, "completed", "error", "canceled") == "completed"
    whole = got["plain"].decode()
    assert LINES + "the end\n" in whole, whole[-500:]
    for name in ("gzip", "HTTP/1.0"):
        assert got[name].decode() == whole, name
    assert got["from a byte"].decode() == whole[1000:]
    for name in ("events", "events, gzip"):
        assert text_of_events(got[name].decode()) == whole, name
    packed = yard.directory / "log.gz"
    packed.write_bytes(got["as it comes"])
    assert yard.run("gzip", "-dc", packed).out == whole
    assert len(got["as it comes"]) < len(whole) / 3, (len(got["as it comes"]), len(whole))
    # What ended is the same for who comes late.
    for options in ([], ["--compressed"]):
        assert follow(yard, run, *options).communicate(timeout=60)[0].decode() == whole


if __name__ == "__main__":
    harness.main(globals())
