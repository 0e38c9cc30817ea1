// What is evaluated: embedders and tasks to tick, data of one's own, and how.
// A key leaves this page with the press of Add only, and its field is empty from then on.

// A list of things to tick; what was ticked stays so when the list grows.
class TickList {
  constructor(name, ticked, onchange, row) {
    Object.assign(this, { ticked: new Set(ticked), onchange, row, known: new Set() });
    this.el = h("div", { class: `ewb-ticks ewb-ticks-${name}`, role: "group", "aria-label": name });
  }

  get chosen() {
    return this.ids.filter((id) => this.ticked.has(id));
  }

  show(entries) {
    const held = this.el.contains(document.activeElement) ? document.activeElement.value : null;
    this.ids = entries.map(({ id }) => id);
    fill(this.el, entries.map((entry) => {
      const box = h("input", { type: "checkbox", value: entry.id, checked: this.ticked.has(entry.id), onchange: () => {
        if (box.checked) this.ticked.add(entry.id); else this.ticked.delete(entry.id);
        this.onchange();
      } });
      const words = [h("span", { class: "ewb-tickname" }, entry.label), h("span", { class: "ewb-faint" }, entry.size ?? "")];
      return h("div", { class: "ewb-tick", title: entry.title ?? "" }, h("label", { class: "ewb-check" }, box, h("span", {}, words)), this.row?.(entry));
    }));
    if (held !== null) [...this.el.querySelectorAll("input")].find((box) => box.value === held)?.focus();
    this.onchange();
  }
}

function labelled(label, input, title) {
  return h("label", { class: "ewb-field", title: title ?? "" }, h("span", { class: "ewb-label" }, label), input);
}

// What adding something came to.
class Told {
  constructor() {
    this.el = h("div", { class: "ewb-told", role: "status", "aria-live": "polite", hidden: true });
  }

  show({ state, message }, more) {
    this.el.hidden = !message;
    this.el.dataset.state = state;
    this.el.classList.toggle("ewb-bad", state === "error");
    fill(this.el, message, more);
  }
}

// An endpoint, or a directory with weights.
class EmbedderAdder {
  constructor(model, list) {
    const onkeydown = (event) => { if (event.key === "Enter") this.add(); };
    const field = { type: "text", spellcheck: false, autocomplete: "off", onkeydown };
    this.model = model;
    this.spec = h("input", { ...field, class: "ewb-addspec", placeholder: "http://127.0.0.1:8000/v1#model", oninput: () => this.hint() });
    this.key = h("input", { ...field, class: "ewb-key", type: "password" });
    this.go = h("button", { class: "ewb-button ewb-add", onclick: () => this.add() }, "Add");
    this.told = new Told();
    this.el = h("details", { class: "ewb-adder ewb-addembedder" }, h("summary", {}, "Add an endpoint or a directory"),
      h("div", { class: "ewb-form" }, labelled("URL#MODEL, or a directory", this.spec), labelled("Key", this.key), this.go, this.told.el));
    this.seen = JSON.stringify(model.get("added"));
    model.watch("added", () => {
      const added = model.get("added");
      this.told.show(added);
      this.go.disabled = added.state === "busy";
      const fresh = JSON.stringify(added) !== this.seen;
      this.seen = JSON.stringify(added);
      if (fresh && added.state === "ok" && this.asked) list.ticked.add(added.name);
      if (fresh && added.state === "ok" && this.asked) list.show(list.entries);
      this.hint();
    });
    this.hint();
  }

  base() {
    return this.spec.value.trim().split("#", 1)[0];
  }

  hint() {
    this.key.placeholder = this.model.get("added").kept && this.base() === this.asked ? "as given before" : "if it wants one";
  }

  add() {
    const key = this.key.value;
    this.key.value = "";
    this.asked = this.base();
    this.model.send({ do: "add_embedder", spec: this.spec.value, key });
  }
}

// Lines to paste, a file of this machine, or a path on the kernel's.
class TaskAdder {
  constructor(model, list) {
    this.model = model;
    this.list = list;
    this.kind = h("select", { class: "ewb-kind", onchange: () => this.hint() },
      model.get("options").kinds.map(({ kind, label }) => h("option", { value: kind }, label)));
    this.text = h("textarea", { class: "ewb-texts ewb-paste", rows: 6, spellcheck: false, "aria-label": "Lines" });
    this.file = h("input", { type: "file", class: "ewb-file", "aria-label": "A file", onchange: () => this.upload() });
    this.path = h("input", { type: "text", class: "ewb-taskpath", spellcheck: false, autocomplete: "off", onkeydown: (event) => { if (event.key === "Enter") this.add(); } });
    this.name = h("input", { type: "text", class: "ewb-taskname", spellcheck: false, autocomplete: "off", placeholder: "pasted" });
    this.go = h("button", { class: "ewb-button ewb-addtask", onclick: () => this.add() }, "Add");
    this.told = new Told();
    this.hinted = h("div", { class: "ewb-hint" });
    this.lines = h("div", { class: "ewb-form ewb-lines" }, this.hinted, this.text, h("label", { class: "ewb-field" }, h("span", { class: "ewb-label" }, "or a file"), this.file));
    this.el = h("details", { class: "ewb-adder ewb-addown" }, h("summary", {}, "Add your own data"),
      h("div", { class: "ewb-form" }, labelled("Kind", this.kind), this.lines, this.pathRow = labelled("or a path on the kernel's machine", this.path),
        labelled("Name", this.name), this.go, this.told.el));
    this.seen = JSON.stringify(model.get("pasted"));
    model.watch("pasted", () => this.show());
    this.hint();
  }

  hint() {
    const { paste, where } = this.model.get("options").kinds.find(({ kind }) => kind === this.kind.value);
    this.lines.hidden = !paste;
    const [form, ...example] = paste.split("\n");
    this.hinted.textContent = form;
    this.text.placeholder = example.join("\n");
    this.path.placeholder = where;
    this.pathRow.firstChild.textContent = paste ? "or a path on the kernel's machine" : "Path on the kernel's machine";
  }

  show() {
    const pasted = this.model.get("pasted");
    const line = pasted.state === "error" && this.sent === "text" ? /\bline ([\d,]+)/.exec(pasted.message)?.[1] : null;
    this.told.show(pasted, line ? h("button", { class: "ewb-link ewb-toline", onclick: () => this.select(Number(line.replaceAll(",", ""))) }, `Go to line ${line}`) : null);
    this.go.disabled = pasted.state === "busy";
    const fresh = JSON.stringify(pasted) !== this.seen;
    this.seen = JSON.stringify(pasted);
    if (!fresh || !this.sent || pasted.state !== "ok") return;
    this.list.ticked.add(pasted.name);
    this.list.show(this.list.entries);
    if (this.sent === "text") this.text.value = "";
    this.path.value = this.name.value = "";
    this.sent = "";
  }

  select(line) {
    const lines = this.text.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    this.text.focus();
    this.text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    this.text.scrollTop = Math.max(0, (line - 3) * (this.text.scrollHeight / lines.length));
  }

  add() {
    const text = this.lines.hidden ? "" : this.text.value;
    this.sent = text.trim() ? "text" : "path";
    this.model.send({ do: "add_task", kind: this.kind.value, text, path: this.path.value, name: this.name.value });
  }

  async upload() {
    const [file] = this.file.files;
    if (!file) return;
    this.sent = "file";
    const content = await file.arrayBuffer();
    this.file.value = ""; // so that the same file, mended, can be chosen again
    this.model.send({ do: "add_task", kind: this.kind.value, name: this.name.value || file.name.replace(/\.\w+$/, "") }, null, [content]);
  }
}

class EvaluationForm {
  constructor(model) {
    this.model = model;
    const { embedders, tasks } = model.get("options");
    const changed = () => this.showRuns();
    this.embedders = new TickList("embedders", embedders, changed);
    this.tasks = new TickList("tasks", tasks, changed, ({ id, own }) => own
      ? h("button", { class: "ewb-button ewb-remove", "aria-label": `Remove ${id}`, title: "Take it out of the list", onclick: () => model.send({ do: "remove_task", name: id }) }, "×") : null);
    this.instruction = h("select", { class: "ewb-instruction", onchange: () => { this.own.hidden = this.instruction.value !== "own"; if (!this.own.hidden) this.own.focus(); } },
      h("option", { value: "task" }, "as task and model say"), h("option", { value: "none" }, "none"), h("option", { value: "own" }, "my own…"));
    this.own = h("textarea", { class: "ewb-own", rows: 2, spellcheck: false, hidden: true, "aria-label": "Instruction for queries", placeholder: "Given a question, find the passage that answers it" });
    this.cost = h("input", { type: "checkbox", class: "ewb-cost", checked: true });
    this.draws = h("input", { type: "text", class: "ewb-draws", inputMode: "numeric", placeholder: "2,000" });
    this.plan = h("div", { class: "ewb-hint ewb-plan-words", "aria-live": "polite" });
    this.go = h("button", { class: "ewb-button ewb-go", onclick: () => this.ask() }, "Evaluate");
    this.stop = h("button", { class: "ewb-button ewb-stop", onclick: () => model.send({ do: "cancel" }) }, "Cancel");
    this.el = h("section", { class: "ewb-card ewb-left", "aria-label": "What is evaluated" },
      h("span", { class: "ewb-label" }, "Embedders"), this.embedders.el, new EmbedderAdder(model, this.embedders).el,
      h("span", { class: "ewb-label" }, "Tasks"), this.tasks.el, new TaskAdder(model, this.tasks).el,
      labelled("Instruction before queries", this.instruction), this.own,
      h("label", { class: "ewb-check", title: "In turn, after a warm-up; takes a little longer" }, this.cost, "measure time and memory"),
      h("label", { class: "ewb-check ewb-drawsrow", title: "How many times items are drawn for an interval" }, "draws", this.draws),
      this.plan, h("div", { class: "ewb-row ewb-actions" }, this.go, this.stop));
    model.watch("lists", () => this.showLists());
    model.watch("status", () => this.showRuns());
  }

  showLists() {
    const { embedders, tasks } = this.model.get("lists");
    this.embedders.entries = embedders.map(({ spec, label, about }) => ({ id: spec, label, title: [spec, about].filter(Boolean).join("\n") }));
    this.tasks.entries = tasks.map(({ name, kind, size, note, own }) => ({ id: name, label: name, size, own, title: [kind, note].filter(Boolean).join("\n") }));
    this.embedders.show(this.embedders.entries);
    this.tasks.show(this.tasks.entries);
  }

  showRuns() {
    if (!this.plan || !this.tasks.ids || !this.embedders.ids) return;
    const busy = this.model.get("status").phase === "evaluating";
    const counts = [this.embedders.chosen.length, this.tasks.chosen.length];
    const [many, tasks] = counts;
    this.go.disabled = busy || !many || !tasks;
    this.stop.disabled = !busy;
    this.plan.textContent = !many ? "Tick an embedder." : !tasks ? "Tick a task." : `${count(many, "embedder")} on ${count(tasks, "task")}.${many > 1 ? "" : " Two or more are compared."}`;
    if (this.ran && !busy && this.el.contains(document.activeElement)) this.go.focus();
    this.ran = busy;
  }

  ask() {
    this.model.send({ do: "evaluate", form: { embedders: this.embedders.chosen, tasks: this.tasks.chosen, instruction: this.instruction.value,
      own: this.own.value, cost: this.cost.checked, draws: this.draws.value } });
  }
}

function count(n, word) {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}
