#include "base/md5_lanes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <stdexcept>
#include <vector>

#include "base/hash.hpp"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string random_bytes(std::size_t size) {
  static std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class Text final : public Md5Message {
 public:
  explicit Text(std::string bytes) : bytes_(std::move(bytes)), there_(bytes_.size()) {}

  Piece read(char* into) override {
    const std::size_t size = std::min(kPiece, there_ - at_);
    bytes_.copy(into, size, at_);
    at_ += size;
    return {size, at_ == bytes_.size() && size < kPiece};
  }
  void finish(std::string digest) override { digests.push_back(std::move(digest)); }

  void only_there(std::size_t bytes) { there_ = bytes; }
  void again(std::string bytes) {
    begin_again();
    bytes_ = std::move(bytes);
    there_ = bytes_.size();
    at_ = 0;
  }
  std::string expected() const { return digest(Digest::Md5, bytes_); }

  std::vector<std::string> digests;

 private:
  std::string bytes_;
  std::size_t there_, at_ = 0;
};

using Texts = std::vector<std::shared_ptr<Text>>;

Texts texts(const std::vector<std::size_t>& sizes) {
  Texts all;
  for (const std::size_t size : sizes) all.push_back(std::make_shared<Text>(random_bytes(size)));
  return all;
}

void hash(const Texts& all) {
  std::deque<std::shared_ptr<Text>> left(all.begin(), all.end());
  md5_all([&]() -> std::shared_ptr<Md5Message> {
    if (left.empty()) return nullptr;
    auto first = left.front();
    left.pop_front();
    return first;
  });
}

void expect_hashed(const Texts& all) {
  for (const auto& text : all) EXPECT_THAT(text->digests, ElementsAre(text->expected()));
}

TEST(Md5Lanes, HashesAsOpenSslDoesWhateverTheNumber) {
  for (std::size_t count = 0; count <= 40; ++count) {
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < count; ++i) sizes.push_back(37 * i * i);
    const Texts all = texts(sizes);
    hash(all);
    expect_hashed(all);
  }
}

TEST(Md5Lanes, HashesEveryLengthAroundTheEdges) {
  std::vector<std::size_t> sizes;
  for (const std::size_t edge : {std::size_t(0), std::size_t(64), std::size_t(128),
                                 Md5Message::kPiece, 3 * Md5Message::kPiece}) {
    for (std::size_t size = edge - std::min(edge, std::size_t(20)); size < edge + 20; ++size) {
      sizes.push_back(size);
    }
  }
  const Texts all = texts(sizes);
  hash(all);
  expect_hashed(all);
}

TEST(Md5Lanes, AMessageWhoseRestComesLaterGoesOnWhereItStood) {
  const Texts all = texts({100'000, 5000, 300'000});
  all[0]->only_there(64);
  all[2]->only_there(128 * 1024);
  hash(all);
  EXPECT_THAT(all[0]->digests, IsEmpty());
  EXPECT_THAT(all[2]->digests, IsEmpty());
  all[0]->only_there(100'000);
  all[2]->only_there(300'000);
  hash({all[2], all[0]});
  expect_hashed(all);
}

TEST(Md5Lanes, AMessageCanBeginAgain) {
  const Texts all = texts({1000, 2000});
  hash(all);
  all[0]->digests.clear();
  all[0]->again("another");
  hash({all[0]});
  expect_hashed(all);
}

TEST(Md5Lanes, WhatAMessageThrowsEndsIt) {
  struct Failing final : Md5Message {
    Piece read(char*) override { throw std::runtime_error("no disk"); }
    void finish(std::string) override {}
  };
  bool given = false;
  EXPECT_THROW(md5_all([&]() -> std::shared_ptr<Md5Message> {
                 return std::exchange(given, true) ? nullptr : std::make_shared<Failing>();
               }),
               std::runtime_error);
}

}  // namespace
}  // namespace trainyard
