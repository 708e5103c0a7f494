#pragma once
// A learner between a fake server and two buckets in memory, with everything else real.
#include <gtest/gtest.h>

#include <thread>

#include "base/hash.hpp"
#include "learner/fake_clock.hpp"
#include "learner/fake_server.hpp"
#include "learner/learner.hpp"
#include "learner/test_assignment.hpp"
#include "learner/test_bucket.hpp"
#include "learner/test_files.hpp"
#include "learner/test_zip.hpp"
#include "objectstore/failing_store.hpp"

namespace trainyard::learner {

class LearnerFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    make_private_dir(work_);
    fill(*data_, {{"train/x", "the data"}, {"y", "more"}});
    set_command("true");
  }

  void set_command(const std::string& command, std::map<std::string, std::string> files = {}) {
    files.emplace("train.sh", "#!/bin/sh\necho training with $1\n");
    server_.with([&](FakeServer::State& s) {
      s.assignment = test_assignment(command);
      s.definition = test_zip(files);
      s.assignment.definition_sha256 = to_hex(digest(Digest::Sha256, s.definition));
    });
  }
  template <typename Fn>
  void assign(Fn&& change) {
    server_.with([&](FakeServer::State& s) { change(s.assignment); });
  }

  LearnerEnd run(unsigned attempt = 1, std::stop_source cancel = std::stop_source()) {
    LearnerOptions options{
        .attempt = attempt,
        .work_dir = work_,
        .hidden = {dir_.path()},
        .sandboxed = sandboxed_,
        .user = user_,
        .open_store = [this](const model::StoreReference& reference,
                             const objectstore::RetryPolicy& retry, auto watch) {
          std::unique_ptr<objectstore::ObjectStore> store = std::make_unique<BorrowedStore>(
              reference.bucket == "mnist-data" ? *data_for_learner_ : *results_for_learner_);
          if (!retries_) return store;
          return objectstore::make_retrying(std::move(store), retry, clock_, std::move(watch));
        }};
    const auto cache = objectstore::open_dataset_cache({.directory = dir_.path() / "cache"});
    return run_learner(server_, *cache, clock_, options, cancel);
  }

  std::string training_log() { return server_.log("training-log.txt"); }
  std::string stored(const std::string& name) { return content(*results_)[kTestRun + "/" + name]; }

  TempDir dir_;
  fs::path work_ = dir_.path() / ("runs/" + kTestRun);
  FakeClock clock_;
  FakeServer server_;
  std::unique_ptr<objectstore::ObjectStore> data_ =
      objectstore::make_memory_store({.description = "memory://data"});
  std::unique_ptr<objectstore::ObjectStore> results_ =
      objectstore::make_memory_store({.description = "memory://results"});
  objectstore::ObjectStore* data_for_learner_ = data_.get();
  objectstore::ObjectStore* results_for_learner_ = results_.get();
  bool retries_ = false;  // what fails in the buckets
  bool sandboxed_ = false;
  std::optional<sandbox::User> user_;
};

}  // namespace trainyard::learner
