"""What the measurements of a served API share: a service, a connection to it, and what to submit."""
import contextlib
import http.client
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/e2e"))
import harness  # noqa: E402  # pylint: disable=wrong-import-position


@contextlib.contextmanager
def service(name, *arguments):
    """A service that is not started yet, with a directory of its own that goes with it."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"trainyard-bench-{name}-"))
    yard = harness.Service(directory, arguments=arguments)
    try:
        yield yard
    finally:
        yard.end()
        shutil.rmtree(directory, ignore_errors=True)


class Api:
    """One kept-alive connection to the service."""

    def __init__(self, yard):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(yard.api).netloc)
        user = f"{yard.variables['ML_USERNAME']}:{yard.variables['ML_PASSWORD']}"
        basic = subprocess.run(["base64", "-w0"], input=user.encode(), check=True,
                               capture_output=True).stdout.decode()
        token = self.call("GET", "/v3/identity/token", headers={"Authorization": f"Basic {basic}"})
        self.headers = {"Authorization": f"Bearer {token['token']}",
                        "Content-Type": "application/json"}

    def call(self, method, path, body=None, headers=None):
        """`body` is sent as it is when it is bytes, else as JSON; None for an empty answer."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        self.connection.request(method, path, data, headers or self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else None

    def upload(self, archive, definition):
        """Makes a training definition with the zip as its content; its URL."""
        created = self.call("POST", "/v3/ml_assets/training_definitions", definition)
        content = created["entity"]["training_definition_version"]["content_url"]
        self.call("PUT", urllib.parse.urlsplit(content).path, archive.read_bytes())
        return created["metadata"]["url"]


def buckets(yard):
    """bench-data and bench-results in the embedded store."""
    yard.variables.pop("AWS_CA_BUNDLE", None)
    for bucket in ("data", "results"):
        yard.aws("--endpoint-url", yard.store, "s3", "mb", f"s3://bench-{bucket}")


def model_zip(yard):
    (yard.directory / "model.py").write_text("print('model')\n")
    yard.run("zip", "-q", yard.directory / "model.zip", "model.py", cwd=yard.directory)
    return yard.directory / "model.zip"


def references(connection):
    """The two buckets of a run or an experiment."""
    return {"training_data_reference":
                {"type": "s3", "connection": connection, "source": {"bucket": "bench-data"}},
            "training_results_reference":
                {"type": "s3", "connection": connection, "target": {"bucket": "bench-results"}}}


def sleeping_run(yard, api, size, connection):
    """The request of a run that does not end by itself; its definition is uploaded."""
    url = api.upload(model_zip(yard), {"name": "bench", "command": "sleep 3600",
                                       "framework": {"name": "python", "version": "system"}})
    return {"model_definition": {"name": "bench", "definition_href": url, "execution": {
        "command": "sleep 3600", "compute_configuration": {"name": size}}}} | references(connection)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def resident_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1]) / 1024


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
