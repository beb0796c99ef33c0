// The plot of a sweep: stacked areas, axes with round ticks, a legend, one panel for each
// value of the second axis. Coordinates are tenths of a pixel, computed in integers.
#include <fmt/format.h>

#include <algorithm>

#include "planner/escape.hpp"
#include "planner/number_text.hpp"
#include "planner/sweep_report.hpp"

namespace kv {

namespace {

__extension__ using Wide = unsigned __int128;

/// Colours that stay apart for most kinds of colour blindness (Okabe and Ito, Tol).
constexpr std::string_view colors[] = {"#0072b2", "#56b4e9", "#009e73", "#e69f00", "#d55e00",
                                       "#cc79a7", "#999999", "#f0e442", "#332288", "#44aa99"};
constexpr std::string_view outside_color = "#dddddd";

/// In tenths of a pixel.
struct Box {
  uint64_t left, top, width, height;
  uint64_t right() const { return left + width; }
  uint64_t bottom() const { return top + height; }
};

std::string px(uint64_t tenths) {
  return tenths % 10 == 0 ? std::to_string(tenths / 10)
                          : fmt::format("{}.{}", tenths / 10, tenths % 10);
}

std::string text_at(uint64_t x, uint64_t y, std::string_view attributes, std::string_view text) {
  return fmt::format("<text x=\"{}\" y=\"{}\" {}>{}</text>\n", px(x), px(y), attributes,
                     xml_text(text));
}

std::string line_at(uint64_t x1, uint64_t y1, uint64_t x2, uint64_t y2,
                    std::string_view attributes) {
  return fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>\n", px(x1), px(y1), px(x2),
                     px(y2), attributes);
}

/// A scale of round numbers: multiples of `step`, which is 1, 2 or 5 times a power of ten, in
/// the largest unit that leaves a few of them.
struct Scale {
  uint64_t unit = 1;
  std::string_view unit_name;
  uint64_t step = 1;  ///< in bytes or counts, a multiple of the unit

  std::string label(uint64_t value) const {
    return fmt::format("{}{}{}", grouped(value / unit), unit_name.empty() ? "" : " ", unit_name);
  }
};

Scale scale_of(uint64_t range, uint64_t most, bool bytes, uint64_t steps_max) {
  Scale scale;
  constexpr std::pair<std::string_view, uint64_t> units[] = {
      {"B", 1}, {"KiB", kibibyte}, {"MiB", mebibyte}, {"GiB", gibibyte}, {"TiB", tebibyte}};
  for (const auto& [name, unit] : units) {
    if (bytes && (unit == 1 || (range / unit >= 4 && most / unit >= 4))) {
      scale.unit = unit;
      scale.unit_name = name;
    }
  }
  const uint64_t units_in_range = range / scale.unit;
  uint64_t power = 1;
  for (uint64_t step = 1; units_in_range / step > steps_max;) {
    const uint64_t lead = step / power;
    step = lead == 1 ? 2 * power : lead == 2 ? 5 * power : 10 * power;
    if (lead == 5) power *= 10;
    scale.step = step;
  }
  scale.step *= scale.unit;
  return scale;
}

struct Layer {
  std::string_view name;
  std::string_view color;
  int component = -1;  ///< -1 for all that is outside of the arena
};

uint64_t bytes_of(const SweepPoint& point, const Layer& layer) {
  if (layer.component >= 0) return point.components[static_cast<uint64_t>(layer.component)];
  return point.container_bytes - point.arena_bytes;
}

class Plot {
 public:
  explicit Plot(const Sweep& sweep) : sweep_(sweep) {
    for (const SweepPoint& point : sweep.points) most_ = std::max(most_, point.container_bytes);
    const SweepAxis& axis = sweep.axes[0];
    const bool bytes = option_info(axis.option).kind == OptionKind::bytes;
    many_ = sweep.columns() > 1;
    y_scale_ = scale_of(most_, most_, /*bytes=*/true, many_ ? 5 : 8);
    top_ = (most_ + y_scale_.step - 1) / y_scale_.step * y_scale_.step;
    top_ = std::max<uint64_t>(top_, 1);
    x_scale_ = scale_of(axis.values.back() - axis.values.front(), axis.values.back(), bytes,
                        many_ ? 3 : 8);
    find_layers();
  }

  std::string draw();

 private:
  void find_layers();
  std::string panel(const Box& box, uint64_t second, bool with_y_labels) const;
  std::string frame(const Box& box, bool with_y_labels) const;
  std::string areas(const Box& box, uint64_t second) const;
  std::string run(const Box& box, uint64_t second, uint64_t begin, uint64_t end) const;
  std::string legend(uint64_t x, uint64_t y) const;

  uint64_t x_of(const Box& box, uint64_t value) const {
    const std::vector<uint64_t>& values = sweep_.axes[0].values;
    const uint64_t range = values.back() - values.front();
    if (range == 0) return box.left + box.width / 2;
    return box.left + static_cast<uint64_t>(Wide(value - values.front()) * box.width / range);
  }
  uint64_t y_of(const Box& box, uint64_t bytes) const {
    return box.bottom() - static_cast<uint64_t>(Wide(bytes) * box.height / top_);
  }

  const Sweep& sweep_;
  std::vector<Layer> layers_;  ///< from the bottom
  uint64_t most_ = 0;
  uint64_t top_ = 0;  ///< bytes at the upper end of the axis
  Scale x_scale_;
  Scale y_scale_;
  bool many_ = false;
};

void Plot::find_layers() {
  for (const ComponentInfo& info : components) {
    const auto index = static_cast<uint64_t>(info.id);
    const bool any = std::any_of(sweep_.points.begin(), sweep_.points.end(),
                                 [&](const SweepPoint& p) { return p.components[index] > 0; });
    if (any) {
      layers_.push_back({info.name, colors[index % std::size(colors)], static_cast<int>(index)});
    }
  }
  layers_.push_back({"outside of the arena", outside_color, -1});
}

/// The axes with their ticks and labels.
std::string Plot::frame(const Box& box, bool with_y_labels) const {
  std::string out;
  for (uint64_t bytes = 0; bytes <= top_; bytes += y_scale_.step) {
    const uint64_t y = y_of(box, bytes);
    out += line_at(box.left, y, box.right(), y, "stroke=\"#e5e5e5\"");
    if (with_y_labels) {
      out += text_at(box.left - 80, y + 40, "text-anchor=\"end\"", y_scale_.label(bytes));
    }
  }
  const std::vector<uint64_t>& values = sweep_.axes[0].values;
  const uint64_t step = x_scale_.step;
  const uint64_t first = (values.front() + step - 1) / step * step;
  for (uint64_t value = first; value <= values.back(); value += step) {
    const uint64_t x = x_of(box, value);
    out += line_at(x, box.bottom(), x, box.bottom() + 50, "stroke=\"#333333\"");
    out += text_at(x, box.bottom() + 190, "text-anchor=\"middle\"", x_scale_.label(value));
  }
  return out;
}

/// The areas of values that follow one another and all have a plan. A single one is drawn as a
/// bar of four pixels.
std::string Plot::run(const Box& box, uint64_t second, uint64_t begin, uint64_t end) const {
  std::string out;
  const bool single = end - begin == 1;
  std::vector<uint64_t> below(end - begin, 0);
  for (const Layer& layer : layers_) {
    std::string upper;
    std::string lower;
    for (uint64_t i = begin; i < end; ++i) {
      const uint64_t x = x_of(box, sweep_.axes[0].values[i]);
      const uint64_t above = below[i - begin] + bytes_of(sweep_.at(i, second), layer);
      const std::string high = px(y_of(box, above));
      const std::string low = px(y_of(box, below[i - begin]));
      if (single) {
        upper = fmt::format("{},{} {},{} ", px(x - 20), high, px(x + 20), high);
        lower = fmt::format("{},{} {},{} ", px(x + 20), low, px(x - 20), low);
      } else {
        upper += fmt::format("{},{} ", px(x), high);
        lower = fmt::format("{},{} ", px(x), low) + lower;
      }
      below[i - begin] = above;
    }
    lower.pop_back();
    out += fmt::format("<polygon fill=\"{}\" points=\"{}{}\"/>\n", layer.color, upper, lower);
  }
  return out;
}

std::string Plot::areas(const Box& box, uint64_t second) const {
  std::string out;
  const uint64_t count = sweep_.axes[0].values.size();
  for (uint64_t begin = 0; begin < count;) {
    uint64_t end = begin;
    while (end < count && sweep_.at(end, second).planned) ++end;
    if (end > begin) out += run(box, second, begin, end);
    begin = std::max(end, begin + 1);
  }
  return out;
}

std::string Plot::panel(const Box& box, uint64_t second, bool with_y_labels) const {
  std::string out = frame(box, with_y_labels) + areas(box, second);
  out += line_at(box.left, box.top, box.left, box.bottom(), "stroke=\"#333333\"");
  out += line_at(box.left, box.bottom(), box.right(), box.bottom(), "stroke=\"#333333\"");
  if (many_) {
    out += text_at(box.left + box.width / 2, box.top - 80, "text-anchor=\"middle\"",
                   fmt::format("{} = {}", option_info(sweep_.axes[1].option).key,
                               grouped(sweep_.axes[1].values[second])));
  }
  return out;
}

/// In the order of the stack, the uppermost first.
std::string Plot::legend(uint64_t x, uint64_t y) const {
  std::string out;
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{}\"/>\n", px(x),
                       px(y), layer->color);
    out += text_at(x + 190, y + 105, "", layer->name);
    y += 200;
  }
  return out;
}

std::string Plot::draw() {
  const OptionInfo& option = option_info(sweep_.axes[0].option);
  const uint64_t panels = sweep_.columns();
  const uint64_t columns = many_ ? std::min<uint64_t>(panels, 3) : 1;
  const uint64_t rows = (panels + columns - 1) / columns;
  const Box first = {1000, 900, many_ ? 2200ULL : 6000ULL, many_ ? 1700ULL : 3600ULL};
  const uint64_t across = first.width + 400;
  const uint64_t down = first.height + 700;
  const uint64_t plots_right = first.left + columns * across - 400;
  const uint64_t width = plots_right + 2100;
  const uint64_t bottom = first.top + (rows - 1) * down + first.height;
  const uint64_t height = std::max<uint64_t>(bottom + 650, first.top + 200 * layers_.size() + 200);

  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\" "
      "role=\"img\">\n",
      px(width), px(height));
  const std::string title = fmt::format(
      "Memory of kvd by {}{}", option.key,
      many_ ? fmt::format(" and {}", option_info(sweep_.axes[1].option).key) : std::string());
  out += fmt::format("<title>{}</title>\n", xml_text(title));
  out +=
      fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>\n", px(width), px(height));
  out += text_at(first.left, 400, "font-size=\"17\" font-weight=\"bold\"", title);
  for (uint64_t i = 0; i < panels; ++i) {
    const Box box = {first.left + i % columns * across, first.top + i / columns * down, first.width,
                     first.height};
    out += panel(box, i, /*with_y_labels=*/i % columns == 0);
  }
  const std::string x_title =
      std::string(option.key) + (option.kind == OptionKind::bytes ? " (bytes)" : "");
  out += text_at((first.left + plots_right) / 2, bottom + 480, "text-anchor=\"middle\"", x_title);
  const uint64_t middle = (first.top + bottom) / 2;
  out += fmt::format(
      "<text transform=\"translate(18 {}) rotate(-90)\" text-anchor=\"middle\">bytes, up to the "
      "container limit</text>\n",
      px(middle));
  out += legend(plots_right + 250, first.top);
  return out + "</svg>\n";
}

}  // namespace

std::string sweep_svg(const Sweep& sweep) { return Plot(sweep).draw(); }

}  // namespace kv
