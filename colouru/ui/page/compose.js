// The colours laid over the lightness: what propagation.py and colour.py do with a photo, here with the part of it that
// is on the screen, at the pixels of the screen. On a 2D canvas, in plain loops: WebGL is missing or emulated in many
// browsers, and one way that is the same everywhere can be held against the package's in a test.

const EDGE = 0.2 ** 2, CHANNELS = 9;

// By the byte of a grey pixel: the cube root of its luminance, and its lightness in the network's units.
const ROOTS = Float32Array.from({ length: 256 }, (_, byte) => root(linear(byte)));
const LIGHTNESSES = ROOTS.map((y) => (116 * y - 16) / 50 - 1);

// The nearest byte of linear light from 0 to 1.
const FINE = 16384;
const GAMMAS = Uint8Array.from({ length: FINE + 1 }, (_, step) => Math.round(gamma(step / FINE)));

// A channel that far outside still rounds to a colour that exists.
const DARKEST = -1 / 1024 / 12.92, BRIGHTEST = ((1 + 1 / 1024 + 0.055) / 1.055) ** 2.4;

// The mean over three by three pixels, fewer at the border.
function windowMean(x, columns, rows) {
  const across = new Float32Array(x.length), mean = new Float32Array(x.length);
  for (let row = 0; row < rows; row++) for (let column = 0, at = row * columns; column < columns; column++, at++)
    across[at] = x[at] + (column ? x[at - 1] : 0) + (column < columns - 1 ? x[at + 1] : 0);
  for (let row = 0; row < rows; row++) {
    const height = 1 + (row > 0) + (row < rows - 1);
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      const sum = across[at] + (row ? across[at - columns] : 0) + (row < rows - 1 ? across[at + columns] : 0);
      mean[at] = sum / (height * (1 + (column > 0) + (column < columns - 1)));
    }
  }
  return mean;
}

// The lowest and the highest of three by three pixels.
function windowRange(x, columns, rows) {
  const [acrossLow, acrossHigh, lowest, highest] = Array.from({ length: 4 }, () => new Float32Array(x.length));
  for (let row = 0; row < rows; row++) for (let column = 0, at = row * columns; column < columns; column++, at++) {
    const here = x[at], left = column ? x[at - 1] : here, right = column < columns - 1 ? x[at + 1] : here;
    acrossLow[at] = Math.min(left, here, right);
    acrossHigh[at] = Math.max(left, here, right);
  }
  for (let row = 0, at = 0; row < rows; row++) {
    const up = row ? columns : 0, down = row < rows - 1 ? columns : 0;
    for (let column = 0; column < columns; column++, at++) {
      lowest[at] = Math.min(acrossLow[at - up], acrossLow[at], acrossLow[at + down]);
      highest[at] = Math.max(acrossHigh[at - up], acrossHigh[at], acrossHigh[at + down]);
    }
  }
  return [lowest, highest];
}

// Of a working copy what stays while its colours change: L, its mean around, and what the slope is a share of.
const grounds = new WeakMap();

function groundOf(coarse, columns, rows) {
  if (grounds.has(coarse)) return grounds.get(coarse);
  const L = Float32Array.from({ length: columns * rows }, (_, at) => coarse[4 * at] / 127.5 - 1);
  const meanL = windowMean(L, columns, rows), meanLL = windowMean(L.map((value) => value * value), columns, rows);
  const spread = meanLL.map((square, at) => Math.max(0, square - meanL[at] * meanL[at]) + EDGE);
  grounds.set(coarse, { L, meanL, spread });
  return grounds.get(coarse);
}

// What is interpolated from the working copy: ab, its slope along L, its lowest and highest around, and L itself.
// `levels` are the bytes RGBA of the server's map of ab, `coarse` those of its L.
function guideOf(levels, coarse, columns, rows) {
  const size = columns * rows, planes = new Float32Array(CHANNELS * size);
  const { L, meanL, spread } = groundOf(coarse, columns, rows);
  for (let channel = 0; channel < 2; channel++) {
    const ab = new Float32Array(size), product = new Float32Array(size);
    for (let at = 0; at < size; at++) product[at] = L[at] * (ab[at] = (levels[4 * at + channel] - 128) / 127);
    const mean = windowMean(ab, columns, rows), covariance = windowMean(product, columns, rows);
    for (let at = 0; at < size; at++) covariance[at] = (covariance[at] - meanL[at] * mean[at]) / spread[at];
    const slope = windowMean(covariance, columns, rows), [lowest, highest] = windowRange(ab, columns, rows);
    for (let at = 0, to = channel; at < size; at++, to += CHANNELS) {
      planes[to] = ab[at];
      planes[to + 2] = slope[at];
      planes[to + 4] = lowest[at];
      planes[to + 6] = highest[at];
    }
  }
  for (let at = 0; at < size; at++) planes[CHANNELS * at + 8] = L[at];
  return { planes, columns, rows };
}

// By how much chroma must shrink for sRGB to have it at that lightness, `y` being the cube root of its luminance.
function fitting(y, a, b) {
  let low = 0, high = 1;
  const Y = cube(y);
  for (let i = 0; i < 10; i++) {
    const middle = (low + high) / 2;
    const X = 0.95047 * cube(y + a * middle / 500), Z = 1.08883 * cube(Math.max(0, y - b * middle / 200));
    const red = 3.24048134 * X - 1.53715152 * Y - 0.49853633 * Z;
    const green = -0.96925495 * X + 1.87599 * Y + 0.04155593 * Z;
    const blue = 0.05564664 * X - 0.20404134 * Y + 1.05731107 * Z;
    if (Math.min(red, green, blue) >= DARKEST && Math.max(red, green, blue) <= BRIGHTEST) low = middle;
    else high = middle;
  }
  return low;
}

// Colours a rectangle of pixels in place. `pixels` are the bytes RGBA of the grey picture there; `frame` says where the
// whole photo lies, in pixels of the rectangle: its left and top, how far it reaches across and down. `squares` are
// hints, in pixels of the rectangle, the later one on top: there the colour is theirs exactly.
function compose(pixels, width, height, frame, guide, saturation, squares) {
  const { planes, columns, rows } = guide, scale = REACH * saturation;
  const first = new Int32Array(width), second = new Int32Array(width), share = new Float32Array(width);
  for (let i = 0; i < width; i++) {
    const place = clamp((i + 0.5 - frame.left) / frame.across * columns - 0.5, 0, columns - 1), before = Math.floor(place);
    first[i] = CHANNELS * before;
    second[i] = CHANNELS * Math.min(before + 1, columns - 1);
    share[i] = place - before;
  }
  const from = width ? first[0] : 0, to = width ? second[width - 1] + CHANNELS : 0;
  const mixed = new Float32Array(CHANNELS * columns), as = new Float32Array(width), bs = new Float32Array(width);
  for (let j = 0; j < height; j++) {
    const place = clamp((j + 0.5 - frame.top) / frame.down * rows - 0.5, 0, rows - 1), before = Math.floor(place);
    const above = CHANNELS * columns * before, below = CHANNELS * columns * Math.min(before + 1, rows - 1);
    const low = place - before, high = 1 - low;
    for (let at = from; at < to; at++) mixed[at] = planes[above + at] * high + planes[below + at] * low;
    const start = 4 * j * width;
    for (let i = 0; i < width; i++) {
      const p = first[i], q = second[i], s = share[i], t = 1 - s;
      const finer = LIGHTNESSES[pixels[start + 4 * i]] - (mixed[p + 8] * t + mixed[q + 8] * s);
      const a = mixed[p] * t + mixed[q] * s + (mixed[p + 2] * t + mixed[q + 2] * s) * finer;
      const b = mixed[p + 1] * t + mixed[q + 1] * s + (mixed[p + 3] * t + mixed[q + 3] * s) * finer;
      const leastA = mixed[p + 4] * t + mixed[q + 4] * s, mostA = mixed[p + 6] * t + mixed[q + 6] * s;
      const leastB = mixed[p + 5] * t + mixed[q + 5] * s, mostB = mixed[p + 7] * t + mixed[q + 7] * s;
      as[i] = scale * (a < leastA ? leastA : a > mostA ? mostA : a);
      bs[i] = scale * (b < leastB ? leastB : b > mostB ? mostB : b);
    }
    for (const square of squares) if (j >= square.top && j < square.bottom) {
      as.fill(square.a * saturation, Math.max(0, square.left), Math.max(0, square.right));
      bs.fill(square.b * saturation, Math.max(0, square.left), Math.max(0, square.right));
    }
    for (let i = 0, at = start; i < width; i++, at += 4) {
      const y = ROOTS[pixels[at]], Y = cube(y);
      let a = as[i], b = bs[i], red = 0, green = 0, blue = 0;
      for (let attempt = 0; attempt < 2; attempt++) {
        const X = 0.95047 * cube(y + a / 500), Z = 1.08883 * cube(Math.max(0, y - b / 200));
        red = 3.24048134 * X - 1.53715152 * Y - 0.49853633 * Z;
        green = -0.96925495 * X + 1.87599 * Y + 0.04155593 * Z;
        blue = 0.05564664 * X - 0.20404134 * Y + 1.05731107 * Z;
        if (red >= DARKEST && green >= DARKEST && blue >= DARKEST && red <= BRIGHTEST && green <= BRIGHTEST && blue <= BRIGHTEST) break;
        const less = fitting(y, a, b);
        a *= less;
        b *= less;
      }
      pixels[at] = GAMMAS[clamp(red, 0, 1) * FINE + 0.5 | 0];
      pixels[at + 1] = GAMMAS[clamp(green, 0, 1) * FINE + 0.5 | 0];
      pixels[at + 2] = GAMMAS[clamp(blue, 0, 1) * FINE + 0.5 | 0];
    }
  }
}

// Where a hint lies in a picture of that size, in whole pixels of it, as hints.py has it.
function squareOf(hint, width, height) {
  const side = Math.max(1, Math.round((hint.size ?? 0.03) * Math.max(width, height)));
  const top = Math.min(Math.floor(hint.y * height), height - 1) - Math.floor(side / 2);
  const left = Math.min(Math.floor(hint.x * width), width - 1) - Math.floor(side / 2);
  return { left: Math.max(left, 0), top: Math.max(top, 0), right: left + side, bottom: top + side };
}
