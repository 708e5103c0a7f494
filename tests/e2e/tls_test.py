#!/usr/bin/env python3
"""The service with a certificate of its own: over TLS for others, in plain for this machine."""
import json
import pathlib
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

import harness


def certificate(directory):
    chain, key = directory / "chain.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", key, "-out", chain, "-days", "2", "-subj", "/CN=trainyard test",
         "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return chain, key


def test_a_client_elsewhere_speaks_tls_and_this_machine_needs_no_certificate():
    harness.require("openssl")
    with tempfile.TemporaryDirectory(prefix="trainyard-tls-") as name:
        directory = pathlib.Path(name)
        chain, key = certificate(directory)
        yard = harness.Service(directory, ["--tls-certificate", chain, "--tls-key", key])
        try:
            yard.start()
            assert yard.api.startswith("https://"), yard.api
            local = yard.variables["ML_ENV"]
            assert local.startswith("http://127.0.0.1:"), local
            assert "0 records found." in yard.bx("ml", "list", "training-runs").out

            trusting = ssl.create_default_context(cafile=chain)
            with urllib.request.urlopen(yard.api + "/healthz", context=trusting) as answer:
                assert json.load(answer) == {"ok": "true"}
            try:
                urllib.request.urlopen(yard.api + "/healthz")
                raise AssertionError("a certificate of nobody's was trusted")
            except urllib.error.URLError:
                pass

            yard.variables["ML_ENV"] = yard.api
            refused = yard.bx("ml", "list", "training-runs", check=False)
            assert refused.code != 0 and "certificate" in refused.err.lower(), refused
            yard.variables["TRAINYARD_CA_FILE"] = str(chain)
            assert "0 records found." in yard.bx("ml", "list", "training-runs").out

            assert yard.stop() == 0
            del yard.variables["ML_ENV"]
            yard.start()
            assert yard.variables["ML_ENV"] == local, "learners know the service by that address"
        finally:
            yard.end()


def test_a_certificate_needs_its_key():
    with tempfile.TemporaryDirectory(prefix="trainyard-tls-") as name:
        done = subprocess.run(
            [harness.program(), "serve", "--state-dir", name, "--tls-certificate", "/none"],
            capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and "tls_key" in done.stderr, done


if __name__ == "__main__":
    harness.main(globals())
