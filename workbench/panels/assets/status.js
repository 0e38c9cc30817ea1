// Progress, the plain verdict of the last run, download consent, the banner, issues with line numbers.

function sizeWords(bytes) {
  if (!bytes) return "of unknown size";
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e3).toFixed(0)} kB`;
}

function timeWords(seconds) {
  if (!Number.isFinite(seconds)) return "";
  return seconds < 90 ? `${Math.ceil(seconds)} s left` : `${Math.ceil(seconds / 60)} min left`;
}

class StatusView {
  constructor(model, controls) {
    Object.assign(this, { model, controls });
    this.bar = h("progress", { class: "ewb-progress", max: 1, value: 0, "aria-label": "Progress" });
    this.line = h("div", { class: "ewb-status", role: "status", "aria-live": "polite" });
    this.facts = h("div", { class: "ewb-facts" });
    this.issues = h("details", { class: "ewb-issues", hidden: true });
    this.code = new CodeView(model);
    this.el = h("div", { class: "ewb-statusbox" }, this.bar, this.line, this.facts, this.issues, this.code.el);
    this.banner = h("div", { class: "ewb-banner", hidden: true, role: "note" });
    model.watch("status", () => this.show());
    controls.onspec = () => this.show();
    model.watch("banner", () => this.showBanner());
    model.watch("issues", () => this.showIssues());
  }

  show() {
    const status = this.model.get("status");
    const busy = ["connecting", "loading", "embedding", "comparing", "mapping"].includes(status.phase);
    this.bar.hidden = !busy;
    if (busy && status.total) { this.bar.max = status.total; this.bar.value = status.done; }
    else this.bar.removeAttribute("value");
    const bytes = status.unit === "bytes";
    const rate = busy && status.unit !== "epochs" && status.rate && status.total && status.done
      ? ` · ${bytes ? sizeWords(status.rate) : status.rate.toFixed(status.rate < 10 ? 1 : 0) + " texts"}/s · ${timeWords((status.total - status.done) / status.rate)}` : "";
    this.line.className = `ewb-status ewb-${status.phase}`;
    this.line.dataset.phase = status.phase;
    fill(this.line, status.message + rate,
      status.details ? h("details", {}, h("summary", {}, "traceback"), h("pre", { class: "ewb-trace" }, status.details)) : null,
      status.phase === "consent" && status.ask_spec === this.controls.currentSpec() ? this.consent(status) : null);
    fill(this.facts, status.facts.flatMap(([word, value]) => [h("span", {}, word), h("span", {}, value)]));
    this.facts.hidden = !status.facts.length;
  }

  consent({ ask_bytes, ask_spec: spec }) {
    const size = sizeWords(ask_bytes);
    return h("div", { class: "ewb-row" },
      h("button", { class: "ewb-button ewb-go ewb-agree", onclick: () => this.controls.embed({ agreed: true, spec }) }, `Download ${size}`),
      h("button", { class: "ewb-button ewb-decline", onclick: () => this.model.send({ do: "decline" }) }, "Not now"));
  }

  showBanner() {
    const banner = this.model.get("banner");
    this.banner.hidden = !banner.message;
    if (!banner.message) return;
    fill(this.banner, h("span", {}, banner.message), banner.spec ? h("button", {
      class: "ewb-button ewb-recommend", onclick: () => { this.controls.embedder.value = banner.spec; this.controls.chooseEmbedder(); },
    }, banner.action) : null);
  }

  showIssues() {
    const issues = this.model.get("issues");
    this.issues.hidden = !issues.length;
    if (issues.some(({ what }) => what === "refused")) this.issues.open = true; // the status points here
    fill(this.issues, h("summary", {}, issues.length === 1 ? "1 thing noticed" : `${issues.length} things noticed`),
      h("ul", {}, issues.slice(0, 200).map((issue) => h("li", {}, issue.message)),
        issues.length > 200 ? h("li", {}, `… and ${issues.length - 200} more`) : null));
  }
}
