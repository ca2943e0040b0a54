// Making elements, in HTML and SVG.

/** An HTML element with attributes, and children or text. */
export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same in SVG. */
export function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

/** The value of a colour of the style, as it is in the theme at hand. */
export const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The colour of a machine state: the style's own for the first two, then evenly around the wheel. */
export function stateColour(state) {
  if (state < 2) return colour(`state-${state}`);
  return `hsl(${(state * 137.5 + 120) % 360} 60% ${colour("state-lightness")})`;
}

/** A canvas's drawing context in CSS pixels, sharp on dense screens. */
export function context(canvas, width, height) {
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const drawing = canvas.getContext("2d");
  drawing.scale(density, density);
  return drawing;
}
