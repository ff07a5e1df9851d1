// Colour: CIELAB with D65, as colour.py has it.

const REACH = 110;

const linear = (byte) => (byte > 10.31475 ? ((byte / 255 + 0.055) / 1.055) ** 2.4 : byte / 255 / 12.92);
const gamma = (value) => 255 * (value > 0.0031308 ? 1.055 * value ** (1 / 2.4) - 0.055 : 12.92 * value);
const root = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
const cube = (t) => (t > 0.2068966 ? t * t * t : (t - 16 / 116) / 7.787);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const bytesOfCode = (code) => [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16));
const codeOf = (bytes) => "#" + bytes.map((v) => clamp(Math.round(v), 0, 255).toString(16).padStart(2, "0")).join("");

function labOf(code) {
  const [r, g, b] = bytesOfCode(code).map(linear);
  const x = root((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
  const y = root(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = root((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const lightnessOfByte = (byte) => 116 * root(linear(byte)) - 16;

// The three bytes, unrounded; outside 0 to 255 where sRGB has no such colour.
function bytesOf(L, a, b) {
  const y = (L + 16) / 116, X = 0.95047 * cube(y + a / 500), Y = cube(y), Z = 1.08883 * cube(Math.max(0, y - b / 200));
  return [
    3.24048134 * X - 1.53715152 * Y - 0.49853633 * Z,
    -0.96925495 * X + 1.87599 * Y + 0.04155593 * Z,
    0.05564664 * X - 0.20404134 * Y + 1.05731107 * Z,
  ].map(gamma);
}

const exists = (bytes) => bytes.every((byte) => byte > -0.75 && byte < 255.75);

// The nearest colour that sRGB has at the lightness and hue.
function nearest(L, a, b) {
  let low = 0, high = 1;
  if (exists(bytesOf(L, a, b))) return codeOf(bytesOf(L, a, b));
  for (let i = 0; i < 10; i++) {
    const middle = (low + high) / 2;
    if (exists(bytesOf(L, a * middle, b * middle))) low = middle;
    else high = middle;
  }
  return codeOf(bytesOf(L, a * low, b * low));
}

// The same paint in more or less light: light scales X, Y and Z alike, so a, b and L + 16 by one factor.
function inThisLight(code, L) {
  const [own, a, b] = labOf(code), factor = Math.min(1.25, (L + 16) / (own + 16));
  return nearest(L, a * factor, b * factor);
}
