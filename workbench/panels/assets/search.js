// The search panel: embedder, passages and instruction on the left; query, rankings, labels on the right.

class SearchForm {
  constructor(model) {
    this.model = model;
    this.embedder = h("select", { class: "ewb-embedder", onchange: () => this.showPrompts() });
    this.about = h("div", { class: "ewb-hint" });
    this.texts = h("textarea", { class: "ewb-texts ewb-passages", rows: 9, spellcheck: false, "aria-label": "Passages", placeholder: "One passage a line: 中文, English, code", oninput: () => { this.dirty = true; } });
    this.mode = h("select", { class: "ewb-mode", "aria-label": "Split", onchange: () => { this.dirty = true; } }, [["lines", "a passage a line"], ["blocks", "blocks"], ["jsonl", "JSONL"], ["csv", "CSV"], ["tsv", "TSV"]].map(([value, text]) => h("option", { value }, text)));
    const { samples, spec } = model.get("options");
    this.spec = spec;
    this.sample = h("select", { class: "ewb-sample", "aria-label": "Sample", onchange: () => { model.send({ do: "sample", name: this.sample.value }); this.sample.value = ""; } },
      ["", ...samples].map((name) => h("option", { value: name }, name || "sample…")));
    this.file = h("input", { type: "file", class: "ewb-file", accept: ".txt,.md,.csv,.tsv,.jsonl,.json,.parquet", "aria-label": "A file of passages", onchange: () => this.upload() });
    this.words = h("span", { class: "ewb-source" });
    this.issues = h("details", { class: "ewb-issues", hidden: true });
    this.prompt = h("select", { class: "ewb-instruction", onchange: () => { this.own.hidden = this.prompt.value !== "own"; if (!this.own.hidden) this.own.focus(); } });
    this.own = h("textarea", { class: "ewb-own", rows: 2, spellcheck: false, hidden: true, "aria-label": "Own instruction or prefix", placeholder: "Given a question, find the passage that answers it" });
    this.k = h("input", { type: "text", class: "ewb-k", inputMode: "numeric", value: "10" });
    const list = { ticked: { add: (name) => { this.spec = name; } }, entries: [], show: () => this.showChoices() };
    this.el = h("section", { class: "ewb-card ewb-left", "aria-label": "What is searched" },
      labelled("Embedder", this.embedder), this.about, new EmbedderAdder(model, list).el,
      h("div", { class: "ewb-label" }, "Passages ", this.words), this.texts, h("div", { class: "ewb-row" }, this.mode, this.sample), this.file, this.issues,
      labelled("Instruction before the query", this.prompt, "With one, rankings without it and with it stand side by side"), this.own,
      h("label", { class: "ewb-check" }, "passages shown", this.k));
    model.watch("choices", () => this.showChoices());
    model.watch("passages", () => this.showPassages());
  }

  showChoices() {
    const choices = this.model.get("choices");
    this.choices = new Map(choices.map((choice) => [choice.spec, choice]));
    fill(this.embedder, choices.map(({ spec, label, words, state }) => h("option", { value: spec, disabled: state === "missing" }, `${label} · ${words}`)));
    this.embedder.value = this.spec;
    this.showPrompts();
  }

  showPrompts() {
    this.spec = this.embedder.value;
    const choice = this.choices.get(this.spec);
    const held = this.prompt.value;
    const names = Object.keys(choice?.prompts ?? {});
    this.about.textContent = choice?.about ?? "";
    fill(this.prompt, [["", "none"], ...names.map((name) => [name, `the model's “${name}”`]), ["own", "my own…"]].map(([value, text]) => h("option", { value, title: choice?.prompts[value] ?? "" }, text)));
    this.prompt.value = names.includes(held) || held === "own" ? held : "";
    this.own.hidden = this.prompt.value !== "own";
  }

  showPassages() {
    const { box, words, issues, edited } = this.model.get("passages");
    this.words.textContent = words;
    this.issues.hidden = !issues.length;
    fill(this.issues, h("summary", {}, `${issues.length} noticed`), h("ul", {}, issues.map((issue) => h("li", {}, issue))));
    if (edited) return;
    this.texts.value = box;
    this.texts.placeholder = box ? "" : "Too many to show here. Paste others to search those.";
    this.mode.value = "lines";
    this.dirty = false;
  }

  async upload() {
    const [file] = this.file.files;
    if (!file) return;
    this.file.value = "";
    this.model.send({ do: "upload", name: file.name }, null, [await file.arrayBuffer()]);
  }

  fields() {
    const own = this.prompt.value === "own";
    return { spec: this.embedder.value, prompt: own ? this.own.value : this.prompt.value, k: this.k.value, mode: this.mode.value, text: this.dirty ? this.texts.value : null };
  }
}

class QueryView {
  constructor(model, form) {
    Object.assign(this, { model, form });
    const id = `ewb${Math.random().toString(36).slice(2)}`;
    this.query = h("input", { type: "text", class: "ewb-query", spellcheck: false, autocomplete: "off", "aria-label": "Query", placeholder: "What to look for, then Enter", onkeydown: (event) => { if (event.key === "Enter" && !event.isComposing) this.ask(); } });
    this.query.setAttribute("list", id);
    this.list = h("datalist", { id });
    this.go = h("button", { class: "ewb-button ewb-go", onclick: () => this.ask() }, "Search");
    this.stop = h("button", { class: "ewb-button ewb-stop", onclick: () => model.send({ do: "cancel" }) }, "Cancel");
    this.bar = h("progress", { class: "ewb-progress", max: 1, "aria-label": "Progress" });
    this.line = h("div", { class: "ewb-status", role: "status", "aria-live": "polite" });
    this.el = h("section", { class: "ewb-card", "aria-label": "Query" }, h("div", { class: "ewb-searching" }, this.query, this.go, this.stop), this.list, this.bar, this.line);
    model.watch("status", () => this.show());
    model.watch("passages", () => fill(this.list, model.get("passages").queries.map((value) => h("option", { value }))));
  }

  ask(extra = {}) {
    this.model.send({ do: "search", query: this.query.value, ...this.form.fields(), ...extra });
  }

  show() {
    const { phase, message, details, done, total } = this.model.get("status");
    const busy = ["loading", "embedding", "searching"].includes(phase);
    this.stop.disabled = !busy;
    this.bar.hidden = !busy;
    if (total) this.bar.value = done / total; else this.bar.removeAttribute("value");
    this.line.className = `ewb-status ewb-${phase}`;
    this.line.dataset.phase = phase;
    const counted = busy && total ? ` ${done.toLocaleString("en")} of ${total.toLocaleString("en")}` : "";
    fill(this.line, message + counted,
      details ? h("details", {}, h("summary", {}, "traceback"), h("pre", { class: "ewb-trace" }, details)) : null,
      phase === "consent" ? h("div", { class: "ewb-row" }, h("button", { class: "ewb-button ewb-go ewb-agree", onclick: () => this.ask({ agreed: true }) }, "Download it")) : null);
  }
}

function render({ model: whole, el }) {
  const model = scope(whole);
  const form = new SearchForm(model);
  const right = h("div", { class: "ewb-serveright" }, new QueryView(model, form).el, new FoundView(model).el, new LabelsView(model).el);
  const root = h("div", { class: "ewb ewb-search", "data-lm-suppress-shortcuts": "true" }, h("div", { class: "ewb-grid" }, form.el, right));
  for (const event of ["keydown", "paste", "contextmenu"]) root.addEventListener(event, (e) => e.stopPropagation());
  el.append(root);
  return () => model.stop();
}

export default { render };
