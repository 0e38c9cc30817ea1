// The map: hover shows text and true neighbours, lasso and click select, a toggle makes points glide.

class MapView {
  constructor(model, plotly, select) {
    Object.assign(this, { model, select, clearing: 0 });
    this.plotEl = h("div", { class: "ewb-plot ewb-plot-map" });
    this.note = h("small", { class: "ewb-sub" });
    this.tools = h("span", { class: "ewb-tools" });
    this.foot = h("div", { class: "ewb-readout" }, " ");
    this.el = h("section", { class: "ewb-card ewb-map" },
      h("div", { class: "ewb-head" }, h("h3", {}, "Map"), this.note, this.tools), this.plotEl, this.foot);
    this.plot = new Plot(this.plotEl, plotly, {
      click: (event) => this.select(event.points.filter((p) => p.customdata !== undefined).map((p) => Number(p.customdata)).slice(0, 1)),
      // a click in lasso mode fires "selected" without data: only what the mouse drew is a selection
      selected: (event) => (event?.range || event?.lassoPoints) && this.select(event.points.map((p) => Number(p.customdata))),
      deselect: () => this.clearing || this.select([]), // clearing the region fires it as well
    });
    model.watch("map", () => this.draw());
    model.watch("selection", () => this.drawSelection());
  }

  draw() {
    const data = this.model.get("map");
    if (!data.figure) return;
    this.note.textContent = data.note;
    this.note.title = data.about;
    this.foot.textContent = data.about;
    const figure = decode(data.figure);
    const points = decode(data.points);
    if (!data.same) this.zoomOf = data.serial; // other texts: another map, drawn whole
    figure.layout.uirevision = this.zoomOf;
    const drawn = data.same && this.places ? this.plot.glide(figure, this.places) : this.plot.draw(figure);
    this.places = new Map(points.map((xy, i) => [i, xy]));
    this.figure = figure;
    drawn.then(() => {
      this.drawSelection();
      Object.assign(this.plotEl.dataset, { serial: data.serial, method: data.method });
    });
  }

  drawSelection() {
    if (!this.plot.drawn || !this.figure) return;
    const selection = new Set(this.model.get("selection"));
    const selected = this.figure.data.map((trace) => {
      if (!selection.size || !trace.customdata) return null;
      return Array.from(trace.customdata).flatMap((i, at) => (selection.has(Number(i)) ? [at] : []));
    });
    // the lasso's region goes: plotly would select anew what lies in it with every change
    this.clearing += 1;
    this.plot.restyle({ selectedpoints: selected }, selected.map((_, i) => i), { selections: [] }).then(() => { this.clearing -= 1; });
  }

  stop() {
    this.plot.stop();
  }
}
