"""The training story of the Python client watson-machine-learning-client, as its users wrote it.

Run by python_client_test.py with the client's own Python: argv[1] is a JSON file with the service's
address and credentials, the store's, and the directory to work in.
"""
import contextlib
import io
import json
import pathlib
import sys
import time
import zipfile

from watson_machine_learning_client import WatsonMachineLearningAPIClient
from watson_machine_learning_client.wml_client_error import ApiRequestFailure

PROGRAM = """
import os, sys, time
print("data:", " ".join(sorted(os.listdir(os.environ["DATA_DIR"]))), flush=True)
for epoch in range(int(sys.argv[1])):
    print("epoch", epoch, flush=True)
    time.sleep(float(sys.argv[2]))
with open(os.path.join(os.environ["RESULT_DIR"], "weights"), "w") as file:
    file.write("trained")
sys.exit(int(sys.argv[3]))
"""


def printed(call, *arguments, **options):
    """What a call that prints its answer printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        call(*arguments, **options)
    return out.getvalue()


def wait(condition, what, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(f"after {seconds} s still not: {what}")


class Story:
    def __init__(self, given):
        self.given = given
        self.client = WatsonMachineLearningAPIClient(given["credentials"])
        self.connection = {"endpoint_url": given["store"], "access_key_id": given["access_key"],
                           "secret_access_key": given["secret_key"]}

    def reference(self, place, bucket):
        return {"connection": self.connection, place: {"bucket": bucket}, "type": "s3"}

    def store_definition(self, name, command):
        path = pathlib.Path(self.given["directory"]) / "model.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("train.py", PROGRAM)
        names = self.client.repository.DefinitionMetaNames
        details = self.client.repository.store_definition(str(path), meta_props={
            names.NAME: name, names.DESCRIPTION: "digits", names.AUTHOR_NAME: "Ada",
            names.FRAMEWORK_NAME: "python", names.FRAMEWORK_VERSION: "system",
            names.RUNTIME_NAME: "python", names.RUNTIME_VERSION: "3.5",
            names.EXECUTION_COMMAND: command})
        uid = self.client.repository.get_definition_uid(details)
        assert self.client.repository.get_definition_url(details).endswith(uid)
        return uid

    def run(self, definition, **changes):
        names = self.client.training.ConfigurationMetaNames
        details = self.client.training.run(definition, meta_props={
            names.NAME: "digits", names.AUTHOR_NAME: "Ada",
            names.TRAINING_DATA_REFERENCE: self.reference("source", "training-data"),
            names.TRAINING_RESULTS_REFERENCE: self.reference("target", "training-results"),
            names.COMPUTE_CONFIGURATION: {"name": "small"}} | changes)
        return self.client.training.get_run_uid(details)

    def wait_state(self, run, *states):
        return wait(lambda: (s := self.client.training.get_status(run)["state"]) in states and s,
                    f"{run} is {' or '.join(states)}")

    def definitions_are_kept(self):
        uid = self.store_definition("def-1", "python3 train.py 3 0 0")
        details = self.client.repository.get_definition_details(uid)
        assert details["entity"]["name"] == "def-1"
        assert details["entity"]["command"] == "python3 train.py 3 0 0"
        assert details["entity"]["framework"]["runtimes"] == [{"name": "python", "version": "3.5"}]
        assert self.client.repository.get_details(uid)["metadata"]["guid"] == uid
        assert uid in printed(self.client.repository.list_definitions)
        return uid

    def a_run_is_trained(self, definition):
        run = self.run(definition)
        assert self.client.training.get_details(run)["metadata"]["url"] == f"/v3/models/{run}"
        assert self.wait_state(run, "completed", "error") == "completed"
        listed = printed(self.client.training.list)
        assert run in listed and "digits" in listed and "completed" in listed, listed
        # The log of an ended run is read from the results bucket, with the keys of the answer.
        log = printed(self.client.training.monitor_logs, run)
        assert "epoch 2" in log and "DATA_DIR" in log, log
        assert self.client.training.get_metrics(run) == []
        details = self.client.training.get_details(run)
        assert details["entity"]["training_results_reference"]["location"]["model_location"] == run
        return run

    def a_live_log_is_followed(self, definition):
        command = self.client.training.ConfigurationMetaNames.EXECUTION_COMMAND
        run = self.run(definition, **{command: "python3 train.py 20 0.1 0"})
        self.wait_state(run, "running", "completed")
        log = printed(self.client.training.monitor_logs, run)
        assert "epoch 0" in log and "epoch 19" in log and "Log monitor done." in log, log
        assert self.wait_state(run, "completed", "error") == "completed"

    def a_failure_is_told(self, definition):
        command = self.client.training.ConfigurationMetaNames.EXECUTION_COMMAND
        run = self.run(definition, **{command: "python3 train.py 1 0 7"})
        assert self.wait_state(run, "completed", "error") == "error"
        status = self.client.training.get_status(run)
        assert status["error"]["errors"][0]["code"] == "dl_job_failed (C201)", status
        assert status["message"] == f"{run}: 7", status

    def a_run_is_canceled_and_deleted(self, definition):
        command = self.client.training.ConfigurationMetaNames.EXECUTION_COMMAND
        run = self.run(definition, **{command: "sleep 600"})
        self.wait_state(run, "running")
        self.client.training.cancel(run)
        self.wait_state(run, "canceled")
        assert self.client.training.delete(run) == "SUCCESS"
        try:
            self.client.training.get_details(run)
            raise AssertionError("a deleted run is still there")
        except ApiRequestFailure as refused:
            assert "Status code: 404, body: {" in str(refused), refused

    def an_experiment_is_run(self):
        names = self.client.repository.ExperimentMetaNames
        references = [{"name": name, "compute_configuration": {"name": "small"},
                       "training_definition_url": self.definition_url(name, seconds)}
                      for name, seconds in (("fast", 0), ("slow", 0.1))]
        details = self.client.repository.store_experiment(meta_props={
            names.NAME: "two ways", names.AUTHOR_NAME: "Ada",
            names.EVALUATION_METHOD: "multiclass", names.EVALUATION_METRICS: ["accuracy"],
            names.TRAINING_REFERENCES: references,
            names.TRAINING_DATA_REFERENCE: self.reference("source", "training-data"),
            names.TRAINING_RESULTS_REFERENCE: self.reference("target", "training-results")})
        experiment = self.client.repository.get_experiment_uid(details)
        assert experiment in printed(self.client.repository.list_experiments)
        changed = self.client.repository.update_experiment(experiment, {names.NAME: "two paths"})
        assert changed["entity"]["settings"]["name"] == "two paths", changed

        run = self.client.experiments.get_run_uid(self.client.experiments.run(experiment))
        metrics = printed(self.client.experiments.monitor_metrics, run)
        assert "Metric monitor done." in metrics, metrics
        log = printed(self.client.experiments.monitor_logs, run)
        assert log.count("epoch 4") == 2, log
        state = self.client.experiments.get_status(run)["state"]
        assert state == "completed", state
        trainings = self.client.experiments.get_training_uids(
            self.client.experiments.get_run_details(run))
        assert len(trainings) == 2 and len(set(trainings)) == 2
        rows = printed(self.client.experiments.list_training_runs, run)
        assert all(text in rows for text in (*trainings, "fast", "slow")), rows
        assert run in printed(self.client.experiments.list_runs, experiment)
        assert run in printed(self.client.experiments.list_runs)
        assert self.client.experiments.get_metrics(run) == []

        waited = self.client.experiments.run(experiment, asynchronous=False)
        assert waited["entity"]["experiment_run_status"]["state"] == "completed", waited
        assert self.client.experiments.delete(run) == "SUCCESS"
        assert run not in printed(self.client.experiments.list_runs, experiment)
        assert self.client.repository.delete(experiment) == "SUCCESS"
        assert experiment not in printed(self.client.repository.list_experiments)

    def definition_url(self, name, seconds):
        uid = self.store_definition(name, f"python3 train.py 5 {seconds} 0")
        details = self.client.repository.get_definition_details(uid)
        return self.client.repository.get_definition_url(details)

    def definitions_are_deleted(self, definition):
        assert self.client.repository.delete(definition) == "SUCCESS"
        assert definition not in printed(self.client.repository.list_definitions)

    def the_token_is_renewed(self):
        old = self.client.wml_token
        self.client.service_instance._refresh_token()  # what it does near the token's end
        assert self.client.wml_token
        assert self.client.service_instance._get_expiration_datetime()
        assert self.client.service_instance.get_details()["entity"]["status"] == "Active"
        assert old

    def tell(self):
        self.the_token_is_renewed()
        assert self.client.training.get_frameworks()["resources"]
        definition = self.definitions_are_kept()
        self.a_run_is_trained(definition)
        self.a_live_log_is_followed(definition)
        self.a_failure_is_told(definition)
        self.a_run_is_canceled_and_deleted(definition)
        self.an_experiment_is_run()
        self.definitions_are_deleted(definition)


if __name__ == "__main__":
    Story(json.loads(pathlib.Path(sys.argv[1]).read_text())).tell()
    print("the whole story was told")
