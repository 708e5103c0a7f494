"""Server processes of a test: started, watched until they answer, ended by the handle of the start.

Standard library only. Every server listens on 127.0.0.1 alone, on a port that nothing else gets by
chance: it lies outside the range from which the kernel gives ports to clients.
"""
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request


class Missing(Exception):
    """A program that is not installed; the text names the package."""


def require(programs):
    """`programs` maps what must be found to the Debian package that has it."""
    missing = sorted({package for name, package in programs.items() if not shutil.which(name)})
    if missing:
        raise Missing("not installed: " + ", ".join(missing))


def free_ports(count):
    """Ports that nobody listens on, below those that the kernel gives away by itself."""
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = set()
    while len(ports) < count:
        port = random.randrange(10_000, max(lowest, 20_000))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.add(port)
    return sorted(ports)


def status_of(url, headers=None, timeout=10):
    """The HTTP status of a GET, 0 when nothing answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, headers=headers or {}), timeout=timeout) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


# Ends the servers when the test that started them was killed: then nobody says "done".
REAPER = """import os, shutil, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
pids = []
for line in sys.stdin:
    if line == "done\\n":
        sys.exit()
    pids.append(int(line))
for pid in pids:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


class Processes:
    """The servers of one testbed; their logs lie below `directory`/log."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.logs = self.directory / "log"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._running = {}
        self._reaper = subprocess.Popen([sys.executable, "-c", REAPER, str(self.directory)],
                                        stdin=subprocess.PIPE, text=True, bufsize=1, start_new_session=True)

    def start(self, name, argv, variables=None):
        with open(self.logs / f"{name}.log", "ab") as log:
            self._running[name] = subprocess.Popen(
                [str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | {"PYTHONWARNINGS": "ignore"} | (variables or {}),
                cwd=self.directory, start_new_session=True)
        self._reaper.stdin.write(f"{self._running[name].pid}\n")

    def run(self, name, argv, timeout=120, variables=None):
        """A command of the set-up; RuntimeError with the end of its log when it fails."""
        with open(self.logs / f"{name}.log", "ab") as log:
            done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  env=os.environ | {"PYTHONWARNINGS": "ignore"} | (variables or {}),
                                  cwd=self.directory, timeout=timeout, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{argv[0]} ended with {done.returncode}: {self.end_of_log(name)}")

    def wait(self, name, condition, what, timeout=90.0):
        """Until condition() is true; RuntimeError when `name` ended or time is up."""
        deadline = time.monotonic() + timeout
        while not condition():
            if self._running[name].poll() is not None:
                raise RuntimeError(f"{name} ended before {what}: {self.end_of_log(name)}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"after {timeout:g} s still not {what}: {self.end_of_log(name)}")
            time.sleep(0.1)

    def wait_http(self, name, url, timeout=90.0):
        self.wait(name, lambda: 0 < status_of(url) < 500, f"{url} answers", timeout)

    def end_of_log(self, name):
        return "\n".join((self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-20:])

    def stop(self, name, patience=10.0):
        process = self._running.pop(name)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        # Its session holds the workers that it forked, also those that outlived it.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def stop_all(self):
        """In the opposite order of the starts."""
        for name in reversed(list(self._running)):
            self.stop(name)
        self._reaper.communicate("done\n")
