"""A tree up or down with boto3 and the AWS CRT client, for bench/staging.py: it stands for the CRT
client of the aws program, which Debian's version 2.9 cannot point at another port.

  boto3_crt.py download|upload ENDPOINT BUCKET PREFIX DIRECTORY
"""
import pathlib
import sys

import boto3
from s3transfer.crt import (BotocoreCRTCredentialsWrapper, BotocoreCRTRequestSerializer,
                            CRTTransferManager, create_s3_crt_client)

verb, endpoint, bucket, prefix, directory = sys.argv[1:]
root = pathlib.Path(directory)
session = boto3.Session()._session  # pylint: disable=protected-access
wrapper = BotocoreCRTCredentialsWrapper(session.get_credentials())
client = create_s3_crt_client(region="us-east-1", use_ssl=False,
                              crt_credentials_provider=wrapper.to_crt_credentials_provider())
serializer = BotocoreCRTRequestSerializer(session, {"region_name": "us-east-1", "endpoint_url": endpoint})
with CRTTransferManager(client, serializer) as manager:
    if verb == "download":
        pages = boto3.client("s3", endpoint_url=endpoint).get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix + "/"):
            for item in page.get("Contents", []):
                target = root / item["Key"][len(prefix) + 1:]
                target.parent.mkdir(parents=True, exist_ok=True)
                manager.download(bucket, item["Key"], str(target))
    else:
        for path in root.rglob("*"):
            if path.is_file():
                manager.upload(str(path), bucket, f"{prefix}/{path.relative_to(root)}")
