"""A Ceph object gateway on loopback over one monitor and one OSD that keeps objects in memory.

Needs Debian's ceph-mon, ceph-osd and radosgw (nearly 300 MB). What others find hard to guess: without
cephx the gateway still wants "secure" connections unless ms_mon_client_mode says crc; beast without
tcp_nodelay costs 40 ms a request; a gateway that starts before the OSD is active waits for 15 s.
"""
import uuid

import processes

PROGRAMS = {"ceph": "ceph-common", "ceph-mon": "ceph-mon", "ceph-osd": "ceph-osd", "radosgw": "radosgw",
            "radosgw-admin": "radosgw", "monmaptool": "ceph-common", "ceph-authtool": "ceph-common"}
CONFIGURATION = """[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{monitor}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv4 = true
ms_bind_ipv6 = false
ms_bind_port_min = {first}
ms_bind_port_max = {last}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
ms_mon_cluster_mode = crc
ms_mon_service_mode = crc
run_dir = {directory}
admin_socket =
log_file =
log_to_stderr = true
err_to_stderr = true
mon_cluster_log_file =
clog_to_monitors = false
crash_dir = {directory}
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
[mon]
mon_data = {directory}/mon
mon_allow_pool_size_one = true
mon_data_avail_crit = 1
mon_data_avail_warn = 2
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 1000
paxos_propose_interval = 0.05
paxos_min_wait = 0.02
[osd]
osd_data = {directory}/osd
osd_objectstore = memstore
memstore_device_bytes = {bytes}
osd_class_load_list = *
osd_class_default_list = *
osd_max_object_name_len = 2048
osd_op_num_shards = 2
[client.rgw]
rgw_data = {directory}/rgw
rgw_frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw_thread_pool_size = 64
rgw_enable_apis = s3, swift, swift_auth, admin
rgw_swift_url = http://127.0.0.1:{port}
rgw_swift_account_in_url = false
rgw_enable_lc_threads = false
rgw_run_sync_thread = false
rgw_dynamic_resharding = false
rgw_gc_obj_min_wait = 2
rgw_gc_processor_period = 2
rgw_override_bucket_index_max_shards = 1
"""
PORTS = 20  # that the OSD and the gateway may choose from


class Rgw:
    access_key, secret_key = "rgwaccesskey", "rgwsecretkey"
    v1_user, v1_key = "test:swift", "rgwswiftkey"

    def __init__(self, running, gigabytes=8):
        self._running = running
        self._directory = running.directory / "ceph"
        self._configuration = self._directory / "ceph.conf"
        self._monitor, port = processes.free_ports(2)
        self._fsid = str(uuid.uuid4())
        self._bytes = gigabytes << 30
        self.s3_endpoint = f"http://127.0.0.1:{port}"
        self.v1_auth_url = f"{self.s3_endpoint}/auth/1.0"
        self._port = port

    def start(self):
        processes.require(PROGRAMS)
        for name in ("mon", "osd", "rgw"):
            (self._directory / name).mkdir(parents=True)
        first = processes.free_ports(1)[0]
        self._configuration.write_text(CONFIGURATION.format(
            fsid=self._fsid, monitor=self._monitor, first=first, last=first + PORTS - 1,
            directory=self._directory, bytes=self._bytes, port=self._port))
        self._start_monitor()
        self._start_osd()
        self._running.start("radosgw", ["radosgw", "-c", self._configuration, "-n", "client.rgw", "-f"])
        self._running.wait_http("radosgw", self.s3_endpoint)
        self._make_user()
        return self

    def _start_monitor(self):
        monmap, keyring = self._directory / "monmap", self._directory / "keyring"
        self._running.run("mkfs", ["monmaptool", "--create", "--clobber", "--fsid", self._fsid,
                                   "--addv", "a", f"[v2:127.0.0.1:{self._monitor}]", monmap])
        self._running.run("mkfs", ["ceph-authtool", keyring, "--create-keyring", "--gen-key", "-n", "mon.",
                                   "--cap", "mon", "allow *"])
        self._running.run("mkfs", ["ceph-mon", "-c", self._configuration, "-i", "a", "--mkfs",
                                   "--monmap", monmap, "--keyring", keyring])
        self._running.start("mon", ["ceph-mon", "-c", self._configuration, "-i", "a", "-f"])

    def _start_osd(self):
        osd = str(uuid.uuid4())
        self._running.run("ceph", ["ceph", "-c", self._configuration, "--connect-timeout", "60",
                                   "osd", "new", osd, "0"])
        self._running.run("mkfs", ["ceph-osd", "-c", self._configuration, "-i", "0", "--mkfs",
                                   "--osd-uuid", osd])
        self._running.start("osd", ["ceph-osd", "-c", self._configuration, "-i", "0", "-f"])
        log = self._running.logs / "osd.log"
        self._running.wait("osd", lambda: "booting -> active" in log.read_text(errors="replace"), "active")

    def _make_user(self):
        admin = ["radosgw-admin", "-c", self._configuration, "-n", "client.rgw"]
        self._running.run("admin", admin + [
            "user", "create", "--uid", "test", "--display-name", "test",
            "--access-key", self.access_key, "--secret", self.secret_key])
        self._running.run("admin", admin + [
            "subuser", "create", "--uid", "test", "--subuser", self.v1_user, "--access", "full",
            "--key-type", "swift", "--secret-key", self.v1_key])
