// The left column: texts, embedder, instruction, Embed. Everything that a press of Embed needs goes with the press.

const AUTO_EMBED_TEXTS = 500; // a toggle re-embeds at once up to here; beyond, Embed is pressed by hand

class Controls {
  constructor(model) {
    Object.assign(this, { model, seen: {}, sent: { mode: [], prompt: [] } });
    this.id = `ewb${Math.random().toString(36).slice(2)}`;
    this.texts = h("textarea", {
      class: "ewb-texts", spellcheck: false, rows: 10, "aria-label": "Texts, as the split below says",
      placeholder: "One text a line: 中文, English, code.\nFence code of several lines with ```.",
      onkeydown: (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          this.embed();
        }
      },
      oninput: () => this.edited(),
    });
    this.mode = this.select("Split", [
      ["lines", "lines"], ["blocks", "blocks"],
      ["jsonl", "JSONL"], ["csv", "CSV"], ["tsv", "TSV"],
    ], "ewb-mode", () => { this.showColumn(); this.showPreview(); });
    this.column = h("input", { class: "ewb-column", type: "text", placeholder: "column (auto)", "aria-label": "Text column" });
    this.sample = this.select("Sample", [], "ewb-sample", () => {
      model.send({ do: "sample", name: this.sample.value });
      this.sample.value = "";
      this.mode.value = "lines"; // as samples are
    });
    this.file = h("input", { type: "file", class: "ewb-file", hidden: true,
      accept: ".txt,.md,.csv,.tsv,.jsonl,.ndjson,.json,.parquet", onchange: () => this.upload() });
    this.source = h("span", { class: "ewb-source" });
    this.embedder = this.select("Embedder", [], "ewb-embedder", () => this.chooseEmbedder());
    this.spec = h("input", { class: "ewb-spec", type: "text", hidden: true, "aria-label": "Directory or hub id",
      placeholder: "directory or hub id, then Enter",
      oninput: () => this.onspec?.(), onchange: () => this.askPreview(),
      onkeydown: (event) => event.key === "Enter" && this.embed() });
    this.about = h("div", { class: "ewb-hint" });
    this.endpoint = new EndpointForm(model, this);
    this.prompts = h("div", { class: "ewb-radios", role: "radiogroup", "aria-label": "Instruction prefix" });
    const askSoon = debounce(() => this.askPreview(), 150);
    this.own = h("textarea", { class: "ewb-own", rows: 2, hidden: true, "aria-label": "Own instruction or prefix",
      placeholder: "An instruction, or a full prefix that ends in “:”",
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); this.embed(); }
      },
      oninput: () => { this.given = undefined; this.showPreview(); askSoon(); } });
    this.preview = h("div", { class: "ewb-preview", "aria-label": "The exact string that is embedded" });
    this.go = h("button", { class: "ewb-button ewb-go", title: "Ctrl/Cmd+Enter", onclick: () => this.embed() }, "Embed");
    this.stop = h("button", { class: "ewb-button ewb-cancel", disabled: true,
      onclick: () => model.send({ do: "cancel" }) }, "Cancel");
    this.el = h("section", { class: "ewb-card ewb-left", "aria-label": "Embedding explorer" },
      this.field("Embedder", this.embedder), this.spec, this.endpoint.form, this.about, this.endpoint.verdict,
      h("div", { class: "ewb-label" }, "Texts ", this.source),
      this.texts,
      h("div", { class: "ewb-row" }, this.mode, this.sample,
        h("button", { class: "ewb-button ewb-upload", title: "txt, csv, tsv, jsonl, parquet",
          onclick: () => this.file.click() }, "Open file…"), this.file),
      this.column,
      h("div", { class: "ewb-label" }, "Instruction prefix"),
      this.prompts, this.own, this.preview,
      h("div", { class: "ewb-row ewb-actions" }, this.go, this.stop));
    model.watch("options", () => this.showOptions());
    model.watch("text", () => { this.filled(); });
    model.watch("busy", () => { this.stop.disabled = !model.get("busy"); });
    model.watch("table", () => this.arrived());
    model.watch("preview selection text table", () => this.showPreview());
  }

  field(label, control) {
    control.id = `${this.id}-${label}`;
    return h("div", { class: "ewb-field" }, h("label", { class: "ewb-label", htmlFor: control.id }, label), control);
  }

  select(label, options, cls, onchange) {
    return h("select", { class: cls, "aria-label": label, onchange },
      options.map(([value, text]) => h("option", { value }, text)));
  }

  // Which options changed since they were last seen; the echo of a press of this view is no change.
  fresh(options) {
    return new Set(Object.keys(options).filter((key) => {
      const value = JSON.stringify(options[key]);
      if (value === this.seen[key]) return false;
      this.seen[key] = value;
      const echo = this.sent[key]?.indexOf(value) ?? -1;
      if (this.sent[key]) this.sent[key] = echo < 0 ? [] : this.sent[key].slice(echo + 1);
      return echo < 0;
    }));
  }

  // Only what changed: what was chosen here and is not embedded yet stays as it is.
  showOptions() {
    const options = this.model.get("options");
    const fresh = this.fresh(options);
    if (fresh.has("samples")) fill(this.sample, ["", ...options.samples].map((name) => h("option", { value: name }, name || "sample…")));
    if (fresh.has("presets") && options.presets) this.endpoint.fillServers(options.presets);
    if (fresh.has("choices")) {
      const held = this.embedder.value;
      fill(this.embedder, options.choices.map((choice) => h("option", { value: choice.spec }, `${choice.label} · ${choice.words}`)),
        options.presets ? h("option", { value: ENDPOINT }, "an endpoint (URL)…") : null,
        h("option", { value: "" }, "another directory or hub id…"));
      this.choices = new Map(options.choices.map((choice) => [choice.spec, choice]));
      this.embedder.value = held;
      if (this.embedder.selectedIndex < 0) this.embedder.value = options.spec;
    }
    if (fresh.has("spec")) this.embedder.value = options.spec;
    if (fresh.has("mode") || fresh.has("source")) this.mode.value = options.mode;
    if (fresh.has("column")) this.column.value = options.column;
    if (fresh.has("prompt")) {
      this.promptChoice = options.prompt.choice;
      this.own.value = options.prompt.own;
      this.given = options.prompt; // to the letter: a text box would turn its CR into LF
    }
    this.texts.readOnly = options.clipped;
    this.showSource();
    this.showColumn();
    if (!["choices", "spec", "prompt"].some((key) => fresh.has(key))) return;
    this.showChosen();
    this.askPreview();
  }

  // The field that the picker's choice needs, if any.
  showChosen() {
    this.spec.hidden = this.embedder.value !== "";
    this.endpoint.showVerdict();
    this.onspec?.();
    this.showPrompts();
  }

  showSource() {
    this.source.textContent = this.dirty ? "" : this.model.get("options").source;
  }

  showColumn() {
    this.column.hidden = !["jsonl", "csv", "tsv"].includes(this.mode.value) && !this.model.get("options").file;
  }

  chosen() {
    return this.choices.get(this.embedder.value);
  }

  chooseEmbedder() {
    const choice = this.chosen();
    if (choice && this.promptChoice !== "own") {
      this.promptChoice = choice.default ?? (this.promptChoice in choice.prompts ? this.promptChoice : "none");
    }
    this.showChosen();
    if (!choice) return (this.endpoint.open ? this.endpoint.url : this.spec).focus();
    this.askPreview();
    this.embed();
  }

  showPrompts() {
    const choice = this.chosen();
    const prompts = choice?.prompts ?? {};
    this.about.textContent = choice?.about ?? "";
    const names = ["none", ...new Set(["query", "document", ...Object.keys(prompts)]), "own"];
    const words = { none: "none", own: "own text" };
    fill(this.prompts, names.map((name) => {
      const off = choice && !(name in words) && !(name in prompts);
      const input = h("input", { type: "radio", name: `${this.id}-prompt`, value: name, disabled: off,
        checked: name === this.promptChoice, onchange: () => this.choosePrompt(name) });
      return h("label", { class: "ewb-radio", title: off ? `${choice.label} has no ${name} instruction` : prompts[name] }, input, words[name] ?? name);
    }));
    this.own.hidden = this.promptChoice !== "own";
    this.showPreview();
  }

  choosePrompt(name) {
    this.promptChoice = name;
    this.own.hidden = name !== "own";
    if (name === "own") { this.own.focus(); this.askPreview(); }
    else if (!this.endpoint.open && this.model.get("table").texts.length <= AUTO_EMBED_TEXTS) this.embed();
    this.showPreview();
  }

  prompt() {
    const { own, exact } = this.given ?? { own: this.own.value };
    return { choice: this.promptChoice, own, exact: Boolean(exact) };
  }

  askPreview() {
    if (this.promptChoice === "own" && !this.endpoint.open) this.model.send({ do: "preview", spec: this.currentSpec(), prompt: this.prompt() });
  }

  // The prefix that the model really sees: its own prompts are known here, others the kernel tells.
  prefix() {
    const choice = this.chosen();
    if (this.promptChoice === "none") return { prefix: "" };
    if (this.endpoint.open) return { prefix: "…", note: "known once connected" };
    if (this.promptChoice !== "own") return choice ? { prefix: choice.prompts[this.promptChoice] ?? "" } : { prefix: "…", note: "known once the model is loaded" };
    const asked = JSON.stringify({ spec: this.currentSpec(), prompt: this.prompt() });
    const told = this.model.get("preview");
    if (JSON.stringify(told.asked) === asked) this.told = { ...told, asked };
    return this.told?.asked === asked ? this.told : { prefix: "…", note: "asking the kernel" };
  }

  // The selected text or the first one; of an edited box its first line, null where that is no text yet.
  firstText() {
    const box = this.texts.value;
    const table = this.model.get("table");
    const edited = this.dirty && box !== this.embedded;
    if (!edited && table.texts.length) return table.texts[this.model.get("selection")[0] ?? 0] ?? "";
    const line = firstLine(box);
    return this.mode.value === "lines" && !line.startsWith("```") ? line : null;
  }

  showPreview() {
    if (!this.choices) return;
    const { prefix, note, error } = this.prefix();
    const first = this.firstText();
    const visible = (s) => s.replace(/\n/g, "⏎\n").replace(/\t/g, "⇥");
    fill(this.preview,
      h("span", { class: "ewb-prefix" }, visible(prefix)),
      first === null ? h("span", { class: "ewb-faint" }, "the text") : visible(oneLine(first, 120)),
      note || error ? h("div", { class: error ? "ewb-bad" : "ewb-hint" }, error || note) : null);
  }

  currentSpec() {
    return this.endpoint.open ? "" : this.embedder.value || this.spec.value.trim();
  }

  // What Python put into the box; its own echo of an edit changes nothing.
  filled() {
    const text = this.model.get("text");
    if (this.texts.value === text) return;
    Object.assign(this, { dirty: false }).texts.value = text;
    this.showSource();
  }

  // Once the texts of a press are on screen, the preview may show which of them is selected.
  arrived() {
    if (this.model.get("table").serial !== this.serial) this.embedded = this.pressed;
    this.serial = this.model.get("table").serial;
  }

  edited() {
    this.dirty = true;
    this.showSource();
    this.showPreview();
    this.saveText ??= debounce(() => { this.model.set("text", this.texts.value); this.model.save_changes(); }, 500);
    this.saveText();
  }

  // What goes with a press, and is remembered so that its echo changes nothing.
  press() {
    const chosen = { mode: this.mode.value, prompt: this.prompt() };
    for (const [key, value] of Object.entries(chosen)) this.sent[key].push(JSON.stringify(value));
    this.pressed = this.texts.value;
    return { text: this.dirty ? this.pressed : null, column: this.column.value, ...chosen };
  }

  embed(extra = {}) {
    if (this.endpoint.open && !extra.spec) this.endpoint.connect();
    else this.model.send({ do: "embed", ...this.press(), spec: this.currentSpec(), ...extra });
  }

  async upload() {
    const file = this.file.files[0];
    this.file.value = "";
    if (!file) return;
    this.model.send({ do: "upload", name: file.name, column: this.column.value }, undefined, [await file.arrayBuffer()]);
  }
}
