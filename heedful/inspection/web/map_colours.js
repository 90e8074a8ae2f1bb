/* From a weight to a colour, as brightness.py; and the colours of the card that every map stands on. */

// The card is the same on light pages and dark ones.
export const CARD = "#1b1a26", BRIGHT = "#ecebf2", QUIET = "#a5a2b8", BARS = "#8d88ad", CHANCE = "#56b4e9";

// The points of brightness.py, which says where they are from.
const ANCHORS =
  "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 d0416f e75263 f56b5c fc8961 fea772 fec488 fde2a3 fcfdbf"
    .split(" ").map((point) => [0, 2, 4].map((at) => parseInt(point.slice(at, at + 2), 16)));
export const TABLE = Array.from({ length: 256 }, (_, step) => {
  const place = (step / 255) * (ANCHORS.length - 1), low = Math.min(Math.floor(place), ANCHORS.length - 2);
  return ANCHORS[low].map((from, channel) => Math.round(from + (ANCHORS[low + 1][channel] - from) * (place - low)));
});

/** The colour of a weight: dark for zero, bright for one. */
export function colour(weight) {
  return `#${TABLE[level(weight)].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

export function level(weight) {
  return Math.round(255 * Math.min(1, Math.max(0, weight)));
}
