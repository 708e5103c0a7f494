"""What the end-to-end tests share: a service of their own, and the command lines that speak to it.

    import harness

    def test_an_empty_list(yard):
        assert "0 records found." in yard.bx("ml", "list", "training-runs").out

    if __name__ == "__main__":
        harness.main(globals())

Python's standard library only. The program under test is named by the variable TRAINYARD.
"""
import base64
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from typing import NamedTuple

SKIP = 77
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
READY = re.compile(r"^trainyard ready: api (https?://\S+) store (https?://\S+)$", re.M)


class Skip(Exception):
    """Raised by a test that cannot run here; the text says what is missing."""


class Result(NamedTuple):
    code: int
    out: str
    err: str


def program():
    return pathlib.Path(os.environ.get("TRAINYARD", SOURCE / "build/release/trainyard"))


def require(*names):
    """Skips the test unless all these programs are installed."""
    missing = [name for name in names if not shutil.which(name)]
    if missing:
        raise Skip("not installed: " + ", ".join(missing))


def python_with(name, *packages):
    """The programs of a Python of its own with these packages of the index, made once for a build
    tree; skips when pip cannot get them."""
    source = pathlib.Path(os.environ.get("TRAINYARD_SOURCE", SOURCE))
    place = source / "build" / f"e2e-{name}"
    if not (place / "installed").exists():
        shutil.rmtree(place, ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", place],
                        [place / "bin" / "pip", "install", "--quiet", *packages]):
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=400)
            except (subprocess.SubprocessError, OSError) as error:
                shutil.rmtree(place, ignore_errors=True)
                raise Skip(f"no {' '.join(packages)} from pip: {error}") from error
        (place / "installed").touch()
    return place / "bin"


def wait_until(condition, what, timeout=30.0, every=0.02):
    """The first true value of condition(); AssertionError naming `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout:g} s still not: {what}")
        time.sleep(every)


def processes_below(directory):
    """Pids of processes whose directory, command line or environment names `directory`."""
    needle = os.fsencode(directory)
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            texts = [os.fsencode(os.readlink(entry / "cwd")), (entry / "cmdline").read_bytes(),
                     (entry / "environ").read_bytes()]
        except OSError:
            continue  # it ended, or is not ours to see
        if any(needle in text for text in texts):
            found.append(int(entry.name))
    return found


def signal_quietly(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Service:
    """One `trainyard serve` on free ports with a state directory of its own, below `directory`."""

    def __init__(self, directory, arguments=(), variables=None):
        self.directory = pathlib.Path(directory)
        self.state = self.directory / "state"
        self.log = self.directory / "serve.log"
        self.arguments = list(arguments)
        self.api = self.store = None
        self.command = [program()]
        self.popen = {}  # how it is started, beyond what start() says
        self._process = None
        home = self.directory / "home"
        home.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "ML_", "TRAINYARD_"))}
        self.variables = kept | {
            "HOME": str(home), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true", "TZ": "UTC", "LC_ALL": "C.UTF-8"} | (variables or {})

    def start(self, timeout=30.0):
        """Starts the service, waits for its ready line and takes over what `trainyard env` prints."""
        out = self.directory / "serve.out"
        with open(out, "wb") as stdout, open(self.log, "ab") as stderr:
            self._process = subprocess.Popen(
                [*self.command, "serve", "--state-dir", self.state, "--listen", "127.0.0.1:0",
                 "--store-listen", "127.0.0.1:0", *self.arguments],
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=self.variables,
                start_new_session=True, **self.popen)

        def ready():
            if self._process.poll() is not None:
                raise AssertionError(f"serve ended with {self._process.returncode} before it was ready")
            return READY.search(out.read_text())

        self.api, self.store = wait_until(ready, "the ready line", timeout).groups()
        words = shlex.split(self.trainyard("env", "--state-dir", self.state).out)
        self.variables |= dict(w.split("=", 1) for w in words if "=" in w)
        return self

    @property
    def pid(self):
        return self._process.pid

    def stop(self, timeout=20.0):
        """SIGTERM; runs go on. Returns the exit code."""
        self._process.terminate()
        return self._process.wait(timeout)

    def kill(self):
        """SIGKILL, as a crash would."""
        self._process.kill()
        self._process.wait()

    def run(self, *argv, check=True, timeout=120, **options):
        """Runs a program with the service's variables; AssertionError on a bad exit when `check`."""
        done = subprocess.run([str(a) for a in argv], env=self.variables, timeout=timeout, check=False,
                              stdin=options.pop("stdin", subprocess.DEVNULL), capture_output=True,
                              text=True, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{shlex.join(map(str, argv))} ended with {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return Result(done.returncode, done.stdout, done.stderr)

    def trainyard(self, *arguments, **options):
        return self.run(program(), *arguments, **options)

    def bx(self, *arguments, **options):
        return self.run(program().with_name("bx"), *arguments, **options)

    def aws(self, *arguments, **options):
        require("aws")
        return self.run("aws", *arguments, **options)

    def token(self, context=None):
        """A token of the API for the service's user; with TLS, `context` is the SSLContext."""
        login = f"{self.variables['ML_USERNAME']}:{self.variables['ML_PASSWORD']}"
        request = urllib.request.Request(self.api + "/v3/identity/token", headers={
            "Authorization": "Basic " + base64.b64encode(login.encode()).decode()})
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return json.load(answer)["token"]

    def write_job(self, name, program_text, data, results, kind="s3", arguments="", prefix=""):
        """model.zip and job.yaml of a run of that Python program; `data` and `results` are a bucket and
        its connection as YAML, `kind` the type of both, `prefix` that of the data. The manifest's path."""
        command = f"python3 main.py {arguments}".rstrip()
        source = f"bucket: {data[0]}" + (f", prefix: {prefix}" if prefix else "")
        work = self.directory / "work"
        work.mkdir(exist_ok=True)
        (work / "main.py").write_text(program_text)
        self.run("zip", "-qu", work / "model.zip", "main.py", cwd=work, check=False)
        (work / "job.yaml").write_text(f"""model_definition:
  name: {name}
  framework: {{name: python, version: system}}
  execution: {{command: "{command}", compute_configuration: {{name: small}}}}
training_data_reference: {{type: {kind}, connection: {data[1]}, source: {{{source}}}}}
training_results_reference: {{type: {kind}, connection: {results[1]}, target: {{bucket: {results[0]}}}}}
""")
        return work / "job.yaml"

    def state_of(self, run_id):
        shown = self.bx("ml", "show", "training-runs", run_id).out
        return re.search(r"^State +(\S+)", shown, re.M).group(1)

    def wait_for(self, run_id, *states, timeout=120.0):
        """Waits until the run is in one of the states, and returns it."""
        return wait_until(lambda: (s := self.state_of(run_id)) in states and s,
                          f"{run_id} is {' or '.join(states)}", timeout, every=0.1)

    def end(self):
        """Ends the service and whatever it started that is still there."""
        if self._process and self._process.poll() is None:
            self.kill()
        for pid in processes_below(self.directory):
            signal_quietly(pid, signal.SIGKILL)


def run_test(name, test):
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"trainyard-{name}-"))
    service = Service(directory, getattr(test, "arguments", ()))
    kept = False
    try:
        if test.__code__.co_argcount:
            service.start()
            test(service)
        else:
            test()
        print(f"passed   {name}", flush=True)
    except Skip as reason:
        print(f"skipped  {name}: {reason}", flush=True)
        return SKIP
    except Exception:
        kept = True
        print(f"FAILED   {name}\n{traceback.format_exc()}", flush=True)
        if service.log.exists():
            print(f"-- end of {service.log}\n" + "\n".join(
                service.log.read_text(errors="replace").splitlines()[-60:]), flush=True)
        return 1
    finally:
        service.end()
        if not kept:
            shutil.rmtree(directory, ignore_errors=True)
    return 0


def main(names):
    """Runs every function `test_…` of a test script, those named on the command line if any are.

    A test that takes an argument gets a started Service; its attribute `arguments` goes to serve. Exit code: 1 when one failed, 77 when all
    were skipped, else 0.
    """
    tests = {n: f for n, f in names.items() if n.startswith("test_") and callable(f)}
    chosen = sys.argv[1:] or list(tests)
    codes = [run_test(name, tests[name]) for name in chosen]
    sys.exit(1 if 1 in codes else SKIP if codes and set(codes) == {SKIP} else 0)
