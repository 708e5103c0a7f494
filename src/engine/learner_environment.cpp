#include "engine/learner_environment.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace trainyard::engine {

namespace {

constexpr std::array<std::string_view, 34> kNames = {
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR",
    // proxies, which programs read in both spellings
    "http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
    "FTP_PROXY", "ALL_PROXY", "NO_PROXY",
    // certificates
    "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
    // GPUs
    "LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
    // container engines
    "DOCKER_HOST", "DOCKER_CONFIG", "CONTAINER_HOST", "CONTAINERS_CONF",
    "DBUS_SESSION_BUS_ADDRESS"};
constexpr std::array<std::string_view, 2> kPrefixes = {"LC_", "XDG_"};

bool passes(std::string_view name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

std::map<std::string, std::string> learner_environment(
    const std::map<std::string, std::string>& service) {
  std::map<std::string, std::string> result{
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"LANG", "C.UTF-8"}};
  for (const auto& [name, value] : service)
    if (passes(name)) result.insert_or_assign(name, value);
  return result;
}

}  // namespace trainyard::engine
