// Puts the Explorer together. One comm carries everything, so messages keep their order.

function choice(label, options, cls, onchange) {
  return h("select", { class: cls, "aria-label": label, title: label, onchange: (event) => onchange(event.target.value) },
    options.map(([value, text]) => h("option", { value }, text)));
}

function number(label, props, onchange) {
  return h("label", { class: "ewb-number" }, label,
    h("input", { type: "number", required: true, ...props, onchange: (event) => event.target.reportValidity() && onchange(Number(event.target.value)) }));
}

// Lets a plot take the whole width, where the values of 50 texts fit their cells.
function expander(card) {
  const button = h("button", { class: "ewb-expand", title: "Expand", "aria-label": "Expand", "aria-pressed": "false", onclick: () => {
    const big = card.classList.toggle("ewb-big");
    button.setAttribute("aria-pressed", String(big));
  } }, "⤢");
  return button;
}

function matrixTools(model, view) {
  const order = choice("Order of the matrix", [["given", "as given"], ["clustered", "clustered"]], "ewb-order",
    (value) => model.send({ do: "order", order: value }));
  model.watch("options", () => { order.value = model.get("options").order; });
  view.tools.append(order, expander(view.el));
}

function mapTools(model, view) {
  const send = (change) => model.send({ do: "layout", ...change });
  const colour = choice("Colour of the points", [["kind", "by kind"], ["cluster", "by cluster"], ["label", "by label"]], "ewb-colour",
    (value) => model.send({ do: "colour", colour: value }));
  const method = choice("Projection", [["umap", "UMAP"], ["pca", "PCA"]], "ewb-method", (value) => send({ method: value }));
  const k = number("neighbours", { min: 2, max: 200, value: 15, class: "ewb-nn" }, (value) => send({ n_neighbors: value }));
  const dist = number("min. distance", { min: 0, max: 0.99, step: 0.01, value: 0.1 }, (value) => send({ min_dist: value }));
  const seed = number("seed", { min: 0, max: 1e9, value: 42 }, (value) => send({ seed: value }));
  let seen;
  model.watch("options", () => {
    const options = model.get("options");
    colour.value = options.colour;
    if (JSON.stringify(options.layout) === seen) return; // a number that is being typed stays
    seen = JSON.stringify(options.layout);
    method.value = options.layout.method;
    [k, dist, seed].forEach((el, i) => { el.lastChild.value = [options.layout.n_neighbors, options.layout.min_dist, options.layout.seed][i]; });
  });
  view.tools.append(colour, method, h("details", { class: "ewb-more" }, h("summary", { title: "UMAP's settings" }, "⚙"), h("div", { class: "ewb-pop" }, k, dist, seed)), expander(view.el));
}

function exports(model, id) {
  const pick = choice("Export", [["", "Export…"], ["npz", "vectors (.npz)"], ["parquet", "vectors (.parquet)"], ["csv", "vectors (.csv)"],
    ["jsonl", "vectors (.jsonl)"], ["neighbours.csv", "neighbours (.csv)"], ["html", "page with figures (.html)"]], "ewb-export", (value) => {
    if (value) model.send({ do: "export", what: value, id });
    pick.value = "";
  });
  return pick;
}

function render({ model: whole, el }) {
  const model = scope(whole);
  const select = (indices) => {
    model.set("selection", indices);
    model.save_changes();
  };
  const controls = new Controls(model);
  const status = new StatusView(model, controls);
  controls.el.append(status.el, h("div", { class: "ewb-row ewb-foot" }, exports(model, controls.id)));
  const right = h("div", { class: "ewb-right" });
  const waiting = h("section", { class: "ewb-card ewb-wide ewb-waiting" }, "Waiting for the kernel…");
  right.append(waiting);
  // JupyterLab's and Colab's shortcuts must not see what is typed here.
  const root = h("div", { class: "ewb", "data-lm-suppress-shortcuts": "true" }, status.banner,
    h("div", { class: "ewb-grid" }, controls.el, right));
  for (const event of ["keydown", "paste", "contextmenu"]) root.addEventListener(event, (e) => e.stopPropagation());
  el.append(root);
  const views = [];
  const take = (message, buffers) => {
    // the views of a panel all hear it: one has asked
    if (message.type === "file" && message.id === controls.id) download(message.name, message.mime, buffers[0]);
  };
  model.on("msg:custom", take);
  let gone = false;
  loadPlotly(whole).then((plotly) => {
    if (gone) return;
    const matrix = new MatrixView(model, plotly, "matrix", "Similarity", select);
    const map = new MapView(model, plotly, select);
    const tables = new Tables(model, select, controls.id);
    const diff = new MatrixView(model, plotly, "changes", "Difference", select);
    tables.diff.append(diff.el);
    matrixTools(model, matrix);
    mapTools(model, map);
    waiting.remove();
    right.append(matrix.el, map.el, tables.el);
    views.push(matrix, map, diff);
  }, (error) => { waiting.textContent = `The plots cannot be drawn: ${error.message}`; });
  return () => {
    gone = true;
    model.stop();
    views.forEach((view) => view.stop());
  };
}

export default { render };
