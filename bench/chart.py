"""The chart of bench/run.py as SVG text: CPU per request and throughput, with Redis as 1."""

import html
import statistics

import report

ROW = 26  # pixels from one workload to the next
BAR = 12
LABELS = 250  # width of the names
PANEL = 330  # width of a panel, its figures included
TOP = 70
STYLE = """\
text { font: 12px sans-serif; fill: #222 }
.title { font-weight: bold }
.small { font-size: 11px; fill: #555 }
.bar { fill: #3572b0 }
.worse { fill: #c2562d }
.spread { stroke: #222; stroke-width: 1 }
.limit { stroke: #2a8a4a; stroke-width: 3 }
.redis { stroke: #888; stroke-dasharray: 3 3 }
"""


class Panel:
    """One measure: a bar for each workload, from 0, with its spread, the limit and Redis."""

    def __init__(self, title, measure, left, less_is_better, measured):
        self.title = title
        self.measure = measure
        self.left = left
        self.less_is_better = less_is_better
        largest = 1.0
        for results in measured.values():
            largest = max(largest, *self.ratios(results, "kvd"))
        self.scale = (PANEL - 110) / largest

    def ratios(self, results, server):
        return report.ratios(results[server], results["Redis"], self.measure)

    def x(self, ratio):
        return self.left + ratio * self.scale

    def row(self, top, results):
        ratios = self.ratios(results, "kvd")
        middle = statistics.median(ratios)
        worse = middle > 1 if self.less_is_better else middle < 1
        center = top + BAR / 2
        yield (f'<rect class="{"worse" if worse else "bar"}" x="{self.left}" y="{top}" '
               f'width="{middle * self.scale:.1f}" height="{BAR}"/>')
        yield (f'<line class="spread" x1="{self.x(min(ratios)):.1f}" y1="{center}" '
               f'x2="{self.x(max(ratios)):.1f}" y2="{center}"/>')
        if self.less_is_better and "limit" in results:
            at = self.x(statistics.median(self.ratios(results, "limit")))
            yield (f'<line class="limit" x1="{at:.1f}" y1="{top - 3}" x2="{at:.1f}" '
                   f'y2="{top + BAR + 3}"/>')
        ours = report.figure(statistics.median(run[self.measure] for run in results["kvd"]))
        end = max(self.x(max(ratios)), self.x(1)) + 6
        yield f'<text class="small" x="{end:.1f}" y="{top + 10}">{middle:.2f} ({ours})</text>'

    def frame(self, bottom):
        yield f'<text class="title" x="{self.left}" y="{TOP - 28}">{html.escape(self.title)}</text>'
        yield (f'<line class="redis" x1="{self.x(1):.1f}" y1="{TOP - 8}" x2="{self.x(1):.1f}" '
               f'y2="{bottom}"/>')
        yield (f'<text class="small" x="{self.x(1):.1f}" y="{TOP - 11}" '
               'text-anchor="middle">Redis</text>')


def svg(measured):
    """measured: as for report.table()."""
    bottom = TOP + ROW * len(measured)
    width = LABELS + 2 * PANEL
    left = LABELS + 10
    panels = [Panel("CPU per request / Redis (µs)", "server_cpu_us", left, True, measured),
              Panel("requests per second / Redis (a second)", "rps", left + PANEL, False,
                    measured)]
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{bottom + 30}" '
             f'viewBox="0 0 {width} {bottom + 30}">',
             f"<style>\n{STYLE}</style>",
             f'<rect width="{width}" height="{bottom + 30}" fill="#fff"/>',
             f'<text class="title" x="10" y="20">kvd beside Redis</text>']
    for panel in panels:
        lines += panel.frame(bottom)
    for i, (name, results) in enumerate(measured.items()):
        top = TOP + ROW * i
        lines.append(f'<text x="{LABELS}" y="{top + 10}" text-anchor="end">{html.escape(name)}'
                     "</text>")
        for panel in panels:
            lines += panel.row(top, results)
    lines.append(f'<line class="limit" x1="{left}" y1="{bottom + 8}" x2="{left}" '
                 f'y2="{bottom + 22}"/>')
    lines.append(f'<text class="small" x="{left + 8}" y="{bottom + 19}">the limit: a server that '
                 "only receives and sends. Thin lines: from least to most of the runs.</text>")
    return "\n".join([*lines, "</svg>"]) + "\n"
