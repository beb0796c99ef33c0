"""The report of bench/run.py: a Markdown table of medians, spreads and ratios. And the pages that
hold what the scripts of the benchmark print, between markers."""

import re
from statistics import median

# (heading, what kvload calls it)
MEASURES = [("requests/s", "rps"), ("CPU µs", "server_cpu_us"), ("p50 µs", "p50_us"),
            ("p99 µs", "p99_us"), ("p99.9 µs", "p99_9_us")]

HEADINGS = ["workload", "server", *(heading for heading, _ in MEASURES), "instructions",
            "CPU / Redis", "CPU / limit", "requests/s / Redis"]


def figure(value):
    """Three figures, and no more."""
    if value >= 100:
        digits = len(str(int(value)))
        return f"{round(value, 3 - digits) if digits > 3 else round(value):,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(values):
    """The median, and from the least to the most."""
    middle = figure(median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({figure(min(values))}–{figure(max(values))})"


def ratios(runs, other_runs, measure):
    """Of each pair of runs, ours to the other's."""
    return [a[measure] / b[measure] for a, b in zip(runs, other_runs, strict=True)]


def line_of(name, server, results):
    runs = results[server]
    cells = [name, server, *(spread([run[key] for run in runs]) for _, key in MEASURES)]
    counts = [run["instructions"] for run in runs if "instructions" in run]
    cells.append(spread(counts) if counts else "–")
    for other, measure in (("Redis", "server_cpu_us"), ("limit", "server_cpu_us"),
                           ("Redis", "rps")):
        comparable = server == "kvd" and other in results
        cells.append(spread(ratios(runs, results[other], measure)) if comparable else "")
    return "| " + " | ".join(cells) + " |"


def table(measured):
    """measured: by the row's name, by the server's name, a report of kvload for each pair."""
    lines = ["| " + " | ".join(HEADINGS) + " |",
             "|---|---|" + "---:|" * (len(HEADINGS) - 2)]
    for name, results in measured.items():
        for i, server in enumerate(results):
            lines.append(line_of(name if i == 0 else "", server, results))
    return "\n".join(lines) + "\n"


def page_with(path, script, text):
    """The page with the text between the script's markers. Ends the script where it has none."""
    marker = f"<!-- {script} -->"
    pattern = re.compile(f"({marker}\n).*?(<!-- end -->\n)", re.DOTALL)
    page, found = pattern.subn(lambda m: m[1] + text + m[2], path.read_text(encoding="utf-8"))
    if found != 1:
        raise SystemExit(f"{path} has {found} places marked {marker} … <!-- end -->, and one is "
                         "needed")
    return page
