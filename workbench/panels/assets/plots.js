// plotly.js comes once a page through the kernel (works offline, in any front end), then serves all plots.

async function unpack(buffer) {
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
  const source = await new Response(stream).text();
  const module = `const module = {exports: {}}; const exports = module.exports; const define = undefined;
    (function () { ${source}\n }).call(globalThis); export default module.exports;`;
  const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  try {
    return (await import(/* webpackIgnore: true */ url)).default;
  } finally {
    URL.revokeObjectURL(url);
  }
}

// Each view that comes before plotly.js asks its own kernel, and the first answer serves all: a kernel may be
// busy for long, or gone for good.
function loadPlotly(model) {
  const shared = (globalThis.__embeddingWorkbenchPlots ??= Promise.withResolvers());
  return new Promise((resolve, reject) => {
    shared.promise.then(resolve);
    if (shared.ready) return;
    const take = (message, buffers) => {
      if (message.type !== "plotly") return;
      model.off("msg:custom", take);
      if (shared.ready) return;
      shared.ready = true;
      unpack(buffers[0]).then(shared.resolve, (error) => { shared.ready = false; reject(error); });
    };
    model.on("msg:custom", take);
    model.send({ do: "send_plotly" });
  });
}

const CONFIG = {
  showSendToCloud: false, // pasted texts stay on this machine
  plotlyServerURL: "",
  displaylogo: false,
  typesetMath: false, // a dollar sign is a dollar sign
  responsive: false, // a ResizeObserver sees what the window's resize event does not
  scrollZoom: false,
  modeBarButtonsToRemove: ["zoomIn2d", "zoomOut2d", "autoScale2d"],
  toImageButtonOptions: { scale: 2 },
};

// One plot: draws a figure, keeps its size, says what was clicked and selected.
class Plot {
  constructor(el, plotly, on, onresize = () => {}) {
    Object.assign(this, { el, plotly, on, queue: Promise.resolve(), drawn: false });
    let frame = 0;
    this.observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        if (this.drawn && el.offsetParent) this.run(() => plotly.Plots.resize(el)).then(onresize);
      });
    });
    this.observer.observe(el);
  }

  run(step) {
    this.queue = this.queue.then(() => this.gone || step()).catch((error) => console.error("workbench plot:", error));
    return this.queue;
  }

  draw(figure) {
    return this.run(async () => {
      const layout = { ...figure.layout, autosize: true, width: undefined, height: undefined };
      await this.plotly.react(this.el, figure.data, layout, CONFIG);
      this.figure = figure;
      if (this.drawn) return;
      this.drawn = true;
      for (const [name, fn] of Object.entries(this.on)) this.el.on(`plotly_${name}`, fn);
    });
  }

  restyle(data, traces, layout = {}) {
    return this.run(() => this.drawn && this.plotly.update(this.el, data, layout, traces));
  }

  // {"xaxis.tickfont.size": 9} as a change of a layout's nested objects.
  nested(layout, update) {
    const copy = structuredClone({ xaxis: layout.xaxis, yaxis: layout.yaxis });
    for (const [path, value] of Object.entries(update)) {
      const keys = path.split(".");
      const last = keys.pop();
      keys.reduce((at, key) => (at[key] ??= {}), copy)[last] = value;
    }
    return copy;
  }

  relayout(update) {
    return this.run(() => this.drawn && this.plotly.relayout(this.el, update));
  }

  // Points glide from where they were: the eye follows what moved.
  glide(figure, before, ms = 500) {
    const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
    const count = figure.data.reduce((sum, trace) => sum + (trace.x?.length ?? 0), 0);
    if (!this.drawn || still || count > 3000) return this.draw(figure);
    const traces = figure.data.map((_, i) => i);
    const ends = figure.data.map((t) => ({ x: Array.from(t.x), y: Array.from(t.y), ids: t.customdata }));
    const begin = ends.map((t) => ({
      x: t.x.map((x, i) => before.get(Number(t.ids?.[i]))?.[0] ?? x), // lines have no texts: they stay
      y: t.y.map((y, i) => before.get(Number(t.ids?.[i]))?.[1] ?? y),
    }));
    const at = (s) => ({
      x: ends.map((t, k) => t.x.map((x, i) => begin[k].x[i] + s * (x - begin[k].x[i]))),
      y: ends.map((t, k) => t.y.map((y, i) => begin[k].y[i] + s * (y - begin[k].y[i]))),
    });
    return this.run(async () => {
      const start = performance.now();
      const first = at(0);
      const data = figure.data.map((t, k) => ({ ...t, x: first.x[k], y: first.y[k] }));
      await this.plotly.react(this.el, data, { ...figure.layout, autosize: true }, CONFIG);
      for (let s = 0; s < 1 && !this.gone;) {
        await new Promise(requestAnimationFrame);
        s = Math.min(1, (performance.now() - start) / ms);
        if (!this.gone) await this.plotly.restyle(this.el, at(s * s * (3 - 2 * s)), traces);
      }
      this.figure = figure;
    });
  }

  stop() {
    this.gone = true; // what is still queued must not touch a plot that is taken down
    this.observer.disconnect();
    if (this.drawn) this.plotly.purge(this.el);
  }
}
