// Small helpers. Pasted text reaches the page through textContent and value only, never as HTML.

function h(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") el.className = value;
    else if (key === "style") el.style.cssText = value;
    else if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else if (key in el && !key.startsWith("aria")) el[key] = value;
    else el.setAttribute(key, value === true ? "" : value);
  }
  el.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return el;
}

function fill(el, ...children) {
  el.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

function debounce(fn, ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), ms);
  };
}

// One line of a text: line breaks and tabs become visible signs.
function oneLine(text, most = 200) {
  const line = text.slice(0, most * 2).replace(/\r\n|\r|\n/g, "⏎").replace(/\t/g, "⇥");
  return line.length > most ? line.slice(0, most) + "…" : line;
}

// The first line that is not blank.
function firstLine(text) {
  const at = text.search(/\S/);
  return at < 0 ? "" : text.slice(text.lastIndexOf("\n", at) + 1).split("\n", 1)[0];
}

// {dtype, shape, buffer: DataView} -> typed array, or an array of row views for two dimensions.
const DTYPES = {
  f4: Float32Array, f8: Float64Array, u1: Uint8Array, i1: Int8Array,
  u2: Uint16Array, i2: Int16Array, u4: Uint32Array, i4: Int32Array,
};

function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== "object") return value;
  if (value.buffer instanceof DataView && value.dtype) {
    const view = value.buffer;
    const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
    let flat = new DTYPES[value.dtype](bytes);
    if (value.scale) flat = Float32Array.from(flat, (level) => value.scale[0] + level * value.scale[1]);
    if (value.shape.length === 1) return flat;
    const width = value.shape[1];
    return Array.from({ length: value.shape[0] }, (_, r) => flat.subarray(r * width, (r + 1) * width));
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decode(inner)]));
}

function download(name, mime, bytes) {
  const url = URL.createObjectURL(new Blob([bytes], { type: mime }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// The model as one view sees it: what the view listens to ends with the view.
function scope(model) {
  const heard = [];
  let live = true; // what was typed just before the end has nobody left to hear it
  return {
    get: (name) => model.get(name),
    set: (name, value) => model.set(name, value),
    save_changes: () => live && model.save_changes(),
    send: (...args) => live && model.send(...args),
    on: (event, fn) => { heard.push([event, fn]); model.on(event, fn); },
    off: (event, fn) => model.off(event, fn),
    // Calls fn now and whenever one of the traits changes.
    watch(names, fn) {
      for (const name of names.split(" ")) this.on(`change:${name}`, fn);
      fn();
    },
    stop() {
      live = false;
      heard.forEach(([event, fn]) => model.off(event, fn));
    },
  };
}
