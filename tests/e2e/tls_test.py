#!/usr/bin/env python3
"""The service with a certificate of its own authority: over TLS for others, in plain for this machine."""
import json
import pathlib
import re
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

import harness
import raw_http


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def authority(directory, name):
    """A certificate authority of one's own: its certificate and its key."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}-key.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", key, "-out", certificate, "-subj", f"/CN={name}",
            "-addext", "keyUsage=critical,keyCertSign")
    return certificate, key


def certificate_of(directory, issuer, host="localhost"):
    """A certificate for `host` by that authority, and its key."""
    certificate, key, wish = (directory / f"server{end}" for end in (".pem", "-key.pem", ".csr"))
    names = directory / "names"
    names.write_text(f"subjectAltName=DNS:{host}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
            "-out", wish, "-subj", "/CN=trainyard test")
    openssl("x509", "-req", "-in", wish, "-CA", issuer[0], "-CAkey", issuer[1], "-CAcreateserial",
            "-days", "2", "-extfile", names, "-out", certificate)
    return certificate, key


class Yard:
    """A service whose API and store are at https://localhost, by an authority of its own."""

    def __init__(self, *more):
        harness.require("openssl")
        self.place = tempfile.TemporaryDirectory(prefix="trainyard-tls-")
        directory = pathlib.Path(self.place.name)
        issuer = authority(directory, "ours")
        self.authority, self.other = issuer[0], authority(directory, "other")[0]
        certificate, key = certificate_of(directory, issuer)
        self.service = harness.Service(directory, [
            "--tls-certificate", certificate, "--tls-key", key, "--public-host", "localhost", *more])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and self.service.log.exists():
            print(self.service.log.read_text(errors="replace")[-6000:])
        self.service.end()
        self.place.cleanup()

    def start(self, *more):
        self.service.arguments += more
        return self.service.start()


def test_a_client_elsewhere_speaks_tls_and_this_machine_needs_no_certificate():
    with Yard() as tls:
        yard = tls.start()
        assert yard.api.startswith("https://localhost:"), yard.api
        assert yard.store.startswith("http://localhost:"), yard.store
        local = yard.variables["ML_ENV"]
        assert local.startswith("http://127.0.0.1:"), local
        assert "0 records found." in yard.bx("ml", "list", "training-runs").out

        trusting = ssl.create_default_context(cafile=tls.authority)
        with urllib.request.urlopen(yard.api + "/healthz", context=trusting) as answer:
            assert json.load(answer) == {"ok": "true"}
        try:
            urllib.request.urlopen(yard.api + "/healthz")
            raise AssertionError("a certificate of nobody's was trusted")
        except urllib.error.URLError:
            pass

        yard.variables["ML_ENV"] = yard.api
        yard.variables["TRAINYARD_CA_FILE"] = str(tls.authority)
        assert "0 records found." in yard.bx("ml", "list", "training-runs").out

        assert yard.stop() == 0
        del yard.variables["ML_ENV"], yard.variables["TRAINYARD_CA_FILE"]
        yard.start()
        assert yard.variables["ML_ENV"] == local, "learners know the service by that address"


def test_the_command_line_says_what_is_wrong_with_a_certificate():
    with Yard() as tls:
        yard = tls.start()

        def refused(url, authorities=None):
            yard.variables["ML_ENV"] = url
            yard.variables["TRAINYARD_CA_FILE"] = str(authorities or "")
            done = yard.bx("ml", "list", "training-runs", check=False)
            assert done.code != 0, done
            return done.out + done.err

        for authorities in (None, tls.other):
            text = refused(yard.api, authorities)
            assert "unable to get local issuer certificate" in text and "TRAINYARD_CA_FILE" in text, text
            assert not authorities or f"and those of {authorities})" in text, text
        text = refused(yard.api.replace("localhost", "127.0.0.1"), tls.authority)
        assert "matches target host name '127.0.0.1'" in text, text
        assert "ML_ENV must have a host that the service's certificate is for" in text, text
        assert "/none.pem" in refused(yard.api, "/none.pem")


def train(yard, endpoint):
    """A run whose data and results lie in the embedded store, submitted by https."""
    work = yard.directory / "work"
    work.mkdir(exist_ok=True)
    connection = {"endpoint_url": endpoint, "access_key_id": yard.variables["AWS_ACCESS_KEY_ID"],
                  "secret_access_key": yard.variables["AWS_SECRET_ACCESS_KEY"]}
    (work / "main.py").write_text("for i in range(3000):\n    print('line', i, flush=True)\n")
    yard.run("zip", "-qu", work / "model.zip", "main.py", cwd=work, check=False)
    (work / "job.json").write_text(json.dumps({
        "model_definition": {"name": "tls", "framework": {"name": "python", "version": "system"},
                             "execution": {"command": "python3 main.py"}},
        "training_data_reference": {"type": "s3", "connection": connection, "source": {"bucket": "data"}},
        "training_results_reference": {"type": "s3", "connection": connection, "target": {"bucket": "results"}}}))
    return yard.bx("ml", "train", work / "model.zip", work / "job.json", check=False)


def monitored(yard, run, context):
    """What the monitor's WebSocket tells of the run, and the code it closes with."""
    authority_part = yard.api.split("//")[1]
    with raw_http.connect(yard.api, context) as peer:
        token = f"Authorization: bearer {yard.token(context)}"
        answer = peer.exchange(raw_http.upgrade(f"/v3/models/{run}/monitor", authority_part, [token]))
        assert answer.status == 101, answer
        *frames, code = peer.frames()
    return "".join(json.loads(frame)["status"].get("message", "") for frame in frames), code


def test_a_run_is_trained_and_followed_with_tls_everywhere():
    harness.require("aws", "zip")
    with Yard("--store-tls", "true") as tls:
        yard = tls.start("--ca-file", tls.authority)
        yard.variables |= {"ML_ENV": yard.api, "TRAINYARD_CA_FILE": str(tls.authority)}
        assert yard.store.startswith("https://localhost:"), yard.store
        assert yard.variables["AWS_ENDPOINT_URL"] == yard.store
        assert yard.variables["AWS_CA_BUNDLE"] == str(tls.authority)
        assert "cannot reach" not in yard.trainyard("status").out

        for bucket in ("data", "results"):
            yard.aws("--endpoint-url", yard.store, "s3", "mb", f"s3://{bucket}")
        big = yard.directory / "big"
        big.write_bytes(bytes(20_000_000))
        yard.aws("--endpoint-url", yard.store, "s3", "cp", big, "s3://data/big")

        refused = train(yard, yard.store.replace("localhost", "127.0.0.1"))
        assert refused.code != 0 and "matches target host name" in refused.out + refused.err, refused
        taken = train(yard, yard.store)
        run = re.search(r"training-[\w-]{9}", taken.out)
        assert taken.code == 0 and run, taken
        expected = "".join(f"line {i}\n" for i in range(3000))
        assert expected in yard.trainyard("logs", "--follow", run[0]).out
        followed = yard.run("curl", "-sS", "--compressed", "--cacert", tls.authority, "-H",
                            f"Authorization: Bearer {yard.token(ssl.create_default_context(cafile=tls.authority))}",
                            f"{yard.api}/v3/models/{run[0]}/logs/training-log.txt?follow=true")
        assert expected in followed.out, followed
        text, code = monitored(yard, run[0], ssl.create_default_context(cafile=tls.authority))
        assert expected in text and code == 1000, (text[-500:], code)
        assert yard.wait_for(run[0], "completed", "error", "canceled") == "completed"

        fetched = yard.directory / "fetched"
        yard.aws("--endpoint-url", yard.store, "s3", "cp",
                 f"s3://results/{run[0]}/learner-1/training-log.txt", fetched)
        assert expected in fetched.read_text()
        assert b"BadDigest" not in yard.log.read_bytes()
        del yard.variables["AWS_CA_BUNDLE"]
        stranger = yard.aws("--endpoint-url", yard.store, "s3", "ls", check=False)
        assert stranger.code != 0 and "CERTIFICATE_VERIFY_FAILED" in stranger.err, stranger


def test_a_store_that_learners_cannot_trust_is_told_at_the_start():
    with Yard("--store-tls", "true") as tls:
        yard = tls.start()
        assert "runs cannot reach the embedded store" in yard.trainyard("status").out
        assert "unable to get local issuer certificate" in yard.log.read_text()


def test_a_certificate_needs_its_key():
    with tempfile.TemporaryDirectory(prefix="trainyard-tls-") as name:
        for flags, missing in ((["--tls-certificate", "/none"], "tls_key"),
                               (["--store-tls", "true"], "tls_certificate")):
            done = subprocess.run([harness.program(), "serve", "--state-dir", name, *flags],
                                  capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 2 and missing in done.stderr, done


if __name__ == "__main__":
    harness.main(globals())
