// The endpoint doctor. What a server said is text, never HTML.
// The key leaves this page with the press of Examine only, and its field is empty from then on.

const EXPORTS = { markdown: "Markdown", html: "HTML", json: "JSON" };

class DoctorForm {
  constructor(model) {
    this.model = model;
    const onkeydown = (event) => { if (event.key === "Enter" && !this.go.disabled) this.ask(); };
    const field = { type: "text", spellcheck: false, autocomplete: "off", onkeydown };
    this.url = h("input", { ...field, class: "ewb-url", inputMode: "url", placeholder: "http://127.0.0.1:8000/v1", oninput: () => this.showHints() });
    this.key = h("input", { ...field, class: "ewb-key", type: "password" });
    this.name = h("input", { ...field, class: "ewb-modelname", placeholder: "the one it lists" });
    this.reference = h("select", { class: "ewb-reference", onchange: () => { this.showHints(); if (!this.where.hidden) this.where.focus(); } });
    this.where = h("input", { ...field, class: "ewb-where", "aria-label": "Which reference" });
    this.deep = h("input", { type: "checkbox", class: "ewb-deep", onchange: () => this.showHints() });
    this.plan = h("div", { class: "ewb-hint ewb-bound" });
    this.go = h("button", { class: "ewb-button ewb-go", onclick: () => this.ask() }, "Examine");
    this.stop = h("button", { class: "ewb-button ewb-stop", onclick: () => model.send({ do: "cancel" }) }, "Cancel");
    this.el = h("section", { class: "ewb-card ewb-left", "aria-label": "Examine an endpoint" },
      this.row("URL", this.url), this.row("Key", this.key), this.row("Model", this.name),
      this.row("Held against", this.reference, "Vectors that are trusted: without any, much can be told, but not whether it is the model"), this.where,
      h("label", { class: "ewb-check", title: "The model's whole length, more texts in a request, larger bodies" }, this.deep, "look longer"),
      this.plan, h("div", { class: "ewb-row ewb-actions" }, this.go, this.stop));
    model.watch("options", () => this.fill());
    model.watch("status", () => this.showRuns());
  }

  row(label, input, title) {
    return h("label", { class: "ewb-field", title: title ?? "" }, h("span", { class: "ewb-label" }, label), input);
  }

  fill() {
    const { url, model, references } = this.model.get("options");
    fill(this.reference, references.map(([name, words]) => h("option", { value: name }, words)));
    this.url.value = url;
    this.name.value = model;
    this.showHints();
  }

  showHints() {
    const { references, plan, plan_deep: deep } = this.model.get("options");
    const needed = references.find(([name]) => name === this.reference.value)?.[2] ?? "";
    this.where.hidden = !needed;
    this.where.placeholder = needed;
    this.plan.textContent = `Asks ${this.deep.checked ? deep : plan}.`;
    this.key.placeholder = this.given && this.url.value.trim() === this.tried ? "as given before" : "if it wants one";
  }

  showRuns() {
    const busy = this.model.get("status").phase === "examining";
    this.go.disabled = busy;
    this.stop.disabled = !busy;
    if (this.ran && !busy && this.el.contains(document.activeElement)) this.go.focus();
    this.ran = busy;
  }

  ask() {
    const key = this.key.value;
    const url = this.url.value.trim();
    this.given = Boolean(key) || (this.given && url === this.tried);
    this.tried = url;
    this.key.value = "";
    this.showHints();
    this.model.send({ do: "examine", form: { url, key, model: this.name.value, reference: this.reference.value,
      where: this.where.hidden ? "" : this.where.value, deep: this.deep.checked } });
  }
}

// The verdict, how far it is, and the exports.
class VerdictView {
  constructor(model) {
    this.model = model;
    this.id = `ewb${Math.random().toString(36).slice(2)}`;
    this.sign = h("span", { class: "ewb-sign", "aria-hidden": "true" });
    this.outcome = h("h3", {});
    this.tools = h("span", { class: "ewb-tools", role: "group", "aria-label": "Export" }, Object.entries(EXPORTS).map(([form, label]) =>
      h("button", { class: `ewb-button ewb-copy ewb-export-${form}`, title: `Download as ${label}`, onclick: () => model.send({ do: "export", form, id: this.id }) }, label)));
    this.head = h("div", { class: "ewb-head" }, this.sign, this.outcome, h("span", { class: "ewb-sub" }), this.tools);
    this.says = h("div", { class: "ewb-says", role: "status", "aria-live": "polite" });
    this.bar = h("progress", { class: "ewb-progress", max: 1, "aria-label": "Progress" });
    this.line = h("div", { class: "ewb-status", "aria-live": "polite" });
    this.facts = h("dl", { class: "ewb-pairs" });
    this.run = h("details", { class: "ewb-codebox ewb-runfacts" }, h("summary", {}, "What was examined"), this.facts);
    this.el = h("section", { class: "ewb-card ewb-diagnosis", "aria-label": "Verdict" }, this.head, this.says, this.bar, this.line, this.run);
    model.watch("verdict", () => this.show());
    model.watch("status", () => this.showStatus());
    model.on("msg:custom", (message, buffers) => {
      if (message.type === "file" && message.id === this.id) download(message.name, message.mime, buffers[0]);
    });
  }

  show() {
    const { status, sign, outcome, says, facts } = this.model.get("verdict");
    this.el.dataset.status = status ?? "";
    this.sign.textContent = sign ?? "";
    this.outcome.textContent = outcome ?? "Verdict";
    this.says.textContent = says ?? "";
    this.tools.hidden = this.run.hidden = !says;
    fill(this.facts, pairs(facts ?? []));
  }

  showStatus() {
    const { phase, message, details, done, total } = this.model.get("status");
    this.bar.hidden = phase !== "examining";
    if (total) this.bar.value = done / total; else this.bar.removeAttribute("value");
    this.line.className = `ewb-status ewb-${phase}`;
    this.line.dataset.phase = phase;
    this.line.hidden = phase === "done";
    fill(this.line, message || "Nothing was examined yet.",
      details ? h("details", {}, h("summary", {}, "traceback"), h("pre", { class: "ewb-trace" }, details)) : null);
  }
}

function pairs(list) {
  return list.flatMap(([word, text]) => [h("dt", {}, word), h("dd", {}, text)]);
}

// A line a finding, its evidence folded beneath it; one that is open stays so while others come.
class FindingsView {
  constructor(model) {
    this.model = model;
    this.rows = h("div", { class: "ewb-findings" });
    this.el = h("section", { class: "ewb-card", "aria-label": "Findings", "aria-live": "polite" },
      h("div", { class: "ewb-head" }, h("h3", {}, "Findings")), this.rows);
    this.shown = [];
    model.watch("findings", () => this.show());
  }

  show() {
    const findings = this.model.get("findings");
    this.el.hidden = !findings.length;
    const texts = findings.map((finding) => JSON.stringify(finding));
    const same = this.shown.every((text, at) => text === texts[at]);
    if (!same) this.rows.replaceChildren();
    findings.slice(same ? this.shown.length : 0).forEach((finding) => this.rows.append(this.row(finding)));
    this.shown = texts;
  }

  row({ probe, status, sign, word, says, evidence, details }) {
    const line = [
      h("span", { class: `ewb-mark ewb-mark-${status}` }, h("b", { "aria-hidden": "true" }, sign), ` ${word}`),
      h("span", { class: "ewb-probe" }, probe), h("span", { class: "ewb-found" }, says)];
    if (!evidence.length && !details.length) return h("div", { class: "ewb-finding ewb-plain" }, line);
    return h("details", { class: "ewb-finding" }, h("summary", {}, line), h("div", { class: "ewb-evidence" },
      evidence.length ? h("ul", {}, evidence.map((text) => h("li", {}, text))) : null, h("dl", { class: "ewb-pairs" }, pairs(details))));
  }
}

function render({ model: whole, el }) {
  const model = scope(whole);
  const form = new DoctorForm(model);
  const right = h("div", { class: "ewb-serveright" }, new VerdictView(model).el, new FindingsView(model).el);
  const root = h("div", { class: "ewb ewb-doctor", "data-lm-suppress-shortcuts": "true" }, h("div", { class: "ewb-grid" }, form.el, right));
  for (const event of ["keydown", "paste", "contextmenu"]) root.addEventListener(event, (e) => e.stopPropagation());
  el.append(root);
  return () => model.stop();
}

export default { render };
