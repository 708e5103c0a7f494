#!/usr/bin/env python3
# ctest: timeout 1200
"""The embedded store through the S3 clients that people use, unchanged."""
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import harness

# Names that clients get wrong first. A file system allows them all.
NAMES = ["plain.txt", "with space", "plus+plus", "per%cent", "100%20", "é-日本-😀", "a&b=c;d", "'q\"",
         "deep/er/file", "x", "tilde~(1)!", "#hash?", "-dash", "UPPER"]
BIG = 20_000_000


def make_tree(directory):
    for number, name in enumerate(NAMES):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * (number * 1000))
    (directory / "big.bin").write_bytes(os.urandom(BIG))
    (directory / "empty").write_bytes(b"")
    return directory


def assert_same_tree(expected, actual):
    def files(top):
        return sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.is_file())
    assert files(expected) == files(actual), (files(expected), files(actual))
    for name in files(expected):
        assert filecmp.cmp(expected / name, actual / name, shallow=False), name


def fetch(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def current_sdk():
    """A Python of its own with today's boto3 and AWS command line; skips when pip cannot get them."""
    place = pathlib.Path(os.environ.get("TRAINYARD_SOURCE", harness.SOURCE)) / "build" / "e2e-sdk"
    if not (place / "bin" / "aws").exists():
        for command in ([sys.executable, "-m", "venv", place],
                        [place / "bin" / "pip", "install", "--quiet", "boto3", "awscli"]):
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=240)
            except (subprocess.SubprocessError, OSError) as error:
                shutil.rmtree(place, ignore_errors=True)
                raise harness.Skip(f"no current boto3 and awscli from pip: {error}") from error
    return place / "bin"


def check_aws(yard, program):
    def aws(*arguments, **options):
        return yard.run(program, "--endpoint-url", yard.store, *arguments, **options)

    source = make_tree(yard.directory / "source")
    back = yard.directory / "back"
    aws("s3", "mb", "s3://clients")
    aws("s3", "sync", source, "s3://clients/tree/")
    assert "Total Objects: 16" in aws("s3", "ls", "--recursive", "--summarize", "s3://clients").out
    listed = aws("s3", "ls", "s3://clients/tree/").out
    assert "PRE deep/" in listed and " big.bin" in listed and "é-日本-😀" in listed
    aws("s3", "sync", "s3://clients/tree/", back)
    assert_same_tree(source, back)
    assert aws("s3", "sync", source, "s3://clients/tree/", "--size-only").out == ""

    aws("s3", "cp", source / "big.bin", "s3://clients/copy source+1")
    aws("s3", "cp", "s3://clients/copy source+1", "s3://clients/copied")
    aws("s3", "mv", "s3://clients/copied", "s3://clients/moved")
    aws("s3", "cp", "s3://clients/moved", yard.directory / "moved")
    assert filecmp.cmp(source / "big.bin", yard.directory / "moved", shallow=False)

    url = aws("s3", "presign", "s3://clients/tree/with space").out.strip()
    assert fetch(url) == (source / "with space").read_bytes()
    try:
        fetch(url.replace("with", "wirh"))
        raise AssertionError("a presigned URL opened another object")
    except urllib.error.HTTPError as refused:
        assert refused.code == 403

    assert aws("s3", "ls", "s3://nowhere", check=False).code != 0
    aws("s3", "rm", "--recursive", "s3://clients/tree/")
    assert "tree/" not in aws("s3", "ls", "s3://clients").out
    aws("s3", "rb", "--force", "s3://clients")
    assert aws("s3", "ls").out == ""


def test_aws_of_debian(yard):
    program = pathlib.Path("/usr/bin/aws")
    if not program.exists():
        raise harness.Skip("not installed: awscli (the Debian package)")
    check_aws(yard, program)


def test_current_aws(yard):
    check_aws(yard, current_sdk() / "aws")


def test_current_boto3(yard):
    print(yard.run(current_sdk() / "python", harness.SOURCE / "tests/e2e/boto3_checks.py").out, end="")


def test_s3cmd(yard):
    harness.require("s3cmd")
    source = make_tree(yard.directory / "source")
    back = yard.directory / "back"
    back.mkdir()
    host = yard.store.removeprefix("http://")
    config = yard.directory / "s3cfg"
    config.write_text(f"""[default]
access_key = {yard.variables["AWS_ACCESS_KEY_ID"]}
secret_key = {yard.variables["AWS_SECRET_ACCESS_KEY"]}
host_base = {host}
host_bucket = {host}
use_https = False
multipart_chunk_size_mb = 6
""")
    config.chmod(0o600)

    def s3cmd(*arguments):
        return yard.run("s3cmd", "--config", config, "--no-progress", *arguments).out

    s3cmd("mb", "s3://clients")
    s3cmd("sync", f"{source}/", "s3://clients/tree/")
    assert len(s3cmd("ls", "--recursive", "s3://clients").splitlines()) == 16
    s3cmd("sync", "s3://clients/tree/", f"{back}/")
    assert_same_tree(source, back)
    s3cmd("cp", "s3://clients/tree/plus+plus", "s3://clients/a copy+")
    s3cmd("get", "s3://clients/a copy+", yard.directory / "got")
    assert filecmp.cmp(source / "plus+plus", yard.directory / "got", shallow=False)
    info = s3cmd("info", "s3://clients/tree/big.bin")
    assert f"File size: {BIG}" in info, info
    s3cmd("info", "s3://clients")
    s3cmd("modify", "--add-header=x-amz-meta-color:red", "s3://clients/a copy+")
    assert "red" in s3cmd("info", "s3://clients/a copy+")
    url = s3cmd("signurl", "s3://clients/tree/plain.txt", "+600").strip()
    assert fetch(url) == (source / "plain.txt").read_bytes()
    s3cmd("del", "--recursive", "--force", "s3://clients/tree/")
    s3cmd("rb", "--recursive", "--force", "s3://clients")
    assert s3cmd("ls") == ""


def test_rclone(yard):
    harness.require("rclone")
    source = make_tree(yard.directory / "source")
    back = yard.directory / "back"
    yard.variables |= {
        "RCLONE_CONFIG": str(yard.directory / "rclone.conf"),
        "RCLONE_CONFIG_YARD_TYPE": "s3", "RCLONE_CONFIG_YARD_PROVIDER": "Other",
        "RCLONE_CONFIG_YARD_ENV_AUTH": "true", "RCLONE_CONFIG_YARD_ENDPOINT": yard.store,
        "RCLONE_S3_UPLOAD_CUTOFF": "8M", "RCLONE_S3_CHUNK_SIZE": "5M"}

    def rclone(*arguments):
        return yard.run("rclone", *arguments).out

    rclone("mkdir", "yard:clients")
    rclone("copy", source, "yard:clients/tree")
    rclone("check", "--download", source, "yard:clients/tree")
    rclone("check", source, "yard:clients/tree")
    rclone("copy", "yard:clients/tree", back)
    assert_same_tree(source, back)
    assert len(rclone("lsf", "-R", "--files-only", "yard:clients").splitlines()) == 16
    assert rclone("cat", "yard:clients/tree/with space") == (source / "with space").read_text()
    rclone("copyto", "yard:clients/tree/big.bin", "yard:clients/server side+copy")
    rclone("moveto", "yard:clients/server side+copy", "yard:clients/moved")
    assert f'"bytes":{BIG}' in rclone("size", "--json", "yard:clients/moved").replace(" ", "")
    url = rclone("link", "yard:clients/tree/plain.txt").strip()
    assert fetch(url) == (source / "plain.txt").read_bytes()
    rclone("delete", "yard:clients/tree")
    rclone("purge", "yard:clients")
    assert rclone("lsd", "yard:") == ""


if __name__ == "__main__":
    harness.main(globals())
