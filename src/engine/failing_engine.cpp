#include "engine/failing_engine.hpp"

#include <utility>

namespace trainyard::engine {

namespace {

class FailingEngine final : public ComputeEngine {
 public:
  explicit FailingEngine(Error error) : error_(std::move(error)) {}
  const Traits& traits() const override { return traits_; }
  Capacity capacity() override { throw Error(error_); }
  std::string submit(const LearnerSpec&) override { throw Error(error_); }
  std::vector<Observation> observe(std::span<const std::string>) override { throw Error(error_); }
  void cancel(const std::string&, Milliseconds) override { throw Error(error_); }
  void forget(const model::RunId&) override { throw Error(error_); }

 private:
  const Error error_;
  const Traits traits_{.name = "failing"};
};

}  // namespace

std::unique_ptr<ComputeEngine> make_failing_engine(Error error) {
  return std::make_unique<FailingEngine>(std::move(error));
}

}  // namespace trainyard::engine
