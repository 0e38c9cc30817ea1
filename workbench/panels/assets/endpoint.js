// An endpoint as an embedder: its address, key and model, and what connecting came to.
// The key leaves this page with the press of Connect only, and its field is empty from then on.

const ENDPOINT = "endpoint:"; // the picker's value for "an endpoint"

class EndpointForm {
  constructor(model, controls) {
    Object.assign(this, { model, controls, tried: null });
    const onkeydown = (event) => { if (event.key === "Enter") { event.preventDefault(); this.connect(); } };
    const field = { type: "text", spellcheck: false, autocomplete: "off", onkeydown };
    this.server = h("select", { class: "ewb-server", onchange: () => this.choose() });
    this.url = h("input", { ...field, class: "ewb-url", inputMode: "url", placeholder: "http://127.0.0.1:30000/v1", oninput: () => this.retyped() });
    this.key = h("input", { ...field, class: "ewb-key", type: "password" });
    this.served = h("select", { class: "ewb-served", onkeydown, onchange: () => this.showModel(true) });
    this.name = h("input", { ...field, class: "ewb-modelname", placeholder: "the one it serves" });
    this.about = h("div", { class: "ewb-hint" });
    this.go = h("button", { class: "ewb-button ewb-connect", onclick: () => this.connect() }, "Connect");
    this.form = h("div", { class: "ewb-form", role: "group", "aria-label": "An endpoint", hidden: true },
      this.row("Server", this.server), this.row("URL", this.url), this.row("Key", this.key),
      this.row("Model", this.served, this.name), this.about, this.go);
    this.verdict = h("div", { class: "ewb-verdict", role: "status", "aria-live": "polite", hidden: true });
    this.fillModels([]);
    model.watch("endpoint", () => this.show());
  }

  row(label, ...inputs) {
    inputs.forEach((input) => input.setAttribute("aria-label", label));
    return h("div", { class: "ewb-formrow" }, h("span", { class: "ewb-label", "aria-hidden": "true" }, label), ...inputs);
  }

  get open() {
    return this.controls.embedder.value === ENDPOINT;
  }

  fillServers(presets) {
    this.presets = presets;
    fill(this.server, h("option", { value: "" }, "choose, or type a URL"), presets.map(({ name, label }) => h("option", { value: name }, label)));
    this.showHints();
  }

  choose() {
    const preset = this.presets.find(({ name }) => name === this.server.value);
    if (preset) this.url.value = preset.url;
    this.readdressed();
  }

  retyped() {
    this.server.value = this.presets.find(({ url }) => url === this.address())?.name ?? "";
    this.readdressed();
  }

  // Another address: what the one before served, and the key given for it, are none of its business.
  readdressed() {
    const asked = this.address() === this.tried;
    const { served } = this.model.get("endpoint");
    this.fillModels(asked ? served : []);
    this.showHints();
  }

  address() {
    return this.url.value.trim();
  }

  fillModels(served) {
    const held = this.served.value || this.name.value.trim();
    fill(this.served, served.map((name) => h("option", { value: name }, name)), h("option", { value: "" }, "another name…"));
    this.offered = served.length > 0;
    this.served.value = served.includes(held) ? held : served[0] ?? "";
    this.showModel(false);
  }

  showModel(chosen) {
    this.served.hidden = !this.offered;
    this.name.hidden = this.offered && this.served.value !== "";
    if (chosen && !this.name.hidden) this.name.focus();
  }

  showHints() {
    const preset = this.presets?.find(({ name }) => name === this.server.value);
    const kept = this.model.get("endpoint").kept && this.address() === this.tried;
    this.key.placeholder = kept ? "as given before" : preset?.key_env ? `$${preset.key_env}, if left empty` : "if it wants one";
    this.about.textContent = preset?.about ?? "";
  }

  connect() {
    const key = this.key.value;
    this.key.value = "";
    this.tried = this.address();
    this.waiting = true;
    const model = (this.offered && this.served.value) || this.name.value.trim();
    this.model.send({ do: "connect", url: this.tried, model, key, press: this.controls.press() });
  }

  show() {
    const { state, served } = this.model.get("endpoint");
    if (state !== "connecting") {
      if (this.address() === this.tried) this.fillModels(served);
      if (this.waiting && this.open && state === "ask") this.served.focus();
      this.waiting = false;
    }
    this.go.textContent = state === "connecting" ? "Connecting…" : "Connect";
    this.showHints();
    this.showVerdict();
  }

  // Under the form; once the form is gone, the line about the chosen embedder says what it is.
  showVerdict() {
    this.form.hidden = !this.open;
    const { state, message, notes } = this.model.get("endpoint");
    this.verdict.hidden = !(this.open && message);
    this.verdict.className = `ewb-verdict ewb-${state === "failed" ? "bad" : "hint"}`;
    this.verdict.dataset.state = state;
    const list = h("ul", {}, notes.map((note) => h("li", {}, note)));
    fill(this.verdict, message, notes.length ? h("details", { class: "ewb-noticed" }, h("summary", {}, "What was noticed"), list) : null);
  }
}
