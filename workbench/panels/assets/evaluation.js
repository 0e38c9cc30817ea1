// The evaluation panel: what is evaluated on the left, what was found on the right.

function render({ model: whole, el }) {
  const model = scope(whole);
  const form = new EvaluationForm(model);
  const pictures = new PicturesView(model);
  const right = h("div", { class: "ewb-serveright" }, new StatusView(model).el, new ScoresView(model).el, new DifferencesView(model).el,
    new CostView(model).el, pictures.el, new FailuresView(model).el, new RecordView(model).el);
  const root = h("div", { class: "ewb ewb-evaluation", "data-lm-suppress-shortcuts": "true" }, h("div", { class: "ewb-grid" }, form.el, right));
  for (const event of ["keydown", "paste", "contextmenu"]) root.addEventListener(event, (e) => e.stopPropagation());
  el.append(root);
  let live = true;
  loadPlotly(whole).then((plotly) => live && pictures.start(plotly));
  return () => {
    live = false;
    model.stop();
    pictures.stop();
  };
}

export default { render };
