// The similarity matrix, and the difference matrix of the last toggle: one class, two uses.

class MatrixView {
  constructor(model, plotly, trait, title, select) {
    Object.assign(this, { model, trait, select });
    this.plotEl = h("div", { class: `ewb-plot ewb-plot-${trait}` });
    this.readout = h("div", { class: "ewb-readout", "aria-live": "off" }, " ");
    this.note = h("small", { class: "ewb-sub" });
    this.tools = h("span", { class: "ewb-tools" });
    this.el = h("section", { class: `ewb-card ewb-${trait}` },
      h("div", { class: "ewb-head" }, h("h3", {}, title), this.note, this.tools), this.plotEl, this.readout);
    this.plot = new Plot(this.plotEl, plotly, {
      hover: (event) => this.hover(event.points[0]),
      click: (event) => this.click(event.points[0]),
      relayout: (event) => this.zoomed(event),
    }, () => this.fit());
    model.watch(trait, () => this.draw());
    model.watch("selection", () => this.drawOutline());
  }

  get data() {
    return this.model.get(this.trait);
  }

  draw() {
    const data = this.data;
    if (!data.figure) return;
    this.note.textContent = data.note;
    this.note.title = data.note;
    this.shown = undefined;
    const figure = decode(data.figure);
    this.labels = this.labelSizes();
    Object.assign(figure.layout, this.plot.nested(figure.layout, this.labels));
    this.plot.draw(figure).then(() => {
      this.drawOutline();
      this.writeValues();
      Object.assign(this.plotEl.dataset, { serial: data.serial, window: data.window });
    });
    this.readout.textContent = " ";
  }

  // Labels as large as their row, none where they would overlap; by the place there is, not by what plotly left.
  labelSizes() {
    const { rows, columns, labelled } = this.data;
    const high = (this.plotEl.clientHeight - 40) / Math.max(1, rows.edges.length - 1);
    const wide = (this.plotEl.clientWidth - 210) / Math.max(1, columns.edges.length - 1);
    const size = (pixels) => Math.max(6, Math.min(12, Math.floor(0.85 * pixels)));
    return {
      "yaxis.showticklabels": labelled && high >= 7, "yaxis.tickfont.size": size(high),
      "xaxis.showticklabels": labelled && wide >= 14, "xaxis.tickfont.size": size(wide),
    };
  }

  fit() {
    if (this.plot.gone || !this.data.figure) return;
    const labels = this.labelSizes();
    if (JSON.stringify(labels) !== JSON.stringify(this.labels)) {
      this.labels = labels;
      this.plot.relayout(labels);
    }
    this.plot.run(() => this.writeValues());
  }

  // Values are written into the cells where three digits fit.
  writeValues() {
    const trace = this.plot.figure?.data[0];
    if (!trace?.text || this.plot.gone) return;
    const { xaxis, yaxis } = this.plotEl._fullLayout;
    const wide = xaxis._length / Math.abs(xaxis.range[1] - xaxis.range[0]);
    const high = yaxis._length / Math.abs(yaxis.range[1] - yaxis.range[0]);
    const size = Math.min(13, Math.floor(Math.min(wide / 2.1, high / 1.2)));
    const shown = size >= 7;
    if (shown === this.shown && size === this.size) return;
    Object.assign(this, { shown, size });
    this.plot.restyle({ texttemplate: shown ? "%{text}" : "", "textfont.size": Math.max(size, 7) }, [0]);
  }

  // A cell of an axis stands for the texts order[edges[c]] … order[edges[c + 1] - 1].
  members(axis, cell) {
    return axis.order.slice(axis.edges[cell], axis.edges[cell + 1]);
  }

  name(members) {
    const { texts } = this.model.get("table");
    const first = oneLine(texts[members[0]] ?? "", 60);
    return members.length === 1 ? first : `${first} … (${members.length} texts)`;
  }

  at(point) {
    const { rows, columns } = this.data;
    return [this.members(rows, Math.round(point.y)), this.members(columns, Math.round(point.x))];
  }

  hover(point) {
    const [rows, columns] = this.at(point);
    if (!rows.length || !columns.length) return;
    const mean = rows.length > 1 || columns.length > 1 ? "mean " : "";
    fill(this.readout, h("b", {}, mean + point.z.toFixed(3)),
      h("span", { class: "ewb-name" }, this.name(rows)), h("span", {}, "×"),
      h("span", { class: "ewb-name" }, this.name(columns)));
  }

  click(point) {
    this.select([...new Set(this.at(point).flat())]);
  }

  // Zoomed into an aggregated matrix: ask for the true cells of the window. Zoomed out: the whole again.
  zoomed(event) {
    this.writeValues();
    const data = this.data;
    if (data.window && (event["xaxis.autorange"] || event["yaxis.autorange"])) this.model.send({ do: "zoom", part: this.trait });
    if (!data.aggregated || !("xaxis.range[0]" in event) || !("yaxis.range[0]" in event)) return;
    const span = (name, axis) => {
      const ends = [event[`${name}.range[0]`], event[`${name}.range[1]`]].map(Number).sort((a, b) => a - b);
      const edge = (v) => axis.edges[Math.max(0, Math.min(axis.edges.length - 1, Math.round(v + 0.5)))];
      return [edge(ends[0]) + axis.first, edge(ends[1]) + axis.first];
    };
    const rows = span("yaxis", data.rows), columns = span("xaxis", data.columns);
    if (rows[1] > rows[0] && columns[1] > columns[0]) this.model.send({ do: "zoom", part: this.trait, rows, columns });
  }

  drawOutline() {
    const data = this.data;
    if (!data.figure || !this.plot.drawn) return;
    const selection = this.model.get("selection");
    const line = { color: "#d6006c", width: 1.5 };
    const ends = [-0.5, data.rows.edges.length - 1.5, -0.5, data.columns.edges.length - 1.5];
    const cell = (axis, i) => {
      const place = axis.order.indexOf(i);
      return place < 0 ? -1 : axis.edges.findLastIndex((edge) => edge <= place);
    };
    const shapes = selection.length > 40 ? [] : selection.flatMap((i) => {
      const r = cell(data.rows, i), c = cell(data.columns, i);
      return [
        r < 0 ? [] : { type: "rect", x0: ends[2], x1: ends[3], y0: r - 0.5, y1: r + 0.5, line },
        c < 0 ? [] : { type: "rect", x0: c - 0.5, x1: c + 0.5, y0: ends[0], y1: ends[1], line },
      ].flat();
    });
    this.plot.relayout({ shapes });
  }

  stop() {
    this.plot.stop();
  }
}
