#!/usr/bin/env python3
"""The Node client of 2019 (cloud-annotations, cacli), from the package index and unchanged.

Its login goes to an address of IBM's that stands in its code; it is given a token instead.
"""
import json
import os
import pathlib
import shutil
import subprocess
import zipfile

import harness

CLIENT = "cloud-annotations@1.2.1"


def client_modules():
    """A folder with the client's modules; skips when npm cannot get them."""
    harness.require("node", "npm")
    source = pathlib.Path(os.environ.get("TRAINYARD_SOURCE", harness.SOURCE))
    place = source / "build" / "e2e-node-client"
    if not (place / "installed").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts",
                   "--prefix", str(place), CLIENT]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=240)
        except (subprocess.SubprocessError, OSError) as error:
            shutil.rmtree(place, ignore_errors=True)
            raise harness.Skip(f"no {CLIENT} from npm: {error}") from error
        (place / "installed").touch()
    return place / "node_modules"


def test_its_training_story(yard):
    modules = client_modules()
    harness.require("aws")
    yard.variables.pop("AWS_CA_BUNDLE", None)
    for bucket in ("training-data", "training-results"):
        yard.aws("--endpoint-url", yard.store, "s3", "mb", f"s3://{bucket}")
    (yard.directory / "labels.json").write_text("{}")
    yard.aws("--endpoint-url", yard.store, "s3", "cp", yard.directory / "labels.json",
             "s3://training-data/")
    archive = yard.directory / "training.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("training/start.sh",
                        "#!/bin/sh\nfor i in $(seq $1); do echo step $i of $1; done\n")
    given = yard.directory / "given.json"
    given.write_text(json.dumps({
        "modules": str(modules), "url": yard.api, "token": yard.token(), "zip": str(archive),
        "instance": yard.variables["ML_INSTANCE"],
        "connection": {"endpoint_url": yard.store,
                       "access_key_id": yard.variables["AWS_ACCESS_KEY_ID"],
                       "secret_access_key": yard.variables["AWS_SECRET_ACCESS_KEY"]}}))
    done = yard.run("node", harness.SOURCE / "tests/e2e/node_client_checks.js", given)
    assert "the whole story was told" in done.out, done.out + done.err


if __name__ == "__main__":
    harness.main(globals())
