// The left column: texts, embedder, instruction, Embed. Everything that a press of Embed needs goes with the press.

const AUTO_EMBED_TEXTS = 500; // a toggle re-embeds at once up to here; beyond, Embed is pressed by hand

class Controls {
  constructor(model) {
    this.model = model;
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
    ], "ewb-mode", () => this.showColumn());
    this.column = h("input", { class: "ewb-column", type: "text", placeholder: "column (auto)", "aria-label": "Text column" });
    this.sample = this.select("Sample", [], "ewb-sample", () => {
      if (this.sample.value) model.send({ do: "sample", name: this.sample.value });
      this.sample.value = "";
    });
    this.file = h("input", { type: "file", class: "ewb-file", hidden: true,
      accept: ".txt,.md,.csv,.tsv,.jsonl,.ndjson,.json,.parquet", onchange: () => this.upload() });
    this.source = h("span", { class: "ewb-source" });
    this.embedder = this.select("Embedder", [], "ewb-embedder", () => this.chooseEmbedder());
    this.spec = h("input", { class: "ewb-spec", type: "text", hidden: true, "aria-label": "Directory or hub id",
      placeholder: "directory or hub id, then Enter",
      onkeydown: (event) => event.key === "Enter" && this.embed() });
    this.about = h("div", { class: "ewb-hint" });
    this.prompts = h("div", { class: "ewb-radios", role: "radiogroup", "aria-label": "Instruction prefix" });
    this.own = h("textarea", { class: "ewb-own", rows: 2, hidden: true, "aria-label": "Own instruction or prefix",
      placeholder: "An instruction, or a full prefix that ends in “:”",
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); this.embed(); }
      },
      oninput: debounce(() => this.askPreview(), 150) });
    this.preview = h("div", { class: "ewb-preview", "aria-label": "The exact string that is embedded" });
    this.go = h("button", { class: "ewb-button ewb-go", title: "Ctrl/Cmd+Enter", onclick: () => this.embed() }, "Embed");
    this.stop = h("button", { class: "ewb-button ewb-cancel", disabled: true,
      onclick: () => model.send({ do: "cancel" }) }, "Cancel");
    this.el = h("section", { class: "ewb-card ewb-left", "aria-label": "Embedding explorer" },
      this.field("Embedder", this.embedder), this.spec, this.about,
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

  showOptions() {
    const options = this.model.get("options");
    fill(this.sample, h("option", { value: "" }, "sample…"), options.samples.map((name) => h("option", { value: name }, name)));
    fill(this.embedder, options.choices.map((choice) => h("option", { value: choice.spec }, `${choice.label} · ${choice.words}`)),
      h("option", { value: "" }, "another directory or hub id…"));
    this.choices = new Map(options.choices.map((choice) => [choice.spec, choice]));
    this.embedder.value = options.spec;
    this.spec.hidden = this.embedder.value !== "";
    this.mode.value = options.mode;
    this.source.textContent = this.dirty ? "" : options.source;
    this.texts.readOnly = options.clipped;
    this.promptChoice = options.prompt.choice;
    if (document.activeElement !== this.own) this.own.value = options.prompt.own;
    this.showColumn();
    this.showPrompts();
  }

  showColumn() {
    this.column.hidden = !["jsonl", "csv", "tsv"].includes(this.mode.value) && !this.model.get("options").file;
  }

  chosen() {
    return this.choices.get(this.embedder.value);
  }

  chooseEmbedder() {
    this.spec.hidden = this.embedder.value !== "";
    if (!this.spec.hidden) return this.spec.focus();
    const { prompts, default: own } = this.chosen();
    if (this.promptChoice !== "own") this.promptChoice = own ?? (this.promptChoice in prompts ? this.promptChoice : "none");
    this.showPrompts();
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
    else if (this.model.get("table").texts.length <= AUTO_EMBED_TEXTS) this.embed();
    this.showPreview();
  }

  askPreview() {
    this.model.send({ do: "preview", spec: this.currentSpec(), prompt: { choice: this.promptChoice, own: this.own.value } });
  }

  // The string the model really sees, for the selected text or the first one.
  showPreview() {
    if (!this.choices) return;
    const named = this.chosen()?.prompts?.[this.promptChoice];
    const asked = this.promptChoice === "own" ? this.model.get("preview") : { prefix: named ?? "", note: "" };
    const table = this.model.get("table");
    const first = table.texts[this.model.get("selection")[0] ?? 0] ?? this.texts.value.split("\n")[0] ?? "";
    const visible = (s) => s.replace(/\n/g, "⏎\n").replace(/\t/g, "⇥");
    fill(this.preview,
      h("span", { class: "ewb-prefix" }, visible(asked.prefix)), visible(oneLine(first, 120)),
      asked.note || asked.error ? h("div", { class: asked.error ? "ewb-bad" : "ewb-hint" }, asked.error || asked.note) : null);
  }

  currentSpec() {
    return this.embedder.value || this.spec.value.trim();
  }

  // What Python put into the box; its own echo of an edit changes nothing.
  filled() {
    const text = this.model.get("text");
    if (this.texts.value === text) return;
    this.texts.value = text;
    this.dirty = false;
  }

  edited() {
    this.dirty = true;
    this.source.textContent = "";
    this.saveText ??= debounce(() => { this.model.set("text", this.texts.value); this.model.save_changes(); }, 500);
    this.saveText();
  }

  embed(extra = {}) {
    this.model.send({ do: "embed", text: this.dirty ? this.texts.value : null, mode: this.mode.value, column: this.column.value,
      spec: this.currentSpec(), prompt: { choice: this.promptChoice, own: this.own.value }, ...extra });
  }

  async upload() {
    const file = this.file.files[0];
    this.file.value = "";
    if (!file) return;
    this.model.send({ do: "upload", name: file.name, column: this.column.value }, undefined, [await file.arrayBuffer()]);
  }
}
