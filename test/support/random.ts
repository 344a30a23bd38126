/** A small seeded generator, so that every random choice in a test can be made again from the seed it prints. */

/** Returns a function that gives numbers in [0, 1), the same ones for the same `seed` (a 32-bit integer). Mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
