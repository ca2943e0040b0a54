// Arrays out of base64 text.

const DECODERS = {
  float32: (buffer) => new Float32Array(buffer),
  uint8: (buffer) => new Uint8Array(buffer),
  uint16: (buffer) => new Uint16Array(buffer),
  uint32: (buffer) => new Uint32Array(buffer),
  float16: (buffer) => Float32Array.from(new Uint16Array(buffer), fromHalf),
};

/** The numbers of `{kind, base64}`; float16 comes back as float32. */
export function decode({ kind, base64 }) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return DECODERS[kind](bytes.buffer);
}

/** The value of a float16 given by its bits; exact. */
export function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Parameters by name, cut out of one array in the order of `shapes`. */
export function parameters(numbers, shapes) {
  const found = {};
  let start = 0;
  for (const [name, shape] of shapes) {
    const size = shape.reduce((product, each) => product * each, 1);
    found[name] = numbers.subarray(start, start + size);
    start += size;
  }
  return found;
}
