#pragma once
// Puts off the removal of blobs until nobody reads them: whoever looked into the index before a
// blob left it may open that blob until the end of the visit. Thread-safe.
#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/sync.hpp"

namespace trainyard::gateway {

class Graveyard {
 public:
  // `remove` is called without a lock, once for each blob.
  explicit Graveyard(std::function<void(const std::string&)> remove);
  ~Graveyard();  // no visit may be left

  class Visit {
   public:
    Visit(Visit&& other) noexcept;
    Visit& operator=(Visit&&) = delete;
    ~Visit();

   private:
    friend class Graveyard;
    Visit(Graveyard& graveyard, std::uint64_t ticket) : graveyard_(&graveyard), ticket_(ticket) {}
    Graveyard* graveyard_;
    std::uint64_t ticket_;
  };
  // Before the look into the index.
  Visit visit();
  // After the commit that dropped them.
  void bury(const std::vector<std::string>& blobs);

 private:
  struct State {
    std::uint64_t clock = 0;
    std::set<std::uint64_t> visitors;                          // tickets
    std::deque<std::pair<std::uint64_t, std::string>> graves;  // (clock when buried, blob)
  };
  static std::vector<std::string> take_unseen(State& state);
  void leave(std::uint64_t ticket);
  void remove_all(const std::vector<std::string>& blobs);

  std::function<void(const std::string&)> remove_;
  Sync<State> state_;
};

}  // namespace trainyard::gateway
