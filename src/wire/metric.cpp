#include "wire/metric.hpp"

#include <cmath>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"
#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"
#include "wire/parts.hpp"

namespace trainyard::wire {
namespace {

// Values are texts with a type beside them; a bare number will do too. nullopt for anything else.
std::optional<double> number_of(const nlohmann::json& node) {
  const auto& value = node.is_object() && node.contains("value") ? node.at("value") : node;
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::string short_text(std::string text) {
  return text.size() <= kMostMetricText ? std::move(text) : printable(text, kMostMetricText);
}

std::string timestamp_of(const JsonObject& in, const std::optional<JsonObject>& times) {
  if (times) {
    const auto stamp = times->optional_object("time_stamp");
    if (stamp) return stamp->text_or_empty("value");
  }
  const auto meta = in.optional_object("meta");
  const auto millis = meta ? meta->optional_number<std::int64_t>("time") : std::nullopt;
  return millis ? format_millis(TimePoint(Milliseconds(*millis))) : "";
}

std::optional<Metric> read(const JsonObject& in) {
  Metric metric;
  const auto times = in.optional_object("etimes");
  metric.timestamp = short_text(timestamp_of(in, times));
  metric.phase = short_text(in.text_or_empty("grouplabel"));
  if (times && times->has("iteration")) {
    const auto iteration = number_of(times->tree().at("iteration"));
    if (iteration && std::abs(*iteration) < 9e15) {
      metric.iteration = static_cast<std::int64_t>(*iteration);
    }
  }
  for (const auto& [name, node] : in.object("values").tree().items()) {
    if (const auto value = number_of(node)) metric.values.emplace_back(short_text(name), *value);
  }
  if (metric.values.empty()) return std::nullopt;
  return metric;
}

void write_value(JsonWriter& out, const std::pair<std::string, double>& value) {
  out.begin_object().field("name", value.first).field("value", value.second).end_object();
}

std::size_t encoded_size(const std::pair<std::string, double>& value) {
  JsonWriter out;
  write_value(out, value);
  return out.take().size();
}

}  // namespace

std::optional<Metric> parse_metric_line(std::string_view line) {
  try {
    return read(JsonObject::parse(line, "metric", kMaxMetricLine));
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string encode(const Metric& metric) {
  JsonWriter out;
  out.begin_object()
      .field("timestamp", metric.timestamp)
      .field("iteration", metric.iteration)
      .field("phase", metric.phase)
      .key("values")
      .begin_array();
  for (const auto& value : metric.values) write_value(out, value);
  out.end_array().end_object();
  return out.take();
}

std::vector<Metric> in_pieces(const Metric& metric, std::size_t most_bytes) {
  const Metric head{metric.timestamp, metric.iteration, metric.phase, {}};
  const std::size_t head_size = encode(head).size();
  std::vector<Metric> pieces;
  std::size_t size = 0;  // of the last piece
  for (const auto& value : metric.values) {
    const std::size_t more = encoded_size(value) + 1;
    if (pieces.empty() || size + more > most_bytes) {
      pieces.push_back(head);
      size = head_size;
    }
    pieces.back().values.push_back(value);
    size += more;
  }
  return pieces;
}

std::string encode(const std::vector<Metric>& metrics) {
  JsonWriter out;
  out.begin_array();
  for (const Metric& metric : metrics) out.raw(encode(metric));
  out.end_array();
  return out.take();
}

std::vector<Metric> read_metrics(const JsonObject& status) {
  std::vector<Metric> metrics;
  for (const JsonObject& in : status.objects("metrics")) {
    Metric& metric = metrics.emplace_back();
    metric.timestamp = in.text_or_empty("timestamp");
    metric.iteration = in.optional_number<std::int64_t>("iteration").value_or(0);
    metric.phase = in.text_or_empty("phase");
    for (const JsonObject& value : in.objects("values")) {
      metric.values.emplace_back(value.text("name"), value.optional_real("value").value_or(0));
    }
  }
  return metrics;
}

}  // namespace trainyard::wire
