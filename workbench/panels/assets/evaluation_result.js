// What an evaluation found. Texts, names and servers' words reach the page as text, never as HTML.

function table(name, head, rows) {
  return h("div", { class: "ewb-scroll ewb-wide-table", tabIndex: 0, role: "region", "aria-label": name },
    h("table", { class: `ewb-table ewb-${name.toLowerCase().replace(/ /g, "-")}` }, h("thead", {}, h("tr", {}, head.map((word) => h("th", { scope: "col" }, word)))), h("tbody", {}, rows)));
}

function card(title, ...inner) {
  return h("section", { class: "ewb-card", "aria-label": title }, h("div", { class: "ewb-head" }, h("h3", {}, title)), ...inner);
}

function pairs(list) {
  return h("dl", { class: "ewb-pairs" }, list.flatMap(([word, text]) => [h("dt", {}, word), h("dd", {}, text)]));
}

// How far it is, and the exports.
class StatusView {
  constructor(model) {
    this.model = model;
    this.id = `ewb${Math.random().toString(36).slice(2)}`;
    this.tools = h("span", { class: "ewb-tools", role: "group", "aria-label": "Export" }, h("span", { class: "ewb-label" }, "Export"),
      model.get("options").exports.map(([form, label]) =>
        h("button", { class: `ewb-button ewb-copy ewb-export-${form}`, title: `Download as ${label}`, onclick: () => model.send({ do: "export", form, id: this.id }) }, label)));
    this.bar = h("progress", { class: "ewb-progress", max: 1, "aria-label": "Progress" });
    this.line = h("div", { class: "ewb-status", role: "status", "aria-live": "polite" });
    this.lost = h("ul", { class: "ewb-problems ewb-lost" });
    this.el = h("section", { class: "ewb-card ewb-evaluated", "aria-label": "Evaluation" },
      h("div", { class: "ewb-head" }, h("h3", {}, "Evaluation"), h("span", { class: "ewb-sub" }), this.tools), this.bar, this.line, this.lost);
    model.watch("status result", () => this.show());
    model.on("msg:custom", (message, buffers) => {
      if (message.type === "file" && message.id === this.id) download(message.name, message.mime, buffers[0]);
    });
  }

  show() {
    const { phase, message, details, done, total } = this.model.get("status");
    const { lost, scores } = this.model.get("result");
    this.tools.hidden = !scores;
    this.bar.hidden = phase !== "evaluating";
    if (total) this.bar.value = done / total; else this.bar.removeAttribute("value");
    this.line.className = `ewb-status ewb-${phase === "partial" ? "error" : phase}`;
    this.line.dataset.phase = phase;
    this.line.hidden = phase === "done";
    const counted = phase === "evaluating" && total ? ` ${done.toLocaleString("en")} of ${total.toLocaleString("en")}` : "";
    fill(this.line, (message || "Nothing was evaluated yet: tick what to compare, then press Evaluate.") + counted,
      details ? h("details", {}, h("summary", {}, "traceback"), h("pre", { class: "ewb-trace" }, details)) : null);
    fill(this.lost, (lost ?? []).map((words) => h("li", {}, words)));
    this.lost.hidden = !lost?.length;
  }
}

class ScoresView {
  constructor(model) {
    this.model = model;
    this.el = h("div", { class: "ewb-scores" });
    model.watch("result", () => this.show());
  }

  show() {
    const { scores, embedders, brackets } = this.model.get("result");
    if (!scores) return fill(this.el);
    const head = ["task", "measure", "items", ...embedders];
    const main = scores.filter((row) => row.main);
    const rest = scores.filter((row) => !row.main);
    fill(this.el, card("Scores", table("Main scores", head, main.map((row) => this.row(row))),
      h("div", { class: "ewb-hint" }, brackets),
      rest.length ? h("details", { class: "ewb-codebox ewb-allscores" }, h("summary", {}, `All ${rest.length} further scores`), table("Further scores", head, rest.map((row) => this.row(row)))) : null));
  }

  row({ task, metric, group, n, note, cells }) {
    return h("tr", {}, h("td", { class: "ewb-fit" }, task), h("td", { class: "ewb-measure" }, metric, group ? h("span", { class: "ewb-faint" }, ` · ${group}`) : null,
      note ? h("details", { class: "ewb-why" }, h("summary", { "aria-label": `About ${metric}` }, "ⓘ"), h("div", { class: "ewb-faint" }, note)) : null),
    h("td", { class: "ewb-num" }, n), cells.map((cell) => h("td", { class: "ewb-cell" },
      cell ? [h("b", {}, cell.value), h("span", { class: "ewb-faint" }, cell.interval)] : h("span", { class: "ewb-faint" }, "not finished"))));
  }
}

class DifferencesView {
  constructor(model) {
    this.el = h("div", {});
    model.watch("result", () => {
      const { differences } = model.get("result");
      fill(this.el, differences?.length ? card("Differences", table("Differences", ["task", "embedders", "difference", "what it comes to", "won / lost / level"], differences.map(this.row))) : null);
    });
  }

  row({ task, metric, pair, value, interval, apart, verdict, counts }) {
    return h("tr", {}, h("td", {}, task, h("span", { class: "ewb-faint" }, ` · ${metric}`)), h("td", {}, pair),
      h("td", { class: "ewb-cell" }, h("b", {}, value), h("span", { class: "ewb-faint" }, interval)),
      h("td", { class: apart ? "ewb-apart" : "ewb-notapart" }, h("b", { "aria-hidden": "true" }, apart ? "≠ " : "≈ "), verdict), h("td", { class: "ewb-num" }, counts));
  }
}

class CostView {
  constructor(model) {
    this.el = h("div", {});
    const head = ["embedder", "one text alone, ms: median / p95", "a text in batches, ms: median / p95", "texts in batches", "weights", "peak memory", "peak GPU memory", "one vector"];
    model.watch("result", () => {
      const { cost } = model.get("result");
      fill(this.el, cost?.length ? card("Cost", table("Cost", head, cost.map(({ label, cells }) => h("tr", {}, h("td", {}, label), cells.map((cell) => h("td", { class: "ewb-num" }, cell))))),
        cost.some(({ notes }) => notes.length) ? h("ul", { class: "ewb-notes" }, cost.flatMap(({ label, notes }) => notes.map((note) => h("li", {}, `${label}: ${note}`)))) : null) : null);
    });
  }
}

// The figures, and what they are drawn of.
class PicturesView {
  constructor(model) {
    this.model = model;
    const ask = () => this.ask();
    const pick = (name, label) => h("select", { class: `ewb-pick-${name}`, "aria-label": label, onchange: ask });
    this.task = pick("task", "Task of the cost figure");
    this.clock = pick("clock", "Which time");
    this.duel = pick("duel", "Task of the comparison");
    this.first = pick("first", "The one");
    this.second = pick("second", "The other");
    fill(this.clock, h("option", { value: "single" }, "one text alone"), h("option", { value: "batch" }, "in full batches"));
    this.panes = {
      scores: this.pane("Scores by task", []), cost: this.pane("Quality against cost", [this.task, this.clock]),
      wins: this.pane("Item by item", [this.duel, this.first, h("span", {}, "less"), this.second]),
    };
    this.el = h("div", { class: "ewb-pictures" }, Object.values(this.panes).map(({ el }) => el));
    this.plots = {};
    model.watch("result", () => this.fill());
    model.watch("pictures", () => this.show());
  }

  pane(title, tools) {
    const plot = h("div", { class: "ewb-plot", role: "img", "aria-label": title });
    const why = h("div", { class: "ewb-hint" });
    return { plot, why, el: h("section", { class: "ewb-card", "aria-label": title }, h("div", { class: "ewb-head" }, h("h3", {}, title)), h("div", { class: "ewb-row ewb-picks" }, tools), why, plot) };
  }

  start(plotly) {
    for (const [name, { plot }] of Object.entries(this.panes)) this.plots[name] = new Plot(plot, plotly, {});
    this.show();
  }

  fill() {
    const { embedders, tasks, winnable, cost, scores } = this.model.get("result");
    this.el.hidden = !scores;
    if (!scores) return;
    const options = (select, names, at = 0) => {
      const held = names.includes(select.value) ? select.value : names[Math.min(at, names.length - 1)] ?? "";
      fill(select, names.map((name) => h("option", { value: name }, name)));
      select.value = held;
    };
    options(this.task, tasks);
    options(this.duel, winnable);
    options(this.first, embedders);
    options(this.second, embedders, 1);
    if (this.first.value === this.second.value) this.second.value = embedders.find((name) => name !== this.first.value) ?? "";
    this.panes.cost.el.hidden = !cost.length;
    this.panes.wins.el.hidden = embedders.length < 2 || !winnable.length;
    this.ask();
  }

  ask() {
    this.model.send({ do: "draw", form: { task: this.task.value, clock: this.clock.value, duel: this.duel.value, first: this.first.value, second: this.second.value } });
  }

  show() {
    const { why, ...figures } = this.model.get("pictures");
    for (const [name, pane] of Object.entries(this.panes)) {
      pane.why.textContent = why?.[name] ?? "";
      pane.plot.hidden = !figures[name];
      if (!figures[name] || !this.plots[name]) continue;
      const figure = decode(figures[name]);
      pane.plot.style.height = figure.layout.height ? `${figure.layout.height}px` : "";
      this.plots[name].draw(figure).then(() => { pane.plot.dataset.drawn = "yes"; });
    }
  }

  stop() {
    Object.values(this.plots).forEach((plot) => plot.stop());
  }
}

class FailuresView {
  constructor(model) {
    this.model = model;
    this.embedder = h("select", { class: "ewb-pick-failing", "aria-label": "Embedder", onchange: () => this.show() });
    this.task = h("select", { class: "ewb-pick-failed", "aria-label": "Task", onchange: () => this.show() });
    this.words = h("span", { class: "ewb-faint" });
    this.rows = h("div", { class: "ewb-failures" });
    this.el = h("section", { class: "ewb-card", "aria-label": "Failures" }, h("div", { class: "ewb-head" }, h("h3", {}, "Failures")),
      h("div", { class: "ewb-row ewb-picks" }, this.embedder, this.task, this.words), this.rows);
    model.watch("result", () => {
      const { failures, embedders, tasks } = model.get("result");
      this.el.hidden = !failures?.length;
      if (!failures) return;
      for (const [select, names] of [[this.embedder, embedders], [this.task, tasks]]) {
        const held = select.value;
        fill(select, names.map((name) => h("option", { value: name }, name)));
        select.value = names.includes(held) ? held : names[0] ?? "";
      }
      this.show();
    });
  }

  show() {
    const found = this.model.get("result").failures.find(({ label, task }) => label === this.embedder.value && task === this.task.value);
    const shown = found?.rows.length ?? 0;
    this.words.textContent = !found ? "This task was not finished." : !found.failed ? `None of ${found.n.toLocaleString("en")}.`
      : `${found.failed.toLocaleString("en")} of ${found.n.toLocaleString("en")} items; ${shown < found.failed ? `the worst ${shown}` : "all"} below, worst first.`;
    fill(this.rows, (found?.rows ?? []).map(({ item, says, texts }) => h("details", { class: "ewb-failure" },
      h("summary", {}, h("span", { class: "ewb-probe" }, oneLine(item, 40)), h("span", { class: "ewb-said" }, says), h("span", { class: "ewb-faint ewb-asked" }, oneLine(texts[0]?.[1] ?? ""))),
      pairs(texts))));
  }
}

class RecordView {
  constructor(model) {
    this.el = h("div", {});
    model.watch("result", () => {
      const { record, code } = model.get("result");
      fill(this.el, !record ? null : card("Record", record.map(({ label, facts, tasks }) => h("details", { class: "ewb-codebox ewb-facts-of" }, h("summary", {}, label), pairs(facts),
        tasks.map((one) => h("div", { class: "ewb-taskfacts" }, h("span", { class: "ewb-label" }, one.task), pairs(one.facts))))),
      h("details", { class: "ewb-codebox ewb-code-of" }, h("summary", {}, "Code that does this"), h("div", { class: "ewb-codes" }, copyable("Python", code)))));
    });
  }
}
