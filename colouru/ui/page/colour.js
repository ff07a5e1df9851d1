// CIELAB with D65 white, as in colour.py. Colours are codes such as "#c68642", bytes [r, g, b], or [L, a, b].

// The largest a and b that networks give and the colour plane shows.
const AB_SCALE = props.constants.ab_scale;

const toLinear = (byte) => (byte > 10.31475 ? ((byte / 255 + 0.055) / 1.055) ** 2.4 : byte / 255 / 12.92);
const toGamma = (value) => 255 * (value > 0.0031308 ? 1.055 * value ** (1 / 2.4) - 0.055 : 12.92 * value);
const labF = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
const labFInverse = (t) => (t > 0.2068966 ? t * t * t : (t - 16 / 116) / 7.787);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const bytesFromHex = (code) => [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16));
const hexFromBytes = (bytes) =>
  "#" + bytes.map((v) => clamp(Math.round(v), 0, 255).toString(16).padStart(2, "0")).join("");

function labFromHex(code) {
  const [r, g, b] = bytesFromHex(code).map(toLinear);
  const x = labF((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
  const y = labF(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = labF((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const lightnessOfGrey = (byte) => 116 * labF(toLinear(byte)) - 16;

// X and Z from f of the luminance and a or b; linear sRGB in [0, 1] from X, Y and Z.
const xOf = (y, a) => 0.95047 * labFInverse(y + a / 500);
const zOf = (y, b) => 1.08883 * labFInverse(Math.max(0, y - b / 200));
const redOf = (X, Y, Z) => 3.24048134 * X - 1.53715152 * Y - 0.49853633 * Z;
const greenOf = (X, Y, Z) => -0.96925495 * X + 1.87599 * Y + 0.04155593 * Z;
const blueOf = (X, Y, Z) => 0.05564664 * X - 0.20404134 * Y + 1.05731107 * Z;

// sRGB in [0, 255], not rounded; outside of it where sRGB has no such colour.
function rgbFromLab(L, a, b) {
  const y = (L + 16) / 116;
  const [X, Y, Z] = [xOf(y, a), labFInverse(y), zOf(y, b)];
  return [redOf(X, Y, Z), greenOf(X, Y, Z), blueOf(X, Y, Z)].map(toGamma);
}

const isInGamut = (bytes) => bytes.every((byte) => byte > -0.75 && byte < 255.75);

// The colour itself, or the one of most chroma that sRGB has at that lightness and hue.
function nearestInGamut(L, a, b) {
  let low = 0;
  let high = 1;
  if (isInGamut(rgbFromLab(L, a, b))) return hexFromBytes(rgbFromLab(L, a, b));
  for (let i = 0; i < 10; i++) {
    const middle = (low + high) / 2;
    if (isInGamut(rgbFromLab(L, a * middle, b * middle))) low = middle;
    else high = middle;
  }
  return hexFromBytes(rgbFromLab(L, a * low, b * low));
}

// A colour under more or less light, so that it has lightness L. Light scales X, Y and Z, and so L + 16, a and b.
function atLightness(code, L) {
  const [own, a, b] = labFromHex(code);
  const factor = Math.min(1.25, (L + 16) / (own + 16));
  return nearestInGamut(L, a * factor, b * factor);
}
