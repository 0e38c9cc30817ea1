// The panel that starts a server program. All that the program writes is text, never HTML.

const FORMS = { command: "Command", docker: "docker", systemd: "systemd", nginx: "nginx" };

class ServeForm {
  constructor(model) {
    this.model = model;
    const soon = debounce(() => this.ask("plan"), 250);
    const field = { type: "text", spellcheck: false, autocomplete: "off", oninput: soon,
      onkeydown: (event) => { if (event.key === "Enter" && !this.go.disabled) this.ask("start"); } };
    this.engine = h("select", { class: "ewb-engine", onchange: () => { this.showEngine(); this.ask("plan"); } });
    this.path = h("input", { ...field, class: "ewb-path", placeholder: "directory, or .gguf file" });
    this.port = h("input", { ...field, class: "ewb-port", inputMode: "numeric" });
    this.python = h("input", { ...field, class: "ewb-python", placeholder: "this kernel's" });
    this.key = h("input", { ...field, class: "ewb-keyenv", placeholder: "none: it asks for no key" });
    this.extra = h("input", { ...field, class: "ewb-extra", placeholder: "--further arguments" });
    this.timeout = h("input", { ...field, class: "ewb-timeout", inputMode: "numeric" });
    this.matryoshka = h("input", { type: "checkbox", class: "ewb-matryoshka", onchange: soon });
    this.about = h("div", { class: "ewb-hint" });
    this.go = h("button", { class: "ewb-button ewb-go", onclick: () => this.ask("start") }, "Start");
    this.stop = h("button", { class: "ewb-button ewb-stop", onclick: () => model.send({ do: "stop" }) }, "Stop");
    this.el = h("section", { class: "ewb-card ewb-left ewb-serveform", "aria-label": "Start a server" },
      this.row("Engine", this.engine), this.about, this.row("Model", this.path), this.row("Port", this.port),
      this.row("Interpreter", this.python, "Python that has the engine installed"),
      this.row("Key variable", this.key, "Name of the environment variable that holds the key it shall ask for"),
      this.row("Arguments", this.extra, "Further arguments of the engine; the last word is theirs"),
      this.row("Wait, s", this.timeout, "Longest wait for the first vector, in seconds"),
      h("label", { class: "ewb-check", title: "Requests may ask for fewer dimensions (Matryoshka)" }, this.matryoshka, "shorter vectors on request (Matryoshka)"),
      h("div", { class: "ewb-row ewb-actions" }, this.go, this.stop));
    model.watch("options", () => this.fill());
    model.watch("status", () => this.showRuns());
    this.ask("plan");
  }

  row(label, input, title) {
    return h("label", { class: "ewb-field", title: title ?? "" }, h("span", { class: "ewb-label" }, label), input);
  }

  fill() {
    const { engines, engine, model, timeout } = this.model.get("options");
    fill(this.engine, engines.map(({ name, label }) => h("option", { value: name }, label)));
    this.engine.value = engine;
    this.path.value = model;
    this.timeout.placeholder = String(timeout);
    this.showEngine();
  }

  showEngine() {
    const { engines } = this.model.get("options");
    const engine = engines.find(({ name }) => name === this.engine.value);
    this.port.placeholder = String(engine.port);
    this.about.textContent = engine.about;
  }

  showRuns() {
    const { runs, phase } = this.model.get("status");
    this.go.disabled = runs;
    this.stop.disabled = !runs || phase === "stopping";
    if (this.ran && !runs) this.ask("plan"); // its port is free again
    this.ran = runs;
  }

  ask(what) {
    this.model.send({ do: what, form: {
      engine: this.engine.value, model: this.path.value, port: this.port.value, python: this.python.value,
      key_env: this.key.value, extra: this.extra.value, timeout: this.timeout.value, matryoshka: this.matryoshka.checked } });
  }
}

// The plan: what stands in the way, and the same start in four forms.
class PlanView {
  constructor(model) {
    Object.assign(this, { model, which: "command", id: `ewb${Math.random().toString(36).slice(2)}` });
    this.tabs = Object.entries(FORMS).map(([name, label]) => h("button", {
      class: `ewb-tab ewb-tab-${name}`, role: "tab", id: `${this.id}-${name}`, "aria-controls": `${this.id}-panel`,
      onclick: () => this.open(name), onkeydown: (event) => this.walk(event) }, label));
    this.about = h("small", { class: "ewb-sub" });
    this.problems = h("ul", { class: "ewb-problems ewb-bad", "aria-live": "polite" });
    this.hint = h("div", { class: "ewb-hint" }, "Name the directory of a model; llama.cpp takes a .gguf file too. The command to copy is shown here.");
    this.notes = h("ul", { class: "ewb-notes" });
    this.code = h("pre", { class: "ewb-snippet", tabIndex: 0 });
    this.copy = copyButton(() => this.code.textContent, "Copy this form");
    this.panel = h("div", { role: "tabpanel", id: `${this.id}-panel` }, this.code);
    this.forms = h("div", {}, h("div", { class: "ewb-codehead" }, h("div", { class: "ewb-tabs", role: "tablist", "aria-label": "Forms of the same start" }, this.tabs), this.copy), this.panel);
    this.el = h("section", { class: "ewb-card ewb-plan", "aria-label": "What would be run" },
      h("div", { class: "ewb-head" }, h("h3", {}, "What is run"), this.about), this.problems, this.hint, this.forms, this.notes);
    model.watch("plan", () => this.show());
  }

  open(name) {
    this.which = name;
    this.show();
  }

  walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = this.tabs[(this.tabs.indexOf(event.currentTarget) + step + this.tabs.length) % this.tabs.length];
    next.click();
    next.focus();
  }

  show() {
    const { forms, problems, notes, about } = this.model.get("plan");
    this.about.textContent = about;
    this.about.title = about;
    fill(this.problems, problems.map((problem) => h("li", {}, problem)));
    this.problems.hidden = !problems.length;
    this.hint.hidden = forms.length > 0 || problems.length > 0;
    fill(this.notes, notes.map((note) => h("li", {}, note)));
    this.notes.hidden = !notes.length;
    this.forms.hidden = !forms.length;
    this.code.textContent = Object.fromEntries(forms)[this.which] ?? "";
    this.panel.setAttribute("aria-labelledby", `${this.id}-${this.which}`);
    this.tabs.forEach((tab) => {
      const on = tab.classList.contains(`ewb-tab-${this.which}`);
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    });
  }
}

// How far it is, the line that connects to it, and its log.
class RunView {
  constructor(model) {
    this.model = model;
    this.bar = h("progress", { class: "ewb-progress", "aria-label": "Progress" });
    this.line = h("div", { class: "ewb-status", role: "status", "aria-live": "polite" });
    this.connect = h("div", { class: "ewb-codes", hidden: true });
    this.log = h("pre", { class: "ewb-snippet ewb-log", tabIndex: 0, role: "log", "aria-label": "Log", "aria-live": "off" });
    this.el = h("section", { class: "ewb-card ewb-run", "aria-label": "The server" },
      h("div", { class: "ewb-head" }, h("h3", {}, "The server")), this.bar, this.line, this.connect, this.log);
    model.watch("status", () => this.show());
    model.watch("log", () => this.showLog());
  }

  show() {
    const { phase, message, details, url, model, connect } = this.model.get("status");
    this.bar.hidden = !["starting", "loading", "listening", "stopping"].includes(phase);
    this.line.className = `ewb-status ewb-${phase}`;
    this.line.dataset.phase = phase;
    fill(this.line, message || "Not started.",
      details ? h("details", {}, h("summary", {}, "traceback"), h("pre", { class: "ewb-trace" }, details)) : null);
    this.connect.hidden = !connect;
    const shown = JSON.stringify([url, model, connect]);
    if (shown === this.shown) return;
    this.shown = shown;
    fill(this.connect, connect ? [copyable("Connect", connect), copyable("URL", url), copyable("Model", model)] : null);
  }

  // Follows the end of the log, unless a person has scrolled up to read.
  showLog() {
    const lines = this.model.get("log");
    const atEnd = this.log.scrollTop + this.log.clientHeight >= this.log.scrollHeight - 8;
    this.log.textContent = lines.join("\n");
    this.log.hidden = !lines.length;
    if (atEnd) this.log.scrollTop = this.log.scrollHeight;
  }
}

function render({ model: whole, el }) {
  const model = scope(whole);
  const form = new ServeForm(model);
  const right = h("div", { class: "ewb-serveright" }, new PlanView(model).el, new RunView(model).el);
  const root = h("div", { class: "ewb ewb-serve", "data-lm-suppress-shortcuts": "true" }, h("div", { class: "ewb-grid" }, form.el, right));
  for (const event of ["keydown", "paste", "contextmenu"]) root.addEventListener(event, (e) => e.stopPropagation());
  el.append(root);
  return () => model.stop();
}

export default { render };
