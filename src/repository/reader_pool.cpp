#include "repository/reader_pool.hpp"

#include <utility>

namespace trainyard::repository {

std::unique_ptr<db::Connection> ReaderPool::take() {
  auto idle = idle_.lock();
  returned_.wait(idle.guard(), [&] { return !idle->connections.empty() || idle->opened < most_; });
  if (idle->connections.empty()) {
    auto opened =
        std::make_unique<db::Connection>(db::OpenOptions{.path = path_, .read_only = true});
    idle->connections.reserve(++idle->opened);
    return opened;
  }
  auto connection = std::move(idle->connections.back());
  idle->connections.pop_back();
  return connection;
}

void ReaderPool::give_back(std::unique_ptr<db::Connection> connection) noexcept {
  connection->reset_statements();
  idle_.lock()->connections.push_back(std::move(connection));  // reserved by take()
  returned_.notify_one();
}

}  // namespace trainyard::repository
