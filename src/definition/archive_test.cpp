#include "definition/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/mode_testing.hpp"
#include "definition/definition_store.hpp"

namespace trainyard::definition {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Item {
  std::string path;
  std::string content;
  unsigned type = AE_IFREG;
  unsigned mode = 0644;
};

class ArchiveTest : public ::testing::Test {
 protected:
  fs::path pack(const std::vector<Item>& items, const char* password = nullptr, bool tar = false) {
    const fs::path path = dir_.path() / "model.zip";
    archive* writer = ::archive_write_new();
    if (tar) {
      ::archive_write_set_format_ustar(writer);
    } else {
      ::archive_write_set_format_zip(writer);
    }
    if (password) {
      ::archive_write_set_options(writer, "zip:encryption=traditional");
      ::archive_write_set_passphrase(writer, password);
    }
    ::archive_write_open_filename(writer, path.c_str());
    for (const Item& item : items) {
      archive_entry* entry = ::archive_entry_new();
      ::archive_entry_set_pathname_utf8(entry, item.path.c_str());
      ::archive_entry_set_filetype(entry, item.type);
      ::archive_entry_set_perm(entry, item.mode);
      if (item.type == AE_IFLNK) {
        ::archive_entry_set_symlink_utf8(entry, item.content.c_str());
      } else {
        ::archive_entry_set_size(entry, static_cast<la_int64_t>(item.content.size()));
      }
      ::archive_write_header(writer, entry);
      if (item.type == AE_IFREG) {
        ::archive_write_data(writer, item.content.data(), item.content.size());
      }
      ::archive_entry_free(entry);
    }
    ::archive_write_close(writer);
    ::archive_write_free(writer);
    return path;
  }
  fs::path file(const std::string& bytes) {
    write_file_atomic(dir_.path() / "model.zip", bytes);
    return dir_.path() / "model.zip";
  }
  static std::string refusal(const fs::path& zip, const Limits& limits = {}) {
    try {
      inspect(zip, limits);
    } catch (const Error& e) {
      return e.what();
    }
    return "taken";
  }
  TempDir dir_;
};

TEST_F(ArchiveTest, ReportsWhatIsInside) {
  const auto report =
      inspect(pack({{"net.py", "print(1)"}, {"lib/", "", AE_IFDIR}, {"lib/a.py", "x"}}), {});
  EXPECT_THAT(report.entries, SizeIs(3));
  EXPECT_TRUE(report.contains("lib/a.py"));
  EXPECT_EQ(report.unpacked, 9u);
}

TEST_F(ArchiveTest, OtherFormatsAreNamed) {
  EXPECT_THAT(refusal(file("\x1f\x8b\x08 and so on")), HasSubstr("is a gzip file; only zip"));
  EXPECT_THAT(refusal(pack({{"a", "b"}}, nullptr, true)), HasSubstr("is a tar archive"));
  EXPECT_THAT(refusal(file("7z\xbc\xaf\x27\x1c rest")), HasSubstr("is a 7z archive"));
  EXPECT_THAT(refusal(file("import tensorflow as tf\n")), HasSubstr("is a text file"));
  EXPECT_THAT(refusal(file("")), HasSubstr("is an empty file"));
  EXPECT_THAT(refusal(dir_.path()), HasSubstr("is not a file"));
}

TEST_F(ArchiveTest, EmptyAndDamagedZipsAreRefused) {
  EXPECT_THAT(refusal(pack({})), HasSubstr("holds no file"));
  EXPECT_THAT(refusal(pack({{"d/", "", AE_IFDIR}})), HasSubstr("holds no file"));
  const auto whole = read_file(pack({{"net.py", std::string(5000, 'x')}}));
  EXPECT_THAT(refusal(file(whole.substr(0, whole.size() / 2))), HasSubstr("damaged"));
  std::string code;
  for (int i = 0; i < 2000; ++i) code += std::to_string(i * 7919) + "\n";
  auto flipped = read_file(pack({{"net.py", code}}));
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x55);
  EXPECT_THAT(refusal(file(flipped)), HasSubstr("damaged"));
}

TEST_F(ArchiveTest, EncryptedZipsAreRefused) {
  EXPECT_THAT(refusal(pack({{"net.py", "secret code"}}, "password")), HasSubstr("is encrypted"));
}

TEST_F(ArchiveTest, PathsThatLeaveAreRefused) {
  EXPECT_THAT(refusal(pack({{"../x", "a"}})), HasSubstr("\"..\""));
  EXPECT_THAT(refusal(pack({{"a/../../x", "a"}})), HasSubstr("\"..\""));
  EXPECT_THAT(refusal(pack({{"/etc/x", "a"}})), HasSubstr("absolute path"));
  EXPECT_THAT(refusal(pack({{"C:x", "a"}})), HasSubstr("drive"));
  EXPECT_THAT(refusal(pack({{"l", "../out", AE_IFLNK}, {"f", "a"}})),
              HasSubstr("link that leaves"));
  EXPECT_THAT(refusal(pack({{"l", "/etc/passwd", AE_IFLNK}, {"f", "a"}})),
              HasSubstr("link that leaves"));
  EXPECT_EQ(refusal(pack({{"d/l", "../f", AE_IFLNK}, {"f", "a"}})), "taken");
}

// The bytes are patched: libarchive writes a name only when the test's own locale has it.
TEST_F(ArchiveTest, Utf8NamesAreTakenInEveryLocale) {
  auto bytes = read_file(pack({{"xx.py", "print(1)"}}));
  for (const char* magic : {"PK\x03\x04", "PK\x01\x02"}) {
    const auto at = bytes.find(magic);
    const auto flags = at + (magic[2] == '\x03' ? 6 : 8);
    bytes[flags + 1] = static_cast<char>(bytes[flags + 1] | 0x08);
    bytes.replace(bytes.find("xx.py", at), 2, "\xC3\xA9");
  }
  EXPECT_TRUE(inspect(file(bytes), {}).contains("\xC3\xA9.py"));
  extract(file(bytes), dir_.path(), {});
  EXPECT_EQ(read_file(dir_.path() / "\xC3\xA9.py"), "print(1)");
}

TEST_F(ArchiveTest, NamesThatNoFileCanHaveAreRefused) {
  EXPECT_EQ(refusal(pack({{std::string(255, 'n'), "a"}})), "taken");
  EXPECT_THAT(refusal(pack({{"d/" + std::string(256, 'n'), "a"}})), HasSubstr("over-long name: n"));
}

TEST_F(ArchiveTest, BackslashesOfWindowsPackersAreFolders) {
  EXPECT_TRUE(inspect(pack({{"lib\\net.py", "a"}}), {}).contains("lib/net.py"));
}

TEST_F(ArchiveTest, NamesOnceAndNoFileWhereAFolderIs) {
  EXPECT_THAT(refusal(pack({{"a", "1"}, {"a", "2"}})), HasSubstr("has the name a twice"));
  EXPECT_THAT(refusal(pack({{"a", "1"}, {"./a", "2"}})), HasSubstr("has the name a twice"));
  EXPECT_THAT(refusal(pack({{"a", "1"}, {"a/b", "2"}})), HasSubstr("has the name a twice"));
}

TEST_F(ArchiveTest, LimitsHold) {
  const auto zip = pack({{"a", std::string(100'000, 'x')}, {"b", "y"}});
  EXPECT_THAT(refusal(zip, {.max_size = 10}), HasSubstr("more than the 10 B allowed"));
  EXPECT_THAT(refusal(zip, {.max_unpacked = 1000}), HasSubstr("unpacks to more"));
  EXPECT_THAT(refusal(zip, {.max_entries = 1}), HasSubstr("more than the 1 entries"));
  const auto bomb = pack({{"a", std::string(64u << 20, '\0')}});
  EXPECT_THAT(refusal(bomb, {.max_ratio = 50}), HasSubstr("50 times its size"));
}

TEST_F(ArchiveTest, ExtractsWithExecutableBitAndNothingElse) {
  const auto zip = pack({{"run.sh", "#!/bin/sh", AE_IFREG, 04777},
                         {"lib/net.py", "x = 1", AE_IFREG, 0600},
                         {"lib/link", "net.py", AE_IFLNK}});
  make_private_dir(dir_.path() / "out");
  const Umask mask(077);
  extract(zip, dir_.path() / "out", {});
  EXPECT_EQ(read_file(dir_.path() / "out/lib/net.py"), "x = 1");
  EXPECT_EQ(fs::read_symlink(dir_.path() / "out/lib/link"), "net.py");
  EXPECT_EQ(mode_of(dir_.path() / "out/run.sh"), 0755u);
  EXPECT_EQ(mode_of(dir_.path() / "out/lib"), 0755u);
  EXPECT_EQ(mode_of(dir_.path() / "out/lib/net.py"), 0644u);
}

TEST_F(ArchiveTest, ALinkIsNeverWrittenThrough) {
  make_private_dir(dir_.path() / "out");
  make_private_dir(dir_.path() / "victim");
  fs::create_directory_symlink(dir_.path() / "victim", dir_.path() / "out/d");
  EXPECT_THROW(extract(pack({{"d/x", "a"}}), dir_.path() / "out", {}), Error);
  EXPECT_TRUE(fs::is_empty(dir_.path() / "victim"));
}

TEST_F(ArchiveTest, TheCommandsProgramIsLookedFor) {
  const auto report = inspect(pack({{"convolutional_network.py", "x"}, {"lib/train.py", "y"}}), {});
  EXPECT_EQ(check_command(report, "python3 convolutional_network.py --a ${DATA_DIR}/x.py"),
            std::nullopt);
  EXPECT_THAT(*check_command(report, "python3 convolutional_netwrk.py"),
              HasSubstr("did you mean convolutional_network.py?"));
  EXPECT_THAT(*check_command(report, "python3 train.py"), HasSubstr("did you mean lib/train.py?"));
  EXPECT_EQ(check_command(report, "cd lib && python3 train.py"), std::nullopt);
  EXPECT_EQ(check_command(report, "python3 -m lib.train"), std::nullopt);
}

TEST_F(ArchiveTest, TheStoreKeepsEqualContentOnceAndNothingOfABadOne) {
  const auto zip = read_file(pack({{"net.py", "x"}}));
  auto store = open_definition_store(dir_.path() / "store", {});
  std::string sha;
  for (int i = 0; i < 2; ++i) {
    auto upload = store->begin_upload();
    upload->write(zip.substr(0, 10));
    upload->write(zip.substr(10));
    sha = upload->commit().sha256;
  }
  EXPECT_TRUE(store->contains(sha));
  EXPECT_EQ(read_file(store->path(sha)), zip);
  auto bad = store->begin_upload();
  bad->write("import this\n");
  EXPECT_THROW(bad->commit(), Error);
  bad.reset();
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path() / "store"), fs::directory_iterator()),
            1);
}

TEST_F(ArchiveTest, SweepLeavesWhatIsUsedAndWhatIsYoung) {
  auto store = open_definition_store(dir_.path() / "store", {});
  const auto put = [&](const char* content) {
    auto upload = store->begin_upload();
    upload->write(read_file(pack({{"net.py", content}})));
    return upload->commit().sha256;
  };
  const auto used = put("1"), old = put("2"), young = put("3");
  for (const auto& sha : {used, old}) {
    fs::last_write_time(store->path(sha), fs::file_time_type::clock::now() - std::chrono::hours(2));
  }
  store->sweep({used});
  EXPECT_TRUE(store->contains(used));
  EXPECT_FALSE(store->contains(old));
  EXPECT_TRUE(store->contains(young));
}

}  // namespace
}  // namespace trainyard::definition
