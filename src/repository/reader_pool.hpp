#pragma once
// Connections that only read, beside the one that writes. A reader sees everything that was durable
// when its statement began. Thread-safe.
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/sync.hpp"
#include "db/database.hpp"

namespace trainyard::repository {

class ReaderPool {
 public:
  // Opens connections when they are first needed, at most `most`.
  ReaderPool(std::filesystem::path path, std::size_t most) : path_(std::move(path)), most_(most) {}

  // Runs `read` with a connection of its own; waits while all of them are in use. Statements are
  // reset afterwards, read to their end or not.
  template <typename Fn>
  auto run(Fn&& read) {
    const Borrowed borrowed(*this);
    return read(*borrowed.connection);
  }

 private:
  struct Idle {
    std::vector<std::unique_ptr<db::Connection>> connections;
    std::size_t opened = 0;
  };
  struct Borrowed {
    explicit Borrowed(ReaderPool& pool) : pool(pool), connection(pool.take()) {}
    Borrowed(const Borrowed&) = delete;
    ~Borrowed() { pool.give_back(std::move(connection)); }
    ReaderPool& pool;
    std::unique_ptr<db::Connection> connection;
  };

  std::unique_ptr<db::Connection> take();
  void give_back(std::unique_ptr<db::Connection> connection) noexcept;

  std::filesystem::path path_;
  std::size_t most_;
  Sync<Idle> idle_;
  std::condition_variable returned_;
};

}  // namespace trainyard::repository
