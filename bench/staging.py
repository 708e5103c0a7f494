#!/usr/bin/env python3
"""Staging beside other S3 clients, in one run: wall time, CPU time and peak memory of each.

  bench/staging.py [--servers ours,rgw,swift] [--clients ours,s5cmd,rclone,aws,s3cmd]
                   [--shapes one,many,small,tiny] [--scale 0.02] [--rounds 3] [--limit SECONDS]
                   [--dir DIR]

Downloads go past the cache into an empty directory, uploads below a fresh prefix; the page cache is
warm for all. Clients take turns in each round, after a sync; the table has the medians. Servers: our store as a
process of its own; Ceph RGW and Swift's s3api from tests/testbed. What is not installed is left out
and named. `--scale 1` is 4 GiB for the first two shapes, 10,000 and 100,000 files for the others.
"""
import argparse
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
DRIVER = ROOT / "build/bench/bench/staging/staging_driver"
MIB = 1 << 20


class Shape(NamedTuple):
    files: int
    bytes: int  # each

    @property
    def size(self):
        return self.files * self.bytes

    def __str__(self):
        each = f"{self.bytes // MIB} MiB" if self.bytes >= MIB else f"{self.bytes // 1024} KiB"
        return f"{self.files:,} × {each}"


def shapes(scale):
    return {"one": Shape(1, int(4096 * scale) * MIB),
            "many": Shape(max(1, int(64 * scale)), 64 * MIB),
            "small": Shape(max(1, int(10_000 * scale)), 100 * 1024),
            "tiny": Shape(max(1, int(100_000 * scale)), 1024)}


class Server(NamedTuple):
    endpoint: str
    access_key: str
    secret_key: str
    bucket: str = "trainyard-bench"

    def variables(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return kept | {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
                       "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
                       "AWS_EC2_METADATA_DISABLED": "true",
                       "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
                       "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
                       "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


# ---- clients: the defaults of each, but for those that default to few connections ------------------

def ours(server, verb, prefix, directory):
    return [DRIVER, verb, server.endpoint, server.bucket, prefix, directory]


def s5cmd(server, verb, prefix, directory):
    remote = f"s3://{server.bucket}/{prefix}/"
    where = [f"{remote}*", f"{directory}/"] if verb == "download" else [f"{directory}/", remote]
    return ["s5cmd", "--log", "error", "--endpoint-url", server.endpoint, "cp", *where]


def rclone(server, verb, prefix, directory):
    remote = (f":s3,provider=Other,env_auth,endpoint='{server.endpoint}',"
              f"force_path_style=true:{server.bucket}/{prefix}")
    where = [remote, directory] if verb == "download" else [directory, remote]
    return ["rclone", "copy", "--quiet", "--config", "/dev/null", "--transfers", "16",
            "--checkers", "16", *where]


def aws(server, verb, prefix, directory):
    remote = f"s3://{server.bucket}/{prefix}/"
    where = [remote, f"{directory}/"] if verb == "download" else [f"{directory}/", remote]
    return ["aws", "s3", "cp", "--recursive", "--only-show-errors", "--endpoint-url", server.endpoint,
            *where]


def s3cmd(server, verb, prefix, directory):
    remote = f"s3://{server.bucket}/{prefix}/"
    where = ["get", "--recursive", remote, f"{directory}/"] if verb == "download" else [
        "put", "--recursive", f"{directory}/", remote]
    host = server.endpoint.split("://")[1]
    return ["s3cmd", "--config", "/dev/null", "--no-ssl", "--quiet", "--no-progress",
            "--host", host, "--host-bucket", host, *where]


CLIENTS = {"ours": ours, "s5cmd": s5cmd, "rclone": rclone, "aws": aws, "s3cmd": s3cmd}


# ---- measuring -------------------------------------------------------------------------------------

class Result(NamedTuple):
    wall: float
    cpu: float
    peak: float    # MiB
    server: float  # CPU seconds of the server


def cpu_of_descendants():
    """CPU seconds of every living process below this one: the server's, between two clients."""
    stats, total, wanted = {}, 0, {os.getpid()}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                stats[int(entry.name)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    grown = True
    while grown:
        below = {pid for pid, (parent, _) in stats.items() if parent in wanted} - wanted
        grown, wanted = bool(below), wanted | below
    for pid in wanted - {os.getpid()}:
        total += stats[pid][1]
    return total / os.sysconf("SC_CLK_TCK")


def peak_of(pid):
    """MiB at most so far. wait4() would count this program's own memory, which the fork shared."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def measure(command, variables, limit):
    os.sync()  # what another one left to be written is not this one's work
    before = cpu_of_descendants()
    begin = time.monotonic()
    with tempfile.TemporaryFile() as complaint:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=complaint, env=variables, start_new_session=True)
        peak, looked = 0.0, begin
        while True:
            if time.monotonic() - looked > 0.02:
                peak, looked = max(peak, peak_of(child.pid)), time.monotonic()
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - begin > limit:
                os.killpg(child.pid, 9)
                os.wait4(child.pid, 0)
                raise RuntimeError(f"not done after {limit:.0f} s")
            time.sleep(0.002)
        wall = time.monotonic() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            complaint.seek(0)
            lines = complaint.read().decode(errors="replace").split("\n")
            raise RuntimeError(next((l for l in reversed(lines) if l.strip()), "failed")[:200])
    return Result(wall, usage.ru_utime + usage.ru_stime, peak,
                  cpu_of_descendants() - before)


def make_files(directory, shape):
    """Random bytes: no client, server or file system can make them smaller."""
    block = os.urandom(MIB + 4096)
    for number in range(shape.files):
        folder = directory / f"{number // 500:04}"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f"{number:06}.bin", "wb") as out:
            out.write(number.to_bytes(8, "big"))
            for offset in range(8, shape.bytes, MIB):
                out.write(block[offset % 4096:][:min(MIB, shape.bytes - offset)])


def check(directory, shape):
    files = [p for p in directory.rglob("*") if p.is_file()]
    found = len(files), sum(p.stat().st_size for p in files)
    if found != (shape.files, shape.size):
        raise RuntimeError(f"{found[0]} files with {found[1]} bytes arrived")


class Bench:
    def __init__(self, options, server, work):
        self.options, self.server, self.work = options, server, work
        self.uploads = self.downloads = 0

    def once(self, client, verb, name, shape):
        build = CLIENTS[client]
        if verb == "upload":
            self.uploads += 1
            command = build(self.server, verb, f"up-{self.uploads}", self.work / name)
            return measure(command, self.server.variables(), self.options.limit)
        self.downloads += 1
        target = self.work / f"target-{self.downloads}"
        target.mkdir()
        try:
            result = measure(build(self.server, verb, name, target), self.server.variables(),
                             self.options.limit)
            check(target, shape)
            return result
        finally:
            # Small files stay: ext4 makes the next ones slowly where some were just removed.
            if shape.bytes >= MIB:
                shutil.rmtree(target)

    def rows(self, name, shape, verb):
        results, faults = {c: [] for c in self.options.clients}, {}
        for _ in range(self.options.rounds):
            for client in self.options.clients:
                if client in faults:
                    continue
                try:
                    results[client].append(self.once(client, verb, name, shape))
                except RuntimeError as fault:
                    faults[client] = str(fault)
        base = statistics.median(r.wall for r in results["ours"]) if results["ours"] else None
        for client, measured in results.items():
            if client in faults:
                print(f"| {shape} | {verb} | {client} | {faults[client]} ||||||")
                continue
            wall, cpu, peak, server = (statistics.median(values) for values in zip(*measured))
            speed = (f"{shape.size / MIB / wall:,.0f} MiB/s" if shape.bytes >= MIB
                     else f"{shape.files / wall:,.0f} files/s")
            print(f"| {shape} | {verb} | {client} | {wall:.2f} | {speed} | {wall / base:.2f} | "
                  f"{cpu:.2f} | {peak:.0f} | {server:.2f} |", flush=True)

    def warm(self, name, shape):
        """The cache's own tree: made, then as a later run finds it."""
        times = []
        for _ in range(4):
            out = subprocess.run([DRIVER, "share", self.server.endpoint, self.server.bucket, name,
                                  self.work / "cache"], env=self.server.variables(), check=True,
                                 capture_output=True, text=True).stdout
            times.append(float(next(w[9:] for w in out.split() if w.startswith("ready_ms="))))
        shutil.rmtree(self.work / "cache")
        print(f"| {shape} | {times[0]:.0f} ms | {statistics.median(times[1:]):.0f} ms |", flush=True)

    def run(self):
        chosen = {n: s for n, s in shapes(self.options.scale).items() if n in self.options.shapes}
        for name, shape in chosen.items():
            make_files(self.work / name, shape)
        print("| shape | direction | client | wall s | speed | wall / ours | CPU s | peak MiB | "
              "server CPU s |\n|---|---|---|---|---|---|---|---|---|")
        for name, shape in chosen.items():
            subprocess.run(ours(self.server, "upload", name, self.work / name), check=True,
                           env=self.server.variables(), stdout=subprocess.DEVNULL)
            for verb in ("download", "upload"):
                self.rows(name, shape, verb)
        print("\n| through the cache | cold | warm |\n|---|---|---|")
        for name, shape in chosen.items():
            self.warm(name, shape)


# ---- servers ---------------------------------------------------------------------------------------

@contextlib.contextmanager
def our_store(work):
    server = Server("", "AKIABENCH", "bench/secret")
    process = subprocess.Popen([DRIVER, "serve", work / "store", server.bucket], stdout=subprocess.PIPE,
                               text=True, env=server.variables())
    try:
        yield server._replace(endpoint=process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def from_testbed(store):
    sys.path.insert(0, str(ROOT / "tests/testbed"))
    import testbed
    try:
        with testbed.Testbed() as bed:
            known = bed.stores_of(store.split("-")[0])[store]
            yield Server(known.endpoint, known.access_key, known.secret_key, testbed.BUCKET)
    except testbed.Missing as missing:
        raise SystemExit(f"{store} is not installed: {missing}") from missing


SERVERS = {"ours": our_store, "rgw": lambda work: from_testbed("rgw-s3"),
           "swift": lambda work: from_testbed("swift-s3")}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="ours")
    parser.add_argument("--clients", default="ours,s5cmd,rclone")
    parser.add_argument("--shapes", default="one,many,small,tiny")
    parser.add_argument("--scale", type=float, default=0.02)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120, help="seconds for one transfer")
    parser.add_argument("--dir", default=None)
    options = parser.parse_args()
    asked = options.clients.split(",")
    options.clients = [c for c in asked if c == "ours" or shutil.which(c)]
    options.shapes = options.shapes.split(",")
    missing = [c for c in asked if c not in options.clients]
    if missing:
        print("not installed: " + ", ".join(missing))
    for name in options.servers.split(","):
        with tempfile.TemporaryDirectory(dir=options.dir) as work, \
             SERVERS[name](pathlib.Path(work)) as server:
            print(f"\nserver {name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, median of "
                  f"{options.rounds}\n")
            Bench(options, server, pathlib.Path(work)).run()


if __name__ == "__main__":
    main()
