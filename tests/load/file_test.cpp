#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/load/loading.hpp"

namespace kv {

namespace {

/// A directory for this test's files, removed at the end.
class Directory {
 public:
  Directory() {
    const char* parent = std::getenv("TMPDIR");
    path_ = std::string(parent ? parent : "/tmp") + "/load_test_XXXXXX";
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~Directory() {
    for (const std::string& file : files_) unlink(file.c_str());
    rmdir(path_.c_str());
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  const std::string& path() const { return path_; }

  std::string write(const std::string& name, std::string_view text) {
    files_.push_back(path_ + "/" + name);
    std::FILE* file = std::fopen(files_.back().c_str(), "wb");
    REQUIRE(file != nullptr);
    REQUIRE(std::fwrite(text.data(), 1, text.size(), file) == text.size());
    REQUIRE(std::fclose(file) == 0);
    return files_.back();
  }

 private:
  std::string path_;
  std::vector<std::string> files_;
};

std::string errors_in(const std::string& path, Settings& settings) {
  Diagnostics out;
  const bool loaded = load_file(path, settings, out);
  CHECK(loaded == out.empty());
  return rendered(out);
}

uint64_t keys_in(const std::string& path) {
  Settings settings;
  CHECK(errors_in(path, settings) == "");
  return settings.config.key_count;
}

}  // namespace

TEST_CASE("the extension of a file tells its format") {
  Directory directory;
  CHECK(keys_in(directory.write("a.toml", "key_count = 5\n")) == 5);
  CHECK(keys_in(directory.write("a.json", "{\"key_count\": 6}")) == 6);
}

TEST_CASE("without an extension the first byte that is no space tells the format") {
  Directory directory;
  CHECK(keys_in(directory.write("a", "# {\nkey_count = 5\n")) == 5);
  CHECK(keys_in(directory.write("b.conf", "\xef\xbb\xbf \r\n\t{\"key_count\": 6}")) == 6);
  CHECK(keys_in(directory.write("empty", "")) == 1000);
}

TEST_CASE("an extension wins over the content") {
  Directory directory;
  const std::string path = directory.write("a.json", "x");
  Settings settings;
  CHECK(errors_in(path, settings) == path +
                                         ":1:1: error: cannot parse JSON: invalid literal "
                                         "[syntax]\n"
                                         "    1 | x\n"
                                         "      | ^\n");
}

TEST_CASE("a dash is standard input") {
  Directory directory;
  const std::string path = directory.write("input", "{\"key_count\": 0,\n\"x\": 1}");
  const int saved = dup(STDIN_FILENO);
  REQUIRE(std::freopen(path.c_str(), "rb", stdin) != nullptr);
  Settings settings;
  CHECK(errors_in("-", settings) ==
        "<stdin>:2:1: error: unknown key 'x' [unknown-key]\n"
        "    2 | \"x\": 1}\n"
        "      | ^~~\n");
  CHECK(settings.config.key_count == 0);  // within what a number can be; check() judges it
  CHECK(describe(settings.origin(Option::key_count)) == "<stdin>:1");
  dup2(saved, STDIN_FILENO);
  close(saved);
}

TEST_CASE("a file that is not there, or is a directory, says so") {
  Directory directory;
  Settings settings;
  const std::string missing = directory.path() + "/missing.toml";
  CHECK(errors_in(missing, settings) ==
        missing + ": error: cannot open: No such file or directory [unreadable]\n");
  CHECK(errors_in(directory.path(), settings) ==
        directory.path() + ": error: cannot read: Is a directory [unreadable]\n");
  CHECK(errors_in("", settings) ==
        "'': error: cannot open: No such file or directory [unreadable]\n");
}

TEST_CASE("a file of more than 16 MiB is refused, one of exactly that is read") {
  Directory directory;
  Settings settings;
  std::string text = "key_count = 5\n";
  text.resize(16777216, '\n');
  CHECK(keys_in(directory.write("a.toml", text)) == 5);
  const std::string path = directory.write("b.toml", text + "\n");
  CHECK(errors_in(path, settings) ==
        path + ": error: larger than 16,777,216 bytes, which no config is [unreadable]\n");
  CHECK(errors_in("/dev/zero", settings) ==
        "/dev/zero: error: larger than 16,777,216 bytes, which no config is [unreadable]\n");
}

TEST_CASE("a second file wins over the first, and what is wrong keeps the value before") {
  Settings settings;
  Diagnostics out;
  CHECK(load_text("key_count = 5\nval_size_max = 6\n", FileFormat::toml, "a", settings, out));
  CHECK_FALSE(load_text("{\"key_count\": 7, \"val_size_max\": \"many\"}", FileFormat::json, "b",
                        settings, out));
  CHECK(settings.config.key_count == 7);
  CHECK(settings.config.val_size_max == 6);
  CHECK(describe(settings.origin(Option::key_count)) == "b:1");
  CHECK(describe(settings.origin(Option::val_size_max)) == "a:2");
}

}  // namespace kv
