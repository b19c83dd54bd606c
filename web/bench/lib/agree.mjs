// Whether engines compute the same.

/**
 * How much two engines may differ, relative to the largest score: about four digits,
 * which the order of additions can cost in deep nets, and no mistake can hide in.
 */
export const TOLERANCE = 1e-4;

/** The class with the highest score, and the score. */
export function top(scores) {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return { class: best, score: scores[best] };
}

/** The largest difference of two lists of scores, relative to the largest score. */
export function difference(a, b) {
  if (a.length !== b.length) return Infinity;
  let apart = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) return Infinity;
    apart = Math.max(apart, Math.abs(a[i] - b[i]));
    largest = Math.max(largest, Math.abs(a[i]), Math.abs(b[i]));
  }
  return largest === 0 ? Infinity : apart / largest;
}

/**
 * Compares scores with those that are known for the model, or makes them the known
 * ones. Throws an Error that says how they differ. Where the tolerance is not the
 * usual one, as for nets of integers, the class may differ too.
 */
export function compare(known, model, who, scores, tolerance = TOLERANCE) {
  const mine = { who, scores, top: top(scores) };
  const first = (known[model] ??= mine);
  const apart = difference(first.scores, scores);
  if (apart > tolerance || (tolerance === TOLERANCE && first.top.class !== mine.top.class)) {
    const say = ({ top }) => `class ${top.class} (${top.score})`;
    throw new Error(`results differ: ${who} says ${say(mine)}, ${first.who} says ${say(first)}; scores are up to ${apart} apart`);
  }
  return { ...mine.top, apart };
}
