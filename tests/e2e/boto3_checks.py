"""Run by s3_clients_test.py with a current boto3: what an SDK does that the command lines do not."""
import base64
import hashlib
import io
import os
import threading
import urllib.request

import boto3
import botocore
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

s3 = boto3.client("s3")
BUCKET = "boto-clients"
KEYS = ["a b", "a+b", "a%20b", "a//b", "/lead", "x", "x/y", "x/", "../up", "..", "\x01", "t\tb", "l\nf",
        "é日😀", "?#&=;", "<xml>'\"", "k" * 1024]


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response
    raise AssertionError(f"{code} was expected")


def check_keys():
    for key in KEYS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    for page_size in (1, 3, 1000):
        for operation in ("list_objects", "list_objects_v2"):
            pages = s3.get_paginator(operation).paginate(
                Bucket=BUCKET, PaginationConfig={"PageSize": page_size})
            listed = [o["Key"] for page in pages for o in page.get("Contents", [])]
            assert listed == sorted(KEYS, key=str.encode), (operation, page_size, listed)
    for key in KEYS:
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()
        s3.copy_object(Bucket=BUCKET, Key=key, CopySource={"Bucket": BUCKET, "Key": key},
                       MetadataDirective="REPLACE", Metadata={"copied": "yes"})
        assert s3.head_object(Bucket=BUCKET, Key=key)["Metadata"] == {"copied": "yes"}
    s3.delete_object(Bucket=BUCKET, Key="\x01")  # XML 1.0, which the call below speaks, has no such character
    rest = [key for key in KEYS if key != "\x01"]
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in rest]})
    assert sorted(d["Key"] for d in answer["Deleted"]) == sorted(rest)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


def check_checksums():
    body = b"checked" * 1000
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        put = s3.put_object(Bucket=BUCKET, Key=algorithm, Body=body, ChecksumAlgorithm=algorithm)
        got = s3.get_object(Bucket=BUCKET, Key=algorithm, ChecksumMode="ENABLED")
        assert got["Body"].read() == body
        assert got["Checksum" + algorithm] == put["Checksum" + algorithm]
    refused("BadDigest", s3.put_object, Bucket=BUCKET, Key="bad", Body=body, ChecksumCRC32="AAAAAA==")
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    s3.put_object(Bucket=BUCKET, Key="md5", Body=body, ContentMD5=md5)
    refused("BadDigest", s3.put_object, Bucket=BUCKET, Key="md5", Body=b"other", ContentMD5=md5)


def check_multipart():
    body = os.urandom(17_000_000)
    for extra in ({}, {"ChecksumAlgorithm": "SHA256"}, {"ChecksumAlgorithm": "CRC32"}):
        s3.upload_fileobj(io.BytesIO(body), BUCKET, "large", ExtraArgs=dict(extra),
                          Config=TransferConfig(multipart_threshold=1, multipart_chunksize=5 << 20))
        out = io.BytesIO()
        s3.download_fileobj(BUCKET, "large", out, Config=TransferConfig(multipart_threshold=1 << 20))
        assert out.getvalue() == body
        head = s3.head_object(Bucket=BUCKET, Key="large", PartNumber=4, ChecksumMode="ENABLED")
        assert head["PartsCount"] == 4 and head["ContentLength"] == 17_000_000 - 3 * (5 << 20)
    s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "large copy",
            Config=TransferConfig(multipart_threshold=1, multipart_chunksize=6 << 20))
    assert s3.get_object(Bucket=BUCKET, Key="large copy")["Body"].read() == body
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="left")["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key="left", UploadId=upload, PartNumber=1, Body=b"x")
    assert [u["Key"] for u in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]] == ["left"]
    assert s3.list_parts(Bucket=BUCKET, Key="left", UploadId=upload)["Parts"][0]["Size"] == 1
    s3.abort_multipart_upload(Bucket=BUCKET, Key="left", UploadId=upload)


def check_conditions():
    s3.put_object(Bucket=BUCKET, Key="once", Body=b"1", IfNoneMatch="*")
    refused("PreconditionFailed", s3.put_object, Bucket=BUCKET, Key="once", Body=b"2", IfNoneMatch="*")
    etag = s3.head_object(Bucket=BUCKET, Key="once")["ETag"]
    refused("304", s3.get_object, Bucket=BUCKET, Key="once", IfNoneMatch=etag)
    assert s3.get_object(Bucket=BUCKET, Key="once", Range="bytes=0-0")["ContentRange"] == "bytes 0-0/1"
    winners = []

    def create():
        try:
            s3.put_object(Bucket=BUCKET, Key="race", Body=b"x", IfNoneMatch="*")
            winners.append(1)
        except ClientError:
            pass
    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1, winners


def check_presigned():
    for version in ("s3", "s3v4"):
        signer = boto3.client("s3", config=Config(signature_version=version))
        s3.put_object(Bucket=BUCKET, Key="signed +", Body=b"hello")
        url = signer.generate_presigned_url(
            "get_object", Params={"Bucket": BUCKET, "Key": "signed +",
                                  "ResponseContentType": "text/x-wanted"})
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"hello" and answer.headers["Content-Type"] == "text/x-wanted"
        url = signer.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "put"})
        request = urllib.request.Request(url, data=b"by url", method="PUT",
                                         headers={"Content-Type": ""} if version == "s3" else {})
        urllib.request.urlopen(request).close()
        assert s3.get_object(Bucket=BUCKET, Key="put")["Body"].read() == b"by url"


def check_probes():
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=BUCKET)
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=BUCKET)
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=BUCKET)
    refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=BUCKET)
    assert "Status" not in s3.get_bucket_versioning(Bucket=BUCKET)
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] is None
    assert s3.get_bucket_acl(Bucket=BUCKET)["Grants"][0]["Permission"] == "FULL_CONTROL"
    refused("NotImplemented", s3.put_bucket_versioning, Bucket=BUCKET,
            VersioningConfiguration={"Status": "Enabled"})
    refused("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="none")
    refused("404", s3.head_object, Bucket=BUCKET, Key="none")
    stranger = boto3.client("s3", aws_access_key_id="NOBODY", aws_secret_access_key="x")
    refused("InvalidAccessKeyId", stranger.list_buckets)


def main():
    s3.create_bucket(Bucket=BUCKET)
    for check in (check_keys, check_checksums, check_multipart, check_conditions, check_presigned,
                  check_probes):
        check()
    bucket = boto3.resource("s3").Bucket(BUCKET)
    bucket.objects.all().delete()
    bucket.delete()
    print(f"boto3 {boto3.__version__}, botocore {botocore.__version__}")


main()
